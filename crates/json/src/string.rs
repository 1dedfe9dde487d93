//! JSON strings: from text to characters and back.

use std::borrow::Cow;

use memchr::memchr;

/// The characters of the string `raw`, which includes its quotes; `None` if it is not a string. See
/// [`decode_raw`] for invalid escapes.
pub fn decode(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    let inner = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    Some(decode_raw(inner))
}

/// The characters between the quotes of a string; borrowed if there is no backslash. A lone
/// surrogate and an invalid escape become U+FFFD, so that decoding never fails:
/// [`super::validate()`] reports them.
pub fn decode_raw(inner: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr(b'\\', inner) else {
        return Cow::Borrowed(inner);
    };
    let mut out = Vec::with_capacity(inner.len());
    out.extend_from_slice(&inner[..first]);
    let mut at = first;
    while at < inner.len() {
        if inner[at] != b'\\' {
            let run = memchr(b'\\', &inner[at..]).unwrap_or(inner.len() - at);
            out.extend_from_slice(&inner[at..at + run]);
            at += run;
            continue;
        }
        at += 2;
        match inner.get(at - 1) {
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(b'r') => out.push(b'\r'),
            Some(b'b') => out.push(8),
            Some(b'f') => out.push(12),
            Some(byte @ (b'"' | b'\\' | b'/')) => out.push(*byte),
            Some(b'u') => {
                let (character, used) = unicode_escape(&inner[at..]);
                at += used;
                let mut buffer = [0; 4];
                out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            }
            _ => out.extend_from_slice("\u{FFFD}".as_bytes()),
        }
    }
    Cow::Owned(out)
}

/// The characters as text, with invalid UTF-8 replaced. Faster than `String::from_utf8_lossy` for
/// valid text, which is nearly all.
#[inline]
pub fn lossy(characters: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(characters).map_or_else(|_| String::from_utf8_lossy(characters), Cow::Borrowed)
}

/// The character of `XXXX` or `XXXX\uXXXX` (after `\u`), and the bytes used.
fn unicode_escape(text: &[u8]) -> (char, usize) {
    let Some(high) = hex4(text) else {
        return (char::REPLACEMENT_CHARACTER, 0);
    };
    if let Some(character) = char::from_u32(high) {
        return (character, 4);
    }
    let low = text.get(4..).and_then(|rest| rest.strip_prefix(b"\\u")).and_then(hex4);
    match low {
        Some(low @ 0xDC00..=0xDFFF) if high < 0xDC00 => {
            let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 10)
        }
        _ => (char::REPLACEMENT_CHARACTER, 4),
    }
}

/// Four hexadecimal digits.
pub(super) fn hex4(text: &[u8]) -> Option<u32> {
    let digits = text.get(..4)?;
    let mut value = 0;
    for digit in digits {
        value = value * 16 + char::from(*digit).to_digit(16)?;
    }
    Some(value)
}

/// `text` as a JSON string, with its quotes.
pub fn quote(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    quote_into(text, &mut out);
    out
}

/// Appends `text` as a JSON string. Only quotes, backslashes and control characters are escaped.
pub fn quote_into(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for &byte in text.as_bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..=31 => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}
