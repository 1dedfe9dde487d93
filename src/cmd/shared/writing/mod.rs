//! What commands that append rows share: their flags, the logbook they open, conditional appends,
//! and what they print afterwards.
//!
//! Not here: what the rows say (each command), how they reach the disk (`store`).
//!
//! - `flags`: the flags · `logbook`: the logbook they name, its redactor, who signs a decision
//! - `store`: append rows under a check, or rows derived from the rows on file
//! - `new_id`: generated ids of runs and calls
//! - `printed`: print the appended rows

mod flags;
mod logbook;
pub mod new_id;
mod printed;
mod store;

pub use flags::{OfRun, Writing};
#[cfg(feature = "serve")]
pub use logbook::Client;
pub use logbook::{OpenLogbook, redactor, user};
pub use printed::{Print, print_line, print_rendered, print_rows, warn_of_new_words};
pub use store::{Appended, Scope, announce_new_logbook, push_new_row, unknown_run};
