//! The rows of one call, as they are decided one after the other and rendered to be written at
//! once.

use super::base::Found;
use crate::parts::{Active, Place};
use logbook_format::{Draft, Drafts};
use logbook_model::run_id;

/// A row that is on file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Its index among the drafts.
    pub draft: usize,
    /// Its step.
    pub step: u64,
    /// Where it begins.
    pub place: Place,
    /// Whether it was there before, under the same id.
    pub again: bool,
}

/// The rows of one call.
pub(super) struct Batch<'c> {
    pub drafts: &'c Drafts,
    /// The bytes to write.
    pub out: &'c mut Vec<u8>,
    pub rows: Vec<Stored>,
    /// Whether rows about the logbook itself are in `out`, which are in no draft.
    pub has_own_rows: bool,
    /// Where `out` begins.
    start: Place,
    /// The last step of each run, as far as it was looked up; behind them that of the logbook's own
    /// run.
    steps: Vec<Option<u64>>,
    own_run: usize,
}

impl<'c> Batch<'c> {
    /// A batch to be written to the end of `active`. `out` is a buffer that is used again.
    pub(super) fn new(drafts: &'c Drafts, out: &'c mut Vec<u8>, active: &Active) -> Batch<'c> {
        out.clear();
        let runs = drafts.runs();
        Batch {
            drafts,
            out,
            rows: Vec::with_capacity(drafts.rows().len()),
            has_own_rows: false,
            start: Place { segment: active.name.number, offset: active.bytes },
            steps: vec![None; runs.len() + 1],
            own_run: runs.iter().position(|run| run == run_id::LOGBOOK).unwrap_or(runs.len()),
        }
    }

    /// Where the next row begins.
    fn next_place(&self) -> Place {
        Place { offset: self.start.offset + self.out.len() as u64, ..self.start }
    }

    /// The last step of the run of `draft`, if it was looked up or used before.
    pub(super) fn last_step(&self, draft: &Draft) -> Option<u64> {
        self.steps[draft.run as usize]
    }

    /// The same of the logbook's own run.
    pub(super) fn own_last_step(&self) -> Option<u64> {
        self.steps[self.own_run]
    }

    /// Marks the steps of the run of `draft` as used, up to `step`.
    pub(super) fn use_step(&mut self, draft: &Draft, step: u64) {
        let last = &mut self.steps[draft.run as usize];
        *last = (*last).max(Some(step));
    }

    /// Adds the draft with this index as a new row.
    pub(super) fn push(&mut self, index: usize, draft: &Draft, step: u64) {
        self.rows.push(Stored { draft: index, step, place: self.next_place(), again: false });
        self.drafts.render(draft, step, self.out);
    }

    /// Adds a row about the logbook itself.
    pub(super) fn push_own(&mut self, row: &[u8], step: u64) {
        self.has_own_rows = true;
        self.steps[self.own_run] = Some(step);
        self.out.extend_from_slice(row);
    }

    /// The row of this batch with this id: the last one counts.
    pub(super) fn find_id(&self, id: &str) -> Option<Found> {
        let has_id = |row: &&Stored| {
            !row.again && self.drafts.rows().get(row.draft).is_some_and(|draft| draft.id.as_deref() == Some(id))
        };
        let row = self.rows.iter().rev().find(has_id)?;
        let from = row.place.offset.saturating_sub(self.start.offset) as usize;
        let text = self.out.get(from..).unwrap_or_default();
        let end = memchr::memchr(b'\n', text).unwrap_or(text.len());
        Some(Found { place: row.place, text: text[..end].to_vec() })
    }

    /// The rows that are new.
    pub(super) fn new_rows(&self) -> impl Iterator<Item = &Stored> {
        self.rows.iter().filter(|row| !row.again)
    }

    /// The offset in `out` after a new row.
    pub(super) fn end_of(&self, row: &Stored) -> usize {
        let from = (row.place.offset - self.start.offset) as usize;
        memchr::memchr(b'\n', &self.out[from..]).map_or(self.out.len(), |length| from + length + 1)
    }
}
