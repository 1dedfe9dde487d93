//! The manifest's lines, each bound to the one before (`docs/format.md`, Manifest). Pure.

use crate::format::digest::sha256_hex;
use crate::format::manifest::{Line, NOTHING, digest, said_end};

/// The manifest as it reads.
#[derive(Debug, Default)]
pub struct Chain {
    /// The lines that stand, up to the first break.
    pub lines: Vec<Line>,
    /// The digest of nothing, and of each of [`Chain::lines`].
    pub digests: Vec<String>,
    /// Lines behind a break that are whole by themselves.
    pub unbound: Vec<Line>,
    /// Where it breaks: byte, and how.
    pub breaks: Vec<(u64, String)>,
}

/// Reads the manifest's bytes.
pub fn read(text: &[u8]) -> Chain {
    let mut chain = Chain { digests: vec![NOTHING.to_owned()], ..Chain::default() };
    let mut at = 0u64;
    let mut prev = NOTHING.to_owned();
    let mut bound = true;
    let said_end = said_end(text);
    for raw in text.split_inclusive(|byte| *byte == b'\n') {
        let body = raw.strip_suffix(b"\n");
        match body.map(Line::parse) {
            None => chain.breaks.push((at, "a line without its end: whoever wrote it died, or it was cut".to_owned())),
            Some(None) if at as usize >= said_end => {
                chain
                    .breaks
                    .push((at, "a line that a power cut left in parts: the next archiver takes it away".to_owned()));
            }
            Some(None) => {
                chain.breaks.push((at, "this line was changed: it is none that was written".to_owned()));
                bound = false;
                prev = sha256_hex(body.unwrap_or_default());
            }
            Some(Some(line)) => {
                if line.prev != prev {
                    let how = if chain.digests.contains(&line.prev) {
                        "this line follows an earlier one: a line before it was put in, or this one was moved or doubled"
                    } else if line.prev == NOTHING {
                        "this line says that it is the first: lines before it were put in or moved"
                    } else {
                        "this line follows one that is not here: a line was removed, changed or moved"
                    };
                    chain.breaks.push((at, how.to_owned()));
                    bound = false;
                }
                prev = digest(&line.print());
                if bound {
                    chain.digests.push(prev.clone());
                    chain.lines.push(line);
                } else {
                    chain.unbound.push(line);
                }
            }
        }
        at += raw.len() as u64;
    }
    chain
}
