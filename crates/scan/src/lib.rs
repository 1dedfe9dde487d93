//! Where the store and the query language meet: inputs are opened, unpacked and split into rows,
//! and the rows are fed to a fold. Rows that cannot be read are skipped and counted; they never end
//! a scan.
//!
//! Not here: what a row means (`query`, `view`), how it is shown (`render`).
//!
//! - `source`: which inputs are read, and what is known about their rows · `scan`: what a scan is
//!   asked for and what it reports
//! - `layout`: how rows are laid out in an input · `rows`: an input as lines, in constant memory ·
//!   `documents`: an input as JSON values
//! - `pieces`: inputs cut into pieces that threads can read side by side
//! - `reader`: the rows of one piece with their fields; what one thread does · `line_search`: the
//!   lines of a block that can matter, found without looking at the others
//! - `feed`: all rows on this thread · `parallel`: all rows on all cores, results in order
//! - `corrections`: finds corrections before a scan begins · `voided`: places whose row was stored
//!   again elsewhere
//! - `skipped`: what was not read, and where · `line_numbers`: on which lines that is · `damaged`:
//!   how many rows a damaged archive lacks
//! - `prune`: leaves out segments that cannot hold an answer · `summarize`: the summary of a
//!   segment that decides it
//! - `cached_fold`: a fold whose results for old segments are kept in `cache/`
//! - `duplicate_ids`: ids that more than one row has
//!
//! Invariant: rows come in the order of the inputs and of the bytes in them.

mod cached_fold;
pub mod corrections;
mod damaged;
mod documents;
mod duplicate_ids;
mod feed;
mod layout;
mod line_numbers;
mod line_search;
mod parallel;
mod pieces;
mod prune;
mod reader;
pub mod rows;
mod scan;
mod skipped;
mod source;
mod summarize;
mod voided;

pub use cached_fold::{Fold, FoldOptions, FoldPart, cached_fold};
pub use duplicate_ids::{DuplicateId, Ids};
pub use feed::{feed, feed_wanted};
pub use layout::Layout;
pub use line_numbers::{find_line_numbers, line_of};
pub use parallel::{Task, Threads, in_parallel};
pub use prune::Pruning;
pub use reader::not_json;
pub use scan::{Scanned, Wanted};
pub use skipped::{Class, Entry, Skipped};
pub use source::{Corrected, LeftOut, Source};
pub use summarize::summarize;
