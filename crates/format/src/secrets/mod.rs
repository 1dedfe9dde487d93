//! Secrets in rows: finds them, and replaces them with marks.
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
//! - `prefilter`: fast proof that a row has no secret · `byte_scan`, `beginnings`: its scan of the
//!   bytes · `hints`: a closer look at what the scan saw
//! - `redactor`: replaces secrets, and reports what it found
//!
//! Invariants: a row without secrets, or whose secrets are marked already, is not changed. In other
//! rows every byte outside the secrets stays as it was. Only secrets are hidden, never what is next
//! to them.

mod assigned;
mod beginnings;
mod byte_scan;
mod hints;
mod key_line;
mod names;
mod prefilter;
mod prefixed;
mod private_key;
mod redactor;
mod row;
mod rule;
mod search;
mod text;
mod values;

pub use byte_scan::scans;
pub use private_key::{KeyWatch, PRIVATE_KEY};
pub use redactor::{Key, Redactor, Report};
pub use rule::Own;
pub use text::{MARK_BEGINS, MARK_BYTES_MAX};
