//! A query language over rows that are JSON objects: parse a query, compile it to a [`Plan`], and
//! run the plan on rows. Pure: rows come in as byte slices and results go out as byte slices. The
//! crate reads no file, no clock and no environment, and needs no store.
//!
//! The language is described in `docs/query.md`, and only there.
//!
//! ```
//! use logbook_model::{Instant, Zone};
//! use logbook_query::text::parse::parse;
//! use logbook_query::time::Clock;
//! use logbook_query::{Context, compile, run_in_memory};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let text = "status=done group_by agent summarize count, sum(cost)";
//! let query = parse(text).map_err(|problems| problems.to_string())?;
//!
//! let now = Instant::parse("2026-04-15T08:30:00Z").ok_or("not a time")?;
//! let context = Context::new(Clock { now, zone: Zone::UTC });
//! let plan = compile(&query, &context).map_err(|problems| format!("{problems:?}"))?;
//!
//! let rows: [&[u8]; 3] = [
//!     br#"{"agent":"a","status":"done","cost":0.25}"#,
//!     br#"{"agent":"a","status":"done","cost":0.5}"#,
//!     br#"{"agent":"b","status":"failed","cost":1}"#,
//! ];
//! let answer = run_in_memory(&plan, rows);
//! assert_eq!(answer.rows, [br#"{"agent":"a","count":2,"sum(cost)":0.75}"#]);
//! # Ok(())
//! # }
//! ```
//!
//! A program that reads rows itself, or on several threads, uses a [`Fold`] for each part of the
//! rows and merges them in order.
//!
//! The way of a query: `text/` → `ast` → `compile/` → [`Plan`] → `stage/`, which evaluates rows
//! with `eval/`, `jq/` and `aggregate/`.
//!
//! - `ast`: a parsed query · `problem`: what is wrong with a query, shown with a caret
//! - `time`: dates, words and durations, relative to a given clock · `amount`: durations and sizes
//!   with units
//! - `row`: a row as the stages see it
//! - `text/`: text to `ast`, and back
//! - `compile/`: `ast` to a plan
//! - `eval/`: conditions, columns and keys on raw JSON
//! - `jq/`: jq programs on rows; only this room knows the engine
//! - `aggregate/`: what `summarize` computes of a group
//! - `stage/`: the stages of a plan · `run`: a plan on rows in memory
//!
//! Not here: reading segments (`scan`), tables (`render`), what a run is (`view`).
//!
//! Invariant: however the rows are split into parts, the answer is the same bytes.

mod aggregate;
pub mod amount;
pub mod ast;
mod compile;
pub mod eval;
pub mod jq;
pub mod problem;
mod row;
mod run;
mod stage;
pub mod text;
pub mod time;

pub use aggregate::Ignored;
pub use ast::Query;
pub use compile::{Argument, Context, columns, compile};
pub use row::{Place, Row};
pub use run::{Answer, run_in_memory, run_in_parts};
pub use stage::{Field, Fold, Held, MayHold, Out, Plan, Probe, Requirement, Summary, literal_of};
