//! The test backend: the real operating system in a directory of its own, with
//! every call counted and recorded, and one of them failed, cut short, or the
//! last that its process makes. Syncs are recorded and not done: what they
//! promise is the model disk's to keep (`disk`). Time is counted in pauses, so
//! no run waits, and the same run comes out the same.
//!
//! A `Process` is one program, at work on a `World`.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use logbook_store::os::{How, Os, Stat};
use logbook_store::os_real::REAL;
use rustix::io::Errno;

use super::disk::Fate;
use super::omission::{Guise, Omission};
use super::world::{Event, World};

/// Calls that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Open(How),
    Read,
    Write,
    WriteAt,
    SyncData,
    SyncAll,
    Lock,
    Unlock,
    Stat,
    StatPath,
    List,
    Rename,
    Link,
    Unlink,
    Mkdir,
}

/// How much of a read or write is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    One,
    Half,
    AllButOne,
}

impl Cut {
    fn of(self, length: usize) -> usize {
        match self {
            Cut::One => 1.min(length),
            Cut::Half => length.div_ceil(2),
            Cut::AllButOne => length.saturating_sub(1).max(1.min(length)),
        }
    }
}

/// What happens to the chosen call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails and does nothing.
    Error(Errno),
    /// It and every later one fails, as when the disk is gone.
    Gone(Errno),
    /// A read or write does a part.
    Short(Cut),
    /// A write does a part, and the next call fails.
    ShortThen(Cut, Errno),
    /// The process is killed before it.
    Kill,
    /// The process is killed in the middle of a write.
    KillIn(Cut),
}

impl Fault {
    /// Whether it can happen to `call`.
    pub fn fits(self, call: Call) -> bool {
        let write = matches!(call, Call::Write | Call::WriteAt);
        match self {
            Fault::Short(_) => write || call == Call::Read,
            Fault::ShortThen(..) | Fault::KillIn(_) => write,
            _ => true,
        }
    }
}

/// Which call is chosen, counted from 0: of all, or of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Any(u64),
    Of(Call, u64),
}

/// A fault at a call.
pub type Plan = Option<(At, Fault)>;

/// A process on a world.
pub struct Process<'w> {
    pub world: &'w World,
    number: usize,
    plan: Plan,
    calls: Mutex<Vec<Call>>,
    dead: AtomicBool,
    clock_us: AtomicU64,
    /// Failed syncs of each file at the time it was opened for writing: the
    /// kernel tells each open file once.
    told: Mutex<HashMap<u64, u64>>,
    guise: Guise,
}

/// What is to be done of a call.
enum Part {
    Whole,
    Cut(Cut),
    CutAndDie(Cut),
}

