//! Rows through the stages of a plan, in parts that merge.
//!
//! rows → latest → filter → jq → group → having → sort → limit → select → sink
//!
//! Not here: where rows come from (`scan`), what a condition is (`eval`).
//!
//! - `plan`: a compiled query · `pipeline`: its stages at work
//! - `prefilter`: a literal that rows which pass must hold · `requirement`: what they must have,
//!   for whoever knows many rows at once
//! - `latest`, `group`, `sort`: the stages that hold rows back · `spelled`: keys that were met
//!   before, known by their text
//! - `put_away`: the newest rows of parts, until all are known
//! - `run`: the plainest driver, for tests

mod group;
pub(crate) mod latest;
pub(crate) mod pipeline;
pub mod plan;
pub(crate) mod prefilter;
mod put_away;
pub(crate) mod requirement;
pub mod run;
mod sort;
mod spelled;
