//! Which segments there are.
//!
//! Not here: what is in them (`read/`), which of them is active (`rotate`).
//!
//! - `listing`: their names, as the directory says · `listed`: whether a listing made before still holds
//!
//! Invariant: a listing that is not made anew is of the directory as it is.

pub mod listed;
pub mod listing;
