//! Deciding and writing the rows of a call, and telling the index of them once the lock is
//! released.

use super::base::Base;
use super::batch::{Batch, Stored};
use super::catch_up::Writable;
use super::duplicates::Verdict;
use super::group_commit::Unsynced;
use crate::index::{Key, RunEntry};
use crate::os::write_full;
use logbook_format::{Draft, Drafts};
use logbook_model::error::{Error, Exit, Result};
use logbook_model::run_id;

/// The result of a call.
#[derive(Debug, Default)]
pub struct Appended {
    /// The rows on file, in order.
    pub rows: Vec<Stored>,
    /// Rows refused under the lock: index among the drafts, and why.
    pub refused: Vec<(usize, Error)>,
    /// What went wrong, if the rest was not tried.
    pub failed: Option<Error>,
}

impl Appended {
    /// The rows, if none was refused and nothing failed.
    pub fn all(mut self) -> Result<Vec<Stored>> {
        match self.failed.take().or_else(|| self.refused.drain(..).next().map(|(_, error)| error)) {
            Some(error) => Err(error),
            None => Ok(self.rows),
        }
    }
}

/// What happens to the other rows of a call when one is refused under the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRefused {
    /// Rows before it are stored, it and those after it are not.
    Stop,
    /// All others are stored.
    Skip,
    /// None is stored.
    Abort,
}

/// At most this many runs that had ended are kept: more than are named, so that it can be said that
/// there are more.
const LATE_MAX: usize = 4;

/// Bytes that a step and its key add to a row: near enough to know when a segment is full.
const STEP_BYTES: usize = 26;

/// About how many bytes `drafts` come to as rows.
pub(super) fn bytes_of(drafts: &Drafts) -> u64 {
    (drafts.bytes() + drafts.rows().len() * STEP_BYTES) as u64
}

/// The rows of a call are written.
#[must_use]
pub(super) struct Written {
    /// The end of the active segment, if the index can be told of its new rows. `None`: the index
    /// is to read them.
    told_to: Option<u64>,
}

impl Writable<'_, '_> {
    /// Decides about `drafts` and writes those that are new. `out` is a buffer that is used again.
    pub(super) fn write(
        mut self,
        drafts: &Drafts,
        on_refused: OnRefused,
        out: &mut Vec<u8>,
        appended: &mut Appended,
    ) -> Result<Written> {
        let mut batch = Batch::new(drafts, out, &self.active);
        self.report_missing(&mut batch)?;
        for (index, draft) in drafts.rows().iter().enumerate() {
            match self.add(&mut batch, index, draft) {
                Ok(()) => {}
                Err(error) if error.exit != Exit::Usage => return Err(error),
                Err(error) => {
                    appended.refused.push((index, error));
                    match on_refused {
                        OnRefused::Skip => {}
                        OnRefused::Stop => break,
                        OnRefused::Abort => {
                            self.base.active = Some(self.active);
                            return Ok(Written { told_to: None });
                        }
                    }
                }
            }
        }
        if batch.new_rows().next().is_none() {
            batch.out.clear();
        }
        self.write_out(&batch, appended)?;
        self.note_late(&batch);
        // The index reads rows that say something of other rows.
        let carries = |row: &Stored| drafts.rows().get(row.draft).is_some_and(|draft| draft.is_carried);
        let is_plain = !batch.has_own_rows && !batch.rows.iter().any(carries);
        let told_to = is_plain.then_some(self.active.bytes);
        appended.rows = batch.rows;
        self.base.active = Some(self.active);
        Ok(Written { told_to })
    }

    /// Adds the `repair` row that reports missing segments, if this is the first row of a segment
    /// behind them.
    fn report_missing(&mut self, batch: &mut Batch<'_>) -> Result<()> {
        if self.active.bytes == 0
            && let Some(missing) = self.base.missing_before(self.active.name.number)?
        {
            let step = self.next_own_step(batch)?;
            batch.push_own(&self.base.own_row(missing.print().as_bytes(), step)?, step);
        }
        Ok(())
    }

