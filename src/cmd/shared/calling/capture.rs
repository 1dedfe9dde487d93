//! Copy the output of a command on its way through. The command sees a pipe instead of a terminal
//! or file.
//!
//! The copy ends when the command ends, even if a process that it left running keeps the pipe open.
//! Later output of such a process is lost.

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

/// How long processes that the command left running may finish their output.
const GRACE: Duration = Duration::from_millis(200);

/// What to keep of the output.
#[derive(Debug, Clone, Copy)]
pub struct Capture {
    /// The number of last lines of each stream.
    pub lines: usize,
}

/// What was copied of one stream.
#[derive(Debug, Default)]
pub struct Stream {
    pub bytes: u64,
    /// SHA-256 of all bytes, in hexadecimal digits.
    pub sha256: String,
    tail: Tail,
    /// The number of last lines to keep.
    lines: usize,
    /// A process that the command left running could still write to it.
    pub is_open: bool,
}

/// Standard output and standard error of a command.
#[derive(Debug, Default)]
pub struct Captured {
    pub out: Stream,
    pub err: Stream,
}

/// Two threads that copy the streams.
pub struct Copying {
    out: JoinHandle<Stream>,
    err: JoinHandle<Stream>,
    /// Closing it tells the threads that the command has ended.
    running: PipeWriter,
}

impl Capture {
    /// Allocates what copying needs, before the command starts. Errors: exit 125, no pipe.
    pub fn prepare(self) -> Result<Prepared> {
        let (ended, running) = io::pipe().map_err(|error| Error::new(Exit::Exec(125), format!("no pipe: {error}")))?;
        Ok(Prepared { lines: self.lines, ended: Arc::new(ended), running })
    }
}

/// What copying needs.
pub struct Prepared {
    lines: usize,
    ended: Arc<PipeReader>,
    running: PipeWriter,
}

impl Prepared {
    /// Begins to copy. The streams of `child` must be pipes.
    pub fn begin(self, child: &mut Child) -> Copying {
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let Prepared { lines, ended, running } = self;
        let also = Arc::clone(&ended);
        Copying {
            out: std::thread::spawn(move || copy(out, std::io::stdout(), lines, &ended)),
            err: std::thread::spawn(move || copy(err, std::io::stderr(), lines, &also)),
            running,
        }
    }
}

impl Copying {
    /// Call it when the command has ended.
    pub fn end(self) -> Captured {
        drop(self.running);
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
        // The reader has closed the stream. The command gets SIGPIPE from its next write, as it
        // would without this process.
        if to.write_all(new).and_then(|()| to.flush()).is_err() {
            break;
        }
        bytes += got as u64;
        digest.update(new);
        tail.push(new);
    }
    Stream { bytes, sha256: finished_hex(digest), tail, lines, is_open }
}

/// What remains to be read after the command has ended.
struct Rest {
    /// Bytes that were in the pipe at the end of the command, and so may be its own.
    bytes: u64,
    /// The end of the grace time.
    until: Instant,
}

/// Waits for more output, or the end of the stream. False if the command has ended and the grace
/// time is over.
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
            // Reading gives the error.
            Err(_) => return true,
            Ok(_) => {
                let [is_readable, has_ended] =
                    [0, 1].map(|at| ends.get(at).is_some_and(|end| !end.revents().is_empty()));
                if has_ended {
                    let bytes = rustix::io::ioctl_fionread(from).unwrap_or(0);
                    *rest = Some(Rest { bytes, until: Instant::now() + GRACE });
                }
                if is_readable {
                    return true;
                }
            }
        }
    }
}

impl Captured {
    /// As JSON: size and digest of each stream, and its last lines, redacted if there is a
    /// redactor.
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
            // An open stream may be incomplete.
            out.extend_from_slice(if stream.is_open { b",\"open\":true}" } else { b"}" });
        }
        out.push(b'}');
        Ok(String::from_utf8_lossy(&out).into_owned())
    }
}
