//! The disk that processes of a test share: a real directory of its own, and the
//! record of what was done to it, from which `disk` tells what a power cut leaves.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use super::baton::Baton;
use super::disk::{Disk, Image, materialize};
use super::trial::Report;

/// What changed on the disk, or what somebody was told of it.
#[derive(Debug, Clone)]
pub enum Event {
    /// A file, made at `path`.
    Create {
        path: PathBuf,
        inode: u64,
    },
    /// A directory, made.
    Mkdir {
        path: PathBuf,
    },
    /// A name, changed.
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Link {
        from: PathBuf,
        to: PathBuf,
    },
    /// A name, gone.
    Unlink {
        path: PathBuf,
    },
    /// Bytes, written.
    Write {
        inode: u64,
        at: u64,
        bytes: Vec<u8>,
    },
    /// A file, synced or not.
    Sync {
        inode: u64,
        done: bool,
    },
    /// A directory, synced.
    SyncDirectory {
        path: PathBuf,
    },
    /// Rows that somebody was told are stored.
    Acknowledged(Vec<u64>),
}

/// A disk on which processes work.
pub struct World {
    root: tempfile::TempDir,
    /// The disk before the first event.
    pub base: Disk,
    /// Who runs, when two do.
    pub baton: Option<Baton>,
    log: Mutex<Vec<Event>>,
    /// Names of directories that were opened, by inode.
    pub directories: Mutex<HashMap<u64, PathBuf>>,
    /// Failed syncs of each file.
    pub failures: Mutex<HashMap<u64, u64>>,
}

impl World {
    /// A disk that holds `image`, durable.
    pub fn new(image: &Image) -> World {
        // Memory where there is some: nothing here depends on the file system.
        let memory = Path::new("/dev/shm");
        let root = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()).unwrap();
        materialize(image, root.path());
        World {
            base: Disk::of(image, root.path()),
            root,
            baton: None,
            log: Mutex::default(),
            directories: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Notes what was done.
    pub fn note(&self, event: Event) {
        self.log.lock().unwrap().push(event);
    }

    /// Rows that somebody was told are stored.
    pub fn acknowledged(&self) -> Vec<u64> {
        let rows = |event: &Event| if let Event::Acknowledged(rows) = event { rows.clone() } else { Vec::new() };
        self.log.lock().unwrap().iter().flat_map(rows).collect()
    }

    /// All that was done so far.
    pub fn events(&self) -> Vec<Event> {
        self.log.lock().unwrap().clone()
    }
}

/// Does `work` for each of `items`, two at a time; what came of it, in order.
/// Every run has a world of its own, so that this changes nothing but the time.
pub fn two_at_a_time<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, SeqCst);
            match items.get(at) {
                Some(item) => done.push((at, work(item))),
                None => return done,
            }
        }
    };
    let mut done = thread::scope(|scope| {
        let other = scope.spawn(worker);
        let mut done = worker();
        done.extend(other.join().unwrap());
        done
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// One report of many parts.
pub fn report_of(unit: &'static str, parts: Vec<(u64, Vec<String>)>) -> Report {
    let size = parts.iter().map(|(size, _)| size).sum();
    Report { size, unit, violations: parts.into_iter().flat_map(|(_, violations)| violations).collect() }
}
