//! Query text to `ast`, and back. The grammar is in `docs/query-grammar.txt`.
//!
//! Not here: what a query means (`compile`).
//!
//! - `lex`: characters to words and signs · `grammar`: the words of the language
//! - `print`: `ast` to text, which parses to the same `ast`
//! - `parser`: the state of a parser · `mistakes`: what people type by habit, and what to write
//!   instead
//! - `operand`, `condition`, `columns`: the bodies of clauses · `parse`: clauses, from one text or
//!   from flags
//! - `arguments`: which arguments of a command line are query text
//! - `check`: names and words that nothing knows · `gate`: the same for conditions that decide
//!   about calls

pub mod arguments;
pub mod check;
mod columns;
mod condition;
pub mod gate;
mod grammar;
mod lex;
mod mistakes;
mod operand;
pub mod parse;
mod parser;
pub mod print;
