//! What `doctor` looks at, and what it finds there.
//!
//! Not here: the place and its disk (`doctor`), the folds (`view::health`), proofs (`verify`).
//!
//! - `finding`: one thing that is found, as lines and as JSON
//! - `files`: doubled numbers, the manifest, torn tails · `access`: who may write, owners, links ·
//!   `cache`: what cannot be used
//! - `lies`: files of `cache/` held against the rows that they tell of
//! - `rows`: the pass over all rows, and what is wrong with single ones
//! - `secrets`: what redaction would have replaced
//! - `gates`: rules and contracts that refuse every call
//! - `runs`: what runs wait for · `corrections`: those that do nothing
//!
//! Invariant: damage is what a writer stored and a reader cannot have any more, or has twice;
//! everything else is a warning or a note.

pub mod access;
pub mod cache;
mod corrections;
pub mod files;
mod finding;
pub mod gates;
pub mod lies;
pub mod rows;
mod runs;
mod secrets;

pub use finding::{Finding, Level};
pub use secrets::Redactors;
