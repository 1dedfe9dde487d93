//! Secrets in rows: what is one, and the marks that stand in their place.
//!
//! Not here: the key of the marks and the exceptions of a logbook (`store`), who is told (`cmd`).
//!
//! - `rules.txt`: the kinds of secrets · `rule`: one of them, read · `names`, `values`: what the name of a secret is, and what
//!   could be its value · `assigned`: both in running text · `private_key`: the lines of a key
//! - `row`: the strings of a row · `text`: one of them as it reads, and where it stands · `search`: all rules on all strings
//! - `look`: which rows have none, told fast · `glance`, `beginnings`, `steps`: how, and by what
//! - `redactor`: puts marks in their place · `told`: what it found
//!
//! Invariant: a row stays the JSON that it was, its strings aside; a row without a secret is not touched, and neither is one
//! whose secrets are marked already. Only a secret is hidden, never what stands beside it.

mod assigned;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
mod beginnings;
mod glance;
mod look;
mod names;
mod private_key;
mod redactor;
mod row;
mod rule;
mod search;
#[cfg(target_arch = "x86_64")]
mod steps;
mod text;
mod told;
mod values;

pub use glance::looks;
pub use private_key::KeyWatch;
pub use redactor::{Key, Redactor};
pub use rule::Own;
pub use text::MARK_BYTES_MAX;
pub use told::Told;
