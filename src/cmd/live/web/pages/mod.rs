//! What each page shows, as HTML and as JSON.
//!
//! - `runs`: all runs · `run`: one run · `approvals`: what waits for a person
//! - `query`: the query box · `report`: saved queries
//! - `cards`: cards for requests, questions and held runs · `result`: the output of a query as a
//!   table

pub mod approvals;
pub mod cards;
pub mod query;
pub mod report;
mod result;
pub mod run;
pub mod runs;
