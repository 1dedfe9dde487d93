//! Results as people and programs read them: table, jsonl, json, csv, tsv, markdown, pages, the
//! cells of a dashboard. Values in, text out. Only this crate uses comfy-table; ratatui is used
//! here and in `cmd/live/screen`.
//!
//! Not here: what is shown (`query` and `view` decide that), and the terminal itself (`cmd` knows
//! its width, and whether there is one).
//!
//! - `format`: the names of the formats
//! - `cell`: one JSON value as the text of a cell
//! - `safe`: text that a terminal cannot obey · `streams`: the only way to a terminal, with the
//!   progress line
//! - `rows`: rows in any format, streaming · `columns`: the columns of rows for which the query
//!   names none
//! - `table`: the columns and widths of a table, and which columns are dropped
//! - `cards`: counts of all runs, above their table
//! - `dash/`: the dashboard of all runs
//! - `line`: one row as one line · `pretty`: one row as indented JSON
//! - `rollback`: the plan that undoes a run
//! - `record/`: one run in full · `amended`: what corrections changed in a row
//! - `request/`: a request for approval, as the person who decides reads it
//! - `web/`: the pages of `serve`; only this room uses askama
//!
//! Invariant: no byte of a row reaches a terminal unescaped, on any stream.

pub mod amended;
pub mod cards;
pub mod cell;
mod columns;
#[cfg(feature = "dash")]
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
#[cfg(feature = "web")]
pub mod web;

pub use format::Format;
pub use rows::{Rows, Unshown};
pub use streams::{Drawn, Notes, Output, Progress};
pub use table::Look;
