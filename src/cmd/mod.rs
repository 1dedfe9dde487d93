//! The commands, one file each: its arguments and its `run`. A folder is a group of the help
//! (`itself` is the group `self`); what commands of several groups share is in `shared/`. Only this
//! room prints, and reads the clock and the environment, and it does so through one `Door`, so that
//! a command is a function of what comes in through it.
//!
//! Not here: what a query means (`query`), what a run is (`view`), how a table looks (`render`),
//! how bytes reach the disk (`store`).
//!
//! To add a command: a file in its group's folder, a line in `table::COMMANDS`, a file in
//! `tests/it/`.

pub mod door;
pub mod progress;
pub mod shared;
pub mod slips;
pub mod table;
mod zone_file;

pub(crate) mod decide;
pub mod itself;
pub(crate) mod keep;
pub mod live;
pub(crate) mod log;
pub mod read;

pub use door::Door;
