//! Bytes for readers: which segments there are, files and archives opened, rows by place.
//!
//! - `snapshot`: the segments in order, with lengths
//! - `expand`: what arguments name · `input`: one thing that is read · `packing`: what it is packed
//!   with
//! - `named`: files outside that a condition or an option names
//! - `packed`: archives unpacked, from the start or at any place · `archived`: for the few
//!   questions of writers
//! - `row_reader`: single rows by place · `mapped`: sealed segments in memory
//! - `meter`: how much was read
//! - `watch`: rows as they come, for whoever waits
//!
//! Invariant: nothing is changed on disk.

pub mod archived;
pub mod expand;
pub mod input;
mod mapped;
pub mod meter;
pub mod named;
pub(crate) mod packed;
pub mod packing;
pub(crate) mod row_reader;
pub mod snapshot;
pub(crate) mod watch;
