//! One run in full: what somebody who was not there asks about it, folded from its rows.
//! `docs/run-record.md` defines every part, and every command that shows a run shows this.
//!
//! Not here: many runs side by side (`view::runs`), how a record is shown (`render::record`).
//!
//! - `entry`: one row, its fields by name
//! - `fold`: the rows of a run into a `Record`, and what follows from it
//! - `calls`: which rows belong to one call · `approvals`: which decision answers which request
//! - `json`: a record as JSON
//! - `tree`: a run, and below it what it started and handed on
//! - `resume`: what an agent reads when it comes back · `diff`: two records compared
//! - `blame`: which rows touched a file · `paths`: when two spellings name one file
//!
//! Invariant: rows come in file order, and no row is too odd to be shown: what a record does not
//! understand is left out of its sums and kept in its timeline.

pub(crate) mod approvals;
pub mod blame;
pub(crate) mod calls;
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
