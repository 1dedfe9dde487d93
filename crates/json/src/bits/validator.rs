//! Validates rows along their marks, as strictly as [`crate::validate_members`], but with a third
//! answer: "in doubt".
//!
//! An example. These are the first 64 bytes of a block, a column per byte (`⏎` is a newline), with
//! their bitmasks and the depth before each byte:
//!
//! ```text
//! text      {"run_id":"r-1","say":"\"no\" }","tags":["a"]}⏎{"run_id":"r-1","
//! quotes    .1......1.1...1.1...1.1........1.1....1..1.1....1......1.1...1.1
//! in-string .1111111..1111..1111..111111111..11111...11.....1111111..1111..1
//! opens     1.......................................1......1................
//! closes    ............................................11..................
//! newlines  ..............................................1.................
//! escaped   ........................1...1...................................
//! depth     0111111111111111111111111111111111111111122221001111111111111111
//! ```
//!
//! The positions of the quotes and newlines are the marks: 1, 8, 10, 14, … 46. The validator checks
//! every byte outside strings from left to right: `{`, then the string whose quotes are the next
//! two marks (1 and 8), `:`, the string 10 to 14, and so on. It never looks at the bytes inside a
//! string: the escaped quotes at 24 and 28 are not marks, and the `}` at 30 is skipped with its
//! string. The row is balanced if the depth returns to zero right before the newline, as it does at
//! byte 45.
//!
//! That is sound, because whatever could make the marks wrong (a backslash outside a string) is
//! itself met, and doubted, before any mark after it is used. The contents of strings are checked
//! by the flags of the marks: most rows have neither control characters nor non-ASCII bytes.
//! Escapes are checked one by one, and rows that are not ASCII as UTF-8. A row that is not
//! certainly valid is in doubt: the scalar validator decides, and says what is wrong and where.

use super::key_cache::KeyCache;
use super::marks::{CONTROL, Marks, NON_ASCII};
use crate::skip::is_white;
use crate::span::{Span, Spans, key_hash_in, may_repeat};
use crate::validate::{Limits, escape_end, number_end};

/// A line of a block.
#[derive(Debug, Clone, Copy)]
pub struct ValidatedLine<'t, 'j> {
    /// Its bytes, without the newline.
    pub text: &'t [u8],
    /// Its members, if it is certainly one valid object. `None`: [`crate::validate_members`]
    /// decides.
    pub spans: Option<&'j Spans>,
}

/// Validates the lines of blocks.
#[derive(Debug)]
pub struct Validator {
    limits: Limits,
    portable: bool,
    names: fn(&[u8]) -> u8,
    key_cache: KeyCache,
    marks: Marks,
    /// The offset of the next line.
    at: usize,
    /// The index of the next mark.
    next: usize,
    /// The index of the next escape.
    escape: usize,
    open: Vec<Container>,
    /// The keys of open objects below depth two.
    deep_keys: Vec<Span>,
    spans: Spans,
}

impl Validator {
    /// Validates rows within `limits`.
    pub fn new(limits: Limits) -> Validator {
        Validator {
            limits,
            portable: false,
            names: |_| Span::UNNAMED,
            key_cache: KeyCache::default(),
            marks: Marks::default(),
            at: 0,
            next: 0,
            escape: 0,
            open: Vec::new(),
            deep_keys: Vec::new(),
            spans: Spans::default(),
        }
    }

    /// Sets [`Span::name`] of cached keys to what `names` returns for them.
    pub fn naming(mut self, names: fn(&[u8]) -> u8) -> Validator {
        self.names = names;
        self
    }

    /// Makes the marks byte by byte, for tests that compare.
    pub fn portable(mut self) -> Validator {
        self.portable = true;
        self
    }

    /// Begins the block `block`: whole lines, each with its newline.
    pub fn begin(&mut self, block: &[u8]) {
        (self.at, self.next, self.escape) = (0, 0, 0);
        match self.portable {
            false => self.marks.fill(block),
            true => self.marks.fill_portable(block),
        }
    }

    /// Whether `block` is certainly one valid object by the grammar alone: repeated keys are
    /// allowed, and members are not recorded.
    #[inline(never)]
    fn is_valid(&mut self, block: &[u8]) -> bool {
        self.open.clear();
        let (ends, escapes) = (self.marks.ends(), self.marks.escapes());
        let input = Input { text: block, begin: 0, ends, escapes, limits: self.limits };
        let Validator { key_cache, names, open, deep_keys, spans, .. } = self;
        let mut output = Output { key_cache, names: *names, open, deep_keys, spans };
        let mut cursor = input.cursor(0, 0, KeyCache::NONE);
        let Some(end) = row::<false>(input, &mut output, &mut cursor) else { return false };
        end + 1 == block.len() && (self.marks.any_flags == 0 || self.is_clean(&block[..end], 0, end))
    }

