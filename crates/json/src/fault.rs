//! What the judge says of a text that is no JSON value: where, and why.

use std::fmt;

/// Where and why a text is no JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Byte offset of the first byte that is wrong (the length, when the text ends too soon).
    pub at: usize,
    /// Why.
    pub reason: Reason,
}

/// Why a text is no JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Not UTF-8.
    Utf8,
    /// A byte order mark at the start.
    ByteOrderMark,
    /// A NUL byte.
    Nul,
    /// A control character inside a string, not escaped.
    Control(u8),
    /// The text ends inside a value.
    Ends,
    /// Something else was expected here.
    Expected(&'static str),
    /// A backslash with no escape after it.
    Escape,
    /// Half a surrogate pair.
    Surrogate,
    /// A malformed number.
    Number,
    /// Deeper than allowed; the limit.
    Depth(usize),
    /// A key that stands twice in one object.
    Duplicate(String),
    /// Something after the value.
    Trailing,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Utf8 => f.write_str("invalid UTF-8"),
            Reason::ByteOrderMark => f.write_str("a byte order mark (BOM) stands before the row"),
            Reason::Nul => f.write_str("a NUL byte"),
            Reason::Control(byte) => write!(f, "a control character (0x{byte:02x}) must be escaped in a string"),
            Reason::Ends => f.write_str("the text ends inside a value"),
            Reason::Expected(what) => write!(f, "expected {what}"),
            Reason::Escape => f.write_str("no such escape in a string"),
            Reason::Surrogate => f.write_str("half a surrogate pair is no character"),
            Reason::Number => f.write_str("malformed number"),
            Reason::Depth(most) => write!(f, "nested deeper than {most} levels"),
            Reason::Duplicate(key) => write!(f, "key {key:?} stands twice in one object"),
            Reason::Trailing => f.write_str("something follows the value"),
        }
    }
}

/// Line and column (from 1, in characters) of byte `at` in `text`.
pub fn line_column(text: &[u8], at: usize) -> (usize, usize) {
    let before = &text[..at.min(text.len())];
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    (line, String::from_utf8_lossy(&before[start..]).chars().count() + 1)
}
