//! One writer at a time (`docs/format.md`, Lock): an exclusive `flock` on
//! `.lock`, taken with a timeout, on the file that is still at the path.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use super::config::Settings;
use super::directory::{Modes, check_file, open_error, share};
use super::os::{How, Os, Stat, interrupted};
use logbook_format::{LockLine, lock_line};
use logbook_model::error::{Error, Exit, Result};

/// How often a writer tries before it waits in the queue: that costs a thread.
const TRIES: usize = 1200;
/// After so many tries it lets others run: changing to another process takes as long as half a
/// hold.
const TRIES_RUNNING: usize = 4;
/// How long it idles between two tries, in turns of a loop: the try itself slows down whoever gives
/// the lock back.
const IDLE_TURNS: usize = 20;

/// The file of the lock that writers take, in the logbook's directory.
pub(crate) const WRITERS: &str = ".lock";
/// That of the one archiver at a time; where both are needed it is taken first.
pub(crate) const ARCHIVERS: &str = ".archive.lock";

/// The lock, held. Dropping it closes the file and so gives the lock back.
#[derive(Debug)]
pub(crate) struct Lock {
    file: OwnedFd,
    stat: Stat,
    path: PathBuf,
    /// Whether the file is the one that was kept.
    pub(super) used_before: bool,
}

/// The lock's file, open and checked, for the next time.
#[derive(Debug)]
pub(crate) struct Kept {
    file: OwnedFd,
    stat: Stat,
}

impl Lock {
    /// Takes the lock of which `path` is the file. `kept`: a lock file opened before, used again if
    /// it is still the one at the path; `is_there` may know, once the lock is held, that it is.
    /// `meanwhile` is called now and then while somebody else holds it. Errors: exit 75 when it was
    /// not free in time, else 3.
    pub(crate) fn take(
        os: &dyn Os,
        path: &Path,
        settings: &Settings,
        timeout_ms: u64,
        mut kept: Option<Kept>,
        is_there: &mut dyn FnMut() -> bool,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<Lock> {
        let path = path.to_path_buf();
        let start_ms = os.elapsed_ms();
        loop {
            let fail = |error: std::io::Error| Error::io(format!("{}: {error}", path.display()));
            let used_before = kept.is_some();
            let (file, stat) = match kept.take() {
                Some(kept) => (kept.file, kept.stat),
                None => {
                    let file = os
                        .open(&path, How::Update, Modes::of(settings).file)
                        .map_err(|error| open_error(&path, &error))?;
                    let mut stat = os.stat(&file).map_err(fail)?;
                    share(os, &file, &mut stat, settings);
                    check_file(os, &path, &stat, settings)
                        .or_else(|error| if stat.links == 0 { Ok(()) } else { Err(error) })?;
                    (file, stat)
                }
            };
            wait(os, &file, &path, &stat, start_ms, timeout_ms, meanwhile)?;
            // Somebody may have put another file there while we waited.
            if used_before && is_there() {
                return Ok(Lock { file, stat, path, used_before });
            }
            match os.stat_path(&path) {
                Ok(now) if now.identity == stat.identity => return Ok(Lock { file, stat, path, used_before }),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(fail(error)),
            }
            if os.elapsed_ms().saturating_sub(start_ms) >= timeout_ms {
                return Err(timed_out(&path, timeout_ms, None));
            }
        }
    }

    /// Reads the line; `None` when it has to be made anew.
    pub fn read(&self, os: &dyn Os) -> Result<Option<LockLine>> {
        let mut buffer = [0; lock_line::BYTES_MAX];
        // The line ends at its newline: most often one call gives all of it.
        let mut read = 0;
        while !buffer[..read].contains(&b'\n') && read < buffer.len() {
            match os.read_at(&self.file, &mut buffer[read..], read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if interrupted(&error) => {}
                Err(error) => return Err(Error::io(format!("{}: {error}", self.path.display()))),
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
    pub fn write(&self, os: &dyn Os, line: &LockLine) -> Result<()> {
        let text = line.print();
        loop {
            match os.write_at(&self.file, text.as_bytes(), 0) {
                Ok(written) if written == text.len() => return Ok(()),
                // A torn line is made anew by whoever reads it.
                Ok(_) => return Err(Error::io(format!("{}: short write", self.path.display()))),
                Err(error) if interrupted(&error) => {}
                Err(error) => return Err(Error::io(format!("{}: {error}", self.path.display()))),
            }
        }
    }

    /// Writes down that a sync of this segment failed.
    pub fn mark_suspect(&self, os: &dyn Os, number: u64) -> Result<()> {
        let Some(mut line) = self.read(os)? else { return Err(Error::io("the lock line cannot be read")) };
        line.mark_suspect(number);
        self.write(os, &line)
    }

    /// Gives the lock back and keeps the file for the next time.
    pub(crate) fn release(self, os: &dyn Os) -> Option<Kept> {
        match os.unlock(&self.file) {
            Ok(()) => Some(Kept { file: self.file, stat: self.stat }),
            // Closing gives it back too.
            Err(_) => None,
        }
    }
}

/// A hold takes tens of microseconds: tries a few times, then waits in the queue.
fn wait(
    os: &dyn Os,
    file: &OwnedFd,
    path: &Path,
    stat: &Stat,
    start_ms: u64,
    timeout_ms: u64,
    meanwhile: &mut dyn FnMut(),
) -> Result<()> {
    let fail = |error: std::io::Error| Error::io(format!("{}: {error}", path.display()));
    for tries in 1..=TRIES {
        match os.try_lock(file) {
            Ok(()) => return Ok(()),
            Err(error) if interrupted(&error) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                meanwhile();
                if tries % TRIES_RUNNING == 0 {
                    os.pause(0);
                } else {
                    (0..IDLE_TURNS).for_each(|_| std::hint::spin_loop());
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
