//! The frame of a row: enough to know that a line is one object and where its members are, and no
//! more. Beside the fields that it reads, a query checks only the frame of a row (`docs/format.md`,
//! Bad rows).
//!
//! A line is framed as an object if it begins with `{`, its brackets outside strings (curly and
//! square ones are not distinguished) are balanced at its last byte and not before, and no string
//! is open at its end. A member is a string at depth one followed by a colon. Its value must begin
//! like one, end, and be followed by a comma or a bracket.
//!
//! This is the scalar reference, byte by byte. [`super::bits`] does the same, many bytes at a time.

use super::members::Fault;
use super::skip::{Kind, kind, skip_string, skip_value, skip_white};
use super::string::decode_raw;
use super::validate::{is_value, number_end};

/// Finds the members called `names` in the line `text`. `out[i]` becomes the value of `names[i]`;
/// of a repeated key, the last one. White space around the object is allowed.
pub fn pick<'a, N: AsRef<[u8]>>(text: &'a [u8], names: &[N], out: &mut Vec<Option<&'a [u8]>>) -> Result<(), Fault> {
    out.clear();
    out.resize(names.len(), None);
    walk(text, |key, at| {
        let key = decode_raw(key);
        if let Some(slot) = names.iter().position(|name| *name.as_ref() == *key) {
            out[slot] = Some(value(text, at)?);
        }
        Ok(())
    })
}

/// Checks the frame of the line `text`, and calls `each` for each member with its key, without the
/// quotes, and the position after the colon.
pub(super) fn walk<'a>(
    text: &'a [u8],
    mut each: impl FnMut(&'a [u8], usize) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let start = skip_white(text, 0);
    match text.get(start) {
        Some(b'{') => {}
        Some(_) if kind(&text[start..]).is_some() && is_value(text) => return Err(Fault::NotObject),
        _ => return Err(Fault::NotJson(start.min(text.len()))),
    }
    let (mut at, mut depth) = (start, 0usize);
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                let Some(end) = skip_string(text, at).filter(|end| *end <= text.len()) else {
                    return Err(Fault::NotJson(text.len()));
                };
                if depth == 1 {
                    let colon = skip_white(text, end);
                    if text.get(colon) == Some(&b':') {
                        each(&text[at + 1..end - 1], colon + 1)?;
                    }
                }
                at = end;
                continue;
            }
            // It escapes a quote outside strings too.
            b'\\' => at += usize::from(matches!(text.get(at + 1), Some(b'"' | b'\\'))),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    let rest = skip_white(text, at + 1);
                    return if rest == text.len() { Ok(()) } else { Err(Fault::NotJson(rest)) };
                }
            }
            _ => {}
        }
        at += 1;
    }
    Err(Fault::NotJson(text.len()))
}

/// The value after a colon; `at` is the position after the colon.
pub(super) fn value(text: &[u8], at: usize) -> Result<&[u8], Fault> {
    let from = skip_white(text, at);
    let to = skip_value(text, from).filter(|to| *to <= text.len());
    match to {
        Some(to) if is_framed(text, from, to) => Ok(&text[from..to]),
        _ => Err(Fault::NotJson(from.min(text.len()))),
    }
}

/// Whether the value `from..to` is framed: words and numbers are complete, and a comma or a closing
/// bracket follows.
#[inline]
pub(super) fn is_framed(text: &[u8], from: usize, to: usize) -> bool {
    let closed =
        matches!(text.get(to), Some(b',' | b'}')) || matches!(text.get(skip_white(text, to)), Some(b',' | b'}'));
    if !closed {
        return false;
    }
    let raw = &text[from..to];
    match kind(raw) {
        Some(Kind::String | Kind::Array | Kind::Object) => true,
        Some(Kind::Number) => number_end(raw, 0) == Some(raw.len()),
        Some(Kind::Boolean | Kind::Null) => matches!(raw, b"true" | b"false" | b"null"),
        None => false,
    }
}