impl<'w> Process<'w> {
    /// The `number`-th process (0 or 1 where two run at once).
    pub fn new(world: &'w World, number: usize, plan: Plan, omission: Option<Omission>) -> Process<'w> {
        Process {
            world,
            number,
            plan,
            calls: Mutex::default(),
            dead: AtomicBool::new(false),
            clock_us: AtomicU64::new(0),
            told: Mutex::default(),
            guise: Guise::new(omission),
        }
    }

    /// The calls made so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// Whether it was killed.
    pub fn is_dead(&self) -> bool {
        self.dead.load(SeqCst)
    }

    fn begin(&self, call: Call) -> io::Result<Part> {
        if let Some(baton) = &self.world.baton {
            baton.step(self.number, &self.world.root().join(".logbook/.lock"));
        }
        let error = |errno: Errno| Err(io::Error::from(errno));
        let mut calls = self.calls.lock().unwrap();
        let any = calls.len() as u64;
        let same = calls.iter().filter(|earlier| **earlier == call).count() as u64;
        calls.push(call);
        if self.is_dead() {
            return error(Errno::IO);
        }
        let Some((at, fault)) = self.plan else { return Ok(Part::Whole) };
        let (now, after, next) = match at {
            At::Any(at) => (any == at, any > at, any == at + 1),
            At::Of(of, at) => (of == call && same == at, of == call && same > at, of == call && same == at + 1),
        };
        match fault {
            Fault::Error(errno) if now => error(errno),
            Fault::Gone(errno) if now || after => error(errno),
            Fault::Short(cut) | Fault::ShortThen(cut, _) if now => Ok(Part::Cut(cut)),
            Fault::ShortThen(_, errno) if next => error(errno),
            Fault::Kill if now => {
                self.dead.store(true, SeqCst);
                error(Errno::IO)
            }
            Fault::KillIn(cut) if now => Ok(Part::CutAndDie(cut)),
            _ => Ok(Part::Whole),
        }
    }

    fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.world.root()).unwrap_or(path).to_path_buf()
    }

    fn inode(&self, file: &OwnedFd) -> u64 {
        REAL.stat(file).unwrap().identity.1
    }

    fn writing(&self, call: Call, file: &OwnedFd, bytes: &[u8], at: Option<u64>) -> io::Result<usize> {
        let part = self.begin(call)?;
        if let Some(pretended) = self.guise.pretend_write(call, bytes) {
            return Ok(pretended);
        }
        let bytes = match part {
            Part::Whole => bytes,
            Part::Cut(cut) | Part::CutAndDie(cut) => &bytes[..cut.of(bytes.len())],
        };
        let written = match at {
            Some(at) => REAL.write_at(file, bytes, at)?,
            None => REAL.write(file, bytes)?,
        };
        let stat = REAL.stat(file)?;
        let at = at.unwrap_or(stat.bytes - written as u64);
        let inode = stat.identity.1;
        self.guise.wrote(inode);
        self.world.note(Event::Write { inode, at, bytes: bytes[..written].to_vec() });
        if matches!(part, Part::CutAndDie(_)) {
            self.dead.store(true, SeqCst);
            return Err(Errno::IO.into());
        }
        Ok(written)
    }
}

