//! Commands by which somebody decides about a run or a row; each decision is a row.

pub mod amend;
pub mod answer;
pub mod approve;
pub mod contract;
pub mod decision;
pub mod deny;
pub mod hold;
pub mod open_requests;
pub mod policy;
pub mod release;
pub mod review;
pub mod rollback;
