//! Commands that keep running, and act on rows as they come.
//!
//! Not here: reading new rows (`cmd/shared/following`), `tail`, which only prints them
//! (`cmd/read`).
//!
//! - `board`: the state of all runs, kept up to date
//! - `handover`: one row handed to one program, for `trigger`
//! - `screen/`: the terminal of `dash` · `web/`: the pages of `serve`

#[cfg(any(feature = "dash", feature = "serve"))]
pub mod board;
#[cfg(feature = "dash")]
pub mod dash;
mod handover;
#[cfg(feature = "dash")]
pub mod screen;
#[cfg(feature = "serve")]
pub mod serve;
pub mod trigger;
#[cfg(feature = "serve")]
mod web;
