//! Conditions, columns and keys on raw JSON. A value is decoded only where it is needed.
//!
//! - `value`: a literal ready to be compared · `compare`: an operator with its literal · `pattern`:
//!   a regular expression
//! - `path`: the values that a dotted path reaches in a row · `predicate`: a whole condition
//! - `source`: where a column's value comes from · `bucket`: time buckets
//! - `order`: the order and the identity of any two values · `doubts`: rows that were skipped
//!   because a value could not be read
//!
//! Not here: rows in sequence (`stage`).

pub(crate) mod bucket;
pub(crate) mod compare;
pub mod doubts;
pub(crate) mod order;
pub mod path;
pub(crate) mod pattern;
pub(crate) mod predicate;
pub mod source;
pub mod value;
