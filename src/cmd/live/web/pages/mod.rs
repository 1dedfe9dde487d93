//! What each page shows, and its twin for programs.
//!
//! - `runs`: all of them · `run`: one · `approvals`: what waits for somebody
//! - `query`: the query box · `report`: saved queries
//! - `cards`: what waits for somebody, as pages show it · `result`: rows of any shape as a table

pub mod approvals;
pub mod cards;
pub mod query;
pub mod report;
mod result;
pub mod run;
pub mod runs;
