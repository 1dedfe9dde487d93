//! The stages of a plan, through which rows go:
//!
//! latest → filter → jq → group → having → sort → limit → select → sink
//!
//! - `plan`: a compiled query · `pipeline`: its stages at work
//! - `prefilter`: a literal that every row that passes contains · `requirement`: what such rows
//!   must have, for a caller that knows something about many rows at once
//! - `newest_per_group`, `group`, `sort`: the stages that hold rows back
//! - `key_cache`: group keys that were met before, found by their text · `spill`: the newest rows
//!   of finished parts
//!
//! Not here: where rows come from (`scan`), what a condition means (`eval`).

pub(crate) mod group;
mod key_cache;
pub(crate) mod newest_per_group;
mod pipeline;
pub(crate) mod plan;
mod prefilter;
mod requirement;
pub(crate) mod sort;
mod spill;

pub use pipeline::{Fold, Held, Out, Summary};
pub use plan::Plan;
pub use prefilter::{Probe, literal_of};
pub use requirement::{Field, MayHold, Requirement};
