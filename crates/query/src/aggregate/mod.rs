//! The aggregates: what `summarize` computes of the rows of a group.
//!
//! Each takes values one at a time, merges with the same aggregate of later rows, and ends as a
//! JSON text. Merging is exact: how the rows were split never shows in the result.
//!
//! - `accumulator`: the table of all aggregates
//! - `by_unit`: numbers, durations and sizes kept apart, for sum and avg (`sum`) and percentiles
//!   (`percentile`)
//! - `chunked`, `packed_counts`: how a percentile stores many numbers
//! - `values`: min, max, distinct and list, of values of any type
//!
//! Not here: which rows make a group (`stage/group`).
//!
//! To add one: a variant in `ast::Function`, and a line in each table of `accumulator`.

mod accumulator;
mod by_unit;
mod chunked;
mod packed_counts;
mod percentile;
mod sum;
mod values;

pub(crate) use accumulator::{Accumulator, NumberCache};
pub use by_unit::Ignored;
