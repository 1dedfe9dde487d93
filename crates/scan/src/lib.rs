//! Where store and query meet: inputs are opened, unpacked, split into rows,
//! and fed to whoever folds them. Rows that cannot be read are skipped and
//! counted here, never fatal.
//!
//! Not here: what a row means (`query`, `view`), how it is shown (`render`).
//!
//! - `layout`: how rows stand in inputs · `rows`: as a stream of lines, in constant memory ·
//!   `documents`: as values
//! - `skipped`: the account of what was not read, and where · `numbers`: in which lines · `looks`:
//!   what it looks like
//! - `damaged`: how many rows a damaged archive is short of
//! - `source`: what is to be read, with the corrections among it
//! - `corrections`: finds them, before a scan begins
//! - `voided`: places that count no more
//! - `doubles`: ids that stand on two rows
//! - `prune`: segments that cannot hold an answer, left out · `summarize`: what is known of all
//!   rows of one together
//! - `pieces`: inputs cut into what can be read side by side
//! - `sparse`: lines that can matter, before any is looked at
//! - `reader`: rows of one piece after the other, with their fields: what one thread does
//! - `feed`: all rows on this thread · `parallel`: on all cores, the results in order
//! - `folded`: a fold of which a part is known from `cache/`
//!
//! Invariant: rows come in the order of the inputs and of the bytes in them.

pub mod corrections;
mod damaged;
mod documents;
mod doubles;
mod feed;
mod folded;
mod layout;
mod looks;
mod numbers;
mod parallel;
mod pieces;
mod prune;
mod reader;
pub mod rows;
mod scan;
mod skipped;
mod source;
mod sparse;
mod summarize;
mod voided;

pub use doubles::{DoubledId, Ids};
pub use feed::{feed, feed_wanted};
pub use folded::{Fold, How, Part, folded};
pub use layout::Layout;
pub use numbers::{line_of, number};
pub use parallel::{Task, Threads, in_parallel};
pub use prune::Pruning;
pub use reader::not_json;
pub use scan::{Scanned, Wanted};
pub use skipped::{Class, Entry, Skipped};
pub use source::{Corrected, LeftOut, Source};
pub use summarize::summarize;
