//! The only room that touches the disk: where a logbook is, who may write,
//! what is on file. The protocol is `docs/format.md`; code cites its sections.
//!
//! Not here: what a row means (`format`, `model`), reading many rows fast
//! (`scan`), printing. Readers change nothing outside `cache/`.
//!
//! - `os`: the seam to the operating system; the real backend is the one place with raw file calls
//! - `environment`: the process's surroundings as a value
//! - `locate`: how the logbook is found · `directory`: made and judged safe
//! - `config`: what `config.toml` says to this room
//! - `listing`: which segments there are · `snapshot`: the same for readers, with lengths
//! - `lock`: one writer at a time · `recover`: a torn tail · `rotate`: the next segment
//! - `append`: append if, the one primitive, on all of these
//! - `input`: files, globs, directories and standard input, for queries
//! - `unlocked/`: single rows by place, and rows as they come
//! - `redaction_key`: what redacted secrets are marked with
//! - `state`: what a check may ask under the lock; a segment synced before somebody acts on it
//! - `once`: ids and steps under the lock · `index/`: what is known of them
//!
//! Invariant: no segment is ever renamed, truncated or rewritten. Deleting
//! `cache/` changes no answer.

pub mod append;
pub mod archived;
pub mod config;
pub mod directory;
pub mod environment;
pub mod index;
pub mod input;
pub mod listing;
pub mod locate;
pub mod lock;
pub mod once;
pub mod os;
pub mod os_real;
pub mod recover;
mod redaction_key;
pub mod rotate;
pub mod snapshot;
pub mod state;
pub mod unlocked;

pub use append::{Appended, Stored, Writer};
pub use config::{Durability, Settings, vocabulary};
pub use environment::Environment;
pub use index::{known_corrections, known_runs};
pub use input::{Input, expand};
pub use locate::{Location, Purpose, locate};
pub use redaction_key::redaction_key;
pub use snapshot::{Segment, Snapshot, read_row, snapshot, snapshot_with_summaries};
pub use state::OnFile;
pub use unlocked::{RowReader, Watch};
