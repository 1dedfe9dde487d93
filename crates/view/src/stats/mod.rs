//! What a logbook comes to: rows and runs, by status, phase, day, agent and model; how long runs
//! were blocked, and by what.
//!
//! Not here: which rows count (`cmd/read/stats`), how tables look (`render`).
//!
//! - `part`: what rows come to that stand together, as one thread reads them
//! - `all`: parts joined · `tables`: what that comes to, as rows
//!
//! Invariant: what an earlier row says (who works in a run, where it stands) is known when the part
//! behind it is joined, so that rows in parts come to what they come to in one piece.

mod all;
mod part;
mod tables;

pub use all::Stats;
pub use part::{Counts, FIELDS, Part};
pub use tables::Table;
