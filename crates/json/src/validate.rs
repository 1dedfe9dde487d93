//! The strict judge: is this one JSON value (RFC 8259), and if not, at which
//! byte and why. Iterative, so that depth costs a byte a level and no stack.

use std::collections::HashSet;

pub use super::fault::{Fault, Reason, line_column};
use super::skip::skip_white;
use super::span::{Span, Spans, key_hash_in, may_repeat};
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
    Judge { text, limits, scratch: &mut Scratch::default(), fault: None }.judge()
}

/// As [`validate`], with buffers that are used again; afterwards
/// `scratch.spans` holds the members of the object that `text` is (empty for
/// any other value). For writers that judge millions of rows.
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
    Judge { text, limits, scratch, fault: None }.judge()
}

/// Buffers of the judge.
#[derive(Debug, Default)]
pub struct Scratch {
    open: Vec<Open>,
    /// The keys of all open objects, innermost last.
    keys: Vec<Key>,
    /// Where the members stand.
    pub spans: Spans,
}

/// A key between its quotes.
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
    /// Where this object's keys begin among those of all open objects.
    keys_from: usize,
}

struct Judge<'a, 's> {
    text: &'a [u8],
    limits: Limits,
    scratch: &'s mut Scratch,
    fault: Option<Fault>,
}

/// The judge has a fault to tell. It is kept aside, so that what the hot
/// functions give back fits into registers.
struct Stop;

impl Judge<'_, '_> {
    fn judge(mut self) -> Result<(), Fault> {
        match self.run() {
            Ok(()) => Ok(()),
            Err(Stop) => Err(self.fault.unwrap_or(Fault { at: self.text.len(), reason: Reason::Ends })),
        }
    }

    fn run(&mut self) -> Result<(), Stop> {
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

    /// A NUL byte is named as such wherever it stands.
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

    /// A key and its colon; gives where the value begins.
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
        // The end is filled in when the value has been judged.
        let span = Span::new((at + 1, end - 1), hash, (value, 0));
        match self.scratch.open.as_slice() {
            [_] => self.scratch.spans.members.push(span),
            [Open { object: true, .. }, _] => self.scratch.spans.inner.push(span),
            _ => {}
        }
        Ok(value)
    }

    /// The member at this depth whose value has not ended.
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

    /// The position after the string, and whether a backslash stands in it.
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

/// The position after the escape that begins at `at`, a pair of surrogates in one.
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

/// The position after the number that begins at `from`, with a digit or a minus.
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

/// Where a key begins that stands among those before it. Small hashes say of
/// most objects at once that all keys are different; of the others, many keys,
/// and escaped ones, go through a set.
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
