//! Appending: rows are stored, numbered and deduplicated if a check holds on the state under the
//! lock (`docs/format.md`, Appending).
//!
//! The phases of a call are types, each made from the one before: `Locked` (the lock is held),
//! `Ready` (the state is caught up), `Writable` (there is a segment with room), `Written`.
//!
//! Not here: the lock itself (`lock`), what is known of the rows on file (`index`).
//!
//! - `writer`: the public face, and making rows durable · `check`: what a caller may ask under the
//!   lock
//! - `base`: what a writer knows of its logbook · `catch_up`: from the lock to `Ready`
//! - `torn_tail`: mending what a killed writer left · `rotate`: the next segment
//! - `batch`: the rows of one call as they are rendered · `duplicates`: a row whose id is on file
//! - `rows`: deciding and writing the rows of a call
//! - `group_commit`: one sync for the rows of many writers
//!
//! Invariant: bytes of a segment are only ever added.

mod base;
mod batch;
mod catch_up;
mod check;
mod duplicates;
mod group_commit;
mod rotate;
mod rows;
mod torn_tail;
mod writer;

pub use base::Options;
pub use batch::Stored;
pub use check::{OnFile, State};
pub use rows::{Appended, OnRefused};
pub use writer::Writer;
