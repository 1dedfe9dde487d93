//! The worker process that evaluates rules, seen from this process: started at the first question,
//! ended when dropped. The worker ends itself when a rule takes too much (`worker`); if it does
//! not, it is killed from here.

use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant as Moment};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::rules::{Answer, Rule, RuleError};
use crate::cmd::shared::guard::program;
use logbook_model::Instant;
use logbook_model::error::{Error, Result};

/// The longest wait for an answer, for a worker that was stopped or gets no processor time.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// The longest answer, bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// A request to the worker, a line of JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Question {
    pub rule: Rule,
    pub about: Option<String>,
}

/// The worker's reply, a line of JSON. The names in JSON are those of its first version.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    #[serde(rename = "Verdict")]
    Answer(Answer),
    #[serde(rename = "Wrong")]
    Error(RuleError),
    /// The worker ended, for this reason.
    Ended(String),
}

/// The worker process, running or not.
pub(super) struct Worker {
    directory: PathBuf,
    now: Instant,
    running: Option<Running>,
}

struct Running {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    /// Bytes read beyond the last reply.
    rest: Vec<u8>,
}

impl Worker {
    pub fn new(directory: PathBuf, now: Instant) -> Worker {
        Worker { directory, now, running: None }
    }

    /// Errors: the rule is not valid, or it could not be evaluated within its limits.
    pub fn ask(&mut self, rule: &Rule, about: Option<&str>) -> Result<Answer> {
        let failed = |why: String| Error::io(format!("could not be evaluated: {why}"));
        let question = Question { rule: rule.clone(), about: about.map(str::to_owned) };
        let mut line = serde_json::to_vec(&question).map_err(|error| failed(error.to_string()))?;
        line.push(b'\n');
        if self.running.is_none() {
            let started = self.start().map_err(|error| failed(format!("the worker did not start: {error}")));
            self.running = Some(started?);
        }
        let Some(running) = &mut self.running else { return Err(failed("the worker did not start".to_owned())) };
        let reply = running.exchange(&line);
        let reply = reply.and_then(|line| serde_json::from_slice(&line).map_err(io::Error::other));
        match reply {
            Ok(Reply::Answer(answer)) => Ok(answer),
            Ok(Reply::Error(error)) => Err(error.into()),
            Ok(Reply::Ended(why)) => {
                self.running = None;
                Err(failed(why))
            }
            Err(error) => {
                self.running = None;
                Err(failed(error.to_string()))
            }
        }
    }

    fn start(&self) -> io::Result<Running> {
        let mut child = Command::new(program::path()?)
            .arg("judge")
            .arg(self.now.to_string())
            .arg(&self.directory)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("it has no pipes"));
        };
        // Writing must not block on a worker that reads nothing.
        fcntl_setfl(&input, fcntl_getfl(&input)? | OFlags::NONBLOCK)?;
        Ok(Running { child, input, output, rest: Vec::new() })
    }
}

impl Running {
    /// Writes one line, and waits for one.
    fn exchange(&mut self, line: &[u8]) -> io::Result<Vec<u8>> {
        let began = Moment::now();
        let mut unsent = line;
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.rest) {
                let rest = self.rest.split_off(end + 1);
                return Ok(std::mem::replace(&mut self.rest, rest));
            }
            let left = ANSWER_TIME.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(io::Error::other("it took longer than 60s"));
            }
            let mut ends = vec![PollFd::from_borrowed_fd(self.output.as_fd(), PollFlags::IN)];
            if !unsent.is_empty() {
                ends.push(PollFd::from_borrowed_fd(self.input.as_fd(), PollFlags::OUT));
            }
            let timeout = Timespec { tv_sec: left.as_secs() as _, tv_nsec: left.subsec_nanos().into() };
            match poll(&mut ends, Some(&timeout)) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let [is_readable, is_writable] = [0, 1].map(|at| ends.get(at).is_some_and(|end| !end.revents().is_empty()));
            if is_writable {
                match rustix::io::write(&self.input, unsent) {
                    Ok(written) => unsent = unsent.get(written..).unwrap_or_default(),
                    // What it wrote before it ended is still to be read.
                    Err(Errno::PIPE) => unsent = &[],
                    Err(Errno::AGAIN | Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            if is_readable {
                let mut piece = [0; 8192];
                match rustix::io::read(&self.output, &mut piece) {
                    Ok(0) => return Err(io::Error::other("the process that evaluates it died")),
                    Ok(read) => self.rest.extend_from_slice(&piece[..read]),
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
                if self.rest.len() > ANSWER_BYTES_MAX {
                    return Err(io::Error::other("the answer is too long"));
                }
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself. With SIGCHLD ignored there is nothing to wait for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
