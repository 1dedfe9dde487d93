//! Rows read without the lock, not all of them but some: by their place, or as they come.
//!
//! Not here: what there is to read (`snapshot`), reading all of it (`scan`).
//!
//! - `row_reader`: single rows by place; `mapped`: sealed segments in memory
//! - `watch`: rows as they come, for whoever waits

mod mapped;
pub mod row_reader;
pub mod watch;

pub use row_reader::RowReader;
pub use watch::Watch;
