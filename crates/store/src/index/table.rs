//! A table of the index, in a file of `cache/`: the runs and ids of whole segments, or of the
//! active one up to an offset. It is never changed. It is not synced: the pages have checksums
//! keyed by the file's own nonce, so that what a power cut leaves (NULs, pages of an older file) is
//! found out, and the file counts as missing.
//!
//! It is a hash table of 4 KiB pages with linear probing: a header, run pages, id pages. An entry
//! is in the page that its hash names, or in one of the next if that is full. A lookup reads the
//! header and one page, rarely two.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use foldhash::fast::RandomState;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::entries::{Entries, RunEntry, Turn};
use crate::cache::{Temporary, nonce};
use crate::os::{How, Os, read_full};
use crate::parts::Place;

const PAGE: usize = 4096;
/// Checksum and count of entries.
const PAGE_HEAD: usize = 16;
const RUN_BYTES: usize = 56;
const ID_BYTES: usize = 16;
const RUNS_PER_PAGE: usize = (PAGE - PAGE_HEAD) / RUN_BYTES;
const IDS_PER_PAGE: usize = (PAGE - PAGE_HEAD) / ID_BYTES;
const MAGIC: u64 = 0x3578_6469_676f_6c31;
const NO_PLACE: u64 = u64::MAX;

/// What a table covers, and what identifies the bytes that it was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Cover {
    /// First and last segment.
    pub low: u64,
    pub high: u64,
    /// Inode of the last one.
    pub inode: u64,
    /// Bytes of the last one that are covered.
    pub end: u64,
    /// Where the last bytes that are covered begin, and their hash.
    pub line_from: u64,
    pub line_hash: u64,
}

/// Everything in a table.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub cover: Cover,
    pub runs: Vec<(u128, RunEntry)>,
    pub ids: Vec<(u64, Place)>,
}

impl Contents {
    pub(super) fn new(cover: Cover, entries: &Entries) -> Contents {
        let ids = entries.ids.iter();
        Contents {
            cover,
            runs: entries.runs.iter().map(|(hash, entry)| (*hash, *entry)).collect(),
            ids: ids.flat_map(|(hash, places)| places.iter().map(|place| (*hash, *place))).collect(),
        }
    }

    /// Merged with the contents of the segments after its own.
    pub(super) fn followed_by(self, later: Contents) -> Contents {
        let mut runs: HashMap<u128, RunEntry, RandomState> = self.runs.into_iter().collect();
        for (hash, entry) in later.runs {
            runs.entry(hash).and_modify(|old| old.join(&entry)).or_insert(entry);
        }
        let mut ids = self.ids;
        ids.extend(later.ids);
        Contents { cover: Cover { low: self.cover.low, ..later.cover }, runs: runs.into_iter().collect(), ids }
    }
}

/// An open table.
#[derive(Debug)]
pub(crate) struct Table {
    file: OwnedFd,
    /// Differs for every table.
    pub nonce: u64,
    pub cover: Cover,
    run_pages: u64,
    id_pages: u64,
}

/// A bit of the packed place of a row that begins or ends a run: it ends it. No segment is so long
/// that an offset needs this bit.
const IS_END: u64 = 1 << 39;

fn pack(place: Place) -> u64 {
    (place.segment << 40) | (place.offset & ((1 << 40) - 1))
}

fn unpack(packed: u64) -> Place {
    Place { segment: packed >> 40, offset: packed & ((1 << 40) - 1) }
}

