//! Exactly once (`docs/format.md`, id): a row with an id that is on file is
//! not written again; and which step a row gets.

use std::path::PathBuf;
use std::sync::Arc;

use super::append::{Active, Stored, Verdict, Writer};
use super::index::Place;
use super::os::How;
use super::recover::own_row;
use super::snapshot::row_of;
use super::together::Unsynced;
use super::{archived, config::Durability};
use logbook_format::draft::STEP_MAX;
use logbook_format::lines::Lines;
use logbook_format::{Draft, Drafts, LockLine, body};
use logbook_json as json;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Address, Kind};

/// The rows of a call that are to be written.
pub(super) struct Pending<'a> {
    pub rows: &'a [Stored],
    pub out: &'a [u8],
}

/// A row with the id that was looked for.
pub(super) struct Found {
    pub place: Place,
    pub text: Vec<u8>,
}

impl Writer<'_> {
    /// Decides what becomes of `draft`; `last` is its run's highest step, and
    /// `pending` the rows of this call so far. Errors: exit 2 refuses the row.
    pub(super) fn number(
        &mut self,
        active: &Active,
        line: &LockLine,
        drafts: &Drafts,
        draft: &Draft,
        last: u64,
        pending: &Pending<'_>,
    ) -> Result<Verdict> {
        if let Some(id) = &draft.id
            && let Some(found) = self.find_id(active, drafts, id, pending)?
        {
            return self.again(line, drafts, draft, id, &found, active);
        }
        match draft.step {
            Some(step) if step <= last => {
                let run = drafts.run_of(draft);
                Err(Error::usage(format!("step {step} of run {run:?} is not free: its last step is {last}"))
                    .hint("leave --step out, and the row gets the next one"))
            }
            Some(step) => Ok(Verdict::Store(step)),
            None if last >= STEP_MAX => Err(Error::usage("the run has no steps left")),
            None => Ok(Verdict::Store(last + 1)),
        }
    }

    fn again(
        &mut self,
        line: &LockLine,
        drafts: &Drafts,
        draft: &Draft,
        id: &str,
        found: &Found,
        active: &Active,
    ) -> Result<Verdict> {
        let mut given = Vec::new();
        drafts.render(draft, 1, &mut given);
        given.pop();
        let (run, step) = run_and_step(&found.text);
        let address = match step {
            Some(step) => Address::Step { run_id: run, step },
            None => Address::Place { segment: found.place.segment, offset: found.place.offset },
        };
        if !body::same(&found.text, &given, draft.filled_timestamp) {
            return Err(Error::usage(format!(
                "id {id:?} is taken by another row: {address} on file, a different one for run {:?} given",
                drafts.run_of(draft)
            ))
            .hint(format!("logbook show {address}   # the row on file; a new row needs a new --id")));
        }
        let step = step.unwrap_or(0);
        let number = active.name.number;
        if line.is_suspect(found.place.segment) && found.place.segment != number {
            return Ok(Verdict::Instead(step.max(1), found.place));
        }
        if self.durability() == Durability::Data && found.place.segment != number {
            self.sync_old(found.place.segment)?;
        } else if self.durability() == Durability::Data {
            self.found_in_active(active);
        }
        Ok(Verdict::There(step, found.place))
    }

    /// The active segment joins those that [`Writer::sync`] syncs. A row anywhere in it may have
    /// been found: only what is known to be durable from its first byte on needs no sync.
    fn found_in_active(&mut self, active: &Active) {
        let number = active.name.number;
        match self.unsynced.iter_mut().find(|unsynced| unsynced.number == number) {
            Some(unsynced) => unsynced.from = 0,
            None => {
                let (file, opened) = (Arc::clone(&active.file), active.opened);
                self.unsynced.push(Unsynced { number, file, opened, from: 0, to: active.bytes });
            }
        }
    }

    fn sync_old(&mut self, number: u64) -> Result<()> {
        // Archived segments were synced before their raw file went.
        let Some(path) = self.path_of(number) else { return Ok(()) };
        let fail = |error: std::io::Error| {
            Error::new(Exit::Unknown, format!("the row is on file, but not synced: {}: {error}", path.display()))
                .hint("append it again with the same --id: it is then stored once")
        };
        let file = match self.os.open(&path, How::Read, 0) {
            // Archived since it was listed, and so synced.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            file => file.map_err(fail)?,
        };
        let synced = self.os.sync_data(&file);
        if synced.is_err() {
            // A second sync would return 0 with the row gone.
            self.failed_sync = Some(number);
        }
        synced.map_err(fail)
    }

    fn path_of(&self, number: u64) -> Option<PathBuf> {
        let at = self.raw.binary_search_by_key(&number, |name| name.number).ok()?;
        Some(self.directory.join(self.raw[at].to_string()))
    }

    /// The row with this id: the last one counts, among the rows of this call,
    /// then on file. A row that a `repair` row voided has a later one.
    fn find_id(&mut self, active: &Active, drafts: &Drafts, id: &str, pending: &Pending<'_>) -> Result<Option<Found>> {
        for row in pending.rows.iter().rev() {
            if !row.again && drafts.rows().get(row.draft).is_some_and(|draft| draft.id.as_deref() == Some(id)) {
                let from = row.place.offset.saturating_sub(active.bytes) as usize;
                let text = pending.out.get(from..).unwrap_or_default();
                let end = memchr::memchr(b'\n', text).unwrap_or(text.len());
                return Ok(Some(Found { place: row.place, text: text[..end].to_vec() }));
            }
        }
        self.on_file(id)
    }

    /// The row on file with this id: the last one counts.
    pub(super) fn on_file(&mut self, id: &str) -> Result<Option<Found>> {
        let places = self.index.places_of_id(self.os, &self.directory, id)?;
        for place in places.into_iter().rev() {
            if let Some(text) = self.row_on_file(place)?
                && id_of(&text).as_deref() == Some(id)
                // What a power cut left of a row takes no id: its writer was not told it is stored.
                && json::validate(&text, json::Limits::GRAMMAR).is_ok()
            {
                return Ok(Some(Found { place, text }));
            }
        }
        Ok(None)
    }

    pub(super) fn row_on_file(&self, place: Place) -> Result<Option<Vec<u8>>> {
        row_of(self.os, &self.directory, &self.raw, place)
    }

    /// Every row that begins at or after `from`, in order.
    pub(super) fn rows_since(&self, from: Place, each: &mut dyn FnMut(Place, &[u8])) -> Result<()> {
        let end = self.raw.last().map_or(0, |name| name.number).max(self.sealed_end);
        for name in archived::sealed_names(self.os, &self.directory, &self.raw, from.segment.saturating_sub(1), end)? {
            let start = if name.number == from.segment { from.offset } else { 0 };
            archived::each_sealed_block(self.os, &self.directory, &name, start, |at, block| {
                for line in Lines::new(block).filter(|line| line.whole) {
                    each(Place { segment: name.number, offset: at + line.at as u64 }, line.text);
                }
            })?;
        }
        Ok(())
    }

    /// Writes the `repair` row with step `own` that voids the row at `place`; the row `run`#`step`
    /// stands in its place.
    pub(super) fn void(&self, place: Place, own: u64, (run, step): (&str, u64), out: &mut Vec<u8>) -> Result<()> {
        let voids = Address::Place { segment: place.segment, offset: place.offset };
        let again = Address::Step { run_id: run.to_owned(), step }.to_string();
        let kind = Kind::Repair.word();
        let mut text = format!("{{\"kind\":\"{kind}\",\"action\":\"stored a row again\",\"voids\":\"{voids}\",\"by\":")
            .into_bytes();
        json::quote_into(&again, &mut text);
        text.push(b'}');
        let row = own_row(&String::from_utf8_lossy(&text), own, &self.now_text())?;
        out.extend_from_slice(&row);
        Ok(())
    }
}

fn id_of(row: &[u8]) -> Option<String> {
    let mut values = Vec::new();
    json::pick(row, &["id"], &mut values).ok()?;
    Some(String::from_utf8_lossy(&json::decode(values[0]?)?).into_owned())
}

fn run_and_step(row: &[u8]) -> (String, Option<u64>) {
    let mut values = Vec::new();
    if json::pick(row, &["run_id", "step"], &mut values).is_err() {
        return (String::new(), None);
    }
    let run = values[0].and_then(json::decode).map(|run| String::from_utf8_lossy(&run).into_owned());
    let step = values[1].and_then(|step| std::str::from_utf8(step).ok()?.parse().ok());
    (run.unwrap_or_default(), step)
}