impl Os for Process<'_> {
    fn open(&self, path: &Path, how: How, mode: u32) -> io::Result<OwnedFd> {
        self.begin(Call::Open(how))?;
        let new = matches!(how, How::New | How::Update) && REAL.stat_path(path).is_err();
        let file = REAL.open(path, how, mode)?;
        let inode = self.inode(&file);
        self.guise.opened(inode, how);
        match how {
            How::Directory => {
                self.world.directories.lock().unwrap().insert(inode, self.relative(path));
            }
            How::Append | How::New => {
                let failures = self.world.failures.lock().unwrap().get(&inode).copied().unwrap_or(0);
                self.told.lock().unwrap().insert(inode, failures);
            }
            How::Read | How::Update => {}
        }
        if new {
            self.world.note(Event::Create { path: self.relative(path), inode });
        }
        Ok(file)
    }

    fn read_at(&self, file: &OwnedFd, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match self.begin(Call::Read)? {
            Part::Cut(cut) if !buffer.is_empty() => {
                let length = cut.of(buffer.len());
                REAL.read_at(file, &mut buffer[..length], offset)
            }
            _ => REAL.read_at(file, buffer, offset),
        }
    }

    fn write(&self, file: &OwnedFd, bytes: &[u8]) -> io::Result<usize> {
        self.writing(Call::Write, file, bytes, None)
    }

    fn write_at(&self, file: &OwnedFd, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.writing(Call::WriteAt, file, bytes, Some(offset))
    }

    fn sync_data(&self, file: &OwnedFd) -> io::Result<()> {
        let inode = self.inode(file);
        let result = self.begin(Call::SyncData).map(|_| ());
        if let Err(error) = result {
            // An interrupted sync loses nothing; a dead process does not sync.
            if !self.is_dead() && !matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) {
                let mut failures = self.world.failures.lock().unwrap();
                let count = failures.entry(inode).or_default();
                *count += 1;
                self.told.lock().unwrap().insert(inode, *count);
                self.world.note(Event::Sync { inode, done: false });
            }
            return Err(error);
        }
        if self.guise.leaves_out_sync(inode) {
            return Ok(());
        }
        let failed = self.world.failures.lock().unwrap().get(&inode).copied().unwrap_or(0);
        let told = self.told.lock().unwrap().insert(inode, failed).unwrap_or(failed);
        // Another process's failed sync took this one's bytes too.
        self.world.note(Event::Sync { inode, done: true });
        if failed > told { Err(Errno::IO.into()) } else { Ok(()) }
    }

    fn forget_cached(&self, file: &OwnedFd) {
        let inode = self.inode(file);
        let mut disk = self.world.base.clone();
        self.world.events().iter().for_each(|event| disk.replay(event));
        // What is in memory alone is gone.
        for (name, bytes) in disk.crash(Fate::None) {
            let path = self.world.root().join(name);
            if let Some(bytes) = bytes
                && REAL.stat_path(&path).is_ok_and(|stat| stat.identity.1 == inode)
            {
                std::fs::write(&path, bytes).unwrap();
            }
        }
    }

    fn sync_all(&self, file: &OwnedFd) -> io::Result<()> {
        self.begin(Call::SyncAll)?;
        let inode = self.inode(file);
        let directory = self.world.directories.lock().unwrap().get(&inode).cloned();
        match directory {
            Some(path) if self.guise.leaves_out_directory_sync(&path) => {}
            Some(path) => self.world.note(Event::SyncDirectory { path }),
            None => self.world.note(Event::Sync { inode, done: true }),
        }
        Ok(())
    }

    fn try_lock(&self, file: &OwnedFd) -> io::Result<()> {
        self.begin(Call::Lock)?;
        if !self.guise.leaves_out_lock() {
            REAL.try_lock(file)?;
        }
        self.guise.locked(REAL.stat(file)?);
        if let Some(baton) = &self.world.baton {
            baton.locked(true);
        }
        Ok(())
    }

    fn lock_holder(&self, _file: &Stat) -> Option<u32> {
        None
    }

    fn unlock(&self, file: &OwnedFd) -> io::Result<()> {
        self.begin(Call::Unlock)?;
        self.guise.unlocked();
        if let Some(baton) = &self.world.baton {
            baton.locked(false);
        }
        REAL.unlock(file)
    }

    fn stat(&self, file: &OwnedFd) -> io::Result<Stat> {
        self.begin(Call::Stat)?;
        REAL.stat(file)
    }

    fn stat_path(&self, path: &Path) -> io::Result<Stat> {
        self.begin(Call::StatPath)?;
        let real = REAL.stat_path(path);
        if path.ends_with(".lock") { self.guise.lock_at_path(real) } else { real }
    }

    fn list(&self, path: &Path, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        self.begin(Call::List)?;
        REAL.list(path, each)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.begin(Call::Rename)?;
        REAL.rename(from, to)?;
        self.world.note(Event::Rename { from: self.relative(from), to: self.relative(to) });
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.begin(Call::Link)?;
        REAL.link(from, to)?;
        self.world.note(Event::Link { from: self.relative(from), to: self.relative(to) });
        Ok(())
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        self.begin(Call::Unlink)?;
        REAL.unlink(path)?;
        self.world.note(Event::Unlink { path: self.relative(path) });
        Ok(())
    }

    fn mkdir(&self, path: &Path, mode: u32) -> io::Result<()> {
        self.begin(Call::Mkdir)?;
        REAL.mkdir(path, mode)?;
        self.world.note(Event::Mkdir { path: self.relative(path) });
        Ok(())
    }

    fn user(&self) -> u32 {
        REAL.user()
    }

    fn pause(&self, microseconds: u64) {
        self.clock_us.fetch_add(microseconds.max(1), SeqCst);
        if let Some(baton) = &self.world.baton {
            baton.give(self.number);
        }
    }

    fn elapsed_us(&self) -> u64 {
        self.clock_us.load(SeqCst)
    }

    fn unix_time_ns(&self) -> u64 {
        REAL.unix_time_ns()
    }

    fn process_id(&self) -> u32 {
        REAL.process_id()
    }

    fn set_access(&self, file: &OwnedFd, mode: u32, gid: Option<u32>) -> io::Result<()> {
        REAL.set_access(file, mode, gid)
    }
}
