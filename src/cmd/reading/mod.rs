//! What reading commands have in common.
//!
//! Not here: any one command.
//!
//! - `flags`: their flags, the logbook or files that are read, what is said beside the result
//! - `wording`: a query as it is worded on the command line, compiled
//! - `answer`: results on their way to the reader · `job`: what each thread does for them
//! - `runs`: all runs of a logbook, and queries over them
//! - `saved`: queries that somebody saved, and what they ask
//! - `watchdog`: bounds on time and memory

pub mod answer;

pub mod flags;
mod job;
pub mod runs;
pub mod saved;
pub mod watchdog;
pub mod wording;

pub use flags::*;
