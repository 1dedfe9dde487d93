//! The settings of a logbook: its own `config.toml`, and a user's for all logbooks
//! (`docs/format.md`, Config). Without the files no parser runs.
//!
//! - `keys`: all keys, and reading a file of them
//! - `settings`: the settings in force, and the values that each key accepts
//! - `layers`: the user's file and the logbook's joined, and where each value comes from
//! - `texts`: saved queries and contracts, in folders of a logbook · `contracts`: the content of a
//!   contract
//!
//! To add a key: a line in `keys::KEYS`, its value in `settings`, `schema/config.schema.json`.

pub mod contracts;
mod keys;
mod layers;
mod settings;
pub mod texts;

pub use keys::{KEYS, Key, personal_path};
pub use layers::{for_reading, layered, settings, with_origins};
pub use settings::{Durability, PolicyRule, Redact, RedactRule, Settings};
