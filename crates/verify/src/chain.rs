//! The lines of the manifest, each bound to the one before (`docs/format.md`, Manifest). Pure.

use logbook_format::digest::sha256_hex;
use logbook_format::manifest::{Line, NOTHING, committed_end, digest};

/// The parsed manifest.
#[derive(Debug, Default)]
pub struct Chain {
    /// The bound lines, up to the first break.
    pub lines: Vec<Line>,
    /// The digest of nothing, then the digest of each of [`Chain::lines`].
    pub digests: Vec<String>,
    /// Lines behind a break that are valid by themselves. They prove nothing.
    pub unbound: Vec<Line>,
    /// The breaks: byte offset and description.
    pub breaks: Vec<(u64, String)>,
    /// An incomplete last line: byte offset and description. No archiver reported it as written.
    pub unfinished: Option<(u64, String)>,
}

/// Parses the bytes of the manifest.
pub fn read(text: &[u8]) -> Chain {
    let mut chain = Chain { digests: vec![NOTHING.to_owned()], ..Chain::default() };
    let mut at = 0u64;
    let mut prev = NOTHING.to_owned();
    let mut bound = true;
    let committed_end = committed_end(text);
    for raw in text.split_inclusive(|byte| *byte == b'\n') {
        let body = raw.strip_suffix(b"\n");
        match body.map(Line::parse) {
            None if is_line_and_a_byte(raw) => {
                chain.breaks.push((at, "the newline behind this line was changed".to_owned()));
            }
            None => {
                let how = "an incomplete line: its writer died, or it was cut; the next archiver removes it";
                chain.unfinished = Some((at, how.to_owned()));
            }
            Some(None) if at as usize >= committed_end => {
                let how = "a line that a power cut left incomplete; the next archiver removes it";
                chain.unfinished = Some((at, how.to_owned()));
            }
            Some(None) => {
                chain.breaks.push((at, "this line was changed: it is not a valid line".to_owned()));
                bound = false;
                prev = sha256_hex(body.unwrap_or_default());
            }
            Some(Some(line)) => {
                if line.prev != prev {
                    let how = if chain.digests.contains(&line.prev) {
                        "this line follows an earlier one: a line before it was inserted, or this one was moved or copied"
                    } else if line.prev == NOTHING {
                        "this line says that it is the first: lines before it were inserted or moved"
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

/// Whether `tail`, which has no newline, is a whole line and one more byte: its newline was
/// changed. A killed archiver leaves the beginning of a line instead.
fn is_line_and_a_byte(tail: &[u8]) -> bool {
    tail.split_last().is_some_and(|(_, line)| Line::parse(line).is_some())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use logbook_format::SegmentName;
    use logbook_format::manifest::Event;

    fn lines(count: u64) -> Vec<String> {
        let mut prev = NOTHING.to_owned();
        let line = |number| {
            let segment = SegmentName::new("2026-04-15", number).unwrap();
            let event = Event::Archived { archive_bytes: number, archive_sha256: NOTHING.into() };
            let line = Line { segment, event, prev: prev.clone() }.print();
            prev = digest(&line);
            line
        };
        (1..=count).map(line).collect()
    }

    #[test]
    fn an_unfinished_line_breaks_nothing() {
        let text = lines(3).join("\n") + "\n";
        let whole = read(text.as_bytes());
        assert_eq!((whole.lines.len(), whole.breaks.len(), whole.unfinished), (3, 0, None));
        let two = lines(2).join("\n").len() + 1;
        for cut in two + 1..text.len() {
            let chain = read(&text.as_bytes()[..cut]);
            assert_eq!((chain.lines.len(), chain.breaks.len()), (2, 0), "cut at {cut}");
            assert_eq!(chain.unfinished.unwrap().0, two as u64);
        }
        // The last byte is changed, not lost.
        for bit in 0..8 {
            let mut other = text.clone().into_bytes();
            *other.last_mut().unwrap() ^= 1 << bit;
            assert_eq!(read(&other).breaks.len(), 1, "bit {bit}");
        }
        let holed = [text.as_bytes(), b"{\"segment\":\"2026", &[0; 300], b"}\n"].concat();
        let chain = read(&holed);
        assert_eq!((chain.lines.len(), chain.breaks.len()), (3, 0));
        assert_eq!(chain.unfinished.unwrap().0, text.len() as u64);
    }

    #[test]
    fn nothing_behind_a_break_is_bound() {
        let mut all = lines(4);
        all.remove(1);
        let chain = read((all.join("\n") + "\n").as_bytes());
        assert_eq!((chain.lines.len(), chain.unbound.len(), chain.breaks.len()), (1, 2, 1));
    }
}
