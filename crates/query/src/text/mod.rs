//! Text to `ast` and back. The grammar is `docs/query-grammar.txt`.
//!
//! Not here: what a query means (`compile`).
//!
//! - `lex`: characters to signs and words · `parse`: clauses, from one text or from flags
//! - `condition`, `columns`: the bodies of clauses
//! - `slips`: what people type by habit, and what to write instead
//! - `print`: `ast` to text; parsing that text gives the same `ast`
//! - `words`: which arguments of `logbook query` are query text
//! - `check`: names and words that nothing knows · `gate`: the same of conditions that decide about
//!   calls

pub mod check;
mod columns;
mod condition;
pub mod gate;
mod lex;
pub mod parse;
pub mod print;
mod slips;
pub mod words;
