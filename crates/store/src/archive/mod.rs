//! What becomes of sealed segments: covered by the manifest, archived, restored, deleted with a
//! receipt (`docs/format.md`, Manifest and archive).
//!
//! Not here: judging what is on file (`verify`), reading archives for queries (`store::packed`,
//! `scan`).
//!
//! - `keeper`: one archiver at a time, with the manifest in hand
//! - `manifest`: its lines on disk, and the end of the chain
//! - `cover`: a sealed segment, synced and digested
//! - `pack`: bytes into frames · `archiving`: a segment into the archive, its raw file gone ·
//!   `restore`: and back
//! - `retention`: deleting, by a row that tells of it first · `receipts`: those rows
//! - `head`: one line that stands for all so far
//! - `content`: what a sealed segment holds, wherever it stands
//!
//! Invariant: killed at any point, every row is counted once by the next reader, and the next
//! archiver finishes the work.

mod archiving;
pub mod content;
mod cover;
mod head;
mod keeper;
pub mod manifest;
mod pack;
mod receipts;
mod restore;
mod retention;

pub use archiving::Archived;
pub use cover::{Covering, Times};
pub use keeper::Keeper;
pub use retention::{Doomed, Facts};
