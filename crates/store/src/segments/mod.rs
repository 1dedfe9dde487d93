//! Which segments there are.
//!
//! Not here: what is in them (`read/`), what `.lock` says of them (`rotate`).
//!
//! - `listing`: their names, as the directory says · `listed`: whether a listing made before still
//!   holds
//! - `layout`: which of them takes rows, and which are sealed
//!
//! Invariant: a listing that is not made anew is of the directory as it is.

pub(crate) mod layout;
pub(crate) mod listed;
pub mod listing;
