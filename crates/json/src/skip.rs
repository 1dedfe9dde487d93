//! Stepping over JSON text without validating it: enough to find the end of a value in valid text,
//! and safe (if meaningless) in other text.

use memchr::memchr2;

/// The type of a value, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// a number
    Number,
    /// a string
    String,
    /// an array
    Array,
    /// an object
    Object,
}

/// The type of the value at the start of `raw`; `None` if no value begins so. White space is not
/// skipped.
pub fn kind(raw: &[u8]) -> Option<Kind> {
    match raw.first()? {
        b'n' => Some(Kind::Null),
        b't' | b'f' => Some(Kind::Boolean),
        b'-' | b'0'..=b'9' => Some(Kind::Number),
        b'"' => Some(Kind::String),
        b'[' => Some(Kind::Array),
        b'{' => Some(Kind::Object),
        _ => None,
    }
}

/// JSON's four kinds of white space.
#[inline]
pub fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The first position at or after `at` that is not white space.
#[inline]
pub fn skip_white(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && is_white(text[at]) {
        at += 1;
    }
    at
}

/// `text` without white space at both ends.
pub fn trim(text: &[u8]) -> &[u8] {
    let from = skip_white(text, 0);
    let mut to = text.len();
    while to > from && is_white(text[to - 1]) {
        to -= 1;
    }
    &text[from..to]
}

/// The position after the string that opens at `at` (a quote); `None` if it does not end.
#[inline]
pub fn skip_string(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// The position after the value at `at`; `None` if there is none, or it does not end. Brackets are
/// counted, not matched.
#[inline]
pub fn skip_value(text: &[u8], at: usize) -> Option<usize> {
    match kind(text.get(at..)?)? {
        Kind::String => skip_string(text, at),
        Kind::Array | Kind::Object => skip_nested(text, at),
        _ => Some(skip_scalar(text, at)),
    }
}

/// The position after the number or word at `at`.
#[inline]
pub fn skip_scalar(text: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < text.len()
        && !is_white(text[end])
        && !matches!(text[end], b',' | b'}' | b']' | b':' | b'"' | b'{' | b'[')
    {
        end += 1;
    }
    end
}

fn skip_nested(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0usize;
    while at < text.len() {
        match text[at] {
            b'"' => {
                at = skip_string(text, at)?;
                continue;
            }
            // In invalid JSON it escapes a quote outside strings too, as in `bits`.
            b'\\' => at += usize::from(matches!(text.get(at + 1), Some(b'"' | b'\\'))),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}
