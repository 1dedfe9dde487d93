//! Bytes and rows: how the files of a logbook are named and framed, and how a row that is given
//! becomes the line that is written. `docs/format.md` describes the format, and nothing else does;
//! code cites its sections.
//!
//! Not here: output formats (`render/format.rs`), files and locks (`store`), the query language,
//! JSON as such (`json`).
//!
//! - `segment_name`: `2026-04-15.000041.jsonl`, and the name of its archive
//! - `lock_line`: the one line of `.lock`, with the version of the format
//! - `digest`: SHA-256 as digits
//! - `manifest`: the chained lines of the manifest · `seek_table`: the frames of an archive
//! - `receipt`: rows that record what retention deleted · `carried`: rows that carry over facts of
//!   deleted rows
//! - `repair`: rows that void the place of another row, or report missing segments
//! - `lines`: the lines of a block
//! - `draft/`: given rows, checked and laid out, without their step
//! - `rows`: the rows that commands store · `once_id`: ids of rows that the program stores once
//! - `body`: whether two rows say the same
//! - `corrections`: rows with their corrections applied · `amendment`: new corrections, checked
//! - `secrets/`: secrets in rows, and the marks that replace them
//!
//! Invariant: pure. A payload value leaves this crate with the bytes that it came with.

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
