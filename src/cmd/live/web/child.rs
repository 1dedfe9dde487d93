//! Queries, each in a process of its own: a jq program may run for ever or ask for all memory, and
//! can be ended in no other way. The process is this program, told when and at how much memory to
//! give up; it ends too when whoever asked has gone.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::site::Site;
use crate::cmd::shared::guard::program;
use logbook_model::error::{Error, Exit, Result};

/// How long a query may take, and how much memory.
const BOUNDS: [&str; 4] = ["--timeout", "10s", "--max-memory", "512M"];
/// How much of its answer is taken.
pub const BYTES_MAX: usize = 16 << 20;
/// How much of what it says beside that.
const SAID_BYTES_MAX: u64 = 64 << 10;

/// What came of a query.
pub struct Ran {
    /// What it printed.
    pub out: Vec<u8>,
    /// There is more than was taken.
    pub is_cut: bool,
    /// What it said beside that, line by line.
    pub said: Vec<String>,
}

/// Whoever asks, and the process that works for them.
#[derive(Debug, Clone, Default)]
pub struct Asker(Arc<Mutex<Working>>);

#[derive(Debug, Default)]
struct Working {
    /// Nobody waits for it any more.
    has_gone: bool,
    /// Not waited for yet: the number means this process and no other.
    process: Option<Pid>,
}

impl Asker {
    /// What works for them ends, also what has yet to begin.
    pub fn go(&self) {
        let mut working = self.lock();
        working.has_gone = true;
        if let Some(process) = working.process {
            // It may have ended by itself meanwhile.
            let _ = kill_process(process, Signal::KILL);
        }
    }

    /// When this is dropped, they have gone.
    pub fn here(&self) -> Here {
        Here(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Working> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn works(&self, child: &Child) {
        let process = Pid::from_child(child);
        let mut working = self.lock();
        working.process = Some(process);
        if working.has_gone {
            let _ = kill_process(process, Signal::KILL);
        }
    }

    /// Waits for the end of the process.
    fn wait(&self, child: &mut Child) -> std::io::Result<std::process::ExitStatus> {
        // Until it is waited for it can be ended; whoever is not told of children waits below.
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(Pid::from_child(child)), ended) {}
        self.lock().process = None;
        child.wait()
    }
}

/// Somebody is here.
pub struct Here(Asker);

impl Drop for Here {
    fn drop(&mut self) {
        self.0.go();
    }
}

/// Runs `logbook` with these arguments on the logbook of `site`, for `asker`; takes at most
/// `lines_max` lines of its answer.
pub fn run(site: &Site, asker: &Asker, arguments: &[String], lines_max: usize) -> Result<Ran> {
    let failed = |error: std::io::Error| Error::io(format!("the query was not run: {error}"));
    let mut child = Command::new(program::path().map_err(failed)?)
        .args(arguments.first())
        .args(BOUNDS)
        .args(&site.zone_flags)
        .args(["--color", "never", "--dir"])
        .arg(&site.location.path)
        .args(arguments.get(1..).unwrap_or_default())
        .env_clear()
        .envs(&site.env.vars)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    asker.works(&child);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let says = std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut stderr) = stderr {
            let _ = stderr.by_ref().take(SAID_BYTES_MAX).read_to_end(&mut text);
            // What nobody reads would keep it waiting.
            let _ = std::io::copy(&mut stderr, &mut std::io::sink());
        }
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut out = Vec::new();
    let taken = stdout.map_or(Ok(false), |stdout| take(BufReader::new(stdout), lines_max, &mut out));
    if *taken.as_ref().unwrap_or(&true) {
        // It may have ended by itself meanwhile.
        let _ = child.kill();
    }
    let status = asker.wait(&mut child).map_err(failed)?;
    let is_cut = taken.map_err(failed)?;
    let said = says.join().unwrap_or_default();
    let said: Vec<String> =
        said.lines().map(|line| line.strip_prefix("logbook: ").unwrap_or(line).to_owned()).collect();
    if is_cut || status.success() {
        return Ok(Ran { out, is_cut, said });
    }
    let code = status.code().unwrap_or(-1);
    let exit = match code {
        1 => Exit::No,
        2 => Exit::Usage,
        5 => Exit::Damaged,
        _ => Exit::NotStored,
    };
    let hint = said.iter().rposition(|line| line.starts_with("hint: "));
    let mut lines = said.get(..hint.unwrap_or(said.len())).unwrap_or_default().iter().cloned();
    let message = lines.next().unwrap_or_else(|| format!("the query ended with {code}"));
    let error = Error::new(exit, message).beneath(lines);
    Err(match hint.and_then(|at| said.get(at)?.strip_prefix("hint: ")) {
        Some(hint) => error.hint(hint),
        None => error,
    })
}

/// Takes lines until there are enough; gives whether there are more.
fn take(mut from: impl BufRead, lines_max: usize, out: &mut Vec<u8>) -> std::io::Result<bool> {
    for _ in 0..lines_max {
        let room = (BYTES_MAX - out.len()) as u64;
        if from.by_ref().take(room).read_until(b'\n', out)? == 0 {
            return Ok(out.len() >= BYTES_MAX && !from.fill_buf()?.is_empty());
        }
        if out.len() >= BYTES_MAX {
            // The last line may not be whole.
            out.truncate(memchr::memrchr(b'\n', out).map_or(0, |at| at + 1));
            return Ok(true);
        }
    }
    Ok(!from.fill_buf()?.is_empty())
}
