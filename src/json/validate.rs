//! The strict judge: is this one JSON value (RFC 8259), and if not, at which
//! byte and why. Iterative, so that depth costs a byte a level and no stack.

use std::collections::HashSet;
use std::fmt;

use memchr::memchr;

use super::skip::skip_white;
use super::string::{decode_raw, hex4};

/// What is refused beyond the grammar.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Deepest nesting of arrays and objects.
    pub depth_max: usize,
    /// Refuse an object that has the same key twice (compared as characters).
    pub unique_keys: bool,
    /// Refuse `\uD800` to `\uDFFF` that do not form a pair.
    pub whole_surrogates: bool,
}

impl Limits {
    /// The grammar alone, as deep as memory allows.
    pub const GRAMMAR: Limits = Limits { depth_max: usize::MAX, unique_keys: false, whole_surrogates: false };
}

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

/// Whether `text` is one well-formed value.
pub(super) fn is_value(text: &[u8]) -> bool {
    validate(text, Limits::GRAMMAR).is_ok()
}

/// Judges `text` as one JSON value with white space around it.
pub fn validate(text: &[u8], limits: Limits) -> Result<(), Fault> {
    let fault = |at, reason| Err(Fault { at, reason });
    if text.starts_with(b"\xEF\xBB\xBF") {
        return fault(0, Reason::ByteOrderMark);
    }
    // One pass of the standard library's fast check; strings need none of their own.
    if let Err(error) = std::str::from_utf8(text) {
        return fault(error.valid_up_to(), Reason::Utf8);
    }
    Judge { text, limits, scratch: &mut Scratch::default() }.run()
}

/// As [`validate`], with buffers that are used again; afterwards
/// `scratch.members` holds the members of the object that `text` is (empty for
/// any other value). For writers that judge millions of rows.
pub fn validate_members(text: &[u8], limits: Limits, scratch: &mut Scratch) -> Result<(), Fault> {
    scratch.open.clear();
    scratch.keys.clear();
    scratch.members.clear();
    if text.starts_with(b"\xEF\xBB\xBF") {
        return Err(Fault { at: 0, reason: Reason::ByteOrderMark });
    }
    if let Err(error) = std::str::from_utf8(text) {
        return Err(Fault { at: error.valid_up_to(), reason: Reason::Utf8 });
    }
    Judge { text, limits, scratch }.run()
}

/// Where a top-level member stands: byte ranges in the text judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The key between its quotes, escapes in place.
    pub key: (usize, usize),
    /// The value, without white space around it.
    pub value: (usize, usize),
}

/// Buffers of the judge.
#[derive(Debug, Default)]
pub struct Scratch {
    open: Vec<Open>,
    /// The keys of all open objects (range of the raw key), innermost last.
    keys: Vec<(usize, usize)>,
    /// Members of the outermost object, in order of writing.
    pub members: Vec<Span>,
}

/// An open array or object.
#[derive(Debug)]
struct Open {
    object: bool,
    /// Where this object's keys begin in `Scratch::keys`.
    keys_from: usize,
}

struct Judge<'a, 's> {
    text: &'a [u8],
    limits: Limits,
    scratch: &'s mut Scratch,
}

impl Judge<'_, '_> {
    fn run(mut self) -> Result<(), Fault> {
        let mut at = skip_white(self.text, 0);
        loop {
            // A value begins at `at`.
            at = match self.byte(at)? {
                b'{' => {
                    self.enter(true, at)?;
                    let next = skip_white(self.text, at + 1);
                    if self.byte(next)? == b'}' {
                        next
                    } else {
                        at = self.key(next)?;
                        continue;
                    }
                }
                b'[' => {
                    self.enter(false, at)?;
                    at = skip_white(self.text, at + 1);
                    if self.byte(at)? == b']' {
                        at
                    } else {
                        continue;
                    }
                }
                b'"' => self.string(at)?,
                b'-' | b'0'..=b'9' => self.number(at)?,
                b't' => self.word(at, b"true")?,
                b'f' => self.word(at, b"false")?,
                b'n' => self.word(at, b"null")?,
                _ => return Err(self.unexpected(at, "a value")),
            };
            // After a value (or at the bracket that closes an empty one).
            let mut ended = at;
            loop {
                at = skip_white(self.text, at);
                let Some(open) = self.scratch.open.last() else {
                    return if at == self.text.len() {
                        Ok(())
                    } else {
                        Err(self.unexpected_with(at, Reason::Trailing))
                    };
                };
                let object = open.object;
                let byte = self.byte(at)?;
                if self.scratch.open.len() == 1
                    && object
                    && let Some(span) = self.scratch.members.last_mut()
                    && span.value.1 == 0
                {
                    span.value.1 = ended;
                }
                match byte {
                    b',' => {
                        at = skip_white(self.text, at + 1);
                        if object {
                            at = self.key(at)?;
                        }
                        break;
                    }
                    b'}' if object => {
                        self.leave()?;
                        at += 1;
                        ended = at;
                    }
                    b']' if !object => {
                        self.scratch.open.pop();
                        at += 1;
                        ended = at;
                    }
                    _ => return Err(self.unexpected(at, if object { "',' or '}'" } else { "',' or ']'" })),
                }
            }
        }
    }

    fn byte(&self, at: usize) -> Result<u8, Fault> {
        self.text.get(at).copied().ok_or(Fault { at: self.text.len(), reason: Reason::Ends })
    }

    fn unexpected(&self, at: usize, what: &'static str) -> Fault {
        self.unexpected_with(at, Reason::Expected(what))
    }

    /// A NUL byte is named as such wherever it stands.
    fn unexpected_with(&self, at: usize, reason: Reason) -> Fault {
        Fault { at, reason: if self.text.get(at) == Some(&0) { Reason::Nul } else { reason } }
    }

