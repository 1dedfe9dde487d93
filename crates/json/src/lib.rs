//! JSON text as bytes: whether it is valid, where its members are, what its strings and numbers
//! say. Values are slices of the row that they are in, so that what was given is what is kept (a
//! 30-digit integer stays 30 digits).
//!
//! Not here: rows, fields with a meaning, files. This crate knows RFC 8259 and nothing of logbooks.
//!
//! - `validate`: the strict validator, with byte offsets; iterative, to any depth
//! - `span`: the positions of the members of a validated row
//! - `skip`: step over a value without validating it
//! - `frame`: the frame of a row and its members, byte by byte · `bits`: the same, 64 bytes at a
//!   time
//! - `members`: the members of an object, the elements of an array
//! - `string`: decode and encode strings · `write`: objects and arrays, member by member
//! - `decimal`: numbers without floats, in exact order · `sum`: exact sums and means
//! - `mend`: rows that are not valid JSON throughout, made JSON
//!
//! Invariant: no function recurses with its input, and none panics on any bytes.

pub mod bits;
mod decimal;
pub mod frame;
mod members;
pub mod mend;
pub mod skip;
mod span;
pub mod string;
mod sum;
pub mod validate;
mod write;

pub use decimal::{Decimal, plain_digits};
pub use members::{Fault as ObjectFault, Leaves, Member, Members, pick};
pub use mend::mend;
pub use skip::{Kind, kind, skip_value, skip_white, trim};
pub use span::{Span, Spans, key_hash, key_hash_in};
pub use string::{decode, decode_raw, lossy, quote, quote_into};
pub use sum::Sum;
pub use validate::{Fault, Limits, Scratch, validate, validate_members};
pub use write::{Array, Object, number_into};
