//! What a logbook says, as values: names of fields, kinds, statuses, run ids,
//! addresses of rows, instants.
//!
//! Not here: bytes of rows (`format`), anything that reads a disk, a clock or
//! the environment.
//!
//! - `names`: the standard fields, their types and their camelCase spellings
//! - `kind`: what sort of row it is, and what such rows are good for · `words`: statuses, phases
//!   and their like
//! - `standing`: which row says where a run stands
//! - `vocabulary`: phases, statuses and kinds, built in and declared
//! - `run_id`: what may name a run
//! - `address`: how a row is named, `r-88#3` or `@SEGMENT:OFFSET`
//! - `duration`: durations as people write them
//! - `instant`: RFC 3339 texts as points in time, digits kept
//! - `shown`: which characters must not reach a screen as they are
//! - `night`: the hours that nobody watches
//! - `posix_zone`: zones with one rule for all years · `zone`: time zones as values, and the rules
//!   that make a local time an instant
//!
//! Invariant: every function is a function of its arguments.

mod address;
mod duration;
pub mod error;
pub mod instant;
pub mod kind;
pub mod names;
mod night;
mod posix_zone;
pub mod run_id;
pub mod shown;
pub mod standing;
mod vocabulary;
mod words;
pub mod zone;

pub use address::Address;
pub use duration::{duration_ms, duration_text, option_ms, wait_ms};
pub use instant::Instant;
pub use kind::Kind;
pub use names::Field;
pub use night::Night;
pub use standing::{Says, Stands, Weight};
pub use vocabulary::Vocabulary;
pub use words::{ApprovalState, FinalStatus, Phase, Rating, Side, SideEffect, Status, Then, Verdict};
pub use zone::Zone;

/// Rows longer than this are refused by `append`, in bytes without the newline.
pub const APPEND_ROW_BYTES_MAX: usize = 1 << 20;
/// Rows longer than this are skipped by readers, in bytes without the newline.
pub const READ_ROW_BYTES_MAX: usize = 16 << 20;
/// Deepest nesting `append` takes.
pub const DEPTH_MAX: usize = 64;
