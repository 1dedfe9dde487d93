//! What commands that store rows share: what they print, what they say of a new logbook.
//!
//! Not here: what the rows are (each command), how they reach the disk (`store`).

mod fallback;
mod printed;

pub use fallback::announce_fallback;
pub use printed::{Print, print_rows, say};
