//! Commands that look after the files of a logbook: archive, prove, examine.
//!
//! - `archive`: archive, restore and delete segments · `retention`: what deletion carries over
//! - `verify`: prove that sealed segments are unchanged · `head`: a line to prove it by later
//! - `doctor`: report what is wrong · `checks/`: its checks

pub mod archive;
mod checks;
pub mod doctor;
pub mod head;
mod retention;
pub mod verify;
