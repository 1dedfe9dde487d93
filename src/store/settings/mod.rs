//! What people say to a logbook in files of their own.
//!
//! - `config`: `config.toml` · `reports`: the queries in `reports/`
//!
//! Invariant: nothing here is needed to read the rows.

pub mod config;
pub mod reports;
