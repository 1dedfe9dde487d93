//! What reading commands share: from their flags to the rows they print.
//!
//! Not here: any one command.
//!
//! - `flags`: the flags they all have · `conditions`: conditions that those add to a query
//! - `wording`: a query as flags and text, compiled
//! - `open`: open a logbook · `files`: open files, directories and standard input instead
//! - `answer`: the results of a query on their way to the reader · `job`: the work of one thread of
//!   its scan · `interruptible`: standard input that ends at Ctrl-C
//! - notes beside the results: `skipped` lines, `mismatches` of values, `outdated` rows, `unknown`
//!   fields and words
//! - `row_filter`: a filter row by row · `gather`: the rows of a few runs · `run_record`: the
//!   record of a run
//! - `runs`: all runs of a logbook, and queries over them
//! - `saved`: saved queries and their parameters

pub mod answer;
mod conditions;
pub mod files;
mod flags;
pub mod gather;
mod interruptible;
pub mod job;
pub mod mismatches;
mod open;
mod outdated;
mod row_filter;
pub mod run_record;
pub mod runs;
pub mod saved;
mod skipped;
pub mod unknown;
pub mod wording;

pub use conditions::{require, test};
pub use files::Files;
pub use flags::{Reading, TimeField};
pub use open::{Corrections, Found, address, cores, find, is_logbook_here, logbook, logbook_at, logbook_for};
pub use row_filter::RowFilter;
pub use skipped::note_skipped;
