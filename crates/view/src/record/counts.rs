//! How much happened in a run, or in it since one of its rows.

use super::{Entry, Record};
use crate::facts::Facts;
use logbook_model::Kind;

impl Record {
    /// Counts of what happened after the row at `after`, or in all, by name. A call counts at its
    /// newest row is; one that was refused is not a call that was made.
    pub(crate) fn counts(&self, after: Option<usize>) -> [(&'static str, usize); 7] {
        let is_new = |at: usize| after.is_none_or(|after| at > after);
        let rows = |holds: &dyn Fn(&Entry) -> bool| self.valid().filter(|(at, row)| is_new(*at) && holds(row)).count();
        let is_new_call = |rows: &[usize]| rows.last().is_some_and(|at| is_new(*at));
        let calls = self.calls.iter().filter(|call| call.is_made(&self.rows) && is_new_call(&call.rows));
        let is_step = |row: &Entry| matches!(row.kind(), Kind::Step | Kind::Other | Kind::Handoff) && !row.has_call();
        [
            ("calls", calls.count()),
            ("calls refused", rows(&Entry::denies)),
            ("requests", rows(&|row| row.is(Kind::ApprovalRequested))),
            ("decisions", rows(&|row| row.kind().is_decision() && !row.denies())),
            ("other steps", rows(&is_step)),
            ("notes", rows(&|row| row.is(Kind::Note))),
            ("errors", rows(&Entry::went_wrong)),
        ]
    }
}
