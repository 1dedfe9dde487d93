//! What a scan is asked for, and what it reports.

use super::skipped::Skipped;
use logbook_query::Probe;

/// What a scan wants of every row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'q> {
    /// The names of the fields to pick; [`Row::fields`](logbook_query::Row) has their values in
    /// this order.
    pub names: &'q [String],
    /// Every row is validated in full. Otherwise only its structure and the picked fields are.
    pub strict: bool,
    /// Only lines that contain one of these, or any `\u`, need to be looked at. Empty: all lines
    /// do.
    pub literals: &'q [Vec<u8>],
    /// Only lines that may pass this test, or that contain any `\u`, need to be looked at.
    pub probe: Option<&'q Probe>,
    /// Lines that are passed over are counted as rows too.
    pub counts: bool,
    /// A line with the structure of an object is a row, and an invalid value in it is read as null.
    /// Otherwise a line is skipped if a picked field is invalid, as gates need that decide by rows.
    pub mends: bool,
}

/// What a scan has read.
#[derive(Debug, Default)]
pub struct Scanned {
    /// Rows that were handed on and, with [`Wanted::counts`], those that were passed over.
    pub rows: u64,
    /// Bytes read, after unpacking.
    pub bytes: u64,
    /// Lines and files that could not be read.
    pub skipped: Skipped,
    /// Rows that are not valid JSON in full and were read all the same ([`Wanted::mends`]).
    pub mended: Skipped,
    /// Some lines were passed over without being looked at, so nothing is known about errors in
    /// them.
    pub partly: bool,
}

impl Scanned {
    /// Adds what a later part of the same scan has read.
    pub fn join(&mut self, later: Scanned) {
        self.rows += later.rows;
        self.bytes += later.bytes;
        self.partly |= later.partly;
        self.skipped.join(later.skipped);
        self.mended.join(later.mended);
    }
}
