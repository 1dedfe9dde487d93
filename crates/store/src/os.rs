//! The seam between `store` and the operating system. Everything that can fail, be cut short, or be
//! lost in a power cut goes through it, and so do the clocks and the process id. A test can be a
//! failing disk: it wraps the real backend, counts the calls, and fails, shortens or records the
//! n-th.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use logbook_model::error::Error;

/// How a file is opened. An open never follows a symbolic link in the last part of the path and
/// never waits for a FIFO. It gives a regular file only, or a directory if one was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// For reading.
    Read,
    /// For reading and appending. The file must exist.
    Append,
    /// For reading and writing in place. The file is created if it is missing (`.lock`).
    Update,
    /// A new file, for appending. Fails if the name is taken.
    New,
    /// A directory, to stat or sync it.
    Directory,
}

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, a FIFO, a socket.
    Other,
}

/// The metadata of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// The type of the file.
    pub what: What,
    /// Device and inode: the same for all names of one file.
    pub identity: (u64, u64),
    /// Size in bytes.
    pub bytes: u64,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Permission bits.
    pub mode: u32,
    /// Hard links.
    pub links: u64,
    /// When its content last changed, or the names in a directory: seconds and nanoseconds.
    pub modified: (i64, i64),
    /// When its content or metadata last changed. No program can set this time.
    pub changed: (i64, i64),
}

/// The operating system, as far as `store` uses it. Errors carry the raw error number. No call
/// retries: the caller handles EINTR and short writes.
pub trait Os: Sync {
    /// Opens `path`; `mode` is for a file that is created.
    fn open(&self, path: &Path, how: How, mode: u32) -> io::Result<OwnedFd>;
    /// Reads at `offset`; 0 at the end.
    fn read_at(&self, file: &OwnedFd, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Appends (files opened with [`How::Append`] or [`How::New`]).
    fn write(&self, file: &OwnedFd, bytes: &[u8]) -> io::Result<usize>;
    /// Writes in place (files opened with [`How::Update`]).
    fn write_at(&self, file: &OwnedFd, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// fdatasync.
    fn sync_data(&self, file: &OwnedFd) -> io::Result<()>;
    /// Whether `sync_data` reports each failed write to every file that was open then, and file
    /// locks work: group commit needs both (`append::group_commit`).
    fn shares_syncs(&self) -> bool {
        false
    }
    /// Asks the system to drop the file from its page cache, so that the next read is from the
    /// disk: after a failed sync the two may differ.
    fn forget_cached(&self, _file: &OwnedFd) {}
    /// fsync, of a directory too.
    fn sync_all(&self, file: &OwnedFd) -> io::Result<()>;
    /// Takes the exclusive lock, or fails with `WouldBlock`.
    fn try_lock(&self, file: &OwnedFd) -> io::Result<()>;
    /// The process that holds the lock on the file, if the system reports it.
    fn lock_holder(&self, file: &Stat) -> Option<u32>;
    /// Releases the lock.
    fn unlock(&self, file: &OwnedFd) -> io::Result<()>;
    /// The metadata of an open file.
    fn stat(&self, file: &OwnedFd) -> io::Result<Stat>;
    /// The metadata of a path. Links are not followed.
    fn stat_path(&self, path: &Path) -> io::Result<Stat>;
    /// Calls `each` with every name in the directory.
    fn list(&self, path: &Path, each: &mut dyn FnMut(&[u8])) -> io::Result<()>;
    /// Renames, replacing what is there.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file a second name. Fails if that name is taken.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file's name.
    fn unlink(&self, path: &Path) -> io::Result<()>;
    /// Makes a directory.
    fn mkdir(&self, path: &Path, mode: u32) -> io::Result<()>;
    /// Sets the permission bits regardless of the umask, and the group if one is given.
    fn set_access(&self, file: &OwnedFd, mode: u32, gid: Option<u32>) -> io::Result<()>;
    /// The effective user.
    fn user(&self) -> u32;
    /// Waits at most `timeout_ms` for the exclusive lock. Errors: `TimedOut` if it was not free in
    /// time. This default polls; the real backend sleeps in the kernel's queue.
    fn wait_for_lock(&self, file: &OwnedFd, timeout_ms: u64) -> io::Result<()> {
        let start_ms = self.elapsed_ms();
        for tries in 1u64.. {
            match self.try_lock(file) {
                Err(error) if interrupted(&error) => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                settled => return settled,
            }
            if self.elapsed_ms().saturating_sub(start_ms) >= timeout_ms {
                break;
            }
            self.pause((40 * tries).min(2000));
        }
        Err(io::ErrorKind::TimedOut.into())
    }
    /// Sleeps for about this long; 0 only yields the processor.
    fn pause(&self, microseconds: u64);
    /// Microseconds since some start. For timeouts and durations: it never goes back.
    fn elapsed_us(&self) -> u64;
    /// Milliseconds since the same start.
    fn elapsed_ms(&self) -> u64 {
        self.elapsed_us() / 1000
    }
    /// The wall clock: nanoseconds since 1970, 0 if it is before that.
    fn unix_time_ns(&self) -> u64;
    /// The number of this process.
    fn process_id(&self) -> u32;
    /// The clock that stamps files, which advances in ticks: seconds and nanoseconds. `None` if the
    /// system does not give it.
    fn file_clock(&self) -> Option<(i64, i64)> {
        None
    }
}

/// An error of the file at `path`: exit 3.
pub(crate) fn io_error(path: &Path, error: io::Error) -> Error {
    Error::io(format!("{}: {error}", path.display()))
}

/// The same, for `map_err`.
pub(crate) fn error_at(path: &Path) -> impl Fn(io::Error) -> Error + Copy + '_ {
    move |error| io_error(path, error)
}

/// Whether the call was interrupted and should be tried again.
pub(crate) fn interrupted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Interrupted
}

/// Reads from `offset` until the buffer is full or the file ends.
pub fn read_full(os: &dyn Os, file: &OwnedFd, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match os.read_at(file, &mut buffer[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if interrupted(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Writes all of `bytes` to the end of `file`, and continues short writes. Errors: how many of the
/// bytes were written, and why not all.
pub(crate) fn write_full(os: &dyn Os, file: &OwnedFd, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut done = 0;
    while done < bytes.len() {
        match os.write(file, &bytes[done..]) {
            Ok(0) => return Err((done, io::ErrorKind::WriteZero.into())),
            Ok(written) => done += written,
            Err(error) if interrupted(&error) => {}
            Err(error) => return Err((done, error)),
        }
    }
    Ok(())
}

/// Replaces the file `target` by one with these bytes, durably and at once: a process that dies
/// meanwhile leaves the old file. `temporary` is a name beside it, whose file is removed if an
/// earlier process left one.
pub(crate) fn replace_file(os: &dyn Os, target: &Path, temporary: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    match os.unlink(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = os.open(temporary, How::New, mode)?;
    os.set_access(&file, mode, None)?;
    write_full(os, &file, bytes).map_err(|(_, error)| error)?;
    os.sync_all(&file)?;
    os.rename(temporary, target)?;
    sync_directory(os, target.parent().unwrap_or(target))
}

/// Syncs the entries of a directory.
pub(crate) fn sync_directory(os: &dyn Os, path: &Path) -> io::Result<()> {
    let directory = os.open(path, How::Directory, 0)?;
    os.sync_all(&directory)
}
