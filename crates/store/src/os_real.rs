//! The real operating system. No other file of this crate has raw file calls on segments.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::fs::{self, FileType, FlockOperation, Mode, OFlags};

use super::os::{How, Os, Stat, What};

/// The kernel, through rustix.
#[derive(Debug, Clone, Copy, Default)]
pub struct Real;

/// The one value of [`Real`].
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
        modified: (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        changed: (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
    }
}

impl Os for Real {
    fn open(&self, path: &Path, how: How, mode: u32) -> io::Result<OwnedFd> {
        // NONBLOCK: an open must not hang if a FIFO or a device is in place of a file.
        let base = OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let flags = match how {
            How::Read => OFlags::RDONLY,
            How::Append => OFlags::RDWR | OFlags::APPEND,
            How::Update => OFlags::RDWR | OFlags::CREATE,
            How::New => OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::EXCL,
            // The path of a logbook may be a link that the user made.
            How::Directory => {
                return Ok(fs::open(path, OFlags::CLOEXEC | OFlags::DIRECTORY | OFlags::RDONLY, Mode::empty())?);
            }
        };
        let file = fs::open(path, base | flags, Mode::from_raw_mode(mode))?;
        // A logbook has regular files only. A device could be read forever, and a FIFO swallows
        // what is written to it.
        match FileType::from_raw_mode(fs::fstat(&file)?.st_mode) {
            FileType::RegularFile => Ok(file),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
        }
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

    fn shares_syncs(&self) -> bool {
        // Linux reports write errors so since 4.13.
        cfg!(target_os = "linux")
    }

    fn forget_cached(&self, file: &OwnedFd) {
        // If the system cannot do this, reads come from memory.
        #[cfg(target_os = "linux")]
        let _ = fs::fadvise(file, 0, None, fs::Advice::DontNeed);
        #[cfg(not(target_os = "linux"))]
        let _ = file;
    }

    fn sync_all(&self, file: &OwnedFd) -> io::Result<()> {
        Ok(fs::fsync(file)?)
    }

    fn try_lock(&self, file: &OwnedFd) -> io::Result<()> {
        Ok(fs::flock(file, FlockOperation::NonBlockingLockExclusive)?)
    }

    fn lock_holder(&self, file: &Stat) -> Option<u32> {
        // A line is `1: FLOCK ADVISORY WRITE 1234 fe:00:131 0 EOF`. The form of the device differs
        // between file systems, so only the inode is compared.
        let holder = |locks: String| {
            locks.lines().find_map(|line| {
                let words: Vec<&str> = line.split_ascii_whitespace().collect();
                let inode = words.get(5)?.rsplit(':').next()?.parse::<u64>().ok()?;
                let held = words.get(1) == Some(&"FLOCK") && words.get(3) == Some(&"WRITE");
                (held && inode == file.identity.1).then(|| words.get(4)?.parse().ok()).flatten()
            })
        };
        // The kernel gives a long list in pieces, and may skip a line if other locks are taken or
        // released meanwhile. So it is read a few times.
        (0..5).find_map(|_| holder(std::fs::read_to_string("/proc/locks").ok()?))
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

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::hard_link(from, to)
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        Ok(fs::unlink(path)?)
    }

    fn mkdir(&self, path: &Path, mode: u32) -> io::Result<()> {
        Ok(fs::mkdir(path, Mode::from_raw_mode(mode))?)
    }

    fn set_access(&self, file: &OwnedFd, mode: u32, gid: Option<u32>) -> io::Result<()> {
        // The group first: changing it may clear permission bits.
        if gid.is_some() {
            fs::fchown(file, None, gid.map(rustix::process::Gid::from_raw))?;
        }
        Ok(fs::fchmod(file, Mode::from_raw_mode(mode))?)
    }

    fn user(&self) -> u32 {
        // Asked once: it does not change while this program runs.
        static USER: OnceLock<u32> = OnceLock::new();
        *USER.get_or_init(|| rustix::process::geteuid().as_raw())
    }

    fn wait_for_lock(&self, file: &OwnedFd, timeout_ms: u64) -> io::Result<()> {
        // Only a signal ends a blocked `flock`. So a thread waits in it, and is left behind when
        // the time is up. If it gets the lock later, the lock is released when the last descriptor
        // of the open file is closed: the thread's and the caller's. On an error the caller must
        // close its own.
        let (sender, receiver) = mpsc::sync_channel(1);
        let waiting = file.try_clone()?;
        let wait = move || {
            let locked = loop {
                match fs::flock(&waiting, FlockOperation::LockExclusive) {
                    Err(rustix::io::Errno::INTR) => {}
                    settled => break settled,
                }
            };
            // The receiver is gone if the time was up.
            let _ = sender.send(locked);
        };
        std::thread::Builder::new().stack_size(64 << 10).spawn(wait)?;
        match receiver.recv_timeout(Duration::from_millis(timeout_ms)) {
            Ok(locked) => Ok(locked?),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    fn pause(&self, microseconds: u64) {
        if microseconds == 0 {
            std::thread::yield_now()
        } else {
            std::thread::sleep(Duration::from_micros(microseconds))
        }
    }

    fn elapsed_us(&self) -> u64 {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_micros() as u64
    }

    fn unix_time_ns(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64)
    }

    fn process_id(&self) -> u32 {
        std::process::id()
    }

    #[cfg(target_os = "linux")]
    fn file_clock(&self) -> Option<(i64, i64)> {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
        Some((now.tv_sec, now.tv_nsec))
    }
}

/// The file system under a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// Its name if it is known, else its magic number in hexadecimal.
    pub file_system: String,
    /// Why a logbook should not be on it.
    pub warning: Option<&'static str>,
    /// Bytes that this user can still write.
    pub free_bytes: u64,
}

/// The file system under `directory`.
pub fn disk(directory: &Path) -> io::Result<Disk> {
    const NETWORK: &str = "a network file system: its locks and appends do not keep a logbook's promises";
    const MEMORY: &str = "kept in memory: a sync does nothing, and a power cut takes all rows";
    const OVERLAY: &str = "an overlay, as in a container: rows go when the container is removed";
    let about = fs::statfs(directory)?;
    // Magic numbers of statfs(2).
    #[allow(clippy::unnecessary_cast)]
    let magic = about.f_type as u32;
    let (name, warning) = match magic {
        0xEF53 => ("ext4", None),
        0x5846_5342 => ("xfs", None),
        0x9123_683E => ("btrfs", None),
        0x2FC1_2FC1 => ("zfs", None),
        0xF2F5_2010 => ("f2fs", None),
        0x0102_1994 => ("tmpfs", Some(MEMORY)),
        0x8584_58F6 => ("ramfs", Some(MEMORY)),
        0x794C_7630 => ("overlay", Some(OVERLAY)),
        0x6969 => ("nfs", Some(NETWORK)),
        0xFF53_4D42 => ("cifs", Some(NETWORK)),
        0xFE53_4D42 => ("smb2", Some(NETWORK)),
        0x517B => ("smb", Some(NETWORK)),
        0x00C3_6400 => ("ceph", Some(NETWORK)),
        0x0102_1997 => ("9p", Some(NETWORK)),
        0x6573_5546 => ("fuse", Some("a file system in user space: its syncs and locks may promise less")),
        _ => ("", None),
    };
    #[allow(clippy::unnecessary_cast)]
    let free_bytes = (about.f_bavail as u64).saturating_mul(about.f_bsize as u64);
    let file_system = if name.is_empty() { format!("{magic:#x}") } else { name.to_owned() };
    Ok(Disk { file_system, warning, free_bytes })
}

/// Measures `times` syncs, each of 300 bytes appended to a new file in `directory`, which is
/// removed again. Gives microseconds.
pub fn sync_times_us(directory: &Path, times: usize) -> io::Result<Vec<u64>> {
    let path = directory.join(format!(".doctor.{}.tmp", std::process::id()));
    let file = REAL.open(&path, How::New, 0o600)?;
    let measure = || {
        let row = [b' '; 300];
        REAL.write(&file, &row)?;
        REAL.sync_all(&file)?;
        let mut taken = Vec::with_capacity(times);
        for _ in 0..times {
            REAL.write(&file, &row)?;
            let start = Instant::now();
            REAL.sync_data(&file)?;
            taken.push(start.elapsed().as_micros() as u64);
        }
        Ok(taken)
    };
    let taken = measure();
    REAL.unlink(&path)?;
    taken
}

/// Makes a write beyond a file size limit (`ulimit -f`) fail with EFBIG instead of killing the
/// process with a signal. Does nothing if there is no limit.
pub fn outlive_file_size_limit() {
    if rustix::process::getrlimit(rustix::process::Resource::Fsize).current.is_some() {
        // The flag is never read: with any handler in place the call returns EFBIG.
        let flag = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, flag);
    }
}

