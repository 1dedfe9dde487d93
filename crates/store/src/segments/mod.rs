//! Which segments there are.
//!
//! Not here: what is in them (`read`), what `.lock` says about them (`append::catch_up`).
//!
//! - `listing`: their names, from the directory · `listing_check`: whether a listing is still right
//! - `layout`: which of them takes rows, and which are sealed
//!
//! Invariant: a listing that is used again is that of the directory as it is now.

pub(crate) mod layout;
pub mod listing;
pub(crate) mod listing_check;
