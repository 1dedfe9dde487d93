//! Steps and ids: what `append` must know of the rows on file. Old rows are
//! known from `cache/`, newer ones were read and stand in memory. All of it is
//! a hint that is checked: deleting `cache/` changes no answer.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use foldhash::fast::RandomState;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::build::{self, LAG_BYTES_GOING_ON};
use super::table::{Contents, Cover, Table};
use super::unread::Unread;
use crate::append::Active;
use crate::archived;
use crate::layout::Layout;
use crate::os::Os;
use logbook_format::carried;
use logbook_format::lines::Lines;
use logbook_json as json;
use logbook_model::error::{Error, Result};
use logbook_model::{Kind, Says, Weight};

/// Where a row begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Segment number.
    pub segment: u64,
    /// Byte offset of its first byte.
    pub offset: u64,
}

/// What is known of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunEntry {
    /// Highest step on file; 0 when no row of it has one.
    pub last_step: u64,
    /// Rows.
    pub rows: u64,
    /// Its first row.
    pub first: Place,
    /// Its newest row.
    pub newest: Place,
    /// Its newest row that begins or ends it.
    pub turn: Option<Turn>,
}

/// A row that begins a run, or ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    /// Where it stands.
    pub place: Place,
    /// Whether the run is over.
    pub is_end: bool,
}

impl RunEntry {
    /// Takes in what other rows say, in any order: the places tell which come later.
    pub(crate) fn join(&mut self, other: &RunEntry) {
        self.last_step = self.last_step.max(other.last_step);
        self.rows += other.rows;
        self.first = self.first.min(other.first);
        self.newest = self.newest.max(other.newest);
        self.turn = self.turn.max(other.turn);
    }
}

/// Rows of one stretch of one segment, as read.
#[derive(Debug, Default)]
pub(crate) struct Stretch {
    pub runs: HashMap<u128, RunEntry, RandomState>,
    pub ids: HashMap<u64, Vec<Place>, RandomState>,
}

/// The steps and ids of the logbook, as far as they are known.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Tables on disk; each tells of some segments, the last may tell of a part of one.
    pub(crate) tables: Vec<(PathBuf, Table)>,
    /// Rows of sealed segments that stand in no table.
    pub(crate) older: Vec<Stretch>,
    /// Rows of the active segment behind `base`.
    tail: Stretch,
    /// More of them, as they were read.
    unread: Unread,
    /// What the table of the active segment covers of it.
    pub(crate) base: Cover,
    /// Highest sealed segment that is known whole.
    pub(crate) sealed: u64,
    /// The active segment, known up to this offset.
    pub(crate) active: (u64, u64),
    /// Segments sealed since, to be made into tables.
    pub(crate) finished: Vec<Contents>,
    /// This writer has made the active segment's table once.
    pub(crate) saved: bool,
    /// The tables were found damaged: only what is read counts.
    pub(crate) distrust: bool,
    /// What the tables with these nonces gave, by run: a writer asks for one run again and again.
    asked: (Vec<u64>, HashMap<u128, Known, RandomState>),
}

/// What correction rows, and repair rows that void a place, are known by: a hash among
/// those of ids. An id that had the same would be looked at and passed over, as any other hint.
const CORRECTIONS: u64 = 0x636f_7272_6563_7473;

/// The same of the rows that say which runs are held.
const HOLDS: u64 = 0x686f_6c64_735f_2e2e;

/// The same of the rows of `run` that name the run above it.
fn parents_of(run: &str) -> u64 {
    xxh3_64(format!("parent_run_id of {run}").as_bytes())
}

/// What is known of a run: its last step, and the row that began or ended it last.
pub type Known = (u64, Option<Turn>);

/// Runs of which is kept in memory what the tables say.
const ASKED_MAX: usize = 4096;

/// What the index reads of a row.
pub struct Seen<'a> {
    pub run: &'a str,
    pub step: Option<u64>,
    pub id: Option<&'a str>,
    pub turn: Option<bool>,
}

impl Stretch {
    pub(crate) fn note(&mut self, place: Place, row: &Seen<'_>) {
        let new = RunEntry {
            last_step: row.step.unwrap_or(0),
            rows: 1,
            first: place,
            newest: place,
            turn: row.turn.map(|is_end| Turn { place, is_end }),
        };
        self.runs.entry(xxh3_128(row.run.as_bytes())).and_modify(|entry| entry.join(&new)).or_insert(new);
        if let Some(id) = row.id {
            self.ids.entry(xxh3_64(id.as_bytes())).or_default().push(place);
        }
    }

