//! What is known of the rows on file without reading them: the last step of each run, whether it
//! has ended, where the row with an id is. Stored in `cache/` and disposable.
//!
//! Not here: deciding what to append (`append::duplicates`), reading rows (`read::row_reader`), how
//! cache files are checked and published (`cache`).
//!
//! - `entries`: what the index keeps of a row · `unparsed`: rows of the active segment that were
//!   read and not parsed
//! - `table`: entries in one file of `cache/` · `memory`: tables and rows behind them, as one index
//! - `build`: how tables are made, found and merged · `lookup`: questions to the index
//! - `health`: cache files that cannot be used · `proof`: tables compared with the rows
//! - `segment_cache`: cache files about one segment each · `summary`: one about all its rows ·
//!   `run_filter`: their runs
//!
//! Invariant: what the index says is checked before it counts. Deleting `cache/` changes no answer.

pub(super) mod build;
pub(crate) mod entries;
pub mod health;
mod lookup;
mod memory;
pub mod proof;
mod run_filter;
pub mod segment_cache;
pub mod summary;
mod table;
mod unparsed;

pub(crate) use entries::{Key, RunEntry};
pub use lookup::{known_corrections, may_have_ended};
pub(crate) use memory::Index;
pub use run_filter::{RunFilter, RunFilterBuilder};
pub use segment_cache::{CacheDraft, CacheKind, Identity};
pub use summary::{Summary, Words};
