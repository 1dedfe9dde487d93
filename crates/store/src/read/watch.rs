//! New rows as they are appended: without a lock, each once, in order, across rotations and
//! archiving. Asking is cheap while there are none.

use std::path::{Path, PathBuf};

use super::archived;
use crate::layout::Layout;
use crate::listing;
use crate::os::{Os, error_at};
use crate::os_real::REAL;
use crate::parts::Place;
use logbook_format::lines::Lines;
use logbook_model::error::Result;

/// When the directory last changed, and the length of its newest segment.
type Seen = ((i64, i64), u64);

/// Follows the rows of a logbook.
#[derive(Debug)]
pub struct Watch {
    directory: PathBuf,
    at: Place,
    /// The path of the newest segment, once it is known.
    newest: PathBuf,
    seen: Option<Seen>,
}

impl Watch {
    /// Follows the rows that begin at or after `at`.
    pub fn new(directory: &Path, at: Place) -> Watch {
        Watch { directory: directory.to_path_buf(), at, newest: directory.to_path_buf(), seen: None }
    }

    /// Where the next row begins.
    pub fn at(&self) -> Place {
        self.at
    }

    /// Calls `each` with the rows that were appended since the last call, in order, whole lines
    /// only.
    pub fn new_rows(&mut self, each: &mut dyn FnMut(Place, &[u8])) -> Result<()> {
        let changed = REAL.stat_path(&self.directory).map_err(error_at(&self.directory))?.modified;
        let seen = REAL.stat_path(&self.newest).ok().map(|newest| (changed, newest.bytes));
        if seen.is_some() && seen == self.seen {
            return Ok(());
        }
        let raw = listing::raw(&REAL, &self.directory)?;
        let highest = raw.last().map_or(0, |name| name.number);
        let end = Layout::of(&REAL, &self.directory, &raw).map_or(highest, |layout| layout.highest());
        let mut bytes = 0;
        if let Some(name) = raw.last() {
            self.newest = self.directory.join(name.to_string());
            // Before the segment is read: rows that are appended meanwhile are noticed by the next
            // call.
            bytes = REAL.stat_path(&self.newest).map_or(0, |newest| newest.bytes);
        }
        // A segment that was archived before it was read here is read from its archive.
        for name in archived::sealed_names(&REAL, &self.directory, &raw, self.at.segment.saturating_sub(1), end)? {
            let from = if name.number == self.at.segment { self.at.offset } else { 0 };
            self.at = Place { segment: name.number, offset: from };
            let at = &mut self.at;
            archived::each_sealed_block(&REAL, &self.directory, &name, from, |offset, block| {
                for line in Lines::new(block) {
                    each(Place { segment: name.number, offset: offset + line.at as u64 }, line.text);
                }
                at.offset = offset + block.len() as u64;
            })?;
        }
        // A second change in the same tick of the file system's clock would not be noticed.
        let now_s = REAL.unix_time_ns() / 1_000_000_000;
        let settled = i64::try_from(now_s).is_ok_and(|now_s| now_s > changed.0 + 1);
        self.seen = settled.then_some((changed, bytes));
        Ok(())
    }
}
