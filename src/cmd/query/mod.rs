//! `logbook query`: from arguments to rows on standard output.
//!
//! Not here: what a query means (`query`), how rows look (`render`), what other
//! reading commands share (`reading`, `wording`, `answer` beside this room).
//!
//! - `command`: its arguments and `run` · `watchdog`: `--timeout` and `--max-memory`
//!
//! Invariant: a query ends with its answer, or with a message and an exit code.

mod command;
mod watchdog;

pub use command::{EXAMPLES, Query, run};
