//! What a check may ask of the state under the lock, and what a command does before
//! it acts on a row: the segment synced, or a refusal (`docs/durability.md`).

use std::io::ErrorKind;
use std::ops::RangeInclusive;

use super::append::{State, Writer};
use super::index::Place;
use super::listing;
use super::once::Found;
use super::os::How;
use logbook_format::carried;
use logbook_json as json;
use logbook_model::error::{Error, Exit, Result};

/// A row on file, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnFile {
    /// Where it stands.
    pub place: Place,
    /// Its bytes, without the newline.
    pub text: Vec<u8>,
}

impl From<Found> for OnFile {
    fn from(found: Found) -> OnFile {
        OnFile { place: found.place, text: found.text }
    }
}

impl State<'_, '_> {
    /// The row with this id: the last one, which counts.
    pub fn find_id(&mut self, id: &str) -> Result<Option<OnFile>> {
        Ok(self.writer.on_file(id)?.map(OnFile::from))
    }

    /// Whether `run` seems to be over: corrections are not folded in.
    pub fn has_ended(&mut self, run: &str) -> Result<bool> {
        let turn = self.writer.index.turn(self.writer.os, &self.writer.directory, run)?;
        Ok(turn.is_some_and(|turn| turn.is_end))
    }

    /// The rows that say which runs are held, in order, those among them that were carried over.
    pub fn holds(&mut self) -> Result<Vec<OnFile>> {
        let places = self.writer.index.places_of_holds(self.writer.os, &self.writer.directory)?;
        self.rows_at(places)
    }

    /// The runs above `run`: those that its rows name, also the rows that were deleted since.
    pub fn parents(&mut self, run: &str) -> Result<Vec<String>> {
        let places = self.writer.index.places_of_parents(self.writer.os, &self.writer.directory, run)?;
        let mut parents = Vec::new();
        for row in self.rows_at(places)? {
            let carried = carried::runs(&row.text).into_iter().filter(|it| it.run == run).flat_map(|it| it.parents);
            let named = parent_of(&row.text, run).into_iter().chain(carried);
            parents.extend(named.filter(|parent| !parent.is_empty()));
        }
        parents.sort_unstable();
        parents.dedup();
        Ok(parents)
    }

    fn rows_at(&mut self, places: Vec<Place>) -> Result<Vec<OnFile>> {
        let mut rows = Vec::with_capacity(places.len());
        for place in places {
            if let Some(text) = self.writer.row_on_file(place)? {
                rows.push(OnFile { place, text });
            }
        }
        Ok(rows)
    }

    /// Whether `run` has a row.
    pub fn has_run(&mut self, run: &str) -> Result<bool> {
        Ok(self.writer.index.run(self.writer.os, &self.writer.directory, run)?.is_some())
    }
}

/// The run that `row` names above its own, if it is one of `run`.
fn parent_of(row: &[u8], run: &str) -> Option<String> {
    let mut values = Vec::new();
    json::pick(row, &["run_id", "parent_run_id"], &mut values).ok()?;
    let own = json::decode(values[0]?)?;
    (*own == *run.as_bytes()).then(|| json::decode(values[1]?))?.map(|it| String::from_utf8_lossy(&it).into_owned())
}

impl Writer<'_> {
    /// Makes what was read of these segments durable, as [`Writer::sync_segment`] one of them;
    /// those that are archived or deleted were before.
    pub fn sync_segments(&mut self, numbers: RangeInclusive<u64>) -> Result<()> {
        for name in listing::raw(self.os, &self.directory)? {
            if numbers.contains(&name.number) {
                self.sync_segment(name.number)?;
            }
        }
        Ok(())
    }

    /// Makes what was read of this segment durable, before a command acts on it.
    /// Errors: exit 4 when that fails, now or before (the segment is suspect): a
    /// power cut may take the rows, and the command must not act.
    pub fn sync_segment(&mut self, number: u64) -> Result<()> {
        let raw = listing::raw(self.os, &self.directory)?;
        let path = raw
            .binary_search_by_key(&number, |name| name.number)
            .ok()
            .map(|at| self.directory.join(raw[at].to_string()));
        let file = match path.as_ref().map(|path| self.os.open(path, How::Read, 0)) {
            Some(Ok(file)) => file,
            Some(Err(error)) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::io(format!("segment {number:06}: {error}")));
            }
            // An archive was synced before its raw file went.
            _ if self.is_archived(number)? => return Ok(()),
            _ => return Err(Error::io(format!("there is no segment {number:06}"))),
        };
        let why = match self.os.sync_data(&file) {
            Err(error) => {
                self.mark_suspect(number)?;
                error.to_string()
            }
            // After the sync: whoever failed before may have said so only meanwhile.
            Ok(()) if self.is_suspect(number)? => "an earlier sync failed".to_owned(),
            Ok(()) => return Ok(()),
        };
        Err(Error::new(Exit::Unknown, format!("segment {number:06}: a power cut may take its rows: {why}"))
            .hint("append them again with the same --id: each is then stored once, in a new segment"))
    }

    fn is_archived(&self, number: u64) -> Result<bool> {
        let archived = listing::archived(self.os, &self.directory)?;
        Ok(archived.binary_search_by_key(&number, |name| name.number).is_ok())
    }
}
