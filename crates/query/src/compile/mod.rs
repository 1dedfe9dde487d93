//! `ast` to a plan: literals read, names numbered, programs compiled, once for
//! all rows. Whatever is wrong with a query beyond its grammar is told here.
//!
//! Not here: the grammar (`text`), rows (`stage`).
//!
//! - `query`: a whole query · `scope`: conditions and operands in the names of a stage
//! - `literal`: what a value means beside what it is compared with

mod condition;
mod context;
mod literal;
mod query;
mod scope;

pub use context::{Argument, Context};
pub use query::{columns, compile};
