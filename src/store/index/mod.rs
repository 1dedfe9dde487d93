//! What is known of the rows on file without reading them: the last step of
//! each run, where it stands, where an id is. Kept in `cache/`, disposable.
//!
//! Not here: deciding what to append (`once`), reading rows (`row_reader`).
//!
//! - `known`: the tables on disk and the rows behind them, as one
//! - `table`: one file of `cache/`, with pages that know their own damage
//! - `build`: how tables are made, found and merged
//! - `runs`: every run, every correction
//!
//! Invariant: a hint is checked before it counts; deleting `cache/` changes no answer.

pub(super) mod build;
mod known;
mod runs;
mod table;

pub use known::{Index, Place, RunEntry};
pub use runs::{known_corrections, known_runs};
