//! Omissions: what a careless store would leave out. A mutant is the real store
//! on a backend that silently skips one class of sync, one lock or one check; the
//! tests are worth something only if each of them is caught (`mutants`).

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::Mutex;

use logbook_store::os::{How, Stat};

use super::backend::Call;

/// What is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Omission {
    /// The sync of the rows that a writer wrote, after the unlock.
    AppendSync,
    /// The sync of the old segment before the next is made.
    RotationSync,
    /// The sync of a row that was found by its id.
    FoundSync,
    /// The sync of the directory after a segment was made.
    SegmentEntrySync,
    /// The same sync on behalf of a writer that died before it.
    OrphanEntrySync,
    /// The sync of the directories above a fresh logbook.
    ParentSync,
    /// Writing the lock line, and so the mark of a suspect segment.
    LockLine,
    /// The lock.
    Lock,
    /// The look whether the locked file is still the one at its path.
    LockInode,
    /// Closing a torn tail.
    Mend,
}

/// All of them.
pub const ALL: [Omission; 10] = [
    Omission::AppendSync,
    Omission::RotationSync,
    Omission::FoundSync,
    Omission::SegmentEntrySync,
    Omission::OrphanEntrySync,
    Omission::ParentSync,
    Omission::LockLine,
    Omission::Lock,
    Omission::LockInode,
    Omission::Mend,
];

#[derive(Debug, Default)]
struct Seen {
    held: bool,
    /// A segment was made in this hold of the lock.
    made: bool,
    wrote: HashSet<u64>,
    opened: HashMap<u64, How>,
    lock: Option<Stat>,
}

/// What a process has done, as far as it tells one class of call from another,
/// and what it leaves out.
pub struct Guise {
    omission: Option<Omission>,
    seen: Mutex<Seen>,
}

impl Guise {
    /// Leaves `omission` out.
    pub fn new(omission: Option<Omission>) -> Guise {
        Guise { omission, seen: Mutex::default() }
    }

    fn omits(&self, omission: Omission) -> bool {
        self.omission == Some(omission)
    }

    /// A file was opened.
    pub fn opened(&self, inode: u64, how: How) {
        let mut seen = self.seen.lock().unwrap();
        seen.made |= seen.held && how == How::New;
        seen.opened.insert(inode, how);
    }

    /// A file was written.
    pub fn wrote(&self, inode: u64) {
        self.seen.lock().unwrap().wrote.insert(inode);
    }

    /// The lock was taken on this file.
    pub fn locked(&self, stat: Stat) {
        let mut seen = self.seen.lock().unwrap();
        (seen.held, seen.made, seen.lock) = (true, false, Some(stat));
    }

    /// The lock was given back.
    pub fn unlocked(&self) {
        self.seen.lock().unwrap().held = false;
    }

    /// Whether the sync of this file is left out.
    pub fn leaves_out_sync(&self, inode: u64) -> bool {
        let seen = self.seen.lock().unwrap();
        let class = if seen.held && seen.opened.get(&inode) != Some(&How::Read) {
            Omission::RotationSync
        } else if seen.wrote.contains(&inode) {
            Omission::AppendSync
        } else {
            Omission::FoundSync
        };
        self.omits(class)
    }

    /// Whether the sync of this directory is left out.
    pub fn leaves_out_directory_sync(&self, _path: &Path) -> bool {
        let seen = self.seen.lock().unwrap();
        self.omits(match (seen.held, seen.made) {
            (false, _) => Omission::ParentSync,
            (true, true) => Omission::SegmentEntrySync,
            (true, false) => Omission::OrphanEntrySync,
        })
    }

    /// Whether the lock is left out.
    pub fn leaves_out_lock(&self) -> bool {
        self.omits(Omission::Lock)
    }

    /// What a write that is left out says it wrote.
    pub fn pretend_write(&self, call: Call, bytes: &[u8]) -> Option<usize> {
        let line = call == Call::WriteAt && self.omits(Omission::LockLine);
        let mend = call == Call::Write && bytes.first() == Some(&b'\n') && self.omits(Omission::Mend);
        (line || mend).then_some(bytes.len())
    }

    /// What is said to be at the path of `.lock`.
    pub fn lock_at_path(&self, real: io::Result<Stat>) -> io::Result<Stat> {
        match self.seen.lock().unwrap().lock {
            Some(stat) if self.omits(Omission::LockInode) => Ok(stat),
            _ => real,
        }
    }
}
