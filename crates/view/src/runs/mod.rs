//! A summary of each run: its state, what was said about it, what it cost, what it did.
//!
//! Not here: which bytes are read (`scan::cached_fold`), tables (`render`), the rows of one run
//! (`view::record`).
//!
//! - `run`: one run, what a row changes in it, and the line about it that lists show
//! - `last`: what a run did last, and why it stopped
//! - `texts`: the texts of one row in one allocation
//! - `all`: all runs of some rows, and joining those of later rows
//! - `live`: all runs in display order, kept up to date while rows come
//! - `pack`: runs as the bytes of a cache file, and back
//! - `tree`: parents and children, and what they cost together
//! - `json`: a run as a JSON object, for filters and every output format
//! - `cards`: the number of running, blocked, failed and recently finished runs
//!
//! Invariant: joining the runs of any parts of the rows gives the runs of all rows.

pub(crate) mod all;
pub(crate) mod cards;
pub mod json;
pub(crate) mod last;
pub(crate) mod live;
mod pack;
pub(crate) mod run;
pub(crate) mod texts;
pub(crate) mod tree;

pub use all::{Runs, is_packed, says, unpack};
pub use cards::Cards;
pub use live::LiveRuns;
pub use run::{FIELDS, Run, what_now};
pub use tree::Tree;
