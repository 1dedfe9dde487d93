//! Totals of a logbook: rows and runs by status, phase, day, agent and model; how long runs were
//! blocked, and by what.
//!
//! Not here: which rows count (`cmd/read/stats`), how tables are shown (`render`).
//!
//! - `part`: the totals of consecutive rows, which one thread has read
//! - `all`: parts joined · `tables`: the totals as rows
//!
//! Invariant: what earlier rows say (the agent of a run, its state) is known when a later part is
//! joined, so that rows in parts give the same totals as all rows at once.

mod all;
mod part;
mod tables;

pub use all::Stats;
pub use part::{Counts, FIELDS, StatsPart};
pub use tables::Table;
