//! Commands that read rows and show them; none of them writes.
//!
//! Not here: the flags and the scan they share (`cmd::reading`), what a run is (`view`).

mod branches;
pub mod fields;
pub mod query;
pub mod report;
pub mod runs;
pub mod show;
pub mod stats;
