//! The terminal dashboard of `logbook dash`.
//!
//! Not here: the state of the runs (`cmd/live/board`), how they are drawn (`render/dash`).
//!
//! - `session`: the main loop · `events`: keys, new rows and signals
//! - `state`: where the user is, and what a key means there
//! - `content`: what the list shows · `filter`: the runs that pass · `timeline`: one run in full
//! - `window`: a request in full, and the keys that decide it
//! - `terminal`: the terminal, taken over and restored

pub mod content;
pub(super) mod events;
pub mod filter;
pub(super) mod session;
mod state;
pub(super) mod terminal;
mod timeline;
mod window;
