//! What reading commands have in common.
//!
//! Not here: any one command.
//!
//! - `flags`: their flags, the logbook or files that are read, what is said beside the result
//! - `files`: inputs that are not the logbook
//! - `wording`: a query as it is worded on the command line, compiled
//! - `answer`: results on their way to the reader · `job`: what each thread does for them
//! - `live`: standard input while somebody watches
//! - `unknown`: fields and words of a query that nothing knows
//! - `passed_over`: what is said of rows with values that could not be read
//! - `gather`: a few rows out of many, found by literals
//! - `of_run`: the record of one run, and which run is meant
//! - `runs`: all runs of a logbook, and queries over them
//! - `saved`: queries that somebody saved, and what they ask

pub mod answer;
pub mod files;
pub mod flags;
pub mod gather;
pub mod job;
pub mod live;
pub mod of_run;
pub mod passed_over;
pub mod runs;
pub mod saved;
pub mod unknown;
pub mod wording;

pub use files::Files;
pub use flags::*;
