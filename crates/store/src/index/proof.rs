//! Tables of the index compared with the rows that they cover. A checksum shows that a table is as
//! it was written, not that it is true. With a table that leaves out an id a row is stored twice;
//! with one that leaves out a hold, a held run continues.
//!
//! Not here: files that cannot be used (`health`).

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use foldhash::fast::RandomState;
use xxhash_rust::xxh3::xxh3_128;

use super::build::{active_table, open_tables};
use super::entries::{Entries, RunEntry};
use super::memory::Index;
use super::table::{Entry, Table};
use crate::archived::{each_sealed_block, sealed_names};
use crate::layout::Layout;
use crate::os::{How, Os};
use crate::parts::Place;
use crate::{cache, listing};
use logbook_format::SegmentName;
use logbook_model::error::Result;

/// What a true table of some segments holds.
#[derive(Debug, Default)]
struct Truth {
    runs: HashMap<u128, RunEntry, RandomState>,
    ids: IdSum,
    /// The segments that were read.
    read: Vec<u64>,
}

/// An order-independent checksum of id entries: two lists with the same sum are the same list.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct IdSum {
    count: u64,
    sum: u128,
}

impl IdSum {
    fn add(&mut self, hash: u64, place: Place) {
        let words = [hash, place.segment, place.offset].map(u64::to_le_bytes);
        self.count += 1;
        self.sum = self.sum.wrapping_add(xxh3_128(words.as_flattened()));
    }

    fn join(&mut self, other: IdSum) {
        self.count += other.count;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

impl Truth {
    fn join(&mut self, other: Truth) {
        for (hash, entry) in other.runs {
            self.runs.entry(hash).and_modify(|known| known.join(&entry)).or_insert(entry);
        }
        self.ids.join(other.ids);
        self.read.extend(other.read);
    }
}

/// The names of the tables of the logbook at `directory` that writers would use and that are wrong.
/// Reads the segments that they cover, with at most `threads` threads.
pub fn false_tables(os: &dyn Os, directory: &Path, threads: usize) -> Result<Vec<String>> {
    let raw = listing::raw(os, directory)?;
    // Without a readable manifest no table is used.
    let Ok(layout) = Layout::of(os, directory, &raw) else { return Ok(Vec::new()) };
    let cache = cache::directory(directory);
    let mut index = Index::default();
    open_tables(os, directory, &cache, &mut index, layout.sealed, layout.sealed_end);
    let mut tables = std::mem::take(&mut index.tables);
    if let Some(name) = layout.active
        && let Ok(file) = os.open(&directory.join(name.to_string()), How::Read, 0)
        && let Ok(stat) = os.stat(&file)
    {
        tables.extend(active_table(os, &cache, name.number, &file, &stat));
    }
    let mut wrong = Vec::new();
    for (path, table) in &tables {
        let names = sealed_names(os, directory, &raw, table.cover.low - 1, table.cover.high)?;
        let end = match layout.active {
            Some(active) if active.number == table.cover.high => {
                Place { segment: active.number, offset: table.cover.end }
            }
            _ => Place { segment: table.cover.high + 1, offset: 0 },
        };
        let truth = truth(os, directory, &names, end, threads);
        // A damaged table is not used.
        if is_true(os, table, &truth) == Some(false) {
            wrong.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    Ok(wrong)
}

/// What the rows of these segments say, up to those that begin at `end`.
fn truth(os: &dyn Os, directory: &Path, names: &[SegmentName], end: Place, threads: usize) -> Truth {
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Truth::default());
    let work = || {
        while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut entries = Entries::default();
            let read = each_sealed_block(os, directory, name, 0, |at, block| {
                let room = if name.number < end.segment { u64::MAX } else { end.offset.saturating_sub(at) };
                let block = &block[..usize::try_from(room).unwrap_or(usize::MAX).min(block.len())];
                entries.add_block(name.number, at, block);
            });
            // A segment that was deleted meanwhile counts as not read.
            if matches!(read, Ok(true)) {
                let mut ids = IdSum::default();
                let places = entries.ids.iter().flat_map(|(hash, places)| places.iter().map(|place| (*hash, *place)));
                places.for_each(|(hash, place)| ids.add(hash, place));
                let truth = Truth { runs: entries.runs, ids, read: vec![name.number] };
                all.lock().unwrap_or_else(PoisonError::into_inner).join(truth);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(names.len()) {
            // If a thread cannot be started, the others do its work.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let mut truth = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    truth.read.sort_unstable();
    truth
}

/// Whether `table` agrees with the rows. It may know more, of segments that were deleted since.
fn is_true(os: &dyn Os, table: &Table, truth: &Truth) -> Option<bool> {
    let is_there = |place: Place| truth.read.binary_search(&place.segment).is_ok();
    let is_whole = (table.cover.low..=table.cover.high).all(|number| truth.read.binary_search(&number).is_ok());
    let (mut ids, mut runs, mut is_wrong) = (IdSum::default(), 0, false);
    let mut seen: HashMap<u128, (), RandomState> = HashMap::default();
    table.each(os, &mut |entry| match entry {
        Entry::Id(hash, place) if is_there(place) => ids.add(hash, place),
        Entry::Id(..) => is_wrong |= is_whole,
        Entry::Run(hash, said) => {
            // Of two entries of one run a lookup finds one only.
            is_wrong |= seen.insert(hash, ()).is_some();
            match truth.runs.get(&hash) {
                Some(known) => {
                    runs += 1;
                    is_wrong |= !agrees(&said, known, is_whole, &is_there);
                }
                None => is_wrong |= is_whole || is_there(said.first) || is_there(said.newest),
            }
        }
    })?;
    Some(!is_wrong && ids == truth.ids && runs == truth.runs.len() && table.is_findable(os)?)
}

/// Whether the entry of a run in a table agrees with its rows. `is_whole`: all of them were read.
fn agrees(said: &RunEntry, known: &RunEntry, is_whole: bool, is_there: &dyn Fn(Place) -> bool) -> bool {
    let same = |said: Option<Place>, known: Option<Place>| {
        said == known || (!is_whole && said.is_some_and(|place| !is_there(place)))
    };
    let step = if is_whole { said.last_step == known.last_step } else { said.last_step >= known.last_step };
    step && same(Some(said.first), Some(known.first))
        && same(Some(said.newest), Some(known.newest))
        && same(said.turn.map(|turn| turn.place), known.turn.map(|turn| turn.place))
        && said.turn.map(|turn| turn.is_end) == known.turn.map(|turn| turn.is_end)
}
