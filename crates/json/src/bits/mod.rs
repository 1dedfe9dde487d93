//! JSON lines as bitmasks: 64 bytes of text become one 64-bit word for each class of byte that
//! matters (quotes, brackets, newlines, …), and questions about the text become questions about
//! words.
//!
//! This is the first stage of simdjson (Langdale and Lemire, "Parsing gigabytes of JSON per
//! second", 2019) put to another use: no value is parsed and no tree is built. [`Index`] is the
//! structural index of a block of lines: bitmasks, and a list of the positions of newlines and of
//! quotes that could end a wanted key. [`Finder`] walks that list, two or three positions per row
//! of four hundred bytes, and returns slices of the text.
//!
//! [`Validator`] does the same for writers: it validates whole rows as strictly as
//! [`super::validate()`], stepping from string to string. A row that it is not sure about goes to
//! that scalar path, which also says what is wrong.
//!
//! The finder does not validate. It sees the frame of a row ([`super::frame`] defines it, and is
//! the scalar reference that the finder must agree with). If the frame is in doubt, it returns the
//! row without values, and the reference decides.
//!
//! - `masks`: the bitmasks of 64 bytes, made byte by byte, and bit tricks
//! - `words`: the bitmasks of a block · `in_string`: which bytes are inside strings · `brackets`:
//!   whether each row is balanced, and the depth of each word
//! - `index`: the structural index · `finder`: rows and wanted members, from the index
//! - `marks`: positions of quotes and newlines · `validator`: rows validated along them ·
//!   `key_cache`: keys as rows repeat them
//! - `x86`: the same with AVX-512 and AVX2 (the only `unsafe` here) · `dispatch`: which of them
//!   runs
//!
//! Invariant: every implementation produces the same bits.

mod brackets;
mod dispatch;
mod finder;
mod in_string;
mod index;
mod key_cache;
mod marks;
mod masks;
mod validator;
mod words;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use finder::{Finder, Line};
pub use index::Index;
pub use marks::Marks;
pub use validator::{RowValidator, ValidatedLine, Validator};