    /// Takes in a row on file; one that is no row, or names no run, says nothing.
    pub(super) fn row(&mut self, place: Place, text: &[u8]) {
        let (mut run, mut step, mut id, mut status, mut kind, mut voids) = (None, None, None, None, None, false);
        let mut parent = None;
        for member in json::Members::new(text) {
            let Ok(member) = member else { return };
            // Of these names none is longer than six bytes, and an escape takes six or more.
            let name = if member.key.len() <= 6 { member.key.into() } else { member.name() };
            match &*name {
                b"run_id" => run = Some(member.value),
                b"step" => step = Some(member.value),
                b"id" => id = Some(member.value),
                b"status" => status = Some(member.value),
                b"kind" => kind = Some(member.value),
                b"voids" => voids = true,
                b"parent_run_id" => parent = Some(member.value),
                _ => {}
            }
        }
        let kind = Kind::of(kind);
        if kind == Kind::Correction || (voids && kind == Kind::Repair) {
            self.ids.entry(CORRECTIONS).or_default().push(place);
        }
        if kind.is_hold() {
            self.ids.entry(HOLDS).or_default().push(place);
        }
        if kind == Kind::ArchiveCarried {
            self.carried(place, text);
        }
        let Some(run) = run.and_then(json::decode) else { return };
        let step = step.and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
        let id = id.and_then(json::decode);
        let says = kind.says(status, || None).filter(|says| says.weight == Weight::Turn);
        let run = String::from_utf8_lossy(&run);
        let id = id.as_ref().map(|id| String::from_utf8_lossy(id));
        if parent.is_some_and(|parent| parent.starts_with(b"\"")) {
            self.ids.entry(parents_of(&run)).or_default().push(place);
        }
        self.note(place, &Seen { run: &run, step, id: id.as_deref(), turn: says.map(Says::ends) });
    }

    /// Takes in what the row at `place` says of rows that were deleted.
    fn carried(&mut self, place: Place, text: &[u8]) {
        for run in carried::runs(text) {
            let new = RunEntry { last_step: run.last_step, rows: 0, first: place, newest: place, turn: None };
            self.runs.entry(xxh3_128(run.run.as_bytes())).and_modify(|entry| entry.join(&new)).or_insert(new);
            if !run.parents.is_empty() {
                self.ids.entry(parents_of(&run.run)).or_default().push(place);
            }
        }
        if carried::rows(text).is_some_and(|rows| !rows.is_empty()) {
            self.ids.entry(HOLDS).or_default().push(place);
        }
    }

    /// Takes in the rows of a block that begins at `at`.
    pub fn block(&mut self, segment: u64, at: u64, block: &[u8]) {
        for line in Lines::new(block).filter(|line| line.whole) {
            self.row(Place { segment, offset: at + line.at as u64 }, line.text);
        }
    }
}

fn join(known: &mut Known, (last, turn): Known) {
    *known = (known.0.max(last), known.1.max(turn));
}

impl Index {
    /// Forgets everything: what is in memory may no longer be true.
    pub(crate) fn forget(&mut self) {
        *self = Index { distrust: self.distrust, ..Index::default() };
    }

    /// Reads what was sealed since the index was made, under the lock: `raw` are all raw segments,
    /// and `layout` tells them apart.
    pub(crate) fn catch_up_sealed(&mut self, os: &dyn Os, directory: &Path, layout: Layout<'_>) -> Result<()> {
        for name in archived::sealed_names(os, directory, layout.sealed, self.sealed, layout.sealed_end)? {
            let known = self.active.0 == name.number;
            let from = if known { self.active.1 } else { 0 };
            self.take_in();
            let mut stretch = if known { std::mem::take(&mut self.tail) } else { Stretch::default() };
            archived::each_sealed_block(os, directory, &name, from, |offset, block| {
                stretch.block(name.number, offset, block);
            })?;
            self.older.push(stretch);
            self.sealed = name.number;
        }
        self.sealed = self.sealed.max(layout.sealed_end);
        Ok(())
    }

