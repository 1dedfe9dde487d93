//! The life of sealed segments: covered by the manifest, archived, restored, deleted with a receipt
//! (`docs/format.md`, Manifest and archive).
//!
//! Not here: verifying what is on file (`verify`), reading archives for queries (`read`, `scan`).
//!
//! - `keeper`: one archiver at a time, and the manifest it works on
//! - `manifest`: reading the manifest and appending to it · `cover`: recording a sealed segment
//! - `pack`: compressing into frames · `archiving`: archiving a segment · `restore`: undoing that
//! - `retention`: deleting segments, after a receipt is stored · `receipts`: the receipts on file
//! - `head`: one line that commits to everything so far
//! - `content`: the content of a sealed segment, raw or archived
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
pub use retention::{CarriedOver, Deleted};
