//! A row with an id that is on file is not stored again (`docs/format.md`, id). Whether it is, and
//! which step a new row gets, is decided here.

use super::base::Found;
use super::batch::Batch;
use super::catch_up::Writable;
use super::group_commit::Unsynced;
use crate::config::Durability;
use crate::os::How;
use crate::parts::Place;
use logbook_format::draft::STEP_MAX;
use logbook_format::{Draft, body};
use logbook_json as json;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Address, Kind};

/// What becomes of one draft.
pub(super) enum Verdict {
    /// It is stored with this step.
    Store(u64),
    /// It is on file.
    There(u64, Place),
    /// It is stored again with this step, in place of the row here, whose segment is suspect.
    Instead(u64, Place),
}

impl Writable<'_, '_> {
    /// Decides about `draft`. `last` is the last step of its run. Errors: exit 2 refuses the row.
    pub(super) fn decide(&mut self, batch: &Batch<'_>, draft: &Draft, last: u64) -> Result<Verdict> {
        if let Some(id) = &draft.id {
            let found = match batch.find_id(id) {
                None => self.base.on_file(id)?,
                found => found,
            };
            if let Some(found) = found {
                return self.decide_again(batch, draft, id, &found);
            }
        }
        match draft.step {
            Some(step) if step <= last => {
                let run = batch.drafts.run_of(draft);
                Err(Error::usage(format!("step {step} of run {run:?} is not free: its last step is {last}"))
                    .hint("leave --step out, and the row gets the next one"))
            }
            Some(step) => Ok(Verdict::Store(step)),
            None if last >= STEP_MAX => Err(Error::usage("the run has no steps left")),
            None => Ok(Verdict::Store(last + 1)),
        }
    }

    /// Decides about a draft whose `id` has the row `found`.
    fn decide_again(&mut self, batch: &Batch<'_>, draft: &Draft, id: &str, found: &Found) -> Result<Verdict> {
        let mut given = Vec::new();
        batch.drafts.render(draft, 1, &mut given);
        given.pop();
        let (run, step) = run_and_step(&found.text);
        let address = match step {
            Some(step) => Address::Step { run_id: run, step },
            None => Address::Place { segment: found.place.segment, offset: found.place.offset },
        };
        if !body::same(&found.text, &given, draft.filled_timestamp) {
            return Err(Error::usage(format!(
                "id {id:?} is taken by another row: {address} on file, a different one for run {:?} given",
                batch.drafts.run_of(draft)
            ))
            .hint(format!("logbook show {address}   # the row on file; a new row needs a new --id")));
        }
        let step = step.unwrap_or(0);
        let is_in_active = found.place.segment == self.active.name.number;
        if !is_in_active && self.line.is_suspect(found.place.segment) {
            return Ok(Verdict::Instead(step.max(1), found.place));
        }
        if self.base.durability() == Durability::Data {
            if is_in_active {
                // The row may be anywhere in the segment, so all of it must be durable.
                Unsynced::add(&mut self.base.unsynced, &self.active, 0, self.active.bytes);
            } else {
                self.sync_sealed_again(found.place.segment)?;
            }
        }
        Ok(Verdict::There(step, found.place))
    }

    /// Makes a row in a sealed segment durable: the writer that sealed it may have promised less.
    fn sync_sealed_again(&mut self, number: u64) -> Result<()> {
        let base = &mut *self.base;
        // An archived segment was synced before its raw file was removed.
        let Ok(at) = base.raw.binary_search_by_key(&number, |name| name.number) else { return Ok(()) };
        let path = base.directory.join(base.raw[at].to_string());
        let fail = |error: std::io::Error| {
            Error::new(Exit::Unknown, format!("the row is on file, but not synced: {}: {error}", path.display()))
                .hint("append it again with the same --id: it is then stored once")
        };
        let file = match base.os.open(&path, How::Read, 0) {
            // Archived since it was listed, and so synced.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            file => file.map_err(fail)?,
        };
        base.os.sync_data(&file).map_err(|error| {
            // A second sync would succeed, with the row lost.
            match self.lock.mark_suspect(base.os, number) {
                Ok(()) => fail(error),
                Err(why) => fail(error).within(format_args!("{why}; it could not be marked suspect")),
            }
        })
    }

    /// The `repair` row with step `own_step` that voids the row at `place`. The row `step` of `run`
    /// replaces it.
    pub(super) fn void_row(&self, place: Place, own_step: u64, run: &str, step: u64) -> Result<Vec<u8>> {
        let voids = Address::Place { segment: place.segment, offset: place.offset };
        let again = Address::Step { run_id: run.to_owned(), step }.to_string();
        let kind = Kind::Repair.word();
        let mut text = format!("{{\"kind\":\"{kind}\",\"action\":\"stored a row again\",\"voids\":\"{voids}\",\"by\":")
            .into_bytes();
        json::quote_into(&again, &mut text);
        text.push(b'}');
        self.base.own_row(&text, own_step)
    }
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
