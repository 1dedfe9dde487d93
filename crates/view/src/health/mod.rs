//! What is wrong with rows, as `doctor` reports it.
//!
//! Not here: files and their permissions (`cmd::keep::checks`), lines that are not rows
//! (`scan::skipped`), the wording of a finding (`cmd`).
//!
//! - `rows`: the fold over all rows, with corrections applied
//! - `schema`: what `append` would refuse in a row
//! - `tally`: how many rows have a fault, and the places of the first of them
//!
//! Invariant: memory grows with the number of runs, requests and corrections, and with the rows of
//! the parts that are not joined yet.

mod rows;
mod schema;
mod tally;

pub use rows::{Closed, FIELDS, Faults, Health, HealthPart};
pub use tally::{Tallies, Tally};
