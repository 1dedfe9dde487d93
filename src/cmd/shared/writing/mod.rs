//! What commands that store rows share: their flags, the logbook they open, a row stored under a
//! check, what they print and what they say of a new logbook.
//!
//! Not here: what the rows are (each command), how they reach the disk (`store`).
//!
//! - `flags`: the flags, and the logbook that they name · `fallback`: what is said of a new one
//! - `store`: rows stored under a check, or by a fold over the rows before them
//! - `late`: what is said of rows of a run that has ended
//! - `sign`: who decides, and through which door
//! - `made_id`: ids of runs and calls
//! - `printed`: what is printed of stored rows

mod fallback;
mod flags;
mod late;
pub mod made_id;
mod printed;
mod sign;
mod store;

pub use fallback::announce_fallback;
pub use flags::{Desk, OfRun, Writing, redactor};
pub use printed::{Print, print_rows, say, say_rows};
pub use sign::{Client, user};
pub use store::{About, Done, catch_up, unknown_run};
