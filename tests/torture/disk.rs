//! A model disk: what programs see (the live image) and what a power cut leaves
//! (a durable image). Bytes of a file become durable by syncing the file, names
//! by syncing their directory, and neither by the other. What was not synced may
//! be there, be missing, be there in part, or be NUL bytes.
//!
//! A failed sync of a file loses what it should have made durable: programs go
//! on seeing it, and no later sync brings it back (measured on ext4, xfs and
//! btrfs). A failed sync of a directory leaves its entries as they were.
//!
//! Not here: which calls were made (`backend`), what must hold (`judge`).

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::world::Event;

/// Files and directories (`None`) below some root, by relative path.
pub type Image = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// Writes an image below `root`, which is empty.
pub fn materialize(image: &Image, root: &Path) {
    // A directory sorts before what is in it.
    for (path, bytes) in image {
        let path = root.join(path);
        match bytes {
            Some(bytes) => {
                fs::write(&path, bytes).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            }
            None => {
                fs::create_dir(&path).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
            }
        }
    }
}

/// Reads what is below `root`.
pub fn image_of(root: &Path) -> Image {
    let mut image = Image::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_path_buf();
            if path.is_dir() {
                image.insert(name, None);
                open.push(path);
            } else {
                image.insert(name, Some(fs::read(&path).unwrap()));
            }
        }
    }
    image
}

/// What becomes of things that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// All of it reached the disk.
    All,
    /// None of it.
    None,
    /// The first half of it, in the order it was done.
    Half,
    /// Names are there and files have their length, but NULs for bytes.
    Nul,
    /// Names are there, bytes are not.
    NamesOnly,
    /// Bytes are there, names are not.
    BytesOnly,
    /// Each sector and each name by lot.
    Lot(u64),
}

/// The fates that every crash state is tried with.
pub const FATES: [Fate; 6] = [Fate::All, Fate::None, Fate::Half, Fate::Nul, Fate::NamesOnly, Fate::BytesOnly];
/// What a disk writes at once.
const SECTOR: u64 = 512;

#[derive(Debug, Clone, Default)]
struct File {
    live: Vec<u8>,
    durable: Vec<u8>,
    /// Ranges written since the last sync, in order.
    pending: Vec<(u64, u64)>,
}

#[derive(Debug, Clone, Copy)]
enum Node {
    File(usize),
    Directory,
}

#[derive(Debug, Clone)]
enum Change {
    Set(PathBuf, Node),
    Remove(PathBuf),
}

/// The disk.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    files: Vec<File>,
    by_inode: HashMap<u64, usize>,
    live: BTreeMap<PathBuf, Node>,
    durable: BTreeMap<PathBuf, Node>,
    /// Changes of names since the sync of their directory, in order.
    pending: Vec<Change>,
}

fn apply(names: &mut BTreeMap<PathBuf, Node>, change: &Change) {
    match change {
        Change::Set(path, node) => names.insert(path.clone(), *node),
        Change::Remove(path) => names.remove(path),
    };
}

fn put(bytes: &mut Vec<u8>, at: u64, with: &[u8]) {
    let (from, to) = (at as usize, at as usize + with.len());
    if bytes.len() < to {
        bytes.resize(to, 0);
    }
    bytes[from..to].copy_from_slice(with);
}

impl Disk {
    /// The disk that holds what is now below `root`, all of it durable.
    pub fn of(image: &Image, root: &Path) -> Disk {
        let mut disk = Disk::default();
        for (path, bytes) in image {
            let node = match bytes {
                None => Node::Directory,
                Some(bytes) => {
                    let inode = fs::symlink_metadata(root.join(path)).unwrap().ino();
                    disk.by_inode.insert(inode, disk.files.len());
                    disk.files.push(File { live: bytes.clone(), durable: bytes.clone(), pending: Vec::new() });
                    Node::File(disk.files.len() - 1)
                }
            };
            disk.live.insert(path.clone(), node);
            disk.durable.insert(path.clone(), node);
        }
        disk
    }

    fn change(&mut self, change: Change) {
        apply(&mut self.live, &change);
        self.pending.push(change);
    }

    /// Does what was done.
    pub fn replay(&mut self, event: &Event) {
        match event {
            Event::Create { path, inode } => {
                self.by_inode.insert(*inode, self.files.len());
                self.files.push(File::default());
                self.change(Change::Set(path.clone(), Node::File(self.files.len() - 1)));
            }
            Event::Mkdir { path } => self.change(Change::Set(path.clone(), Node::Directory)),
            Event::Rename { from, to } => {
                if let Some(node) = self.live.get(from).copied() {
                    self.change(Change::Set(to.clone(), node));
                    self.change(Change::Remove(from.clone()));
                }
            }
            Event::Link { from, to } => {
                if let Some(node) = self.live.get(from).copied() {
                    self.change(Change::Set(to.clone(), node));
                }
            }
            Event::Unlink { path } => self.change(Change::Remove(path.clone())),
            Event::Write { inode, at, bytes } => {
                if let Some(file) = self.by_inode.get(inode) {
                    let file = &mut self.files[*file];
                    put(&mut file.live, *at, bytes);
                    file.pending.push((*at, *at + bytes.len() as u64));
                }
            }
            Event::Sync { inode, done } => {
                if let Some(file) = self.by_inode.get(inode) {
                    let file = &mut self.files[*file];
                    for (from, to) in std::mem::take(&mut file.pending) {
                        if *done {
                            put(&mut file.durable, from, &file.live[from as usize..to as usize]);
                        }
                    }
                }
            }
            Event::SyncDirectory { path } => {
                let inside = |change: &Change| match change {
                    Change::Set(name, _) | Change::Remove(name) => name.parent() == Some(path),
                };
                let (synced, pending) = std::mem::take(&mut self.pending).into_iter().partition(inside);
                self.pending = pending;
                let synced: Vec<Change> = synced;
                synced.iter().for_each(|change| apply(&mut self.durable, change));
            }
            Event::Acknowledged(_) => {}
        }
    }

