//! One record for each run: where it stands, what was said of it, what it cost, what it did.
//!
//! Not here: which bytes are read (`scan::folded`), tables (`render`), the rows of one run
//! (`view::timeline`).
//!
//! - `run`: one run, and what a row changes in it
//! - `last`: what a run did last, and why it stopped · `now`: which of it lists show
//! - `texts`: texts of one row, in one piece of memory
//! - `all`: all runs of some rows; those of rows that stand behind one another, joined
//! - `kept_up`: the same kept in order while rows come
//! - `pack`: runs as bytes, for `cache/`, and back
//! - `tree`: parents and children, and what they cost together
//! - `json`: a run as a JSON object, which filters and every output format read
//! - `cards`: how many are at work, blocked, failed, and done over night
//!
//! Invariant: runs of rows joined from any parts are those of the rows in one piece.

pub(crate) mod all;
pub(crate) mod cards;
pub mod json;
pub(crate) mod kept_up;
pub(crate) mod last;
pub(crate) mod now;
mod pack;
pub(crate) mod run;
pub(crate) mod texts;
pub(crate) mod tree;

pub use all::{Runs, is_packed, says, unpack};
pub use cards::Cards;
pub use kept_up::KeptUp;
pub use now::what_now;
pub use run::{FIELDS, Run};
pub use tree::Tree;
