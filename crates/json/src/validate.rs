//! The strict validator: whether a text is one JSON value (RFC 8259), and if not, at which byte and
//! why. It is iterative: depth costs a byte per level, and no stack.

use std::collections::HashSet;
use std::fmt;

use super::skip::skip_white;
use super::span::{Span, Spans, key_hash_in, may_repeat};
use super::string::{decode_raw, hex4};

/// Where and why a text is not a JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The offset of the first wrong byte; the length, if the text ends too soon.
    pub at: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// Why a text is not a JSON value.
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
    /// A backslash without an escape after it.
    Escape,
    /// Half a surrogate pair.
    Surrogate,
    /// A malformed number.
    Number,
    /// Deeper than allowed; the limit.
    Depth(usize),
    /// A key that is repeated in one object.
    Duplicate(String),
    /// Something after the value.
    Trailing,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Utf8 => f.write_str("invalid UTF-8"),
            Reason::ByteOrderMark => f.write_str("a byte order mark (BOM) before the row"),
            Reason::Nul => f.write_str("a NUL byte"),
            Reason::Control(byte) => write!(f, "a control character (0x{byte:02x}) must be escaped in a string"),
            Reason::Ends => f.write_str("the text ends inside a value"),
            Reason::Expected(what) => write!(f, "expected {what}"),
            Reason::Escape => f.write_str("invalid escape in a string"),
            Reason::Surrogate => f.write_str("half a surrogate pair is not a character"),
            Reason::Number => f.write_str("malformed number"),
            Reason::Depth(most) => write!(f, "nested deeper than {most} levels"),
            Reason::Duplicate(key) => write!(f, "key {key:?} is repeated in one object"),
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

/// Whether `text` is one well-formed value.
pub(super) fn is_value(text: &[u8]) -> bool {
    validate(text, Limits::GRAMMAR).is_ok()
}

/// Validates `text` as one JSON value, with white space around it.
pub fn validate(text: &[u8], limits: Limits) -> Result<(), Fault> {
    let fault = |at, reason| Err(Fault { at, reason });
    if text.starts_with(b"\xEF\xBB\xBF") {
        return fault(0, Reason::ByteOrderMark);
    }
    // One pass of the standard library's fast check; strings need none of their own.
    if let Err(error) = std::str::from_utf8(text) {
        return fault(error.valid_up_to(), Reason::Utf8);
    }
    Validator { text, limits, scratch: &mut Scratch::default(), fault: None }.run()
}

/// Like [`validate`], with buffers that are reused. Afterwards `scratch.spans` has the members of
/// the object `text` (none for any other value). For writers that validate millions of rows.
pub fn validate_members(text: &[u8], limits: Limits, scratch: &mut Scratch) -> Result<(), Fault> {
    scratch.open.clear();
    scratch.keys.clear();
    scratch.spans.clear();
    if text.starts_with(b"\xEF\xBB\xBF") {
        return Err(Fault { at: 0, reason: Reason::ByteOrderMark });
    }
    if let Err(error) = std::str::from_utf8(text) {
        return Err(Fault { at: error.valid_up_to(), reason: Reason::Utf8 });
    }
    Validator { text, limits, scratch, fault: None }.run()
}

/// Buffers of [`validate_members`].
#[derive(Debug, Default)]
pub struct Scratch {
    open: Vec<Open>,
    /// The keys of all open objects, innermost last.
    keys: Vec<Key>,
    /// The members of the last object.
    pub spans: Spans,
}

/// The position of a key, without its quotes.
#[derive(Debug, Clone, Copy)]
struct Key {
    from: u32,
    to: u32,
    escaped: bool,
    hash: u16,
}

/// An open array or object.
#[derive(Debug)]
struct Open {
    object: bool,
    /// The index of its first key in `Scratch::keys`.
    keys_from: usize,
}

struct Validator<'a, 's> {
    text: &'a [u8],
    limits: Limits,
    scratch: &'s mut Scratch,
    fault: Option<Fault>,
}

/// There is a fault. It is kept in the validator, so that what the hot functions return fits into
/// registers.
struct Stop;

impl Validator<'_, '_> {
    fn run(mut self) -> Result<(), Fault> {
        match self.value() {
            Ok(()) => Ok(()),
            Err(Stop) => Err(self.fault.unwrap_or(Fault { at: self.text.len(), reason: Reason::Ends })),
        }
    }

