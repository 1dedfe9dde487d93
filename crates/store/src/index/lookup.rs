//! Questions to the index: the last step of a run, how it began or ended, the places of rows with
//! an id. A damaged table makes it read every segment once. Readers ask without the lock, through
//! an index of their own.
//!
//! The answers are hints: a row that is not where the index says makes the caller read instead.

use std::path::Path;

use xxhash_rust::xxh3::xxh3_128;

use super::build;
use super::entries::{Key, LastStep, RunEntry, Turn};
use super::memory::Index;
use crate::listing;
use crate::os::{How, Os, error_at};
use crate::os_real::REAL;
use crate::parts::Place;
use logbook_model::error::Result;

/// At most this many answers of the tables are kept.
const ANSWERS_MAX: usize = 4096;

/// The places of correction rows, and of `repair` rows that void a place, in order. `None` if they
/// are not known.
pub fn known_corrections(directory: &Path) -> Result<Option<Vec<Place>>> {
    match index(&REAL, directory)? {
        // An error: a table was damaged, and so is an archive that it covers.
        Some(mut index) => Ok(index.places(&REAL, directory, Key::Corrections).ok()),
        None => Ok(None),
    }
}

/// Whether `run` may have ended, corrections not applied.
pub fn may_have_ended(directory: &Path, run: &str) -> Result<bool> {
    match index(&REAL, directory)? {
        Some(mut index) => Ok(index.turn(&REAL, directory, run)?.is_some_and(|turn| turn.is_end)),
        None => Ok(true),
    }
}

/// The index up to the end of the active segment, made without the lock.
fn index(os: &dyn Os, directory: &Path) -> Result<Option<Index>> {
    let raw = listing::raw(os, directory)?;
    if raw.is_empty() {
        // A logbook that is archived as a whole is read from its archives.
        return Ok(None);
    }
    let mut index = Index::default();
    // Where the manifest or an archive cannot be read, the caller reads everything, and its scan
    // reports that.
    if build::prepare(os, directory, &mut index, &raw).is_err() {
        return Ok(None);
    }
    if let Some(active) = raw.last()
        && index.active.0 == active.number
    {
        let path = directory.join(active.to_string());
        let fail = error_at(&path);
        let file = os.open(&path, How::Read, 0).map_err(fail)?;
        let bytes = os.stat(&file).map_err(fail)?.bytes;
        index.read_to(os, &file, bytes).map_err(fail)?;
    }
    Ok(Some(index))
}

fn join(known: &mut LastStep, (step, turn): LastStep) {
    *known = (known.0.max(step), known.1.max(turn));
}

impl Index {
    /// The highest step on file of `run`; 0 if it has none.
    pub(crate) fn last_step(&mut self, os: &dyn Os, directory: &Path, run: &str) -> Result<u64> {
        Ok(self.last_step_and_turn(os, directory, run)?.0)
    }

    /// The row that began or ended `run` last. It may have been corrected.
    pub(crate) fn turn(&mut self, os: &dyn Os, directory: &Path, run: &str) -> Result<Option<Turn>> {
        Ok(self.last_step_and_turn(os, directory, run)?.1)
    }

    fn last_step_and_turn(&mut self, os: &dyn Os, directory: &Path, run: &str) -> Result<LastStep> {
        let hash = xxh3_128(run.as_bytes());
        let mut known = match self.ask_tables(os, hash) {
            Ok(known) => known,
            Err(()) => {
                build::read_all(os, directory, self)?;
                return self.last_step_and_turn(os, directory, run);
            }
        };
        match self.unparsed.last_step(run) {
            Some(unparsed) => join(&mut known, unparsed),
            None => self.parse(),
        }
        for entries in self.in_memory() {
            if let Some(entry) = entries.runs.get(&hash) {
                join(&mut known, (entry.last_step, entry.turn));
            }
        }
        Ok(known)
    }

    fn ask_tables(&mut self, os: &dyn Os, hash: u128) -> std::result::Result<LastStep, ()> {
        let answers = &mut self.answers;
        let is_same = answers.nonces.iter().eq(self.tables.iter().map(|(_, table)| &table.nonce));
        if answers.by_run.len() >= ANSWERS_MAX || !is_same {
            answers.nonces = self.tables.iter().map(|(_, table)| table.nonce).collect();
            answers.by_run.clear();
        }
        if let Some(known) = answers.by_run.get(&hash) {
            return Ok(*known);
        }
        let mut known = LastStep::default();
        for (_, table) in &self.tables {
            if let Some(entry) = table.run(os, hash)? {
                join(&mut known, (entry.last_step, entry.turn));
            }
        }
        answers.by_run.insert(hash, known);
        Ok(known)
    }

    /// The places of the rows with this key, in order. Others may be among them: the rows must be
    /// read.
    pub(crate) fn places(&mut self, os: &dyn Os, directory: &Path, key: Key<'_>) -> Result<Vec<Place>> {
        let hash = key.hash();
        let mut places = Vec::new();
        let mut is_damaged = false;
        for (_, table) in &self.tables {
            is_damaged |= table.id(os, hash, &mut places).is_err();
        }
        if is_damaged {
            build::read_all(os, directory, self)?;
            return self.places(os, directory, key);
        }
        self.parse();
        for entries in self.in_memory() {
            places.extend(entries.ids.get(&hash).into_iter().flatten());
        }
        places.sort_unstable();
        places.dedup();
        Ok(places)
    }

    /// What is known of `run`; `None` if it has no row.
    pub(crate) fn run(&mut self, os: &dyn Os, directory: &Path, run: &str) -> Result<Option<RunEntry>> {
        self.parse();
        let hash = xxh3_128(run.as_bytes());
        let mut found: Option<RunEntry> = None;
        let mut is_damaged = false;
        let mut add = |entry: Option<RunEntry>| match (&mut found, entry) {
            (Some(found), Some(entry)) => found.join(&entry),
            (found, Some(entry)) => *found = Some(entry),
            (_, None) => {}
        };
        for (_, table) in &self.tables {
            match table.run(os, hash) {
                Ok(entry) => add(entry),
                Err(()) => is_damaged = true,
            }
        }
        self.in_memory().for_each(|entries| add(entries.runs.get(&hash).copied()));
        if is_damaged {
            build::read_all(os, directory, self)?;
            return self.run(os, directory, run);
        }
        Ok(found)
    }
}