    /// Decides about one draft and adds it to the batch. Errors: exit 2 refuses it.
    fn add(&mut self, batch: &mut Batch<'_>, index: usize, draft: &Draft) -> Result<()> {
        let run = batch.drafts.run_of(draft);
        let last = match batch.last_step(draft) {
            Some(last) => last,
            None => self.base.last_step(run)?,
        };
        match self.decide(batch, draft, last)? {
            Verdict::Store(step) => {
                batch.use_step(draft, last.max(step));
                batch.push(index, draft, step);
            }
            Verdict::There(step, place) => batch.rows.push(Stored { draft: index, step, place, again: true }),
            Verdict::Instead(step, place) => {
                batch.use_step(draft, last.max(step));
                // The old place is voided first: a write that is cut short in between must not
                // leave the row there twice.
                let own_step = self.next_own_step(batch)?;
                batch.push_own(&self.void_row(place, own_step, run, step)?, own_step);
                batch.push(index, draft, step);
            }
        }
        Ok(())
    }

    /// Appends the bytes of the batch to the segment. If only some could be written, the rows that
    /// are whole are stored.
    fn write_out(&mut self, batch: &Batch<'_>, appended: &mut Appended) -> Result<()> {
        let active = &mut self.active;
        let end = active.bytes + batch.out.len() as u64;
        if !batch.out.is_empty() {
            Unsynced::add(&mut self.base.unsynced, active, active.bytes, end);
        }
        let Err((written, error)) = write_full(self.base.os, &active.file, batch.out) else {
            active.bytes = end;
            return Ok(());
        };
        let message = format!("{}: {error}", active.path.display());
        let is_whole = |row: &&Stored| batch.end_of(row) <= written;
        appended.rows.extend(batch.new_rows().take_while(is_whole));
        // The next append adopts a row that lacks its newline only.
        Err(match batch.new_rows().find(|row| !is_whole(row)) {
            Some(next) if written + 1 == batch.end_of(next) => Error::new(Exit::Unknown, message)
                .hint("the row may be stored: append it again with the same --id to have it once"),
            _ => Error::io(message),
        })
    }

    /// The next step of the logbook's own run.
    fn next_own_step(&mut self, batch: &Batch<'_>) -> Result<u64> {
        let last = match batch.own_last_step() {
            Some(last) => last,
            None => self.base.last_step(run_id::LOGBOOK)?,
        };
        Ok(last + 1)
    }

    /// Notes which runs had ended and get these rows. A hint, as the index is.
    fn note_late(&mut self, batch: &Batch<'_>) {
        let base = &mut *self.base;
        if base.late.len() >= LATE_MAX {
            return;
        }
        let drafts = batch.drafts;
        let mut is_late = vec![None; drafts.runs().len()];
        for draft in batch.new_rows().filter_map(|row| drafts.rows().get(row.draft)) {
            if let Some(is_late) = is_late.get_mut(draft.run as usize) {
                // Rows that begin or end the run are expected.
                *is_late = Some(draft.turn.is_none() && draft.is_of_run && *is_late != Some(false));
            }
        }
        for (run, _) in drafts.runs().iter().zip(is_late).filter(|(_, is_late)| *is_late == Some(true)) {
            if base.late.len() >= LATE_MAX {
                return;
            }
            let turn = base.index.turn(base.os, &base.directory, run);
            if turn.is_ok_and(|turn| turn.is_some_and(|turn| turn.is_end)) && !base.late.contains(run) {
                base.late.push(run.clone());
            }
        }
    }
}

impl Written {
    /// Adds the new rows to the index of `base`: once for each run, and without the lock, since no
    /// other writer waits for it.
    pub(super) fn update_index(self, base: &mut Base<'_>, drafts: &Drafts, rows: &[Stored]) {
        let Some(end) = self.told_to else { return };
        let index = &mut base.index;
        let mut entries: Vec<Option<RunEntry>> = vec![None; drafts.runs().len()];
        for row in rows.iter().filter(|row| !row.again) {
            let Some(draft) = drafts.rows().get(row.draft) else { continue };
            if let Some(id) = &draft.id {
                index.add_place(Key::Id(id), row.place);
            }
            if draft.is_correction {
                index.add_place(Key::Corrections, row.place);
            }
            if draft.is_hold {
                index.add_place(Key::Holds, row.place);
            }
            if draft.has_parent {
                index.add_place(Key::ParentsOf(drafts.run_of(draft)), row.place);
            }
            let new = RunEntry::of_row(row.place, row.step, draft.turn);
            match entries.get_mut(draft.run as usize) {
                Some(Some(entry)) => entry.join(&new),
                Some(entry) => *entry = Some(new),
                None => {}
            }
        }
        for (run, entry) in drafts.runs().iter().zip(entries) {
            if let Some(entry) = entry {
                index.add_run(run, &entry);
            }
        }
        index.wrote_to(end);
    }
}
