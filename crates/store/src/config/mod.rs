//! What `config.toml` says: the logbook's own, and a user's for all logbooks (`docs/format.md`,
//! Config). Without the files no parser runs.
//!
//! - `keys`: which keys there are, and a file of them
//! - `settings`: what holds, and the values that keys may have
//! - `policy`: rules about calls
//! - `redact`: what it says of secrets
//! - `texts`: queries that somebody saved, contracts of tools · `contracts`: what a contract says
//! - `layers`: one file over the other, and where each value comes from
//!
//! To add a key: a line in `keys::KEYS`, its value in `settings`, `schema/config.schema.json`.

pub mod contracts;
mod keys;
mod layers;
mod policy;
mod redact;
mod settings;
pub mod texts;

pub use keys::{KEYS, Key, personal_path};
pub use layers::{for_reading, layered, settings, with_origins};
pub use policy::PolicyRule;
pub use redact::{Redact, RedactRule};
pub use settings::{Durability, Settings};
