//! The commands: one file each, with its arguments and its `run`, in a room for each group of the
//! help. What groups share is in `shared/`. Only this room prints and reads the clock and the
//! environment, through one `Door`, so that a command is a function of what comes in through it.
//!
//! Not here: what a query means (`query`), what a run is (`view`), how a table looks (`render`), how
//! bytes reach the disk (`store`).
//!
//! To add a command: a file in the room of its group, a line in `table::COMMANDS`, a file in
//! `tests/it/`.

pub mod calling;
pub mod door;
pub mod guard;
pub mod progress;
pub mod shared;
pub mod slips;
pub mod table;
pub mod writing;
mod zone_file;

pub mod decide;
pub mod itself;
pub mod keep;
pub mod live;
pub mod log;
pub mod read;

pub use door::Door;
