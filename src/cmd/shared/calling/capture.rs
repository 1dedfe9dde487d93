//! The output of a command, copied on its way: it is no longer a terminal or a file to the command,
//! but a pipe.
//!
//! The copy ends with the command, not with the pipe, which whatever the command left running keeps
//! open: what that prints later has nowhere to go.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::process::Child;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::tail::Tail;
use logbook_format::digest::{Digest, Sha256, finished_hex};
use logbook_format::secrets::Redactor;
use logbook_json as json;
use logbook_model::error::{Error, Exit, Result};

/// How long what the command has left running may finish what it prints.
const GRACE: Duration = Duration::from_millis(200);

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
    /// Something that the command left running could still print there.
    pub is_open: bool,
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
    /// Closed when the command has ended.
    runs: PipeWriter,
}

impl Capture {
    /// What it takes to copy, before there is a command. Errors: exit 125, no pipe.
    pub fn prepare(self) -> Result<Prepared> {
        let (ended, runs) = io::pipe().map_err(|error| Error::new(Exit::Exec(125), format!("no pipe: {error}")))?;
        Ok(Prepared { lines: self.lines, ended: Arc::new(ended), runs })
    }
}

/// Ready to copy.
pub struct Prepared {
    lines: usize,
    ended: Arc<PipeReader>,
    runs: PipeWriter,
}

impl Prepared {
    /// Begins to copy what the command puts out, whose streams are pipes.
    pub fn begin(self, child: &mut Child) -> Copying {
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let Prepared { lines, ended, runs } = self;
        let also = Arc::clone(&ended);
        Copying {
            out: std::thread::spawn(move || copy(out, std::io::stdout(), lines, &ended)),
            err: std::thread::spawn(move || copy(err, std::io::stderr(), lines, &also)),
            runs,
        }
    }
}

impl Copying {
    /// Both streams, when the command has ended.
    pub fn end(self) -> Captured {
        drop(self.runs);
        Captured { out: self.out.join().unwrap_or_default(), err: self.err.join().unwrap_or_default() }
    }
}

fn copy(from: Option<impl Read + AsFd>, mut to: impl Write, lines: usize, ended: &PipeReader) -> Stream {
    let Some(mut from) = from else { return Stream::default() };
    let (mut bytes, mut digest, mut tail) = (0, Sha256::new(), Tail::default());
    let mut piece = vec![0; 64 << 10];
    let mut rest = None;
    let mut is_open = false;
    loop {
        if !has_more(&from, ended, &mut rest) {
            is_open = true;
            break;
        }
        let got = match from.read(&mut piece) {
            Ok(0) => break,
            Ok(got) => got,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        if let Some(rest) = &mut rest {
            rest.bytes = rest.bytes.saturating_sub(got as u64);
        }
        let new = &piece[..got];
        // A reader that has seen enough: the command is told by its next write, as it would be
        // without this.
        if to.write_all(new).and_then(|()| to.flush()).is_err() {
            break;
        }
        bytes += got as u64;
        digest.update(new);
        tail.push(new);
    }
    Stream { bytes, sha256: finished_hex(digest), tail, lines, is_open }
}

/// What is still to be read when the command has ended.
struct Rest {
    /// How many bytes were there already, which may be its own.
    bytes: u64,
    /// Until when the others have time.
    until: Instant,
}

/// Waits for more, or for the end of the stream; false: the command ended, and there was time
/// enough since.
fn has_more(from: &impl AsFd, ended: &PipeReader, rest: &mut Option<Rest>) -> bool {
    loop {
        let left = rest.as_ref().map(|rest| rest.until.saturating_duration_since(Instant::now()));
        if let (Some(rest), Some(left)) = (&rest, left)
            && (rest.bytes > 0 || left.is_zero())
        {
            return rest.bytes > 0;
        }
        let timeout = left.map(|left| Timespec { tv_sec: left.as_secs() as _, tv_nsec: left.subsec_nanos().into() });
        let mut ends = vec![PollFd::new(from, PollFlags::IN)];
        if rest.is_none() {
            ends.push(PollFd::new(ended, PollFlags::IN));
        }
        match poll(&mut ends, timeout.as_ref()) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            // Reading says what is wrong.
            Err(_) => return true,
            Ok(_) => {
                let [has_come, is_over] = [0, 1].map(|at| ends.get(at).is_some_and(|end| !end.revents().is_empty()));
                if is_over {
                    let bytes = rustix::io::ioctl_fionread(from).unwrap_or(0);
                    *rest = Some(Rest { bytes, until: Instant::now() + GRACE });
                }
                if has_come {
                    return true;
                }
            }
        }
    }
}

impl Captured {
    /// As JSON: sizes and digests of all that came, and the last lines without their secrets;
    /// `None`: as they are.
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
            // What is there may not be all that was printed.
            out.extend_from_slice(if stream.is_open { b",\"open\":true}" } else { b"}" });
        }
        out.push(b'}');
        Ok(String::from_utf8_lossy(&out).into_owned())
    }
}
