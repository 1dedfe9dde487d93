//! Rows folded into what people ask about: where each run stands, how one run
//! went. Plain structs; every door shows the same ones.
//!
//! Not here: how rows are found and read (`scan`), how a struct looks (`render`).
//!
//! - `standing`: which row says where a run stands, of raw values
//! - `runs`: one record for each run
//! - `stats`: what a logbook comes to
//! - `timeline`: the rows of one run, with the time between them
//! - `fields`: which fields rows have
//! - `explain`: what a query is going to do
//! - `amended`: what corrections did to a row
//!
//! Invariant: a fold sees rows in file order and depends on nothing else.

pub mod amended;
pub mod explain;
pub mod fields;
pub mod runs;
pub mod standing;
pub mod stats;
pub mod timeline;

pub use amended::{Amended, amended};
pub use explain::Explanation;
pub use fields::Fields;
pub use runs::{Run, Runs};
pub use stats::Stats;
pub use timeline::{Entry, Timeline};
