//! Commands that look after the files of a logbook.

pub mod archive;
pub mod doctor;
mod examine;
pub mod head;
mod retention;
pub mod verify;
