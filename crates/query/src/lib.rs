//! The query language: text to meaning, and rows to answers. Pure: rows come in
//! as byte slices, results go out as byte slices; no file, clock, environment.
//!
//! Not here: reading segments (`scan`), tables (`render`), what a run is (`view`).
//! The language itself is described in `docs/query.md`, and only there.
//!
//! text → `text/` → `ast` → `compile/` → plan → rows → `stage/` (with `eval/`, `jq/`, `aggregate/`)
//! → rows
//!
//! - `ast`: what a query says, as values · `problem`: what is wrong with it, with a caret
//! - `time`: dates, words and durations against a clock that is handed in · `amount`: durations and
//!   sizes with units
//! - `row`: a row as stages see it
//! - `text/`: text to `ast` and back
//! - `compile/`: `ast` to a plan
//! - `eval/`: conditions, columns and keys on raw JSON
//! - `jq/`: jq programs on rows; it alone knows the engine
//! - `aggregate/`: what groups come to
//! - `stage/`: rows through a plan, in parts that merge
//!
//! Invariant: however the rows are split into parts, the answer is the same bytes.

mod aggregate;
pub mod amount;
pub mod ast;
pub mod compile;
pub mod eval;
pub mod jq;
pub mod problem;
mod row;
pub mod stage;
pub mod text;
pub mod time;

pub use ast::Query;
pub use compile::query::{Argument, Context, columns, compile};
pub use row::{Place, Row};
pub use stage::pipeline::{Fold, Held, Out, Summary};
pub use stage::plan::Plan;
pub use stage::prefilter::{Probe, string as literal_of};
pub use stage::requirement::{Field, Known, Requirement};