    /// Makes the index true up to the end of `active`, under the lock; gives
    /// where a torn tail begins (the length, when there is none).
    pub(crate) fn catch_up(&mut self, os: &dyn Os, active: &Active) -> Result<u64> {
        if self.active.0 != active.name.number {
            self.take_in();
            self.active = (active.name.number, 0);
            self.base = Cover::default();
        }
        if self.active.1 > active.bytes {
            return Err(Error::io(format!("{}: shorter than it was", active.path.display())));
        }
        self.read_to(os, &active.file, active.bytes)
            .map_err(|error| Error::io(format!("{}: {error}", active.path.display())))
    }

    /// The same of a file that is surely the active segment as it was known, and whose length
    /// nobody asked for: it is read to its end, from the last byte that is known on. Gives the
    /// length; `None`: that byte is no longer there.
    pub(crate) fn read_on(&mut self, os: &dyn Os, active: &Active) -> std::io::Result<Option<u64>> {
        if self.active.0 != active.name.number || self.active.1 == 0 {
            return Ok(None);
        }
        if self.unread.is_much() {
            self.take_in();
        }
        let (number, known) = self.active;
        let (end, bytes) = self.unread.read_behind(os, &active.file, number, known)?;
        if bytes < known {
            return Ok(None);
        }
        self.active.1 = end;
        Ok(Some(bytes))
    }

    /// Reads whole rows that others wrote, without the lock: a row is never changed once its
    /// newline is there. A failure is for whoever reads under the lock.
    pub(crate) fn read_ahead(&mut self, os: &dyn Os, active: &Active) {
        if self.read_on(os, active).is_ok_and(|bytes| bytes.is_some()) {
            self.unread.search();
        }
    }

    /// Reads the active segment up to `to`; gives the offset after the last newline.
    pub(crate) fn read_to(&mut self, os: &dyn Os, file: &OwnedFd, to: u64) -> std::io::Result<u64> {
        let (number, from) = self.active;
        if from < to {
            if self.unread.is_much() {
                self.take_in();
            }
            self.active.1 = self.unread.read(os, file, number, from, to)?;
        }
        Ok(self.active.1)
    }

    /// Looks at the rows that were only read so far.
    pub(crate) fn take_in(&mut self) {
        let tail = &mut self.tail;
        self.unread.take(|place, block| tail.block(place.segment, place.offset, block));
    }

    /// Rows of `run` that were written to the active segment.
    pub(crate) fn note_run(&mut self, run: &str, rows: &RunEntry) {
        self.tail.runs.entry(xxh3_128(run.as_bytes())).and_modify(|entry| entry.join(rows)).or_insert(*rows);
    }

    /// The id of a row that was written to the active segment.
    pub(crate) fn note_id(&mut self, place: Place, id: &str) {
        self.tail.ids.entry(xxh3_64(id.as_bytes())).or_default().push(place);
    }

    /// A correction row that was written to the active segment.
    pub(crate) fn note_correction(&mut self, place: Place) {
        self.tail.ids.entry(CORRECTIONS).or_default().push(place);
    }

    /// A row of the active segment that says whether its run is held.
    pub(crate) fn note_hold(&mut self, place: Place) {
        self.tail.ids.entry(HOLDS).or_default().push(place);
    }

    /// A row of the active segment that names the run above its own.
    pub(crate) fn note_parent(&mut self, place: Place, run: &str) {
        self.tail.ids.entry(parents_of(run)).or_default().push(place);
    }

    /// The active segment is known up to `end`: this writer wrote it.
    pub(crate) fn wrote(&mut self, end: u64) {
        self.active.1 = end;
    }

    /// This writer sealed `old`, whose rows are all known, and goes on in `new`.
    pub(crate) fn rotated(&mut self, os: &dyn Os, old: Option<&Active>, new: u64) {
        self.take_in();
        if let Some(old) = old
            && self.active == (old.name.number, old.bytes)
        {
            if let Some(contents) = build::contents(os, self, &old.file, old.identity.1) {
                self.finished.push(contents);
            }
            self.sealed = old.name.number;
        }
        self.older.push(std::mem::take(&mut self.tail));
        self.base = Cover::default();
        self.active = (new, 0);
    }

    /// Rows of the active segment that no table covers, as far as they are taken in.
    pub(crate) fn taken_in(&self) -> &Stretch {
        &self.tail
    }

