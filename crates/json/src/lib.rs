//! JSON text as bytes: is it well formed, where is each member, what does a
//! string say. Values are slices of the row they stand in, so that what was
//! given is what is kept (a 30-digit integer stays 30 digits).
//!
//! Not here: rows, fields with a meaning, files. This room knows RFC 8259 and
//! nothing of logbooks.
//!
//! - `validate`: the strict judge, with byte offsets; iterative, any depth · `fault`: what it says
//! - `span`: where the members of a judged row stand
//! - `skip`: step over a value without judging it
//! - `frame`: the frame of a row and its members, byte by byte; `bits`: the same, 64 bytes at a
//!   time
//! - `object`: members of an object, and picking a few of them in one pass
//! - `string`: decode and encode strings
//! - `decimal`: numbers without floats: exact order; `sum`: exact sums and means
//! - `leaves`: the elements of an array
//!
//! Invariant: no function recurses with its input, and none panics on any bytes.

pub mod bits;
mod decimal;
mod fault;
pub mod frame;
mod leaves;
pub mod mend;
mod object;
pub mod skip;
mod span;
pub mod string;
mod sum;
pub mod validate;
mod write;

pub use decimal::{Decimal, plain_digits};
pub use leaves::Leaves;
pub use mend::mend;
pub use object::{Fault as ObjectFault, Member, Members, pick};
pub use skip::{Kind, kind, skip_value, skip_white, trim};
pub use span::{Span, Spans, key_hash, key_hash_in};
pub use string::{decode, decode_raw, lossy, quote, quote_into};
pub use sum::Sum;
pub use validate::{Fault, Limits, Scratch, validate, validate_members};
pub use write::{Array, Object, number_into};
