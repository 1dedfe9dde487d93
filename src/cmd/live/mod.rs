//! Commands that stay: they follow rows as they come.
//!
//! - `board`: where all runs stand, kept up while rows come
//! - `follow`: where a follower stands, the rows that pass, and waiting for more
//! - `tail_files`: `tail` of files that are no logbook
//! - `handover`: one row handed to one program
//! - `screen/`: the terminal of `dash` · `web/`: the pages of `serve`

pub mod board;
pub mod dash;
mod follow;
mod handover;
pub mod screen;
pub mod serve;
pub mod tail;
mod tail_files;
pub mod trigger;
mod web;