    /// The next line of `block`, which must be the one of [`Validator::begin`]. Never inlined: the
    /// loop needs all registers.
    #[inline(never)]
    pub fn next<'t>(&mut self, block: &'t [u8]) -> Option<ValidatedLine<'t, '_>> {
        let begin = self.at;
        if begin >= block.len() {
            return None;
        }
        self.spans.clear();
        self.open.clear();
        self.deep_keys.clear();
        let input =
            Input { text: block, begin, ends: self.marks.ends(), escapes: self.marks.escapes(), limits: self.limits };
        let mut output = Output {
            key_cache: &mut self.key_cache,
            names: self.names,
            open: &mut self.open,
            deep_keys: &mut self.deep_keys,
            spans: &mut self.spans,
        };
        let mut cursor = input.cursor(self.next, self.escape, KeyCache::NONE);
        let ended = row::<true>(input, &mut output, &mut cursor);
        let is_valid = ended.is_some();
        let Cursor { mut next, mut escape, .. } = cursor;
        let end = match ended {
            Some(end) => end,
            None => {
                // Skip to the end of the line.
                let ends = self.marks.ends();
                while ends.get(next).is_some_and(|end| block.get(*end as usize) != Some(&b'\n')) {
                    next += 1;
                }
                let end = ends.get(next).map_or(block.len(), |end| *end as usize);
                while self.marks.escapes().get(escape).is_some_and(|at| (*at as usize) < end) {
                    escape += 1;
                }
                end
            }
        };
        (self.at, self.next, self.escape) = (end + 1, next + 1, escape);
        let text = &block[begin..end];
        let is_valid = is_valid && (self.marks.any_flags == 0 || self.is_clean(text, begin, end));
        Some(ValidatedLine { text, spans: is_valid.then_some(&self.spans) })
    }

    /// Whether flagged bytes are outside this row or harmless: UTF-8, and a carriage return at its
    /// end.
    #[cold]
    fn is_clean(&self, text: &[u8], begin: usize, end: usize) -> bool {
        let flags = self.marks.flags_in(begin, end);
        let body = text.strip_suffix(b"\r").unwrap_or(text);
        (flags & CONTROL == 0 || body.iter().all(|byte| *byte >= b' '))
            && (flags & NON_ASCII == 0 || std::str::from_utf8(text).is_ok())
    }
}

/// Validates single rows by the grammar alone.
#[derive(Debug)]
pub struct RowValidator {
    validator: Validator,
    line: Vec<u8>,
}

impl Default for RowValidator {
    fn default() -> Self {
        RowValidator { validator: Validator::new(Limits::GRAMMAR), line: Vec::new() }
    }
}

impl RowValidator {
    /// Whether `text` is certainly one valid object. If not, [`crate::validate()`] decides.
    pub fn is_valid(&mut self, text: &[u8]) -> bool {
        self.line.clear();
        self.line.extend_from_slice(text);
        self.line.push(b'\n');
        self.validator.begin(&self.line);
        self.validator.is_valid(&self.line)
    }
}

/// An open array or object.
#[derive(Debug, Clone, Copy)]
struct Container {
    object: bool,
    /// The index of its first key among the keys of its depth.
    keys_from: usize,
    /// The cached keys that it has, one bit each.
    seen: u64,
    /// Whether it has other keys.
    others: bool,
}

/// What is read: the block, its marks, and the limits.
#[derive(Clone, Copy)]
struct Input<'a> {
    text: &'a [u8],
    /// The offset of the row.
    begin: usize,
    ends: &'a [u32],
    escapes: &'a [u32],
    limits: Limits,
}

/// What is written: the members, and the state of open containers.
struct Output<'a> {
    key_cache: &'a mut KeyCache,
    names: fn(&[u8]) -> u8,
    open: &'a mut Vec<Container>,
    deep_keys: &'a mut Vec<Span>,
    spans: &'a mut Spans,
}

/// How far the row has been validated. Passed by value, so that it stays in registers: each string
/// depends on the one before it.
#[derive(Clone, Copy)]
struct Cursor {
    /// The index of the next mark.
    next: usize,
    /// The index of the next escape, and its position: `u32::MAX` if there is none.
    escape: usize,
    escape_at: u32,
    /// The number of the last key.
    key: u8,
}

