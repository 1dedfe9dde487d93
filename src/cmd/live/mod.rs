//! Commands that stay: they follow rows as they come.
//!
//! - `follow`: where a follower stands, the rows that pass, and waiting for more
//! - `handover`: one row handed to one program

mod follow;
mod handover;
pub mod tail;
pub mod trigger;
