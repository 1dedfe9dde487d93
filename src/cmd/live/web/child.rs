//! Queries, each in its own process: a jq program may run forever or use all memory, and only a
//! process can be stopped then. The process is this program with limits on time and memory. It is
//! killed when the client goes away.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::context::Context;
use crate::cmd::shared::guard::program;
use logbook_model::error::{Error, Exit, Result};
use logbook_render::safe;

/// The limits of a query.
const BOUNDS: [&str; 4] = ["--timeout", "10s", "--max-memory", "512M"];
/// At most this much of its standard output is read.
pub const BYTES_MAX: usize = 16 << 20;
/// At most this much of its standard error is read.
const STDERR_BYTES_MAX: u64 = 64 << 10;

/// What a query printed.
pub struct ChildOutput {
    /// Standard output.
    pub out: Vec<u8>,
    /// There is more of it than was read.
    pub is_cut: bool,
    /// The lines of standard error.
    pub notes: Vec<String>,
}

/// Kills the query of a request, also one that has yet to start.
#[derive(Debug, Clone, Default)]
pub struct Canceller(Arc<Mutex<Working>>);

#[derive(Debug, Default)]
struct Working {
    is_cancelled: bool,
    /// Only until it is waited for: afterwards its id may be another process's.
    process: Option<Pid>,
}

impl Canceller {
    fn cancel(&self) {
        let mut working = self.lock();
        working.is_cancelled = true;
        if let Some(process) = working.process {
            // It may have ended already.
            let _ = kill_process(process, Signal::KILL);
        }
    }

    /// A guard that cancels when it is dropped.
    pub fn cancel_on_drop(&self) -> CancelOnDrop {
        CancelOnDrop(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Working> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn started(&self, child: &Child) {
        let process = Pid::from_child(child);
        let mut working = self.lock();
        working.process = Some(process);
        if working.is_cancelled {
            let _ = kill_process(process, Signal::KILL);
        }
    }

    /// Waits for the end of the process.
    fn wait(&self, child: &mut Child) -> std::io::Result<std::process::ExitStatus> {
        // Wait without reaping first, so that it can be killed by its id until then. If that fails,
        // `wait` below waits.
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(Pid::from_child(child)), ended) {}
        self.lock().process = None;
        child.wait()
    }
}

/// Cancels when it is dropped.
pub struct CancelOnDrop(Canceller);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Runs `logbook` with these arguments on the logbook that is served, and reads at most `lines_max`
/// lines of its output. `canceller` can kill it.
pub fn run(context: &Context, canceller: &Canceller, arguments: &[String], lines_max: usize) -> Result<ChildOutput> {
    let failed = |error: std::io::Error| Error::io(format!("cannot run the query: {error}"));
    let mut child = Command::new(program::path().map_err(failed)?)
        .args(arguments.first())
        .args(BOUNDS)
        .args(&context.zone_flags)
        .args(["--color", "never", "--dir"])
        .arg(&context.location.path)
        .args(arguments.get(1..).unwrap_or_default())
        .env_clear()
        .envs(&context.env.vars)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    canceller.started(&child);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let notes = std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut stderr) = stderr {
            let _ = stderr.by_ref().take(STDERR_BYTES_MAX).read_to_end(&mut text);
            // Read the rest too, or the process would block.
            let _ = std::io::copy(&mut stderr, &mut std::io::sink());
        }
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut out = Vec::new();
    let taken = stdout.map_or(Ok(false), |stdout| take(BufReader::new(stdout), lines_max, &mut out));
    if *taken.as_ref().unwrap_or(&true) {
        // It may have ended already.
        let _ = child.kill();
    }
    let status = canceller.wait(&mut child).map_err(failed)?;
    let is_cut = taken.map_err(failed)?;
    let notes = notes.join().unwrap_or_default();
    let notes: Vec<String> =
        notes.lines().map(|line| line.strip_prefix("logbook: ").unwrap_or(line).to_owned()).collect();
    if is_cut || status.success() {
        return Ok(ChildOutput { out, is_cut, notes });
    }
    let code = status.code().unwrap_or(-1);
    let exit = match code {
        1 => Exit::No,
        2 => Exit::Usage,
        5 => Exit::Damaged,
        _ => Exit::NotStored,
    };
    Err(safe::read_error(exit, &notes).unwrap_or_else(|| Error::new(exit, format!("the query ended with exit {code}"))))
}

/// Reads at most `lines_max` lines; gives whether there are more.
fn take(mut from: impl BufRead, lines_max: usize, out: &mut Vec<u8>) -> std::io::Result<bool> {
    for _ in 0..lines_max {
        let room = (BYTES_MAX - out.len()) as u64;
        if from.by_ref().take(room).read_until(b'\n', out)? == 0 {
            return Ok(out.len() >= BYTES_MAX && !from.fill_buf()?.is_empty());
        }
        if out.len() >= BYTES_MAX {
            // The last line may be incomplete.
            out.truncate(memchr::memrchr(b'\n', out).map_or(0, |at| at + 1));
            return Ok(true);
        }
    }
    Ok(!from.fill_buf()?.is_empty())
}