fn word(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

fn put(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

/// The checksum includes the number of the page: a page in the wrong place is found out.
fn checksum(page: &[u8], nonce: u64, number: u64) -> u64 {
    xxh3_64_with_seed(&page[8..], nonce ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

impl Table {
    /// Opens the table at `path`; `None` if it is missing or its header is damaged.
    pub(crate) fn open(os: &dyn Os, path: &Path) -> Option<Table> {
        let file = os.open(path, How::Read, 0).ok()?;
        let mut page = [0; PAGE];
        if read_full(os, &file, &mut page, 0).ok()? != PAGE || word(&page, 16) != MAGIC {
            return None;
        }
        let nonce = word(&page, 24);
        if word(&page, 0) != checksum(&page, nonce, 0) {
            return None;
        }
        let cover = Cover {
            low: word(&page, 48),
            high: word(&page, 56),
            inode: word(&page, 64),
            end: word(&page, 72),
            line_from: word(&page, 80),
            line_hash: word(&page, 88),
        };
        Some(Table { file, nonce, cover, run_pages: word(&page, 32), id_pages: word(&page, 40) })
    }

    /// The size of its file.
    pub(crate) fn bytes(&self) -> u64 {
        (1 + self.run_pages + self.id_pages) * PAGE as u64
    }

    fn page(&self, os: &dyn Os, number: u64, page: &mut [u8; PAGE]) -> Option<usize> {
        let read = read_full(os, &self.file, page, number * PAGE as u64).ok()?;
        let whole = read == PAGE && word(page, 0) == checksum(page, self.nonce, number);
        whole.then(|| word(page, 8) as usize)
    }

    /// The entry of a run. `Err` if the table is damaged.
    pub(crate) fn run(&self, os: &dyn Os, hash: u128) -> Result<Option<RunEntry>, ()> {
        let mut page = [0; PAGE];
        for step in 0..self.run_pages {
            let number = 1 + (hash as u64 % self.run_pages + step) % self.run_pages;
            let count = self.page(os, number, &mut page).ok_or(())?.min(RUNS_PER_PAGE);
            for index in 0..count {
                let (found, entry) = run_at(&page, index);
                if found == hash {
                    return Ok(Some(entry));
                }
            }
            if count < RUNS_PER_PAGE {
                break;
            }
        }
        Ok(None)
    }

    /// Adds the places of the rows whose key has this hash. `Err` if the table is damaged.
    pub(crate) fn id(&self, os: &dyn Os, hash: u64, places: &mut Vec<Place>) -> Result<(), ()> {
        let mut page = [0; PAGE];
        for step in 0..self.id_pages {
            let number = 1 + self.run_pages + (hash % self.id_pages + step) % self.id_pages;
            let count = self.page(os, number, &mut page).ok_or(())?.min(IDS_PER_PAGE);
            for index in 0..count {
                let at = PAGE_HEAD + index * ID_BYTES;
                if word(&page, at) == hash {
                    places.push(unpack(word(&page, at + 8)));
                }
            }
            if count < IDS_PER_PAGE {
                break;
            }
        }
        Ok(())
    }

    /// Whether the checksum of each page is right.
    pub(crate) fn is_whole(&self, os: &dyn Os) -> bool {
        let mut page = [0; PAGE];
        (1..=self.run_pages + self.id_pages).all(|number| self.page(os, number, &mut page).is_some())
    }

    /// All entries; `None` if a page is damaged.
    pub(crate) fn contents(&self, os: &dyn Os) -> Option<Contents> {
        let mut contents = Contents { cover: self.cover, ..Contents::default() };
        self.each(os, &mut |entry| match entry {
            Entry::Run(hash, run) => contents.runs.push((hash, run)),
            Entry::Id(hash, place) => contents.ids.push((hash, place)),
        })?;
        Some(contents)
    }

    /// Calls `each` with every entry; `None` if a page is damaged.
    pub(crate) fn each(&self, os: &dyn Os, each: &mut dyn FnMut(Entry)) -> Option<()> {
        let mut page = [0; PAGE];
        for number in 1..=self.run_pages {
            let count = self.page(os, number, &mut page)?.min(RUNS_PER_PAGE);
            (0..count).map(|index| run_at(&page, index)).for_each(|(hash, run)| each(Entry::Run(hash, run)));
        }
        for number in 1 + self.run_pages..=self.run_pages + self.id_pages {
            let count = self.page(os, number, &mut page)?.min(IDS_PER_PAGE);
            (0..count).map(|index| id_at(&page, index)).for_each(|(hash, place)| each(Entry::Id(hash, place)));
        }
        Some(())
    }

    /// Whether a lookup finds each of its entries: it begins at the page that the hash names, and
    /// ends at the first that is not full. `None` if a page is damaged.
    pub(crate) fn is_findable(&self, os: &dyn Os) -> Option<bool> {
        let mut page = [0; PAGE];
        let sections = [(1, self.run_pages, RUNS_PER_PAGE), (1 + self.run_pages, self.id_pages, IDS_PER_PAGE)];
        for (first, pages, per_page) in sections {
            let mut is_full = Vec::new();
            for number in first..first + pages {
                is_full.push(self.page(os, number, &mut page)? >= per_page);
            }
            for at in 0..pages {
                let count = self.page(os, first + at, &mut page)?.min(per_page);
                for index in 0..count {
                    let hash = if first == 1 { run_at(&page, index).0 as u64 } else { id_at(&page, index).0 };
                    let mut step = hash % pages;
                    while step != at {
                        if !is_full.get(step as usize).copied().unwrap_or(false) {
                            return Some(false);
                        }
                        step = (step + 1) % pages;
                    }
                }
            }
        }
        Some(true)
    }
}

/// One entry of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A run, with the hash of its name.
    Run(u128, RunEntry),
    /// The place of a row whose key has this hash.
    Id(u64, Place),
}

fn id_at(page: &[u8], index: usize) -> (u64, Place) {
    let at = PAGE_HEAD + index * ID_BYTES;
    (word(page, at), unpack(word(page, at + 8)))
}

fn run_at(page: &[u8], index: usize) -> (u128, RunEntry) {
    let at = PAGE_HEAD + index * RUN_BYTES;
    let hash = u128::from(word(page, at)) | (u128::from(word(page, at + 8)) << 64);
    let turn = word(page, at + 48);
    let entry = RunEntry {
        last_step: word(page, at + 16),
        rows: word(page, at + 24),
        first: unpack(word(page, at + 32)),
        newest: unpack(word(page, at + 40)),
        turn: (turn != NO_PLACE).then(|| Turn { place: unpack(turn & !IS_END), is_end: turn & IS_END != 0 }),
    };
    (hash, entry)
}

/// Writes a table to `path`, replacing what is there.
pub(crate) fn write(os: &dyn Os, path: PathBuf, contents: &Contents, mode: u32) -> std::io::Result<()> {
    let nonce = nonce(os, contents.cover.end, contents.cover.high);
    let bytes = encode(contents, nonce);
    Temporary::create(os, path, nonce, mode)?.publish(&bytes)
}

fn encode(contents: &Contents, nonce: u64) -> Vec<u8> {
    let run_pages = pages_for(contents.runs.len(), RUNS_PER_PAGE);
    let id_pages = pages_for(contents.ids.len(), IDS_PER_PAGE);
    let mut bytes = vec![0u8; (1 + run_pages + id_pages) * PAGE];
    let cover = &contents.cover;
    let head = [MAGIC, nonce, run_pages as u64, id_pages as u64, cover.low, cover.high, cover.inode, cover.end];
    for (index, value) in head.into_iter().chain([cover.line_from, cover.line_hash]).enumerate() {
        put(&mut bytes, 16 + index * 8, value);
    }
    let mut insert = |first: usize, pages: usize, per_page: usize, hash: u64, entry: &[u64]| {
        for step in 0..pages {
            let at = (first + (hash as usize % pages + step) % pages) * PAGE;
            let count = word(&bytes, at + 8) as usize;
            if count < per_page {
                for (index, value) in entry.iter().enumerate() {
                    put(&mut bytes, at + PAGE_HEAD + (count * entry.len() + index) * 8, *value);
                }
                put(&mut bytes, at + 8, count as u64 + 1);
                return;
            }
        }
    };
    for (hash, entry) in &contents.runs {
        let turn = entry.turn.map_or(NO_PLACE, |turn| pack(turn.place) | if turn.is_end { IS_END } else { 0 });
        let words = [
            *hash as u64,
            (*hash >> 64) as u64,
            entry.last_step,
            entry.rows,
            pack(entry.first),
            pack(entry.newest),
            turn,
        ];
        insert(1, run_pages, RUNS_PER_PAGE, *hash as u64, &words);
    }
    for (hash, place) in &contents.ids {
        insert(1 + run_pages, id_pages, IDS_PER_PAGE, *hash, &[*hash, pack(*place)]);
    }
    for number in 0..bytes.len() / PAGE {
        let page = &mut bytes[number * PAGE..(number + 1) * PAGE];
        let sum = checksum(page, nonce, number as u64);
        put(page, 0, sum);
    }
    bytes
}

/// Pages for `count` entries, about two thirds full. At least one entry stays free, which ends the
/// lookup of an entry that is not there.
fn pages_for(count: usize, per_page: usize) -> usize {
    if count == 0 { 0 } else { (count * 3).div_ceil(per_page * 2) + 1 }
}
