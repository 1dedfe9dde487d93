//! Steps and ids: what `append` must know of the rows on file. What was read
//! stands in memory; older rows are to be known from `cache/`.

use std::collections::HashMap;
use std::path::Path;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::append::Active;
use super::os::{How, Os, read_full};
use crate::error::{Error, Result};
use crate::format::SegmentName;
use crate::format::lines::Lines;
use crate::json;
use crate::model::vocabulary::BESIDE_KINDS;

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
pub struct RunEntry {
    /// Highest step on file; 0 when no row of it has one.
    pub last_step: u64,
    /// Rows.
    pub rows: u64,
    /// Its first row.
    pub first: Place,
    /// Its newest row.
    pub newest: Place,
    /// Its newest row that says where it stands.
    pub standing: Option<Place>,
}

/// The steps and ids of the rows read so far.
#[derive(Debug, Default)]
pub struct Index {
    runs: HashMap<u128, RunEntry>,
    ids: HashMap<u64, Vec<Place>>,
    /// Highest sealed segment that is known whole.
    sealed: u64,
    /// The active segment, known up to this offset.
    active: (u64, u64),
    picked: Picked,
}

type Picked = Vec<Option<&'static [u8]>>;

/// What the index reads of a row.
pub(super) struct Seen<'a> {
    pub run: &'a str,
    pub step: Option<u64>,
    pub id: Option<&'a str>,
    pub stands: bool,
}

impl Index {
    /// Forgets everything: what is in memory may no longer be true.
    pub fn forget(&mut self) {
        *self = Index::default();
    }

    /// Reads what is sealed, outside the lock.
    pub fn prepare(&mut self, os: &dyn Os, directory: &Path, raw: &[SegmentName]) -> Result<()> {
        let Some((_, sealed)) = raw.split_last() else { return Ok(()) };
        for name in sealed {
            self.read_sealed(os, directory, *name)?;
        }
        Ok(())
    }

    fn read_sealed(&mut self, os: &dyn Os, directory: &Path, name: SegmentName) -> Result<()> {
        if name.number <= self.sealed {
            return Ok(());
        }
        let from = if self.active.0 == name.number { self.active.1 } else { 0 };
        let path = directory.join(name.to_string());
        let fail = |error: std::io::Error| Error::io(format!("{}: {error}", path.display()));
        let file = os.open(&path, How::Read, 0).map_err(fail)?;
        let bytes = os.stat(&file).map_err(fail)?.bytes;
        self.read(os, &path, &file, name.number, from, bytes)?;
        self.sealed = name.number;
        Ok(())
    }

    /// Makes the index true up to the end of `active`, under the lock; gives
    /// where a torn tail begins (the length, when there is none).
    pub fn catch_up(&mut self, os: &dyn Os, active: &Active, _from: u64) -> Result<u64> {
        let from = if self.active.0 == active.name.number { self.active.1 } else { 0 };
        if from > active.bytes {
            return Err(Error::io(format!("{}: shorter than it was", active.path.display())));
        }
        let end = self.read(os, &active.path, &active.file, active.name.number, from, active.bytes)?;
        self.active = (active.name.number, end);
        Ok(end)
    }

    /// Reads rows in `from..to`; gives the offset after the last newline.
    fn read(
        &mut self,
        os: &dyn Os,
        path: &Path,
        file: &std::os::fd::OwnedFd,
        segment: u64,
        from: u64,
        to: u64,
    ) -> Result<u64> {
        let fail = |error: std::io::Error| Error::io(format!("{}: {error}", path.display()));
        let mut at = from;
        let mut size = 256 << 10;
        let mut buffer = Vec::new();
        while at < to {
            let want = ((to - at) as usize).min(size);
            buffer.resize(want, 0);
            let read = read_full(os, file, &mut buffer[..want], at).map_err(fail)?;
            let Some(end) = memchr::memrchr(b'\n', &buffer[..read]) else {
                if read < want || at + read as u64 >= to {
                    break;
                }
                // A line longer than the buffer.
                size *= 4;
                continue;
            };
            for line in Lines::new(&buffer[..=end]) {
                self.row(Place { segment, offset: at + line.at as u64 }, line.text);
            }
            at += end as u64 + 1;
        }
        Ok(at)
    }

    /// Takes in a row on file; one that is no row, or names no run, says nothing.
    fn row(&mut self, place: Place, text: &[u8]) {
        const NAMES: [&str; 5] = ["run_id", "step", "id", "status", "kind"];
        let mut values: Vec<Option<&[u8]>> = std::mem::take(&mut self.picked);
        let picked = json::pick(text, &NAMES, &mut values).is_ok();
        if picked && let Some(run) = values[0].and_then(json::decode) {
            let step = values[1].and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
            let id = values[2].and_then(json::decode);
            let beside = values[4]
                .and_then(json::decode)
                .is_some_and(|kind| BESIDE_KINDS.iter().any(|beside| *beside.as_bytes() == *kind));
            let stands = values[3].is_some_and(|status| status != b"null") && !beside;
            let run = String::from_utf8_lossy(&run);
            let id = id.as_ref().map(|id| String::from_utf8_lossy(id));
            self.note(place, &Seen { run: &run, step, id: id.as_deref(), stands });
        }
        self.picked = Vec::new();
    }

    pub(super) fn note(&mut self, place: Place, row: &Seen<'_>) {
        let entry = self.runs.entry(xxh3_128(row.run.as_bytes())).or_insert(RunEntry {
            last_step: 0,
            rows: 0,
            first: place,
            newest: place,
            standing: None,
        });
        entry.last_step = entry.last_step.max(row.step.unwrap_or(0));
        entry.rows += 1;
        entry.newest = place;
        if row.stands {
            entry.standing = Some(place);
        }
        if let Some(id) = row.id {
            self.ids.entry(xxh3_64(id.as_bytes())).or_default().push(place);
        }
    }

    /// The active segment is known up to `end`: this writer wrote it.
    pub(super) fn wrote(&mut self, segment: u64, end: u64) {
        if self.active.0 != segment {
            self.sealed = self.sealed.max(self.active.0);
        }
        self.active = (segment, end);
    }

    /// Highest step on file of `run`; 0 for none.
    pub fn last_step(&mut self, _os: &dyn Os, _directory: &Path, run: &str) -> Result<u64> {
        Ok(self.runs.get(&xxh3_128(run.as_bytes())).map_or(0, |entry| entry.last_step))
    }

    /// Places of rows whose id has the same hash, in order of place. A hint: the rows must be read.
    pub fn places_of_id(&mut self, _os: &dyn Os, _directory: &Path, id: &str) -> Result<Vec<Place>> {
        Ok(self.ids.get(&xxh3_64(id.as_bytes())).cloned().unwrap_or_default())
    }
}
