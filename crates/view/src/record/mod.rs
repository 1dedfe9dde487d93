//! One run in full: what somebody who was not there asks about it, folded from its rows.
//! `docs/run-record.md` says what each part means; every command that shows a run shows this.
//!
//! Not here: many runs beside each other (`view::runs`), how a record looks (`render::record`).
//!
//! - `entry`: one row, its fields by name
//! - `fold`: the rows of a run to a `Record`
//! - `calls`: which rows are one call · `approvals`: which decision answers which request
//! - `counts`: how much happened in a run, or in it since one of its rows
//! - `json`: a record for programs
//! - `tree`: a run, and below it what it started and handed on
//! - `resume`: what an agent reads when it comes back · `diff`: two records beside each other
//! - `blame`: which rows touched a file · `paths`: when two spellings are one file
//!
//! Invariant: rows come in the order of the file, and no row is too odd to be shown: what a record
//! cannot understand it leaves out of its sums and keeps in its timeline.

pub(crate) mod approvals;
pub mod blame;
pub(crate) mod calls;
pub(crate) mod counts;
pub mod diff;
pub mod entry;
pub mod fold;
pub mod json;
pub mod paths;
pub mod resume;
pub mod tree;

pub use approvals::{Answer, Approval};
pub use calls::Call;
pub use entry::Entry;
pub use fold::{Record, Said};
pub use tree::Node;
