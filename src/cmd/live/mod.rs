//! Commands that stay: they follow rows as they come.
//!
//! - `board`: where all runs stand, kept up while rows come
//! - `follow`: the position of a follower, and the rows that pass · `alarm`: waiting for more
//! - `tail_files`: `tail` of files that are no logbook
//! - `handover`: one row handed to one program
//! - `screen/`: the terminal of `dash` · `web/`: the pages of `serve`

mod alarm;
#[cfg(any(feature = "dash", feature = "serve"))]
pub mod board;
#[cfg(feature = "dash")]
pub mod dash;
mod follow;
mod handover;
#[cfg(feature = "dash")]
pub mod screen;
#[cfg(feature = "serve")]
pub mod serve;
pub mod tail;
mod tail_files;
pub mod trigger;
#[cfg(feature = "serve")]
mod web;
