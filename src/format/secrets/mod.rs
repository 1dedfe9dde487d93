//! Secrets in rows: what is one (`rules.txt`), and the marks that stand in their place.
//!
//! Not here: the key of the marks and the exceptions of a logbook (`store`).
//!
//! - `rules.txt`: the kinds of secrets · `rule`: one of them, read
//! - `glance`: which rows have none, told fast · `redactor`: finds and marks them
//!
//! Invariant: a row stays the JSON that it was, its strings aside; a row without a secret is not touched.

mod glance;
mod redactor;
mod rule;

pub use redactor::{Key, Redactor};
pub use rule::Own;
