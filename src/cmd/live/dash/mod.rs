//! `logbook dash`: where all runs stand, on a terminal, kept up.
//!
//! Not here: what the runs are (`cmd/live/board`), how they are drawn (`render/dash`).
//!
//! - `command`: its arguments, and the terminal from its beginning to its end
//! - `session`: what happens, one thing after the other · `events`: what can happen
//! - `state`: where the reader is, and what a key means there
//! - `content`: what is shown of the board · `filter`: which runs pass, kept up · `timeline`: one run, kept up
//! - `terminal`: the terminal taken over, drawn on, and given back

mod command;
pub mod content;
mod events;
pub mod filter;
mod session;
mod state;
mod terminal;
mod timeline;

pub use command::{Dash, EXAMPLES, run};
