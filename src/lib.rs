//! The rooms of `logbook`, from the ground up. `ARCHITECTURE.md` is the map;
//! `tests/it/tidy.rs` holds the walls.

pub mod error;
pub mod json;
pub mod model;

pub mod format;
pub mod query;

pub mod store;
pub mod verify;

pub mod scan;
pub mod view;

pub mod render;

pub mod cmd;

pub mod cli;
