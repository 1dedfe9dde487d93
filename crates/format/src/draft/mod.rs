//! Rows that somebody gives, checked and laid out: all but the step, which only the lock can give.
//!
//! Not here: whether text is JSON (`json`), ids and steps on file (`store`).
//!
//! - `drafts`: the rows on their way
//! - `fields`: what each standard field may hold · `call`: the inside of `tool_call` · `minute`:
//!   timestamps told without a calendar
//! - `verbatim`: copies members in one piece · `rules`: what else a row must meet, and its errors
//! - `pairs`: `key=value` and `key:=json` into one JSON object
//!
//! Invariant: a payload value leaves this room with the bytes it came with.

mod call;
mod drafts;
pub(super) mod fields;
pub mod pairs;
mod rules;
mod timestamp_cache;
mod verbatim;

pub use drafts::{Draft, Drafts};
pub use fields::{declaring, name_of};
pub use rules::{LIMITS, Rules, STEP_MAX};
