//! The output of a command, copied on its way: it is no longer a terminal or a file to the command, but a pipe.

use std::io::{Read, Write};
use std::process::Child;
use std::thread::JoinHandle;

use super::tail::Tail;
use crate::error::Result;
use crate::format::digest::{Digest, Sha256, finished_hex};
use crate::format::secrets::Redactor;
use crate::json;

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
    /// Its end.
    tail: Tail,
    /// How many of its last lines are wanted.
    lines: usize,
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
    let (mut bytes, mut digest, mut tail) = (0, Sha256::new(), Tail::default());
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
        tail.push(new);
    }
    Stream { bytes, sha256: finished_hex(digest), tail, lines }
}

impl Captured {
    /// As JSON: sizes and digests of all that came, and the last lines without their secrets; `None`: as they are.
    pub fn json(&self, redactor: Option<&Redactor>) -> Result<String> {
        let mut out = b"{".to_vec();
        for (name, stream) in [("stdout", &self.out), ("stderr", &self.err)] {
            if out.len() > 1 {
                out.push(b',');
            }
            let start = format!("\"{name}\":{{\"bytes\":{},\"sha256\":\"{}\",\"tail\":", stream.bytes, stream.sha256);
            out.extend_from_slice(start.as_bytes());
            let path = format!("tool_call.result.{name}.tail");
            json::quote_into(&stream.tail.text(stream.lines, redactor, &path)?, &mut out);
            out.push(b'}');
        }
        out.push(b'}');
        Ok(String::from_utf8_lossy(&out).into_owned())
    }
}