/// Validates one row, and returns the position of its newline; `None` if it is in doubt. Then
/// `reached` may be before that. With `MEMBERS` the members are recorded, and a row with repeated
/// keys is in doubt if the limits forbid them.
#[inline(always)]
fn row<const MEMBERS: bool>(input: Input<'_>, output: &mut Output<'_>, reached: &mut Cursor) -> Option<usize> {
    let (text, begin) = (input.text, input.begin);
    let mut cursor = *reached;
    let mut at = input.skip_white(begin);
    if input.byte(at) != b'{' {
        return None;
    }
    // `output.open` has the containers around this one.
    let mut inner = Container { object: true, keys_from: 0, seen: 0, others: false };
    let mut depth = 1;
    at = input.skip_white(at + 1);
    let mut empty = input.byte(at) == b'}';
    let mut key = !empty;
    loop {
        let mut begun = None;
        if key && !MEMBERS {
            at = input.any_key(at, &mut cursor)?;
        } else if key {
            let number = cursor.key.wrapping_add(1);
            let cached = match output.key_cache.at(number, text, at) {
                Some(facts) => Some((number, facts)),
                None => match input.find(output, at, cursor.next, cursor.escape_at, cursor.key) {
                    Some(number) => output.key_cache.get(number).map(|key| (number, key.facts)),
                    None => None,
                },
            };
            let (span, value) = match cached {
                Some((number, facts)) => {
                    cursor.key = number;
                    // Its quotes.
                    cursor.next += 2;
                    let bit = 1 << (number % 64);
                    if inner.seen & bit != 0 && input.limits.unique_keys {
                        return None;
                    }
                    inner.seen |= bit;
                    let after = at + usize::from(facts.length);
                    let value = input.skip_white(after);
                    let span = Span::new((at + 1 - begin, after - 2 - begin), facts.hash, (value - begin, 0));
                    (span.named(facts.name), value)
                }
                None => {
                    inner.others = true;
                    let ((span, value), after) = input.key(at, cursor)?;
                    cursor = after;
                    (span, value)
                }
            };
            begun = Some(span);
            at = value;
        }
        if !empty {
            // A value begins at `at`.
            at = match input.byte(at) {
                b'"' => input.string(at, &mut cursor)?,
                byte @ (b'{' | b'[') => {
                    if depth >= input.limits.depth_max {
                        return None;
                    }
                    // The end is set when it is found.
                    if let Some(span) = begun {
                        output.keys(depth).push(span);
                    }
                    output.open.push(inner);
                    depth += 1;
                    inner =
                        Container { object: byte == b'{', keys_from: output.keys(depth).len(), seen: 0, others: false };
                    at = input.skip_white(at + 1);
                    // `{` and `}`, `[` and `]` are two apart.
                    empty = input.byte(at) == byte + 2;
                    key = inner.object && !empty;
                    continue;
                }
                b'-' | b'0'..=b'9' => number_end(input.text, at)?,
                b't' => input.word(at, b"true")?,
                b'f' => input.word(at, b"false")?,
                b'n' => input.word(at, b"null")?,
                _ => return None,
            };
            if let Some(mut span) = begun {
                span.end_at(at - begin);
                output.keys(depth).push(span);
            }
        }
        // After a value (or at the bracket that closes an empty one).
        loop {
            empty = false;
            at = input.skip_white(at);
            let byte = input.byte(at);
            if byte == b',' {
                at = input.skip_white(at + 1);
                key = inner.object;
                break;
            }
            if byte != if inner.object { b'}' } else { b']' } {
                return None;
            }
            at += 1;
            if inner.others && input.limits.unique_keys && output.repeats(input, depth, inner.keys_from) {
                return None;
            }
            if depth > 2 {
                output.deep_keys.truncate(inner.keys_from);
            }
            depth -= 1;
            match output.open.pop() {
                Some(around) => {
                    inner = around;
                    let end = at - begin;
                    if let Some(span) = output.keys(depth).last_mut().filter(|_| inner.object) {
                        span.end_at(end);
                    }
                }
                None => {
                    let end = input.skip_white(at);
                    *reached = cursor;
                    let ends = input.byte(end) == b'\n' && input.ends.get(cursor.next) == Some(&(end as u32));
                    return ends.then_some(end);
                }
            }
        }
    }
}

