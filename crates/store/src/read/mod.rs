//! Reading: snapshots of the segments, inputs opened and decompressed, rows by place.
//!
//! - `snapshot`: the segments in order, with their lengths · `watch`: new rows as they come
//! - `expand`: the inputs that arguments name · `input`: one of them · `compression`: its
//!   compression
//! - `named`: other files, which a condition or an option names
//! - `seekable`: archives, from the start or by random access · `archived`: the content of sealed
//!   segments, for writers
//! - `row_reader`: single rows by place · `mapped`: sealed segments in memory
//! - `meter`: the number of bytes read
//!
//! Invariant: nothing on disk is changed.

pub mod archived;
pub mod compression;
pub mod expand;
pub mod input;
mod mapped;
pub mod meter;
pub mod named;
pub(crate) mod row_reader;
pub(crate) mod seekable;
pub mod snapshot;
pub(crate) mod watch;
