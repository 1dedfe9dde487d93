//! One writer at a time (`docs/format.md`, Lock): an exclusive `flock` on `.lock`, taken with a
//! timeout, on the file that is still at its path when the lock is held.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use crate::config::Settings;
use crate::directory::{Modes, check_file, open_error, share};
use crate::os::{How, Os, Stat, error_at, interrupted, io_error};
use logbook_format::{LockLine, lock_line};
use logbook_model::error::{Error, Exit, Result};

/// A writer tries this often before it waits in the kernel's queue, which costs a thread.
const TRIES: usize = 1200;
/// After every few tries it yields the processor. Not after each one: switching to another process
/// takes half as long as the lock is held.
const TRIES_BEFORE_YIELD: usize = 4;
/// How long it spins between two tries, in turns of a loop: each try slows down the process that
/// releases the lock.
const SPINS: usize = 20;

/// The file of the writers' lock, in the logbook's directory.
pub(crate) const WRITERS: &str = ".lock";
/// The file of the archivers' lock. A process that needs both locks takes this one first.
pub(crate) const ARCHIVERS: &str = ".archive.lock";

/// The lock, held. Dropping it closes the file, which releases the lock.
#[derive(Debug)]
pub(crate) struct Lock {
    file: OwnedFd,
    stat: Stat,
    path: PathBuf,
    /// Whether the file is the one that was open before.
    pub(crate) was_idle: bool,
}

/// The lock's file between two holds, open and checked.
#[derive(Debug)]
pub(crate) struct IdleLock {
    file: OwnedFd,
    stat: Stat,
}

/// How a lock is taken.
pub(crate) struct Request<'r> {
    /// The lock's file.
    pub path: &'r Path,
    pub settings: &'r Settings,
    pub timeout_ms: u64,
    /// The same file from an earlier hold. It is used if it is still at the path.
    pub idle: Option<IdleLock>,
    /// Asked once the lock of `idle` is held: whether it is known without a look that the file is
    /// at the path.
    pub is_at_path: &'r mut dyn FnMut() -> bool,
    /// Called again and again while another process holds the lock.
    pub while_waiting: &'r mut dyn FnMut(),
}

impl Lock {
    /// Takes the lock whose file is at `path`. Errors: exit 75 if it was not free in time, else 3.
    pub(crate) fn take_at(os: &dyn Os, path: &Path, settings: &Settings, timeout_ms: u64) -> Result<Lock> {
        let (is_at_path, while_waiting) = (&mut || false, &mut || ());
        Lock::take(os, Request { path, settings, timeout_ms, idle: None, is_at_path, while_waiting })
    }

    /// Takes the lock. Errors: exit 75 if it was not free in time, else 3.
    pub(crate) fn take(os: &dyn Os, mut request: Request<'_>) -> Result<Lock> {
        let path = request.path.to_path_buf();
        let start_ms = os.elapsed_ms();
        loop {
            let idle = request.idle.take();
            let was_idle = idle.is_some();
            let IdleLock { file, stat } = match idle {
                Some(idle) => idle,
                None => open(os, &path, request.settings)?,
            };
            wait(os, &file, &stat, &mut request, start_ms)?;
            if was_idle && (request.is_at_path)() {
                return Ok(Lock { file, stat, path, was_idle });
            }
            // Another file may have been put there while this process waited.
            match os.stat_path(&path) {
                Ok(now) if now.identity == stat.identity => return Ok(Lock { file, stat, path, was_idle }),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(io_error(&path, error)),
            }
            if os.elapsed_ms().saturating_sub(start_ms) >= request.timeout_ms {
                return Err(timed_out(&path, request.timeout_ms, None));
            }
        }
    }