    /// What is there after a power cut now.
    pub fn crash(&self, fate: Fate) -> Image {
        let mut lot = Lot(match fate {
            Fate::Lot(seed) => seed,
            _ => 0,
        });
        let mut names = self.durable.clone();
        let kept = match fate {
            Fate::None | Fate::BytesOnly => 0,
            Fate::Half => self.pending.len().div_ceil(2),
            _ => self.pending.len(),
        };
        for change in &self.pending[..kept] {
            if !matches!(fate, Fate::Lot(_)) || lot.draw() {
                apply(&mut names, change);
            }
        }
        let mut image = Image::new();
        for (path, node) in &names {
            // What stands in a directory that is not there is not there.
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            if parent.is_some_and(|parent| image.get(parent) != Some(&None)) {
                continue;
            }
            let node = match node {
                Node::Directory => None,
                Node::File(file) => Some(self.files[*file].after(fate, &mut lot)),
            };
            image.insert(path.clone(), node);
        }
        image
    }
}

impl File {
    fn after(&self, fate: Fate, lot: &mut Lot) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        let total: u64 = self.pending.iter().map(|(from, to)| to - from).sum();
        let mut left = total.div_ceil(2);
        for &(from, to) in &self.pending {
            match fate {
                Fate::None | Fate::NamesOnly => {}
                Fate::All | Fate::BytesOnly => put(&mut bytes, from, &self.live[from as usize..to as usize]),
                Fate::Nul => put(&mut bytes, from, &vec![0; (to - from) as usize]),
                Fate::Half => {
                    let to = to.min(from + left);
                    left -= to - from;
                    put(&mut bytes, from, &self.live[from as usize..to as usize]);
                }
                Fate::Lot(_) => {
                    let mut at = from;
                    while at < to {
                        let end = (at / SECTOR * SECTOR + SECTOR).min(to);
                        if lot.draw() {
                            put(&mut bytes, at, &self.live[at as usize..end as usize]);
                        }
                        at = end;
                    }
                }
            }
        }
        bytes
    }
}

/// Draws lots, the same ones for the same seed (SplitMix64).
#[derive(Debug, Clone)]
pub struct Lot(pub u64);

impl Lot {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Heads or tails.
    pub fn draw(&mut self) -> bool {
        self.next() & 1 == 1
    }
}

/// The model against its own rules.
pub fn self_test() -> Vec<String> {
    let path = PathBuf::from("a");
    let write = |at, bytes: &[u8]| Event::Write { inode: 1, at, bytes: bytes.to_vec() };
    let root = Event::SyncDirectory { path: PathBuf::new() };
    let sync = |done| Event::Sync { inode: 1, done };
    let create = Event::Create { path: path.clone(), inode: 1 };
    type Case<'c> = (&'c [Event], Fate, Option<&'c [u8]>);
    let cases: [Case<'_>; 8] = [
        (&[create.clone(), write(0, b"xy"), sync(true)], Fate::None, None),
        (&[create.clone(), root.clone(), write(0, b"xy")], Fate::None, Some(b"")),
        (&[create.clone(), root.clone(), write(0, b"xy"), sync(true)], Fate::None, Some(b"xy")),
        (&[create.clone(), root.clone(), write(0, b"xy")], Fate::Nul, Some(b"\0\0")),
        (&[create.clone(), root.clone(), write(0, b"xy")], Fate::Half, Some(b"x")),
        (&[create.clone(), write(0, b"xy"), sync(true)], Fate::All, Some(b"xy")),
        (
            &[create.clone(), root.clone(), write(0, b"xy"), sync(false), write(2, b"z"), sync(true)],
            Fate::All,
            Some(b"\0\0z"),
        ),
        (&[create, root, write(0, b"xy"), sync(false), sync(true)], Fate::All, Some(b"")),
    ];
    let mut wrong = Vec::new();
    for (number, (events, fate, expected)) in cases.into_iter().enumerate() {
        let mut disk = Disk::default();
        events.iter().for_each(|event| disk.replay(event));
        let found = disk.crash(fate).get(&path).cloned().flatten();
        if found.as_deref() != expected {
            wrong.push(format!("the model disk, case {number}: {found:?} instead of {expected:?}"));
        }
    }
    wrong
}
