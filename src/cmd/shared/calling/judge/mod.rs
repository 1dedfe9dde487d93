//! Evaluate the rules that files of a logbook word (conditions, jq programs, JSON Schemas) on one
//! call. A rule that may run away is evaluated in a worker process, which ends when the rule takes
//! too much; the caller gets an error, and refuses the call.
//!
//! Not here: which rules there are (`policy`, `contract`), what follows for the call (`gates`).
//!
//! - `dispatch`: a question, answered here or by the worker
//! - `rules`: rules compiled and evaluated, without bounds · `schema`: a compiled JSON Schema
//! - `process`: the worker, seen from this process · `worker`: what the worker does

mod dispatch;
mod process;
mod rules;
mod schema;
pub mod worker;

pub use dispatch::Judge;
pub use rules::Rule;