impl<'a> Input<'a> {
    /// The byte at `at`; after the block, a newline, which no row continues past.
    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
        if at < self.text.len() { self.text[at] } else { b'\n' }
    }

    /// The first byte of this line at or after `at` that is not white space.
    #[inline(always)]
    fn skip_white(&self, mut at: usize) -> usize {
        while self.byte(at) <= b' ' && is_white(self.byte(at)) && self.byte(at) != b'\n' {
            at += 1;
        }
        at
    }

    /// The position after the string that opens at `at`.
    #[inline(always)]
    fn string(&self, at: usize, cursor: &mut Cursor) -> Option<usize> {
        let [open, close] = *self.ends.get(cursor.next..)?.first_chunk()?;
        let end = close as usize;
        if open as usize != at || self.byte(end) != b'"' {
            return None;
        }
        cursor.next += 2;
        if cursor.escape_at < close {
            *cursor = self.escapes_to(end, *cursor)?;
        }
        Some(end + 1)
    }

    /// Validates the escapes before `end`.
    #[inline(never)]
    fn escapes_to(&self, end: usize, cursor: Cursor) -> Option<Cursor> {
        let mut escape = cursor.escape;
        while let Some(at) = self.escapes.get(escape).map(|at| *at as usize).filter(|at| *at < end) {
            let after = escape_end(self.text, at, self.limits).ok()?;
            // A pair of surrogates is two escapes.
            while self.escapes.get(escape).is_some_and(|at| (*at as usize) < after) {
                escape += 1;
            }
        }
        Some(self.cursor(cursor.next, escape, cursor.key))
    }

    fn cursor(&self, next: usize, escape: usize, key: u8) -> Cursor {
        Cursor { next, escape, escape_at: self.escapes.get(escape).copied().unwrap_or(u32::MAX), key }
    }

    /// The number of the key at `at`, if it is cached by now.
    #[inline(never)]
    fn find(&self, output: &mut Output<'_>, at: usize, next: usize, escape_at: u32, before: u8) -> Option<u8> {
        let key_cache = &mut *output.key_cache;
        if let Some(number) = key_cache.get(before).map(|key| key.next)
            && key_cache.at(number, self.text, at).is_some()
        {
            return Some(number);
        }
        let [open, close] = *self.ends.get(next..)?.first_chunk()?;
        let end = close as usize;
        if open as usize != at
            || self.byte(at) != b'"'
            || self.byte(end) != b'"'
            || self.byte(end + 1) != b':'
            || escape_at < close
        {
            return None;
        }
        key_cache.insert(before, &self.text[at..end + 2], key_hash_in(self.text, at + 1, end), output.names)
    }

    /// Passes the key at `at` and its colon, and returns the position of the value.
    #[inline(always)]
    fn any_key(&self, at: usize, cursor: &mut Cursor) -> Option<usize> {
        // The next mark may also be a newline.
        if self.byte(at) != b'"' {
            return None;
        }
        let colon = self.skip_white(self.string(at, cursor)?);
        (self.byte(colon) == b':').then(|| self.skip_white(colon + 1))
    }

    /// A key and its colon, and the position of the value. A key with escapes may equal another
    /// key, so it is in doubt.
    #[inline(never)]
    fn key(&self, at: usize, mut cursor: Cursor) -> Option<((Span, usize), Cursor)> {
        // The next mark may also be a newline.
        if self.byte(at) != b'"' {
            return None;
        }
        let escape = cursor.escape;
        let after = self.string(at, &mut cursor)?;
        if cursor.escape != escape {
            return None;
        }
        let hash = key_hash_in(self.text, at + 1, after - 1);
        let colon = self.skip_white(after);
        if self.byte(colon) != b':' {
            return None;
        }
        let value = self.skip_white(colon + 1);
        let begin = self.begin;
        Some(((Span::new((at + 1 - begin, after - 1 - begin), hash, (value - begin, 0)), value), cursor))
    }

    fn word(&self, at: usize, word: &[u8]) -> Option<usize> {
        self.text[at..].starts_with(word).then_some(at + word.len())
    }
}

impl Output<'_> {
    /// The keys of the objects at this depth.
    #[inline(always)]
    fn keys(&mut self, depth: usize) -> &mut Vec<Span> {
        match depth {
            1 => &mut self.spans.members,
            2 => &mut self.spans.inner,
            _ => self.deep_keys,
        }
    }

    /// Whether a key of the object at this depth is repeated; more than 64 keys count as repeated.
    #[inline(never)]
    fn repeats(&mut self, input: Input<'_>, depth: usize, from: usize) -> bool {
        let line = &input.text[input.begin..];
        let keys = &self.keys(depth)[from..];
        may_repeat(keys.iter().map(|span| span.hash)) && repeats(line, keys)
    }
}

#[cold]
fn repeats(line: &[u8], keys: &[Span]) -> bool {
    keys.len() > 64
        || keys.iter().enumerate().any(|(index, key)| {
            keys[..index].iter().any(|other| other.hash == key.hash && other.key_of(line) == key.key_of(line))
        })
}
