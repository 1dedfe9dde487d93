//! The checks of `doctor`, one sort of fault per file.
//!
//! To add one: a file here, and a line in `doctor::check_all`. Not here: the disk that the logbook
//! is on (`doctor`), the folds (`view::health`), proofs (`verify`).
//!
//! - `finding`: one thing that a check reports, as lines and as JSON
//! - `files`: duplicate segment numbers, the manifest, torn tails · `access`: permissions, owners,
//!   links · `cache`: files of `cache/` that cannot be used
//! - `false_cache`: files of `cache/` that contradict the rows
//! - `rows`: the pass over all rows, and faults of single rows
//! - `secrets`: what redaction would have replaced
//! - `gates`: rules and contracts that refuse every call
//! - `runs`: what runs wait for · `corrections`: corrections that have no effect
//!
//! Invariant: damage is what a writer stored and a reader cannot get any more, or gets twice.
//! Everything else is a warning or a note.

pub mod access;
pub mod cache;
mod corrections;
pub mod false_cache;
pub mod files;
mod finding;
pub mod gates;
pub mod rows;
mod runs;
mod secrets;

pub use finding::{Finding, Level};
pub use secrets::Redactors;
