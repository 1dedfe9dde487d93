//! The output of a command, copied on its way: it is no longer a terminal or a file to the command, but a pipe.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::process::Child;
use std::thread::JoinHandle;

use crate::json;

use crate::format::digest::{Digest, Sha256, finished_hex};

/// Bytes of the last lines of a stream that are kept.
const TAIL_BYTES_MAX: usize = 16 << 10;

/// What is to be kept of the output.
#[derive(Debug, Clone, Copy)]
pub struct Capture {
    /// The last lines of each stream.
    pub lines: usize,
}

/// One stream, as it was.
#[derive(Debug, Default)]
pub struct Stream {
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 of them, in hexadecimal digits.
    pub sha256: String,
    /// The last lines.
    pub tail: String,
}

/// Both streams.
#[derive(Debug, Default)]
pub struct Captured {
    /// Standard output.
    pub out: Stream,
    /// Standard error.
    pub err: Stream,
}

/// Both streams, being copied.
pub struct Copying {
    out: JoinHandle<Stream>,
    err: JoinHandle<Stream>,
}

impl Capture {
    /// Begins to copy what the command puts out, whose streams are pipes.
    pub fn begin(self, child: &mut Child) -> Copying {
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let lines = self.lines;
        Copying {
            out: std::thread::spawn(move || copy(out, std::io::stdout(), lines)),
            err: std::thread::spawn(move || copy(err, std::io::stderr(), lines)),
        }
    }
}

impl Copying {
    /// Both streams at their end.
    pub fn end(self) -> Captured {
        Captured { out: self.out.join().unwrap_or_default(), err: self.err.join().unwrap_or_default() }
    }
}

fn copy(from: Option<impl Read>, mut to: impl Write, lines: usize) -> Stream {
    let Some(mut from) = from else { return Stream::default() };
    let (mut bytes, mut digest, mut tail) = (0, Sha256::new(), VecDeque::new());
    let mut piece = vec![0; 64 << 10];
    loop {
        let got = match from.read(&mut piece) {
            Ok(0) => break,
            Ok(got) => got,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let new = &piece[..got];
        // A reader that has seen enough: the command is told by its next write, as it would be without this.
        if to.write_all(new).and_then(|()| to.flush()).is_err() {
            break;
        }
        bytes += got as u64;
        digest.update(new);
        tail.extend(&new[got.saturating_sub(TAIL_BYTES_MAX)..]);
        tail.drain(..tail.len().saturating_sub(TAIL_BYTES_MAX));
    }
    Stream { bytes, sha256: finished_hex(digest), tail: last_lines(tail.make_contiguous(), lines) }
}

fn last_lines(tail: &[u8], lines: usize) -> String {
    let text = String::from_utf8_lossy(tail);
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    all[all.len().saturating_sub(lines)..].concat()
}

impl Captured {
    /// As JSON.
    pub fn json(&self) -> String {
        let mut out = b"{".to_vec();
        for (name, stream) in [("stdout", &self.out), ("stderr", &self.err)] {
            if out.len() > 1 {
                out.push(b',');
            }
            let start = format!("\"{name}\":{{\"bytes\":{},\"sha256\":\"{}\",\"tail\":", stream.bytes, stream.sha256);
            out.extend_from_slice(start.as_bytes());
            json::quote_into(&stream.tail, &mut out);
            out.push(b'}');
        }
        out.push(b'}');
        String::from_utf8_lossy(&out).into_owned()
    }
}
