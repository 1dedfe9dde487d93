//! Commands that read rows and show them; none of them writes.
//!
//! Not here: the flags and the scan they share (`cmd::shared::reading`), what a run is (`view`).

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
