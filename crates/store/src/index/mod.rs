//! What is known of the rows on file without reading them: the last step of
//! each run, where it stands, where an id is. Kept in `cache/`, disposable.
//!
//! Not here: deciding what to append (`once`), reading rows (`row_reader`).
//!
//! - `known`: the tables on disk and the rows behind them, as one
//! - `unread`: rows that were read under the lock, and are looked at when somebody asks
//! - `table`: one file of `cache/`, with pages that know their own damage
//! - `build`: how tables are made, found and merged
//! - `runs`: one run, every correction
//! - `health`: files that cannot be used · `proof`: tables held against the rows
//! - `kept`: files of `cache/` about one segment each · `summary`: what is known of all its rows;
//!   `run_filter`: their runs
//!
//! Invariant: a hint is checked before it counts; deleting `cache/` changes no answer.

pub(super) mod build;
pub mod health;
pub mod kept;
mod known;
pub mod proof;
mod run_filter;
mod runs;
pub mod summary;
mod table;
mod unread;

pub(super) use build::{make_cache, unique};
pub use kept::{Draft, Identity, Kept, Kind};
pub use known::Place;
pub(crate) use known::{Index, RunEntry, Turn};
pub use run_filter::{RunFilter, RunFilterBuilder};
pub use runs::{known_corrections, may_have_ended};
pub use summary::{Summary, Words};
