//! Commands that agents and scripts call during a run. Each appends rows.
//!
//! Not here: what people decide about a run (`decide`).

pub mod append;
mod append_batch;
pub mod ask;
pub mod call;
pub mod end;
pub mod exec;
pub mod handoff;
pub mod start;
