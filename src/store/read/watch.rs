//! Rows as they come, for whoever waits for one: without a lock, and cheap to ask while nothing comes.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};
use crate::format::lines::Lines;
use crate::store::index::Place;
use crate::store::listing;
use crate::store::os::{How, Os, read_full};
use crate::store::os_real::REAL;

/// What a directory and its newest segment look like: when the one last changed, how long the other is.
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

    /// Calls `each` with the rows that came since the last call, in order.
    pub fn new_rows(&mut self, each: &mut dyn FnMut(Place, &[u8])) -> Result<()> {
        let changed = REAL.stat_path(&self.directory).map_err(|error| self.fault(&error))?.modified;
        let sight = REAL.stat_path(&self.newest).ok().map(|newest| (changed, newest.bytes));
        if sight.is_some() && sight == self.sight {
            return Ok(());
        }
        let mut bytes = 0;
        for name in listing::raw(&REAL, &self.directory)? {
            if name.number < self.at.segment {
                continue;
            }
            self.newest = self.directory.join(name.to_string());
            if name.number > self.at.segment {
                self.at = Place { segment: name.number, offset: 0 };
            }
            bytes = self.read(each).map_err(|error| self.fault(&error))?;
        }
        // A change within the tick of the file system's clock would not show.
        let settled = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .is_ok_and(|now| i64::try_from(now.as_secs()).is_ok_and(|now| now > changed.0 + 1));
        self.sight = settled.then_some((changed, bytes));
        Ok(())
    }

    fn fault(&self, error: &std::io::Error) -> Error {
        Error::io(format!("{}: {error}", self.newest.display()))
    }

    /// Reads the newest segment on, to the end of its last whole row; gives its length.
    fn read(&mut self, each: &mut dyn FnMut(Place, &[u8])) -> std::io::Result<u64> {
        let file = REAL.open(&self.newest, How::Read, 0)?;
        let start = self.at.offset;
        let length = REAL.stat(&file)?.bytes;
        let mut bytes = vec![0; usize::try_from(length.saturating_sub(start)).unwrap_or(0)];
        let read = read_full(&REAL, &file, &mut bytes, start)?;
        let whole = memchr::memrchr(b'\n', &bytes[..read]).map_or(0, |end| end + 1);
        for line in Lines::new(&bytes[..whole]) {
            each(Place { segment: self.at.segment, offset: start + line.at as u64 }, line.text);
        }
        self.at.offset += whole as u64;
        Ok(length)
    }
}
