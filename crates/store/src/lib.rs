//! The only room that touches the disk: where a logbook is, who may write,
//! what is on file. The protocol is `docs/format.md`; code cites its sections.
//!
//! Not here: what a row means (`format`, `model`), reading many rows fast
//! (`scan`), printing. Readers change nothing outside `cache/`.
//!
//! - `os`: the seam to the operating system; the real backend is the one place with raw file calls
//! - `environment`: the process's surroundings as a value
//! - `locate`: how the logbook is found · `directory`: made and judged safe
//! - `config/`: `config.toml`, and texts that people keep beside it
//! - `segments/`: which segments there are · `read/`: snapshots, inputs, archives and rows for
//!   readers
//! - `lock`: one writer at a time · `recover`: a torn tail · `rotate`: the next segment
//! - `together`: one sync for the rows of many writers
//! - `append`: append if, the one primitive, on all of these
//! - `redaction_key`: what redacted secrets are marked with
//! - `state`: what a check may ask under the lock; a segment synced before somebody acts on it
//! - `archive/`: what becomes of sealed segments
//! - `cursors`: where followers stand
//! - `once`: ids and steps under the lock · `index/`: what is known of them
//!
//! Invariant: no segment is ever renamed, truncated or rewritten. Deleting
//! `cache/` changes no answer.

pub mod append;
pub mod archive;
pub mod config;
pub mod cursors;
pub mod directory;
mod environment;
pub mod index;
pub mod locate;
mod lock;
mod once;
pub mod os;
pub mod os_real;
mod read;
mod recover;
mod redaction_key;
mod rotate;
mod segments;
mod state;
mod together;

pub use append::{Appended, Stored, Writer};
pub use config::{Durability, Settings};
pub use environment::Environment;
pub use index::{known_corrections, may_have_ended};
pub use locate::{Location, Purpose, locate};
pub use read::expand::{Expanded, Missing, expand};
pub use read::input::{Input, end_of};
pub(crate) use read::packed;
pub use read::row_reader::RowReader;
pub use read::snapshot::{Segment, Snapshot, row, snapshot, snapshot_with_summaries};
pub use read::watch::Watch;
pub use read::{archived, expand, input, meter, named, packing, snapshot};
pub use redaction_key::redaction_key;
pub use segments::listed::false_list;
pub use segments::listing;
use segments::{layout, listed};
pub use state::OnFile;
