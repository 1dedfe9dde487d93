//! Reading the rows of a logbook as they come.
//!
//! Not here: what is done with them (`tail`, `trigger`, `live/board`).
//!
//! - `follower`: each new row that passes a filter, once · `alarm`: waiting for more
//! - `superseding`: the one rule for a new row that changes how earlier rows read

mod alarm;
mod follower;
pub mod superseding;

pub use alarm::Alarm;
pub use follower::{Follower, begin, sync};
