//! jq programs on rows. Nothing outside of this room knows the engine.
//!
//! - `program`: compiled once, run on each row · `read`, `write`: JSON text to its values, and back
//! - `head`: conditions at its start, evaluated before the row is parsed
//! - `fields`: the members of its row that a program uses · `projection`: a program that makes a
//!   flat object of them, done without the engine
//! - `flaws`: what is wrong with a program, and where · `named`: the fields that a program names
//! - `rewrite`: replaces what the engine evaluates differently from jq, with the functions of
//!   `update` (assignments) and `slices`
//! - `prelude.jq`: definitions of jq that the engine lacks, with the functions of `dates` (the
//!   query's zone) and `paths` (setpath, delpaths)

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
