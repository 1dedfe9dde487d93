//! Commands by which a person decides about a run, a request or a row. Each decision is a row.

pub mod amend;
pub mod answer;
pub mod contract;
pub mod decision;
pub mod hold;
pub mod open_requests;
pub mod policy;
pub mod release;
pub mod review;
pub mod rollback;
mod rows;
