//! Commands by which somebody decides about a run or a row; each decision is a row.

pub mod amend;
pub mod answer;
pub mod review;
