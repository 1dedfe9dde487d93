//! Rows of agents, made up from a seed: the same seed, count and shape give the
//! same bytes on every machine. Two shapes, so that no figure rests on one.
//!
//! Not here: files. Nothing here needs more than `std`, so that tests take it
//! in by its path.
//!
//! - `dice`: numbers from a seed
//! - `shape`: the two shapes
//! - `padded`: rows of a wanted length, for `append`
//! - `agents`: many runs at work over thirty days, for queries · `words`: what they say ·
//!   `steps` and `calls`: one row in either shape
#![allow(dead_code, unused_imports, reason = "each program takes what it needs")]

mod agents;
mod calls;
mod dice;
mod padded;
mod shape;
mod steps;
mod words;

pub use agents::{AgentRows, DAYS, agent_rows};
pub use dice::Dice;
pub use padded::rows;
pub use shape::Shape;