    /// Reads the line. `None` if it is missing or damaged.
    pub(crate) fn read(&self, os: &dyn Os) -> Result<Option<LockLine>> {
        let mut buffer = [0; lock_line::BYTES_MAX];
        // Most often one call gives the whole line.
        let mut read = 0;
        while !buffer[..read].contains(&b'\n') && read < buffer.len() {
            match os.read_at(&self.file, &mut buffer[read..], read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if interrupted(&error) => {}
                Err(error) => return Err(io_error(&self.path, error)),
            }
        }
        let line = LockLine::parse(&buffer[..read]);
        if let Some(line) = &line
            && !line.version.may_write()
        {
            return Err(Error::io(format!(
                "{}: the logbook has format {}, newer than this program writes",
                self.path.display(),
                line.version.0
            ))
            .hint("install a newer logbook"));
        }
        Ok(line)
    }

    /// Writes the line with one `pwrite`.
    pub(crate) fn write(&self, os: &dyn Os, line: &LockLine) -> Result<()> {
        let text = line.print();
        loop {
            match os.write_at(&self.file, text.as_bytes(), 0) {
                Ok(written) if written == text.len() => return Ok(()),
                // The next process to read a torn line replaces it.
                Ok(_) => return Err(Error::io(format!("{}: short write", self.path.display()))),
                Err(error) if interrupted(&error) => {}
                Err(error) => return Err(io_error(&self.path, error)),
            }
        }
    }

    /// Records that a sync of this segment failed.
    pub(crate) fn mark_suspect(&self, os: &dyn Os, number: u64) -> Result<()> {
        let Some(mut line) = self.read(os)? else { return Err(Error::io("the lock line cannot be read")) };
        line.mark_suspect(number);
        self.write(os, &line)
    }

    /// Releases the lock and keeps the file open for the next hold.
    pub(crate) fn release(self, os: &dyn Os) -> Option<IdleLock> {
        match os.unlock(&self.file) {
            Ok(()) => Some(IdleLock { file: self.file, stat: self.stat }),
            // Closing the file releases it, too.
            Err(_) => None,
        }
    }
}

fn open(os: &dyn Os, path: &Path, settings: &Settings) -> Result<IdleLock> {
    let file = os.open(path, How::Update, Modes::of(settings).file).map_err(|error| open_error(path, &error))?;
    let mut stat = os.stat(&file).map_err(error_at(path))?;
    share(os, &file, &mut stat, settings);
    // A file without a name was replaced just now: the next round opens the other one.
    check_file(os, path, &stat, settings).or_else(|error| if stat.links == 0 { Ok(()) } else { Err(error) })?;
    Ok(IdleLock { file, stat })
}

/// Waits for the lock. It is held for tens of microseconds: tries a few times, then waits in the
/// queue.
fn wait(os: &dyn Os, file: &OwnedFd, stat: &Stat, request: &mut Request<'_>, start_ms: u64) -> Result<()> {
    let (path, timeout_ms) = (request.path, request.timeout_ms);
    let fail = error_at(path);
    for tries in 1..=TRIES {
        match os.try_lock(file) {
            Ok(()) => return Ok(()),
            Err(error) if interrupted(&error) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                (request.while_waiting)();
                if tries % TRIES_BEFORE_YIELD == 0 {
                    os.pause(0);
                } else {
                    (0..SPINS).for_each(|_| std::hint::spin_loop());
                }
            }
            Err(error) => return Err(fail(error)),
        }
    }
    let left_ms = timeout_ms.saturating_sub(os.elapsed_ms().saturating_sub(start_ms));
    match os.wait_for_lock(file, left_ms) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            Err(timed_out(path, timeout_ms, os.lock_holder(stat)))
        }
        Err(error) => Err(fail(error)),
    }
}

fn timed_out(path: &Path, timeout_ms: u64, holder: Option<u32>) -> Error {
    let who = holder.map_or_else(String::new, |pid| format!(" (held by process {pid})"));
    let error = Error::new(
        Exit::LockTimeout,
        format!("{}: not free after {timeout_ms} ms{who}; nothing was stored", path.display()),
    );
    match holder {
        Some(pid) => {
            error.hint(format!("ps -p {pid}   # see what it is doing; or wait longer with --lock-timeout 60s"))
        }
        None => error.hint("try again, or wait longer with --lock-timeout 60s"),
    }
}
