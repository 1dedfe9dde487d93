//! One run, or every correction, of the logbook without reading the segments: from the tables of
//! `cache/`, and the rows that no table covers yet. What the tables say is a
//! hint: a row that is not where they say it is makes the caller read instead.

use std::path::Path;

use xxhash_rust::xxh3::xxh3_128;

use super::build;
use super::known::{Index, Place, RunEntry};
use super::table::Table;
use crate::listing;
use crate::os::{How, Os};
use crate::os_real::REAL;
use logbook_model::error::{Error, Result};

/// Places of the correction rows, and of the repair rows that void a place, in order; `None` when
/// they are not known.
pub fn known_corrections(directory: &Path) -> Result<Option<Vec<Place>>> {
    match index(&REAL, directory)? {
        // A table was damaged, and so is an archive that it tells of.
        Some(mut index) => Ok(index.places_of_corrections(&REAL, directory).ok()),
        None => Ok(None),
    }
}

/// Whether `run` may have ended, as its rows say that were not corrected.
pub fn may_have_ended(directory: &Path, run: &str) -> Result<bool> {
    match index(&REAL, directory)? {
        Some(mut index) => Ok(index.turn(&REAL, directory, run)?.is_some_and(|turn| turn.is_end)),
        None => Ok(true),
    }
}

/// The index up to the end of the active segment, made without a lock.
fn index(os: &dyn Os, directory: &Path) -> Result<Option<Index>> {
    let raw = listing::raw(os, directory)?;
    if raw.is_empty() {
        // What is archived whole is read from the archive.
        return Ok(None);
    }
    let mut index = Index::default();
    // Where the manifest or an archive cannot be read, all is read: the scan tells of it.
    if build::prepare(os, directory, &mut index, &raw).is_err() {
        return Ok(None);
    }
    if let Some(active) = raw.last()
        && index.active.0 == active.number
    {
        let path = directory.join(active.to_string());
        let fail = |error: std::io::Error| Error::io(format!("{}: {error}", path.display()));
        let file = os.open(&path, How::Read, 0).map_err(fail)?;
        let bytes = os.stat(&file).map_err(fail)?.bytes;
        index.read_to(os, &file, bytes).map_err(fail)?;
    }
    Ok(Some(index))
}

impl Index {
    /// What is known of `run`; `None` when it has no row.
    pub(crate) fn run(&mut self, os: &dyn Os, directory: &Path, run: &str) -> Result<Option<RunEntry>> {
        self.take_in();
        let hash = xxh3_128(run.as_bytes());
        let mut found: Option<RunEntry> = None;
        let join = |found: &mut Option<RunEntry>, entry: Option<RunEntry>| match (found, entry) {
            (Some(found), Some(entry)) => found.join(&entry),
            (found, Some(entry)) => *found = Some(entry),
            (_, None) => {}
        };
        // In the order of the rows: whole segments, what stands in memory of them, the active one.
        let (active, whole): (Vec<_>, Vec<_>) =
            self.tables.iter().partition(|(_, table)| table.cover.high == self.active.0);
        let mut damaged = false;
        let mut ask = |found: &mut Option<RunEntry>, table: &Table| match table.run(os, hash) {
            Ok(entry) => join(found, entry),
            Err(()) => damaged = true,
        };
        whole.iter().for_each(|(_, table)| ask(&mut found, table));
        self.older.iter().for_each(|stretch| join(&mut found, stretch.runs.get(&hash).copied()));
        active.iter().for_each(|(_, table)| ask(&mut found, table));
        join(&mut found, self.taken_in().runs.get(&hash).copied());
        if damaged {
            build::read_all(os, directory, self)?;
            return self.run(os, directory, run);
        }
        Ok(found)
    }
}
