//! What the index keeps of rows, and the one way to read it from a row: an entry for each run, and
//! the places of the rows that are looked up by their id or by what they say of other rows.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::parts::Place;
use logbook_format::carried;
use logbook_format::lines::Lines;
use logbook_json as json;
use logbook_model::{Kind, Says, Weight};

/// What is known of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunEntry {
    /// The highest step on file; 0 if no row of the run has one.
    pub last_step: u64,
    /// The number of rows.
    pub rows: u64,
    pub first: Place,
    pub newest: Place,
    /// The newest row that begins or ends the run.
    pub turn: Option<Turn>,
}

/// A row that begins a run, or ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    pub place: Place,
    /// Whether the row ends the run.
    pub is_end: bool,
}

/// What is known of a run: its last step, and the row that began or ended it last.
pub(crate) type LastStep = (u64, Option<Turn>);

impl RunEntry {
    /// The entry of one row at `place`. `turn`: whether it ends its run, if it begins or ends it.
    pub(crate) fn of_row(place: Place, step: u64, turn: Option<bool>) -> RunEntry {
        let turn = turn.map(|is_end| Turn { place, is_end });
        RunEntry { last_step: step, rows: 1, first: place, newest: place, turn }
    }

    /// Adds other rows of the same run, in any order: the places tell which come later.
    pub(crate) fn join(&mut self, other: &RunEntry) {
        self.last_step = self.last_step.max(other.last_step);
        self.rows += other.rows;
        self.first = self.first.min(other.first);
        self.newest = self.newest.max(other.newest);
        self.turn = self.turn.max(other.turn);
    }
}

/// What rows are looked up by, beside their run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Key<'k> {
    /// The rows with this id.
    Id(&'k str),
    /// Correction rows, and `repair` rows that void a place.
    Corrections,
    /// The rows that say which runs are held.
    Holds,
    /// The rows of this run that name the run above it.
    ParentsOf(&'k str),
}

impl Key<'_> {
    /// The hash under which the places are stored. All keys share one table with the ids. An id
    /// with the hash of another key is looked at and passed over, like any other hint.
    pub(crate) fn hash(self) -> u64 {
        match self {
            Key::Id(id) => xxh3_64(id.as_bytes()),
            Key::Corrections => 0x636f_7272_6563_7473,
            Key::Holds => 0x686f_6c64_735f_2e2e,
            Key::ParentsOf(run) => xxh3_64(format!("parent_run_id of {run}").as_bytes()),
        }
    }
}

/// The entries of some rows of one segment.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    /// By the hash of the run's name.
    pub runs: HashMap<u128, RunEntry, RandomState>,
    /// By the hash of a [`Key`].
    pub ids: HashMap<u64, Vec<Place>, RandomState>,
}

impl Entries {
    /// Adds rows of `run`.
    pub(crate) fn add_run(&mut self, run: &str, rows: &RunEntry) {
        self.runs.entry(xxh3_128(run.as_bytes())).and_modify(|entry| entry.join(rows)).or_insert(*rows);
    }

    /// Adds the row at `place` to those with this key.
    pub(crate) fn add_place(&mut self, key: Key<'_>, place: Place) {
        self.ids.entry(key.hash()).or_default().push(place);
    }

    /// Adds the whole rows of a block that begins at byte `at` of the segment.
    pub(crate) fn add_block(&mut self, segment: u64, at: u64, block: &[u8]) {
        for line in Lines::new(block).filter(|line| line.whole) {
            self.add_row(Place { segment, offset: at + line.at as u64 }, line.text);
        }
    }

    /// Adds a row on file. A line that is not a row, or that names no run, adds nothing.
    pub(crate) fn add_row(&mut self, place: Place, text: &[u8]) {
        let (mut run, mut step, mut id, mut status, mut kind, mut voids) = (None, None, None, None, None, false);
        let mut parent = None;
        for member in json::Members::new(text) {
            let Ok(member) = member else { return };
            // None of the shorter names has more than six bytes, and an escape takes at least six.
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
            self.add_place(Key::Corrections, place);
        }
        if kind.is_hold() {
            self.add_place(Key::Holds, place);
        }
        if kind == Kind::ArchiveCarried {
            self.add_carried(place, text);
        }
        let Some(run) = run.and_then(json::decode) else { return };
        let run = String::from_utf8_lossy(&run);
        if parent.is_some_and(|parent| parent.starts_with(b"\"")) {
            self.add_place(Key::ParentsOf(&run), place);
        }
        let step = step.and_then(|value| std::str::from_utf8(value).ok()?.parse().ok()).unwrap_or(0);
        let says = kind.says(status, || None).filter(|says| says.weight == Weight::Turn);
        self.add_run(&run, &RunEntry::of_row(place, step, says.map(Says::ends)));
        if let Some(id) = id.and_then(json::decode) {
            self.add_place(Key::Id(&String::from_utf8_lossy(&id)), place);
        }
    }

    /// Adds what the row at `place` says of rows that were deleted.
    fn add_carried(&mut self, place: Place, text: &[u8]) {
        for run in carried::runs(text) {
            let entry = RunEntry { last_step: run.last_step, rows: 0, first: place, newest: place, turn: None };
            self.add_run(&run.run, &entry);
            if !run.parents.is_empty() {
                self.add_place(Key::ParentsOf(&run.run), place);
            }
        }
        if carried::rows(text).is_some_and(|rows| !rows.is_empty()) {
            self.add_place(Key::Holds, place);
        }
    }
}
