//! Given rows, checked and laid out, without their step, which only the lock can assign.
//!
//! Not here: whether text is JSON (`json`), ids and steps on file (`store`).
//!
//! - `drafts`: a batch of rows
//! - `fields`: the types of the standard fields · `call`: the members of `tool_call` ·
//!   `timestamp_cache`: valid timestamps, without a calendar
//! - `rules`: what else a row must meet, and the errors for rows that do not
//! - `verbatim`: copies members in one piece
//! - `pairs`: `key=value` and `key:=json`, made into one JSON object
//!
//! Invariant: a payload value leaves this module with the bytes that it came with.

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
