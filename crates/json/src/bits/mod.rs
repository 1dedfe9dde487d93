//! JSON lines as bit masks: 64 bytes of text become one word for each kind of byte that matters,
//! and what is asked of the text is then asked of words.
//!
//! What it is: the idea of simdjson's first stage (Langdale and Lemire, "Parsing gigabytes of JSON
//! per second", 2019) put to another use. No value is parsed and no tree is built. [`Index`] makes
//! words and a list of places of a block of lines: its newlines, and the quotes that could end a
//! wanted key. [`Finder`] walks along the list, some two or three places in a row of four hundred
//! bytes, and gives slices of the text.
//!
//! [`Judge`] does the same for writers: it judges whole rows as strictly as [`super::validate()`], stepping from string to
//! string; what it is in doubt about is left to that plain path, which also says what is wrong.
//!
//! What the finder is not: a judge. It sees the frame of a row ([`super::frame`] says what that is,
//! and is the plain path that this one must agree with); a row whose frame is in doubt is given
//! without values, for the plain path to read.
//!
//! - `masks.rs`: the words, and the plain way to make them · `index.rs`: what a block comes to,
//!   made of groups of words (`words.rs`): `strings.rs` says what is inside of strings,
//!   `brackets.rs` whether rows come to nought
//! - `x86.rs`: the same with 64 or 32 bytes at a time, where the processor can (the only `unsafe`
//!   here)
//! - `marks.rs`: quotes and newlines as positions, for the judge; `judge.rs`: rows judged along
//!   them; `keys.rs`: keys as rows repeat them
//! - `finder.rs`: rows and wanted fields from the index

mod brackets;
mod dispatch;
mod finder;
mod index;
mod judge;
mod keys;
mod marks;
mod masks;
mod strings;
mod words;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use finder::{Finder, Line};
pub use index::Index;
pub use judge::{Judge, Judged, RowJudge};
pub use marks::Marks;