    fn value(&mut self) -> Result<(), Stop> {
        let mut at = skip_white(self.text, 0);
        loop {
            // A value begins at `at`.
            at = match self.byte(at)? {
                b'"' => self.string(at)?.0,
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
                b'-' | b'0'..=b'9' => self.number(at)?,
                b't' => self.word(at, b"true")?,
                b'f' => self.word(at, b"false")?,
                b'n' => self.word(at, b"null")?,
                _ => return self.unexpected(at, "a value"),
            };
            // After a value (or at the bracket that closes an empty one).
            let mut ended = at;
            loop {
                at = skip_white(self.text, at);
                let depth = self.scratch.open.len();
                let Some(open) = self.scratch.open.last() else {
                    return if at == self.text.len() { Ok(()) } else { self.wrong(at, Reason::Trailing) };
                };
                let object = open.object;
                let byte = self.byte(at)?;
                if object && let Some(span) = self.waiting(depth) {
                    span.end_at(ended);
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
                    _ => return self.unexpected(at, if object { "',' or '}'" } else { "',' or ']'" }),
                }
            }
        }
    }

    #[inline]
    fn byte(&mut self, at: usize) -> Result<u8, Stop> {
        match self.text.get(at) {
            Some(byte) => Ok(*byte),
            None => self.fail(self.text.len(), Reason::Ends),
        }
    }

    #[cold]
    fn fail<T>(&mut self, at: usize, reason: Reason) -> Result<T, Stop> {
        self.fault = Some(Fault { at, reason });
        Err(Stop)
    }

    #[cold]
    fn unexpected<T>(&mut self, at: usize, what: &'static str) -> Result<T, Stop> {
        self.wrong(at, Reason::Expected(what))
    }

    /// A NUL byte is reported as such everywhere.
    #[cold]
    fn wrong<T>(&mut self, at: usize, reason: Reason) -> Result<T, Stop> {
        let reason = if self.text.get(at) == Some(&0) { Reason::Nul } else { reason };
        self.fail(at, reason)
    }

    fn enter(&mut self, object: bool, at: usize) -> Result<(), Stop> {
        if self.scratch.open.len() >= self.limits.depth_max {
            return self.fail(at, Reason::Depth(self.limits.depth_max));
        }
        self.scratch.open.push(Open { object, keys_from: self.scratch.keys.len() });
        Ok(())
    }

    fn leave(&mut self) -> Result<(), Stop> {
        if let Some(open) = self.scratch.open.pop()
            && self.limits.unique_keys
        {
            if let Some(key_at) = duplicate(self.text, &self.scratch.keys[open.keys_from..]) {
                return self.twice(key_at);
            }
            self.scratch.keys.truncate(open.keys_from);
        }
        Ok(())
    }

    #[cold]
    fn twice(&mut self, key_at: usize) -> Result<(), Stop> {
        let end = super::skip::skip_string(self.text, key_at - 1).map_or(key_at, |end| end - 1);
        let name = String::from_utf8_lossy(&decode_raw(&self.text[key_at..end])).into_owned();
        self.fail(key_at - 1, Reason::Duplicate(name))
    }

    /// Validates a key and its colon, and returns the position of the value.
    fn key(&mut self, at: usize) -> Result<usize, Stop> {
        if self.byte(at)? != b'"' {
            return self.unexpected(at, "a key in double quotes");
        }
        let (end, escaped) = self.string(at)?;
        let hash = key_hash_in(self.text, at + 1, end - 1);
        if self.limits.unique_keys {
            self.scratch.keys.push(Key { from: at as u32 + 1, to: end as u32 - 1, escaped, hash });
        }
        let colon = skip_white(self.text, end);
        if self.byte(colon)? != b':' {
            return self.unexpected(colon, "':' after the key");
        }
        let value = skip_white(self.text, colon + 1);
        // The end is set when the value has been validated.
        let span = Span::new((at + 1, end - 1), hash, (value, 0));
        match self.scratch.open.as_slice() {
            [_] => self.scratch.spans.members.push(span),
            [Open { object: true, .. }, _] => self.scratch.spans.inner.push(span),
            _ => {}
        }
        Ok(value)
    }

