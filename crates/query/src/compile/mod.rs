//! `ast` to a plan, once for all rows: literals are read, names get slots, programs are compiled.
//! Every mistake in a query beyond its grammar is found here.
//!
//! - `context`: what a query is compiled against · `scope`: names to slots, stage by stage
//! - `literal`: what a value means beside its field · `condition`: conditions to predicates
//! - `query`: a whole query
//!
//! Not here: the grammar (`text`), rows (`stage`).

mod condition;
mod context;
mod literal;
mod query;
mod scope;

pub use context::{Argument, Context};
pub use query::{columns, compile};
