//! The group `read`: commands that print rows and runs, and never write. One file per command.
//!
//! The table that a command alone prints is in its file. Not here: the flags and the scan that they
//! share (`cmd/shared/reading`), what a run is and its JSON (`view/runs`).
//!
//! - `branches`: the tree of `runs`
//! - `tail_files`: `tail` of files that are not a logbook · `tail_rows`: what both kinds share
//! - `reports/`: the built-in reports of `report`

pub mod blame;
pub mod branches;
pub mod diff;
pub mod fields;
pub mod query;
pub mod report;
pub mod resume;
pub mod runs;
pub mod show;
pub mod stats;
pub mod tail;
mod tail_files;
mod tail_rows;
