//! The process that evaluates rules for this one: started when it is first asked, ended when nobody
//! asks any more. It ends by itself when a rule takes too much (`bench`); should it not, or die of
//! it, it is ended from here.

use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant as Moment};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::rules::{Rule, Verdict, Wrong};
use crate::cmd::shared::guard::program;
use logbook_model::Instant;
use logbook_model::error::{Error, Result};

/// How long an answer may take by the clock: a net, for a process that was stopped, or gets no
/// processor.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// The longest answer, bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// What is asked, a line of JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Question {
    pub rule: Rule,
    pub about: Option<String>,
}

/// What is answered, a line of JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Verdict(Verdict),
    Wrong(Wrong),
    /// The process ended, since this was reached.
    Ended(String),
}

/// The other process.
pub(super) struct Beside {
    directory: PathBuf,
    now: Instant,
    running: Option<Running>,
}

struct Running {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    /// Read beyond the last answer.
    rest: Vec<u8>,
}

impl Beside {
    pub fn new(directory: PathBuf, now: Instant) -> Beside {
        Beside { directory, now, running: None }
    }

    /// Errors: what is wrong with the rule, or that it could not be evaluated within its bounds, or
    /// at all.
    pub fn ask(&mut self, rule: &Rule, about: Option<&str>) -> Result<Verdict> {
        let failed = |why: String| Error::io(format!("could not be evaluated: {why}"));
        let question = Question { rule: rule.clone(), about: about.map(str::to_owned) };
        let mut line = serde_json::to_vec(&question).map_err(|error| failed(error.to_string()))?;
        line.push(b'\n');
        if self.running.is_none() {
            let started = self.start().map_err(|error| failed(format!("no process was started for it: {error}")));
            self.running = Some(started?);
        }
        let Some(running) = &mut self.running else { return Err(failed("it was not started".to_owned())) };
        let answer = running.exchange(&line);
        let answer = answer.and_then(|line| serde_json::from_slice(&line).map_err(io::Error::other));
        match answer {
            Ok(Answer::Verdict(verdict)) => Ok(verdict),
            Ok(Answer::Wrong(wrong)) => Err(wrong.into()),
            Ok(Answer::Ended(why)) => {
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
        // What is sent must not wait for ever for a process that reads nothing.
        fcntl_setfl(&input, fcntl_getfl(&input)? | OFlags::NONBLOCK)?;
        Ok(Running { child, input, output, rest: Vec::new() })
    }
}

impl Running {
    /// Sends one line, and waits for one.
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
            let [says, takes] = [0, 1].map(|at| ends.get(at).is_some_and(|end| !end.revents().is_empty()));
            if takes {
                match rustix::io::write(&self.input, unsent) {
                    Ok(written) => unsent = unsent.get(written..).unwrap_or_default(),
                    // What it said before it ended is still to be read.
                    Err(Errno::PIPE) => unsent = &[],
                    Err(Errno::AGAIN | Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            if says {
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
        // It may have ended by itself; where children are not told of, there is nothing to wait
        // for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
