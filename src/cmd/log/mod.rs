//! Commands that agents and scripts call while a run is under way: each stores rows.
//!
//! Not here: what people decide about a run (`decide`).

pub mod append;
pub mod append_batch;
mod append_lines;
pub mod ask;
pub mod call;
pub mod end;
pub mod exec;
pub mod handoff;
pub mod start;
