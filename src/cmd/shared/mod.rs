//! What several groups of commands share.
//!
//! Not here: any command. Each has its file in the room of its group, beside this one.
//!
//! - `reading`: find a logbook, scan it, print results and notes
//! - `following`: read rows as they come
//! - `writing`: build rows from arguments and append them
//! - `calling`: run a command as a recorded tool call
//! - `guard`: bounds on the time and memory that conditions and programs may take

pub mod following;
pub mod reading;