    fn enter(&mut self, object: bool, at: usize) -> Result<(), Fault> {
        if self.scratch.open.len() >= self.limits.depth_max {
            return Err(Fault { at, reason: Reason::Depth(self.limits.depth_max) });
        }
        self.scratch.open.push(Open { object, keys_from: self.scratch.keys.len() });
        Ok(())
    }

    fn leave(&mut self) -> Result<(), Fault> {
        if let Some(open) = self.scratch.open.pop()
            && self.limits.unique_keys
        {
            self.check_unique(open.keys_from)?;
            self.scratch.keys.truncate(open.keys_from);
        }
        Ok(())
    }

    /// Few keys are compared pair by pair; many go through a set.
    fn check_unique(&self, from: usize) -> Result<(), Fault> {
        let keys = &self.scratch.keys[from..];
        let raw = |&(from, to): &(usize, usize)| &self.text[from..to];
        let escaped = keys.iter().any(|key| memchr(b'\\', raw(key)).is_some());
        if keys.len() <= 16 && !escaped {
            for (index, key) in keys.iter().enumerate() {
                if keys[..index].iter().any(|other| raw(other) == raw(key)) {
                    return Err(self.duplicate(key.0));
                }
            }
            return Ok(());
        }
        let mut seen = HashSet::with_capacity(keys.len());
        for key in keys {
            if !seen.insert(decode_raw(raw(key))) {
                return Err(self.duplicate(key.0));
            }
        }
        Ok(())
    }

    fn duplicate(&self, key_at: usize) -> Fault {
        let end = super::skip::skip_string(self.text, key_at - 1).map_or(key_at, |end| end - 1);
        let name = String::from_utf8_lossy(&decode_raw(&self.text[key_at..end])).into_owned();
        Fault { at: key_at - 1, reason: Reason::Duplicate(name) }
    }

    /// A key and its colon; gives where the value begins.
    fn key(&mut self, at: usize) -> Result<usize, Fault> {
        if self.byte(at)? != b'"' {
            return Err(self.unexpected(at, "a key in double quotes"));
        }
        let end = self.string(at)?;
        if self.limits.unique_keys {
            self.scratch.keys.push((at + 1, end - 1));
        }
        let colon = skip_white(self.text, end);
        if self.byte(colon)? != b':' {
            return Err(self.unexpected(colon, "':' after the key"));
        }
        let value = skip_white(self.text, colon + 1);
        if self.scratch.open.len() == 1 {
            // The end is filled in when the value has been judged.
            self.scratch.members.push(Span { key: (at + 1, end - 1), value: (value, 0) });
        }
        Ok(value)
    }

    fn word(&self, at: usize, word: &'static [u8]) -> Result<usize, Fault> {
        if self.text[at..].starts_with(word) { Ok(at + word.len()) } else { Err(self.unexpected(at, "a value")) }
    }

    fn string(&self, at: usize) -> Result<usize, Fault> {
        let text = self.text;
        let mut at = at + 1;
        loop {
            at = plain_run(text, at);
            match self.byte(at)? {
                b'"' => return Ok(at + 1),
                b'\\' => at = self.escape(at)?,
                0 => return Err(Fault { at, reason: Reason::Nul }),
                byte => return Err(Fault { at, reason: Reason::Control(byte) }),
            }
        }
    }

    fn escape(&self, at: usize) -> Result<usize, Fault> {
        match self.byte(at + 1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 2),
            b'u' => {
                let Some(code) = hex4(&self.text[at + 2..]) else {
                    return Err(Fault { at, reason: Reason::Escape });
                };
                let low = || self.text.get(at + 6..).and_then(|rest| rest.strip_prefix(b"\\u")).and_then(hex4);
                match code {
                    0xD800..=0xDBFF if matches!(low(), Some(0xDC00..=0xDFFF)) => Ok(at + 12),
                    0xD800..=0xDFFF if self.limits.whole_surrogates => Err(Fault { at, reason: Reason::Surrogate }),
                    _ => Ok(at + 6),
                }
            }
            _ => Err(Fault { at, reason: Reason::Escape }),
        }
    }

    fn number(&self, from: usize) -> Result<usize, Fault> {
        let text = self.text;
        let digits = |mut at: usize| {
            while text.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            at
        };
        let fault = Err(Fault { at: from, reason: Reason::Number });
        let mut at = from + usize::from(text[from] == b'-');
        let whole = digits(at);
        if whole == at || (text[at] == b'0' && whole > at + 1) {
            return fault;
        }
        at = whole;
        if text.get(at) == Some(&b'.') {
            let end = digits(at + 1);
            if end == at + 1 {
                return fault;
            }
            at = end;
        }
        if matches!(text.get(at), Some(b'e' | b'E')) {
            let from = at + 1 + usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
            at = digits(from);
            if at == from {
                return fault;
            }
        }
        Ok(at)
    }
}

/// The first byte at or after `at` that ends a plain run inside a string: a
/// quote, a backslash or a control character. Eight bytes at a time.
#[inline]
fn plain_run(text: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    while let Some(chunk) = text.get(at..at + 8) {
        let word = u64::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3], chunk[4], chunk[5], chunk[6], chunk[7]]);
        let zero = |x: u64| x.wrapping_sub(ONES) & !x & HIGH;
        // Exact for the lowest hit, which is the one that counts.
        let stop =
            zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5C)) | (word.wrapping_sub(ONES * 0x20) & !word & HIGH);
        if stop != 0 {
            return at + (stop.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while at < text.len() && text[at] >= 0x20 && text[at] != b'"' && text[at] != b'\\' {
        at += 1;
    }
    at
}
