//! Rules that a logbook's files word (conditions, jq programs, JSON Schemas), asked about one call. A rule that may run away
//! is evaluated in a process beside this one, which ends when it takes too much: whoever asked is told, and refuses.
//!
//! Not here: which rules there are (`policy`, `contract`), what becomes of the call (`intent`).
//!
//! - `rules`: rules compiled and evaluated, whatever they take
//! - `beside`: the other process, as seen from this one · `bench`: the same from inside
//! - `judge`: a question and its answer

pub mod bench;
mod beside;
mod judge;
mod rules;

pub use judge::Judge;
pub use rules::Rule;
