//! One file per subcommand: its arguments and its `run`. This is the only room
//! that prints, reads the clock and the environment, and it does so through
//! one `Door`, so that a command is a function of what comes in through it.
//!
//! Not here: what a query means (`query`), what a run is (`view`), how a table
//! looks (`render`), how bytes reach the disk (`store`).
//!
//! To add a command: a file here, a line in `table::COMMANDS`, a file in `tests/it/`.

pub mod door;
pub mod reading;
pub mod table;

pub mod amend;
pub mod append;
pub mod append_batch;
mod append_lines;
pub mod completions;
pub mod doctor;
mod doctor_findings;
pub mod fields;
pub mod help;
pub mod init;
pub mod man;
pub mod query;
pub mod runs;
pub mod schema;
pub mod show;
pub mod where_;

pub use completions::words as complete_words;
pub use door::Door;
