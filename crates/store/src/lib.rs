//! A logbook on disk: where it is, who may write, what is on file. No other crate touches a
//! logbook's files. The protocol is `docs/format.md`; the code cites its sections.
//!
//! Not here: what a row means (`format`, `model`), reading many rows fast (`scan`), printing.
//! Readers change nothing outside of `cache/`.
//!
//! From the bottom up:
//!
//! - `os`: the seam to the operating system · `os_real`: its real backend, with all raw file calls
//! - `parts`: places of rows, segments · `environment`: the surroundings of the process
//! - `directory`: the logbook's directory, made and checked · `locate`: how it is found
//! - `config/`: `config.toml`, and texts beside it · `redaction_key`: the key for redacted secrets
//! - `cache`: files of `cache/`, checked and published · `lock`: one writer at a time
//! - `segments/`: which segments there are · `read/`: snapshots, inputs, archives and rows for
//!   readers
//! - `index/`: what is known of the rows on file · `append/`: storing rows, and making them durable
//! - `archive/`: sealed segments archived, restored and deleted · `cursors`: how far followers have
//!   read
//!
//! Invariant: no segment is ever renamed, truncated or rewritten. Deleting `cache/` changes no
//! answer.

pub mod append;
pub mod archive;
pub mod cache;
pub mod config;
pub mod cursors;
pub mod directory;
mod environment;
pub mod index;
pub mod locate;
mod lock;
pub mod os;
pub mod os_real;
mod parts;
mod read;
mod redaction_key;
mod segments;

pub use append::{Appended, OnFile, Stored, Writer};
pub use config::{Durability, Settings};
pub use environment::Environment;
pub use index::{known_corrections, may_have_ended};
pub use locate::{Location, Purpose, locate};
pub use parts::{Place, Segment};
pub use read::expand::{Expanded, Missing, expand};
pub use read::input::{Input, end_of};
pub use read::row_reader::RowReader;
pub(crate) use read::seekable;
pub use read::snapshot::{Snapshot, row, snapshot, snapshot_with_summaries};
pub use read::watch::Watch;
pub use read::{archived, compression, expand, input, meter, named, snapshot};
pub use redaction_key::redaction_key;
pub use segments::listing;
pub use segments::listing_check::false_list;
use segments::{layout, listing_check};
