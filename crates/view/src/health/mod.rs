//! Rows looked at one after the other for what is wrong with them: what `doctor` tells of them.
//!
//! Not here: files and their permissions (`cmd::keep::checks`), what no reader takes for a row
//! (`scan::skipped`), how a finding is worded (`cmd`).
//!
//! - `rows`: the fold over all rows, as they read
//! - `schema`: what `append` would refuse of a row
//! - `tally`: how many, and where the first of them stand
//!
//! Invariant: memory grows with the runs, the requests and the corrections, and with the rows of
//! the parts that are not joined yet.

mod rows;
mod schema;
mod tally;

pub use rows::{Closed, FIELDS, Faults, Health, Part};
pub use tally::{Tallies, Tally};
