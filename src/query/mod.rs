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
//! - `time`: dates, words and durations against a clock that is handed in

pub mod ast;
pub mod check;
mod lex;
pub mod parse;
mod parse_columns;
mod parse_condition;
pub mod print;
pub mod problem;
mod slips;
pub mod time;
pub mod words;
