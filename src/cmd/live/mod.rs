//! Commands that keep running, and act on rows as they come.
//!
//! Not here: reading new rows (`cmd/shared/following`), `tail`, which only prints them (`cmd/read`).
//!
//! - `board`: the state of all runs, kept up to date
//! - `handover`: one row handed to one program, for `trigger`
//! - `screen/`: the terminal of `dash` · `web/`: the pages of `serve`

pub mod board;
pub mod dash;
mod handover;
pub mod screen;
pub mod serve;
pub mod trigger;
mod web;
