//! The values of a logbook: names of fields, kinds, statuses, run ids, addresses of rows, instants,
//! errors.
//!
//! Not here: the bytes of rows (`format`), and anything that reads a disk, a clock or the
//! environment.
//!
//! - `names`: the standard fields, their types and their camelCase spellings
//! - `kind`: the kinds of rows and their properties · `words`: statuses, phases and the like ·
//!   `vocabulary`: the words in force, built in and declared
//! - `standing`: which row decides the status of a run
//! - `run_id`: valid run ids · `address`: names of rows, `r-88#3` or `@SEGMENT:OFFSET`
//! - `duration`: durations as people write them · `instant`: RFC 3339 times, digits kept
//! - `zone`: time zones as values · `posix_zone`: zones with one rule for all years · `night`: the
//!   hours that nobody watches
//! - `shown`: characters that must not reach a screen as they are
//! - `error`: errors, their kinds and exit codes
//!
//! Invariant: every function depends on its arguments alone.

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

/// `append` refuses longer rows. In bytes, without the newline.
pub const APPEND_ROW_BYTES_MAX: usize = 1 << 20;
/// Readers skip longer rows. In bytes, without the newline.
pub const READ_ROW_BYTES_MAX: usize = 16 << 20;
/// `append` refuses deeper nesting.
pub const DEPTH_MAX: usize = 64;
