//! Results as people and programs read them: table, jsonl, json, csv, tsv, markdown. Values in,
//! text out; comfy-table lives only here, ratatui here and in `cmd/live/screen`.
//!
//! Not here: what is shown (`query` and `view` decide that), and the terminal
//! itself (`cmd` says how wide it is and whether there is one).
//!
//! - `format`: the names of the formats
//! - `cell`: one JSON value as the text of a cell
//! - `safe`: text that a terminal cannot be made to obey · `streams`: the only way to a terminal, with
//!   the line that shows progress
//! - `rows`: row texts in any format, streaming · `columns`: the columns of rows that nobody gave
//!   any
//! - `table`: columns, widths, what is dropped
//! - `cards`: what a person asks of all runs first
//! - `dash/`: all runs on a terminal, kept up
//! - `line`: one row as one line · `pretty`: one row in full
//! - `rollback`: the plan that undoes a run
//! - `record/`: one run in full · `amended`: what corrections did to a row
//! - `request/`: a request for approval, as whoever decides reads it
//! - `web/`: the pages of `serve`; askama lives only here
//!
//! Invariant: no byte of a row reaches a terminal unescaped, on any stream.

pub mod amended;
pub mod cards;
pub mod cell;
mod columns;
pub mod dash;
mod format;
pub mod line;
pub mod pretty;
pub mod record;
pub mod request;
pub mod rollback;
mod rows;
pub mod safe;
mod streams;
pub mod table;
pub mod web;

pub use format::Format;
pub use rows::{Rows, Unshown};
pub use streams::{Drawn, Notes, Output, Progress};
pub use table::Look;
