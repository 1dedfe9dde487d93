//! The aggregates: what `summarize` makes of the rows of a group.
//!
//! Each is a state that takes values, joins the state of later rows, and ends
//! in a JSON text. Joining is exact: how rows were split never shows.
//!
//! - `state`: the table of all aggregates
//! - `measured`: numbers and amounts with a unit, kept apart, for sum and avg (`number`) and
//!   percentiles (`rank`)
//! - `loose`, `packed`: many numbers
//! - `extreme`: min and max, of anything that has an order
//! - `values`: distinct and list
//!
//! Not here: which rows make a group (`stage_group`).
//!
//! To add one: a variant in `ast::Function`, a line in each table of `state`.

mod extreme;
mod loose;
mod measured;
mod number;
mod packed;
mod rank;
mod state;
mod values;

pub use state::Ignored;
pub(crate) use state::{Digits, State};
