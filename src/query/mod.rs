//! The query language: text to meaning, and rows to answers. Pure: rows come in
//! as byte slices, results go out as byte slices; no file, clock, environment.
//!
//! Not here: reading segments (`scan`), tables (`render`), what a run is (`view`).
//! The language itself is described in `docs/query.md`, and only there.
//!
//! - `ast`: what a query says, as values
//! - `lex`, `parse`, `parse_condition`, `parse_columns`, `slips`: text to `ast`
//! - `problem`: what is wrong with a query, with a caret under the place
//! - `print`: `ast` to text; parsing that text gives the same `ast`
//! - `words`: which arguments of `logbook query` are query text
//! - `check`: names and words that nothing knows
//! - `compile`, `compile_scope`, `compile_literal`: `ast` to `plan`
//! - `value`, `compare`, `predicate`, `path`: conditions on raw JSON
//! - `eval`, `bucket`, `order`, `aggregate/`: columns, keys, and what groups come to
//! - `pipeline`, `stage_latest`, `stage_group`, `stage_sort`: rows through a plan, in parts that merge
//! - `row`, `run`: a row as stages see it; the plainest driver
//! - `jq`, `jq_write`: jq programs on rows; they alone know the engine
//! - `time`: dates, words and durations against a clock that is handed in
//!
//! Invariant: however the rows are split into parts, the answer is the same bytes.

pub mod aggregate;
pub mod ast;
pub mod bucket;
pub mod check;
pub mod compare;
pub mod compile;
mod compile_literal;
mod compile_scope;
pub mod eval;
pub mod jq;
mod jq_write;
mod lex;
pub mod order;
pub mod parse;
mod parse_columns;
mod parse_condition;
pub mod path;
pub mod pipeline;
pub mod plan;
pub mod predicate;
pub mod print;
pub mod problem;
pub mod row;
pub mod run;
mod slips;
mod stage_group;
mod stage_latest;
mod stage_sort;
pub mod time;
pub mod value;
pub mod words;

pub use ast::Query;
pub use compile::{Argument, Context, compile};
pub use pipeline::{Fold, Out, Summary};
pub use plan::Plan;
pub use row::{Place, Row};
