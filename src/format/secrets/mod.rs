//! Secrets in rows: what is one (`rules.txt`), and the marks that stand in their place.
//!
//! Not here: the key of the marks and the exceptions of a logbook (`store`).
//!
//! - `rules.txt`: the kinds of secrets · `rule`: one of them, read
//! - `glance`: which rows have none, told fast; `beginnings`: by what; `steps`: 64 bytes at a time · `redactor`: finds and marks them
//!
//! Invariant: a row stays the JSON that it was, its strings aside; a row without a secret is not touched.

#[cfg(target_arch = "x86_64")]
mod beginnings;
mod glance;
mod redactor;
mod rule;
#[cfg(target_arch = "x86_64")]
mod steps;

pub use glance::looks;
pub use redactor::{Key, Redactor};
pub use rule::Own;