/// Whether standard input can be read without waiting, or has ended.
pub fn stdin_is_ready(within: std::time::Duration) -> bool {
    let stdin = std::io::stdin();
    let mut polled = [rustix::event::PollFd::new(&stdin, rustix::event::PollFlags::IN)];
    let within = rustix::event::Timespec {
        tv_sec: i64::try_from(within.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: within.subsec_nanos().into(),
    };
    // If polling fails, the read reports why.
    rustix::event::poll(&mut polled, Some(&within)).map_or(true, |ready| ready > 0)
}

/// Waits until standard input or `other` can be read. Gives whether it is standard input, and not
/// `other`.
pub fn stdin_comes_before(other: &std::os::unix::net::UnixStream) -> bool {
    let stdin = std::io::stdin();
    let mut polled = [
        rustix::event::PollFd::new(&stdin, rustix::event::PollFlags::IN),
        rustix::event::PollFd::new(other, rustix::event::PollFlags::IN),
    ];
    match rustix::event::poll(&mut polled, None) {
        Ok(_) => polled[1].revents().is_empty(),
        // If polling fails, the read reports why. A signal ends the poll, too.
        Err(error) => error != rustix::io::Errno::INTR,
    }
}

/// Whether standard output has no reader any more: the other end of a pipe was closed, or a
/// terminal hung up. A command that waits for rows would notice it only when it prints the next
/// one.
pub fn output_is_gone() -> bool {
    let stdout = std::io::stdout();
    let mut polled = [rustix::event::PollFd::new(&stdout, rustix::event::PollFlags::empty())];
    let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    // If polling fails, the write reports why.
    rustix::event::poll(&mut polled, Some(&now)).is_ok_and(|told| told > 0)
}
