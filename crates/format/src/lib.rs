//! Bytes and rows: how the files of a logbook are named and framed, and how a
//! row that somebody gives becomes the line that is written. The format itself
//! is described in `docs/format.md`, and only there; code cites its sections.
//!
//! Not here: files and locks (`store`), the query language, JSON as such (`json`).
//!
//! - `version`: which formats this program reads and writes
//! - `segment_name`: `2026-04-15.000041.jsonl`, and its archive's name
//! - `lock_line`: the one line of `.lock`
//! - `digest`: SHA-256 in digits
//! - `manifest`: lines of the manifest, chained · `seek_table`: the frames of an archive
//! - `receipt`: rows that tell what retention deleted · `missing`: those that tell which segments
//!   are not here
//! - `lines`: a block of bytes into lines; what is wrong with a bad one
//! - `draft/`: given rows, checked and laid out, all but the step
//! - `rows`: the rows that commands store · `once_id`: ids of those that the tool stores once
//! - `body`: do two rows say the same
//! - `corrections`: rows as they read with corrections folded in
//! - `carried`: what retention carries over of the rows that it deletes
//! - `secrets/`: secrets in rows, and the marks in their place
//! - `voiding`: rows that stand again elsewhere, their old place voided
//! - `amendment`: what is typed into a correction row, checked
//!
//! Invariant: pure. A payload value leaves this room with the bytes it came with.

pub mod amendment;
pub mod body;
pub mod carried;
pub mod corrections;
pub mod digest;
pub mod draft;
pub mod lines;
pub mod lock_line;
pub mod manifest;
pub mod once_id;
pub mod receipt;
pub mod repair;
pub mod rows;
pub mod secrets;
pub mod seek_table;
pub mod segment_name;

pub use corrections::Correction;
pub use draft::{Draft, Drafts, LIMITS, Rules, name_of};
pub use lock_line::LockLine;
pub use repair::Voiding;
pub use segment_name::SegmentName;
