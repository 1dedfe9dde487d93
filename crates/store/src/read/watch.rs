//! Rows as they come, for whoever waits for one: without a lock, each once, in order, across
//! rotations and archiving, and cheap to ask while nothing comes.

use std::path::{Path, PathBuf};

use super::archived;
use crate::parts::Place;
use crate::layout::Layout;
use crate::listing;
use crate::os::Os;
use crate::os_real::REAL;
use logbook_format::lines::Lines;
use logbook_model::error::{Error, Result};

/// What a directory and its newest segment look like: when the one last changed, how long the other
/// is.
type Sight = ((i64, i64), u64);

/// Where somebody stands who waits for rows.
#[derive(Debug)]
pub struct Watch {
    directory: PathBuf,
    at: Place,
    newest: PathBuf,
    sight: Option<Sight>,
}

impl Watch {
    /// Waits for rows that begin at or after `at`.
    pub fn new(directory: &Path, at: Place) -> Watch {
        Watch { directory: directory.to_path_buf(), at, newest: directory.to_path_buf(), sight: None }
    }

    /// Where the next row is to begin: what was handed on ends there.
    pub fn at(&self) -> Place {
        self.at
    }

    /// Calls `each` with the rows that came since the last call, in order, whole lines only.
    pub fn new_rows(&mut self, each: &mut dyn FnMut(Place, &[u8])) -> Result<()> {
        let fault = |path: &Path, error: &std::io::Error| Error::io(format!("{}: {error}", path.display()));
        let changed = REAL.stat_path(&self.directory).map_err(|error| fault(&self.directory, &error))?.modified;
        let sight = REAL.stat_path(&self.newest).ok().map(|newest| (changed, newest.bytes));
        if sight.is_some() && sight == self.sight {
            return Ok(());
        }
        let raw = listing::raw(&REAL, &self.directory)?;
        let highest = raw.last().map_or(0, |name| name.number);
        let end = Layout::of(&REAL, &self.directory, &raw).map_or(highest, |layout| layout.highest());
        let mut bytes = 0;
        if let Some(name) = raw.last() {
            self.newest = self.directory.join(name.to_string());
            // Before it is read: what comes while it is read shows the next time.
            bytes = REAL.stat_path(&self.newest).map_or(0, |newest| newest.bytes);
        }
        // What was archived before it was read here is read there.
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
        // A change within the tick of the file system's clock would not show.
        let now_s = REAL.unix_time_ns() / 1_000_000_000;
        let settled = i64::try_from(now_s).is_ok_and(|now_s| now_s > changed.0 + 1);
        self.sight = settled.then_some((changed, bytes));
        Ok(())
    }
}
