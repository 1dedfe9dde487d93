//! The terminal of `logbook dash`, and what happens there.
//!
//! Not here: what the runs are (`cmd/live/board`), how they are drawn (`render/dash`).
//!
//! - `session`: what happens, one thing after the other · `events`: what can happen
//! - `state`: where the reader is, and what a key means there
//! - `content`: what is shown of the board · `filter`: which runs pass, kept up · `timeline`: one
//!   run, kept up
//! - `window`: a request in full, and the keys that decide it
//! - `terminal`: the terminal taken over, drawn on, and given back

pub mod content;
pub(super) mod events;
pub mod filter;
pub(super) mod session;
mod state;
pub(super) mod terminal;
mod timeline;
mod window;
