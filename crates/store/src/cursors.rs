//! How far followers have read, in one file for each in `cursors/`. Cursors are not disposable
//! (`docs/format.md`, Cursors).

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::config::texts::is_name;
use super::directory::Modes;
use super::listing;
use super::os::{How, Os, error_at, read_full, replace_file};
use super::os_real::REAL;
use crate::parts::Place;
use logbook_model::Address;
use logbook_model::error::{Error, Result};

/// The file of a cursor.
#[derive(Debug, Clone)]
pub struct Cursor {
    directory: PathBuf,
    path: PathBuf,
}

impl Cursor {
    /// The cursor `name` of the logbook at `directory`. Errors: exit 2 if the name cannot be part
    /// of a path.
    pub fn new(directory: &Path, name: &str) -> Result<Cursor> {
        if !is_name(name) {
            return Err(Error::usage(format!("{name:?} is not a valid name for a cursor"))
                .hint("lower-case letters, digits and -, at most 64: --cursor night-watch"));
        }
        let directory = directory.join("cursors");
        Ok(Cursor { path: directory.join(name), directory })
    }

    /// The place that was saved last; `None` if none was.
    pub fn load(&self) -> Result<Option<Place>> {
        let fail = error_at(&self.path);
        let file = match REAL.open(&self.path, How::Read, 0) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fail(error)),
        };
        let mut bytes = [0; 64];
        let read = read_full(&REAL, &file, &mut bytes, 0).map_err(fail)?;
        let text = std::str::from_utf8(&bytes[..read]).ok().and_then(|text| text.strip_suffix('\n'));
        match text.and_then(Address::parse) {
            Some(Address::Place { segment, offset }) => Ok(Some(Place { segment, offset })),
            _ => Err(Error::io(format!("{}: not a place in the log", self.path.display()))
                .hint(format!("rm {}   # begins anew", self.path.display()))),
        }
    }

    /// Where a follower continues whose cursor says `place`: there, if a row can begin there. In a
    /// copy the cursor may be newer than the rows, which end at `end`, and other rows may have been
    /// appended since. Then the segment is read again from its start.
    pub fn settle(&self, place: Place, end: Place) -> Result<Place> {
        if place > end {
            return Ok(end);
        }
        let logbook = self.directory.parent().unwrap_or(&self.directory);
        let raw = listing::raw(&REAL, logbook)?;
        let Ok(at) = raw.binary_search_by_key(&place.segment, |name| name.number) else { return Ok(place) };
        let path = logbook.join(raw[at].to_string());
        let file = match REAL.open(&path, How::Read, 0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(place),
            file => file.map_err(error_at(&path))?,
        };
        // The byte before `place` and the one there: the cursor of a trigger is at the end of the
        // last row that it handled, before the newline.
        let mut around = [b'\n', 0];
        if place.offset > 0 {
            read_full(&REAL, &file, &mut around, place.offset - 1).map_err(error_at(&path))?;
        }
        Ok(if around.contains(&b'\n') { place } else { Place { offset: 0, ..place } })
    }

    /// Saves `place`, synced. A process that dies meanwhile leaves the old place.
    pub fn save(&self, place: Place) -> Result<()> {
        let fail = error_at(&self.path);
        let modes = Modes::below(&REAL, self.directory.parent().unwrap_or(&self.directory));
        match REAL.mkdir(&self.directory, modes.directory) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(fail(error)),
            _ => {}
        }
        let text = format!("{}\n", Address::Place { segment: place.segment, offset: place.offset });
        replace_file(&REAL, &self.path, &self.path.with_extension("tmp"), modes.file, text.as_bytes()).map_err(fail)
    }
}
