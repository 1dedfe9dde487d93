//! Conditions, columns and keys on raw JSON. No value is decoded that is not
//! looked at.
//!
//! Not here: rows in sequence (`stage`).
//!
//! - `value`: a literal ready to be compared · `compare`: one operator with its literal ·
//!   `pattern`: a regular expression
//! - `path`: from a row to the values a dotted path reaches · `predicate`: a whole condition
//! - `source`: where a column's value comes from · `bucket`: time buckets
//! - `order`: the order and the identity of any two values · `doubts`: rows passed over for a value
//!   that cannot be read

pub(crate) mod bucket;
pub(crate) mod compare;
pub mod doubts;
pub(crate) mod order;
pub mod path;
pub(crate) mod pattern;
pub(crate) mod predicate;
pub mod source;
pub mod value;
