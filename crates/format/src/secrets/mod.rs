//! Secrets in rows: finds them, and replaces them by marks.
//!
//! Not here: the key of the marks and a logbook's own rules (`store`), messages to the writer
//! (`cmd`).
//!
//! - `rules.txt`: the kinds of secrets · `rule`: one of them
//! - `row`: a row as strings · `text`: a string as a reader sees it, with positions in the row ·
//!   `search`: all rules on all strings
//! - `assigned`: names with values in text · `names`, `values`: which of them count ·
//!   `private_key`: the lines of a key · `prefixed`: the same after line numbers and the like ·
//!   `key_line`: what such a line is
//! - `look`: tells fast that a row has no secret · `glance`, `beginnings`, `steps`: its scan of the
//!   bytes · `hints`: a closer look
//! - `redactor`: replaces secrets · `report`: what it found
//!
//! Invariants: a row without secrets, or whose secrets are marked already, is not changed. In other
//! rows every byte outside the secrets stays as it was. Only secrets are hidden, never what stands
//! beside them.

mod assigned;
mod beginnings;
mod glance;
mod hints;
mod key_line;
mod look;
mod names;
mod prefixed;
mod private_key;
mod redactor;
mod report;
mod row;
mod rule;
mod search;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
mod steps;
mod text;
mod values;

pub use glance::looks;
pub use private_key::{KeyWatch, PRIVATE_KEY};
pub use redactor::{Key, Redactor};
pub use report::Report;
pub use rule::Own;
pub use text::{MARK_BEGINS, MARK_BYTES_MAX};