    /// How far the active segment's table may lag while this writer goes on: of several that do,
    /// not all look at the same moment, and the others take what the first one made.
    pub(crate) fn lag_bytes_max(&self) -> u64 {
        LAG_BYTES_GOING_ON + u64::from(std::process::id() % 16) * (LAG_BYTES_GOING_ON / 16)
    }

    /// The active segment is known as far as a table covers it, and not behind that.
    pub(crate) fn known_to(&mut self, cover: Cover) {
        self.unread.take(|_, _| ());
        self.tail = Stretch::default();
        self.base = cover;
        self.active = (cover.high, cover.end);
    }

    /// Rows that cannot be put into a table stay in memory.
    pub(crate) fn keep(&mut self, stretch: Stretch) {
        self.older.push(stretch);
    }

    /// Highest step on file of `run`; 0 for none.
    pub(crate) fn last_step(&mut self, os: &dyn Os, directory: &Path, run: &str) -> Result<u64> {
        Ok(self.known(os, directory, run)?.0)
    }

    /// The row that began or ended `run` last. A hint: it may have been corrected.
    pub(crate) fn turn(&mut self, os: &dyn Os, directory: &Path, run: &str) -> Result<Option<Turn>> {
        Ok(self.known(os, directory, run)?.1)
    }

    fn known(&mut self, os: &dyn Os, directory: &Path, run: &str) -> Result<Known> {
        let hash = xxh3_128(run.as_bytes());
        let mut known = match self.known_of_tables(os, hash) {
            Ok(known) => known,
            Err(()) => {
                build::read_all(os, directory, self)?;
                return self.known(os, directory, run);
            }
        };
        match self.unread.known(run) {
            Some(unread) => join(&mut known, unread),
            None => self.take_in(),
        }
        for stretch in self.older.iter().chain([&self.tail]) {
            if let Some(entry) = stretch.runs.get(&hash) {
                join(&mut known, (entry.last_step, entry.turn));
            }
        }
        Ok(known)
    }

    fn known_of_tables(&mut self, os: &dyn Os, hash: u128) -> std::result::Result<Known, ()> {
        let (nonces, asked) = &mut self.asked;
        if asked.len() >= ASKED_MAX || !nonces.iter().eq(self.tables.iter().map(|(_, table)| &table.nonce)) {
            *nonces = self.tables.iter().map(|(_, table)| table.nonce).collect();
            asked.clear();
        }
        if let Some(known) = asked.get(&hash) {
            return Ok(*known);
        }
        let mut known = Known::default();
        for (_, table) in &self.tables {
            if let Some(entry) = table.run(os, hash)? {
                join(&mut known, (entry.last_step, entry.turn));
            }
        }
        asked.insert(hash, known);
        Ok(known)
    }

    /// Places of rows whose id has the same hash, in order of place. A hint: the rows must be read.
    pub(crate) fn places_of_id(&mut self, os: &dyn Os, directory: &Path, id: &str) -> Result<Vec<Place>> {
        self.places(os, directory, xxh3_64(id.as_bytes()))
    }

    /// Places of correction rows, and of repair rows that void a place, in order of place. A hint:
    /// the rows must be read.
    pub(crate) fn places_of_corrections(&mut self, os: &dyn Os, directory: &Path) -> Result<Vec<Place>> {
        self.places(os, directory, CORRECTIONS)
    }

    /// Places of the rows that say which runs are held, in order of place. A hint: the rows must be
    /// read.
    pub(crate) fn places_of_holds(&mut self, os: &dyn Os, directory: &Path) -> Result<Vec<Place>> {
        self.places(os, directory, HOLDS)
    }

    /// Places of the rows that name the run above `run`, in order of place. A hint: the rows must
    /// be read.
    pub(crate) fn places_of_parents(&mut self, os: &dyn Os, directory: &Path, run: &str) -> Result<Vec<Place>> {
        self.places(os, directory, parents_of(run))
    }

    fn places(&mut self, os: &dyn Os, directory: &Path, hash: u64) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        let mut damaged = false;
        for (_, table) in &self.tables {
            damaged |= table.id(os, hash, &mut places).is_err();
        }
        if damaged {
            build::read_all(os, directory, self)?;
            return self.places(os, directory, hash);
        }
        self.take_in();
        for stretch in self.older.iter().chain([&self.tail]) {
            places.extend(stretch.ids.get(&hash).into_iter().flatten());
        }
        places.sort_unstable();
        places.dedup();
        Ok(places)
    }
}
