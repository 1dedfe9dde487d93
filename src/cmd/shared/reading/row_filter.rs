//! A filter that is evaluated row by row, within the limit on the time for each row.

use crate::cmd::shared::guard::Evaluation;
use logbook_query::eval::source::Eval;
use logbook_query::{Plan, Row};

/// The filter of a plan, and its limits.
#[derive(Clone, Copy)]
pub struct RowFilter<'p> {
    /// The plan, of which only the filter is used.
    pub plan: &'p Plan,
    /// The limits.
    pub within: &'p Evaluation<'p>,
}

impl<'p> RowFilter<'p> {
    /// Whether a row passes. A row on which a jq program fails does not.
    pub fn passes(&self, row: &Row<'_>, eval: &mut Eval<'p>) -> bool {
        self.within.row(|| self.plan.filter().is_none_or(|filter| filter.matches(row, eval).unwrap_or(false)))
    }
}
