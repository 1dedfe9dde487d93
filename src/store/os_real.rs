//! The real operating system: the only place with raw file calls.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::fs::{self, FileType, FlockOperation, Mode, OFlags};

use super::os::{How, Os, Stat, What};

/// The kernel, through rustix.
#[derive(Debug, Clone, Copy, Default)]
pub struct Real;

/// The one value of it.
pub static REAL: Real = Real;

fn stat_of(stat: &fs::Stat) -> Stat {
    let what = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => What::File,
        FileType::Directory => What::Directory,
        FileType::Symlink => What::Link,
        _ => What::Other,
    };
    // The widths of these fields differ from one architecture to the next.
    #[allow(clippy::unnecessary_cast)]
    Stat {
        what,
        identity: (stat.st_dev as u64, stat.st_ino as u64),
        bytes: stat.st_size as u64,
        uid: stat.st_uid,
        gid: stat.st_gid,
        mode: stat.st_mode as u32 & 0o7777,
        links: stat.st_nlink as u64,
    }
}

impl Os for Real {
    fn open(&self, path: &Path, how: How, mode: u32) -> io::Result<OwnedFd> {
        // NONBLOCK: opening a FIFO or a device that stands where a file should must not hang.
        let base = OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let flags = match how {
            How::Read => OFlags::RDONLY,
            How::Append => OFlags::RDWR | OFlags::APPEND,
            How::Update => OFlags::RDWR | OFlags::CREATE,
            How::New => OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::EXCL,
            // The directory itself may be reached through a link that the user made.
            How::Directory => {
                return Ok(fs::open(path, OFlags::CLOEXEC | OFlags::DIRECTORY | OFlags::RDONLY, Mode::empty())?);
            }
        };
        Ok(fs::open(path, base | flags, Mode::from_raw_mode(mode))?)
    }

    fn read_at(&self, file: &OwnedFd, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(rustix::io::pread(file, buffer, offset)?)
    }

    fn write(&self, file: &OwnedFd, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(file, bytes)?)
    }

    fn write_at(&self, file: &OwnedFd, bytes: &[u8], offset: u64) -> io::Result<usize> {
        Ok(rustix::io::pwrite(file, bytes, offset)?)
    }

    fn sync_data(&self, file: &OwnedFd) -> io::Result<()> {
        Ok(fs::fdatasync(file)?)
    }

    fn sync_all(&self, file: &OwnedFd) -> io::Result<()> {
        Ok(fs::fsync(file)?)
    }

    fn try_lock(&self, file: &OwnedFd) -> io::Result<()> {
        Ok(fs::flock(file, FlockOperation::NonBlockingLockExclusive)?)
    }

    fn lock_holder(&self, file: &Stat) -> Option<u32> {
        // `1: FLOCK  ADVISORY  WRITE 1234 fe:00:131 0 EOF`; the device is told in a way
        // that differs between file systems, so the inode alone decides.
        let locks = std::fs::read_to_string("/proc/locks").ok()?;
        locks.lines().find_map(|line| {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let inode = words.get(5)?.rsplit(':').next()?.parse::<u64>().ok()?;
            let held = words.get(1) == Some(&"FLOCK") && words.get(3) == Some(&"WRITE");
            (held && inode == file.identity.1).then(|| words.get(4)?.parse().ok()).flatten()
        })
    }

    fn unlock(&self, file: &OwnedFd) -> io::Result<()> {
        Ok(fs::flock(file, FlockOperation::Unlock)?)
    }

    fn stat(&self, file: &OwnedFd) -> io::Result<Stat> {
        Ok(stat_of(&fs::fstat(file)?))
    }

    fn stat_path(&self, path: &Path) -> io::Result<Stat> {
        Ok(stat_of(&fs::lstat(path)?))
    }

    fn list(&self, path: &Path, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let directory = fs::open(path, OFlags::CLOEXEC | OFlags::DIRECTORY | OFlags::RDONLY, Mode::empty())?;
        let mut buffer = Vec::with_capacity(16 << 10);
        let mut entries = fs::RawDir::new(directory, buffer.spare_capacity_mut());
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                each(name);
            }
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Ok(fs::rename(from, to)?)
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        Ok(fs::unlink(path)?)
    }

    fn mkdir(&self, path: &Path, mode: u32) -> io::Result<()> {
        Ok(fs::mkdir(path, Mode::from_raw_mode(mode))?)
    }

    fn set_access(&self, file: &OwnedFd, mode: u32, gid: Option<u32>) -> io::Result<()> {
        // The group first: changing it may clear bits.
        if gid.is_some() {
            fs::fchown(file, None, gid.map(rustix::process::Gid::from_raw))?;
        }
        Ok(fs::fchmod(file, Mode::from_raw_mode(mode))?)
    }

    fn user(&self) -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn pause(&self, microseconds: u64) {
        if microseconds == 0 {
            std::thread::yield_now()
        } else {
            std::thread::sleep(Duration::from_micros(microseconds))
        }
    }

    fn elapsed_ms(&self) -> u64 {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_millis() as u64
    }
}

/// Keeps a write beyond a file size limit (`ulimit -f`) an error (EFBIG)
/// instead of a signal that kills. Without a limit there is nothing to do,
/// and nothing is paid.
pub fn outlive_file_size_limit() {
    if rustix::process::getrlimit(rustix::process::Resource::Fsize).current.is_some() {
        // A handler that sets a flag nobody reads: the call then returns EFBIG.
        let flag = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, flag);
    }
}

/// Whether standard input has something to read (or has ended) right now.
pub fn stdin_is_ready() -> bool {
    let stdin = std::io::stdin();
    let mut polled = [rustix::event::PollFd::new(&stdin, rustix::event::PollFlags::IN)];
    let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    // Where polling fails, reading tells.
    rustix::event::poll(&mut polled, Some(&now)).map_or(true, |ready| ready > 0)
}
