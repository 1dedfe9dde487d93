//! Rules that a logbook's files word (conditions, jq programs, JSON Schemas), asked about one call.
//! A rule that may run away is evaluated in a process beside this one, which ends when it takes too
//! much: whoever asked is told, and refuses.
//!
//! Not here: which rules there are (`policy`, `contract`), what becomes of the call (`intent`).
//!
//! - `rules`: rules compiled and evaluated, whatever they take
//! - `beside`: the other process, as seen from this one · `bench`: the same from inside
//! - `ask`: a question and its answer

mod ask;
pub mod bench;
mod beside;
mod rules;

pub use ask::Judge;
pub use rules::Rule;
