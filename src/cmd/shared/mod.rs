//! What commands of several groups share. The commands themselves are in the folders beside this
//! one, a folder for each group of the help.
//!
//! - `reading`: find a logbook, scan it, print results and notes
//! - `following`: read rows as they come
//! - `writing`: storing rows: flags, the open logbook, signatures, what is printed
//! - `calling`: tool calls: the gates before a call, the child process, the rows about it
//! - `guard`: limits on the time and memory of an evaluation

pub(crate) mod calling;
pub mod following;
pub mod guard;
pub mod reading;
pub(crate) mod writing;
