//! Rows that somebody gives, checked and laid out: all but the step, which only the lock can give.
//!
//! Not here: whether text is JSON (`json`), ids and steps on file (`store`).
//!
//! - `drafts`: the rows on their way
//! - `fields`: what each standard field may hold · `call`: the inside of `tool_call` · `minute`:
//!   timestamps told without a calendar
//! - `verbatim`: members copied in one piece · `refusals`: what is said of a refused row
//! - `pairs`: `key=value` and `key:=json` into one JSON object
//!
//! Invariant: a payload value leaves this room with the bytes it came with.

mod call;
mod drafts;
pub(super) mod fields;
mod minute;
pub mod pairs;
mod refusals;
mod verbatim;

pub use drafts::{Draft, Drafts, LIMITS, Rules, STEP_MAX, name_of};
pub use fields::declaring;
