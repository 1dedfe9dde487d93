//! What a scan is asked for, and what it reports.

use super::skipped::Skipped;
use logbook_query::Probe;

/// What a scan asks of every row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'q> {
    /// The fields that are picked, in order.
    pub names: &'q [String],
    /// Every row is judged whole, else by its frame.
    pub strict: bool,
    /// Only lines that hold one of these, or some `\u`, need to be looked at; none: all lines.
    pub literals: &'q [Vec<u8>],
    /// Only lines that may pass by this, or hold some `\u`, need to be looked at.
    pub probe: Option<&'q Probe>,
    /// Lines that are passed over are counted too.
    pub counts: bool,
    /// A line is a row by its frame alone, whatever is picked: what is not a value in it is null.
    /// Else one whose picked fields are no values is skipped, which those need who decide by rows.
    pub mends: bool,
}

/// What a scan read.
#[derive(Debug, Default)]
pub struct Scanned {
    /// Rows that were handed on; where it was asked for, also those passed over unseen because they
    /// could not matter.
    pub rows: u64,
    /// Bytes read, after unpacking.
    pub bytes: u64,
    /// What was not handed on.
    pub skipped: Skipped,
    /// Rows that are not JSON throughout, and were read all the same.
    pub mended: Skipped,
    /// Lines were passed over unseen, since they could not matter.
    pub partly: bool,
}

impl Scanned {
    /// Adds what was read after it.
    pub fn join(&mut self, later: Scanned) {
        self.rows += later.rows;
        self.bytes += later.bytes;
        self.partly |= later.partly;
        self.skipped.join(later.skipped);
        self.mended.join(later.mended);
    }
}
