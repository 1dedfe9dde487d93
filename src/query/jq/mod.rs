//! jq programs on rows. Nothing outside this room knows the engine.
//!
//! - `program`: compiled once, run on each row · `write`: its values as JSON text

pub mod program;
mod write;
