//! jq programs on rows. Nothing outside this room knows the engine.
//!
//! - `program`: compiled once, run on each row · `write`: its values as JSON text
//! - `head`: plain conditions at its start, asked before any row is parsed for it
//! - `flaws`: what is wrong with a program, and where
//! - `fields`: which members of its row a program can see · `projection`: one that makes a plain
//!   object of them
//! - `named`: the fields that a program names
//! - `rewrite`: the program made to mean what it means in jq, by `update` (assignments) and
//!   `slices`
//! - `prelude.jq`: what jq defines and the engine does not, resting on
//!   `dates` (the query's zone) and `paths` (setpath, delpaths); `texts`: JSON in strings

mod dates;
mod fields;
pub mod flaws;
pub mod head;
pub(crate) mod named;
mod paths;
pub mod program;
mod projection;
mod read;
mod rewrite;
mod slices;
mod update;
mod write;
