//! The query language: text to meaning, and rows to answers. Pure: rows come in
//! as byte slices, results go out as byte slices; no file, clock, environment.
//!
//! Not here: reading segments (`scan`), tables (`render`), what a run is (`view`).
//! The language itself is described in `docs/query.md`, and only there.

pub mod ast;
pub mod time;
pub mod bucket;
pub mod compare;
pub mod eval;
pub mod jq;
mod jq_write;
pub mod path;
pub mod predicate;
pub mod row;
pub mod value;