    /// The member at this depth whose end is not set yet.
    fn waiting(&mut self, depth: usize) -> Option<&mut Span> {
        let spans = match depth {
            1 => &mut self.scratch.spans.members,
            2 => &mut self.scratch.spans.inner,
            _ => return None,
        };
        spans.last_mut().filter(|span| !span.has_ended())
    }

    fn word(&mut self, at: usize, word: &'static [u8]) -> Result<usize, Stop> {
        if self.text[at..].starts_with(word) { Ok(at + word.len()) } else { self.unexpected(at, "a value") }
    }

    /// The position after the string, and whether it has a backslash.
    #[inline]
    fn string(&mut self, at: usize) -> Result<(usize, bool), Stop> {
        let mut at = at + 1;
        let mut escaped = false;
        loop {
            at = plain_run(self.text, at);
            match self.byte(at)? {
                b'"' => return Ok((at + 1, escaped)),
                b'\\' => {
                    escaped = true;
                    at = self.escape(at)?;
                }
                0 => return self.fail(at, Reason::Nul),
                byte => return self.fail(at, Reason::Control(byte)),
            }
        }
    }

    fn escape(&mut self, at: usize) -> Result<usize, Stop> {
        match escape_end(self.text, at, self.limits) {
            Ok(end) => Ok(end),
            Err(reason) => {
                let at = if reason == Reason::Ends { self.text.len() } else { at };
                self.fail(at, reason)
            }
        }
    }

    fn number(&mut self, from: usize) -> Result<usize, Stop> {
        match number_end(self.text, from) {
            Some(end) => Ok(end),
            None => self.fail(from, Reason::Number),
        }
    }
}

/// The position after the escape at `at`; a pair of surrogates is one escape.
pub(super) fn escape_end(text: &[u8], at: usize, limits: Limits) -> Result<usize, Reason> {
    match text.get(at + 1) {
        None => Err(Reason::Ends),
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            let Some(code) = hex4(&text[at + 2..]) else {
                return Err(Reason::Escape);
            };
            let low = || text.get(at + 6..).and_then(|rest| rest.strip_prefix(b"\\u")).and_then(hex4);
            match code {
                0xD800..=0xDBFF if matches!(low(), Some(0xDC00..=0xDFFF)) => Ok(at + 12),
                0xD800..=0xDFFF if limits.whole_surrogates => Err(Reason::Surrogate),
                _ => Ok(at + 6),
            }
        }
        Some(_) => Err(Reason::Escape),
    }
}

/// The position after the number at `from`, which begins with a digit or a minus.
#[inline]
pub(super) fn number_end(text: &[u8], from: usize) -> Option<usize> {
    let digits = |mut at: usize| {
        while text.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let mut at = from + usize::from(text[from] == b'-');
    let whole = digits(at);
    if whole == at || (text[at] == b'0' && whole > at + 1) {
        return None;
    }
    at = whole;
    if text.get(at) == Some(&b'.') {
        let end = digits(at + 1);
        if end == at + 1 {
            return None;
        }
        at = end;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let exponent = at + 1 + usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        at = digits(exponent);
        if at == exponent {
            return None;
        }
    }
    Some(at)
}

/// The position of the first repeated key. Small hashes show for most objects that all keys are
/// different. Keys of objects with over 64 keys, and escaped keys, go through a set.
fn duplicate(text: &[u8], keys: &[Key]) -> Option<usize> {
    let raw = |key: &Key| &text[key.from as usize..key.to as usize];
    if keys.len() > 64 || keys.iter().any(|key| key.escaped) {
        let mut seen = HashSet::with_capacity(keys.len());
        return keys.iter().find(|key| !seen.insert(decode_raw(raw(key)))).map(|key| key.from as usize);
    }
    if !may_repeat(keys.iter().map(|key| key.hash)) {
        return None;
    }
    let again = |(index, key): &(usize, &Key)| {
        keys[..*index].iter().any(|other| other.hash == key.hash && raw(other) == raw(key))
    };
    keys.iter().enumerate().find(again).map(|(_, key)| key.from as usize)
}

/// The first quote, backslash or control character at or after `at`. Looks at eight bytes at a
/// time.
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
