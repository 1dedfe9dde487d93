//! Rows judged along their marks: as strict as [`crate::json::validate_members`], with a third answer, "in doubt".
//!
//! Every byte outside strings is looked at, from left to right, as in the plain judge; strings are stepped over, from
//! one mark to the next. That is sound because whatever could mislead the marks (a backslash where no string is) is
//! itself met, and doubted, before any mark behind it is used. What may stand inside strings is told by the marks
//! too: nothing strange in most rows; else escapes are judged one by one, and rows that are not ASCII as UTF-8.
//! Whatever is not surely good is in doubt: what is wrong with it, and where, is the plain judge's to say.

use super::marks::{CONTROL, HIGH, Marks};
use crate::json::skip::is_white;
use crate::json::span::{Span, Spans, key_hash_in};
use crate::json::validate::{Key, Limits, Open, duplicate, escape_end, number_end};

/// A line of a block.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'t, 'j> {
    /// Its bytes, without the newline.
    pub text: &'t [u8],
    /// Its members, where it is surely one good object. `None`: the plain judge must say.
    pub spans: Option<&'j Spans>,
}

/// Judges the lines of blocks.
#[derive(Debug)]
pub struct Judge {
    limits: Limits,
    plain: bool,
    marks: Marks,
    /// Where the next line begins.
    at: usize,
    /// The first of the marks that is not stepped over.
    next: usize,
    /// The first of the escapes.
    escape: usize,
    open: Vec<Open>,
    keys: Vec<Key>,
    spans: Spans,
}

impl Judge {
    /// A judge of rows within `limits`.
    pub fn new(limits: Limits) -> Judge {
        Judge {
            limits,
            plain: false,
            marks: Marks::default(),
            at: 0,
            next: 0,
            escape: 0,
            open: Vec::new(),
            keys: Vec::new(),
            spans: Spans::default(),
        }
    }

    /// Makes its marks byte by byte: for tests that compare.
    pub fn plain(mut self) -> Judge {
        self.plain = true;
        self
    }

    /// Begins with `block`: whole lines, each with its newline.
    pub fn begin(&mut self, block: &[u8]) {
        (self.at, self.next, self.escape) = (0, 0, 0);
        match self.plain {
            false => self.marks.fill(block),
            true => self.marks.fill_plain(block),
        }
    }

    /// The next line of the block that was begun with.
    #[inline]
    pub fn next<'t>(&mut self, block: &'t [u8]) -> Option<Judged<'t, '_>> {
        let begin = self.at;
        if begin >= block.len() {
            return None;
        }
        self.spans.clear();
        let mut walk = Walk {
            text: block,
            begin,
            ends: self.marks.ends(),
            next: self.next,
            escapes: &self.marks.escapes,
            escape: self.escape,
            limits: self.limits,
            open: &mut self.open,
            keys: &mut self.keys,
            spans: &mut self.spans,
        };
        let ended = walk.row();
        let good = ended.is_some();
        let (mut next, mut escape) = (walk.next, walk.escape);
        let end = match ended {
            Some(end) => end,
            None => {
                // To the end of the line, past whatever stands in it.
                let ends = self.marks.ends();
                while ends.get(next).is_some_and(|end| block.get(*end as usize) != Some(&b'\n')) {
                    next += 1;
                }
                let end = ends.get(next).map_or(block.len(), |end| *end as usize);
                while self.marks.escapes.get(escape).is_some_and(|at| (*at as usize) < end) {
                    escape += 1;
                }
                end
            }
        };
        (self.at, self.next, self.escape) = (end + 1, next + 1, escape);
        let text = &block[begin..end];
        let good = good && (self.marks.strange_at_all == 0 || self.is_clean(text, begin, end));
        Some(Judged { text, spans: good.then_some(&self.spans) })
    }

    /// Whether strange bytes near the row are none of it, or harmless: UTF-8, and a carriage return at its end.
    #[cold]
    fn is_clean(&self, text: &[u8], begin: usize, end: usize) -> bool {
        let strange = self.marks.strange_in(begin, end);
        let body = text.strip_suffix(b"\r").unwrap_or(text);
        (strange & CONTROL == 0 || body.iter().all(|byte| *byte >= b' '))
            && (strange & HIGH == 0 || std::str::from_utf8(text).is_ok())
    }
}

/// One row, walked.
struct Walk<'a> {
    text: &'a [u8],
    begin: usize,
    ends: &'a [u32],
    next: usize,
    escapes: &'a [u32],
    escape: usize,
    limits: Limits,
    open: &'a mut Vec<Open>,
    keys: &'a mut Vec<Key>,
    spans: &'a mut Spans,
}

/// A key whose value is being walked.
#[derive(Clone, Copy, Default)]
struct Begun {
    key: (usize, usize),
    hash: u8,
    value: usize,
}

impl Walk<'_> {
    /// Where the newline of the row stands; `None`: in doubt.
    #[inline]
    fn row(&mut self) -> Option<usize> {
        self.open.clear();
        self.keys.clear();
        let mut at = self.skip_white(self.begin);
        if self.byte(at) != b'{' {
            return None;
        }
        // The members at depth one and two whose values are not ended.
        let mut begun = [Begun::default(); 2];
        loop {
            // A value begins at `at`.
            let mut closing = false;
            at = match self.byte(at) {
                b'"' => self.string(at)?.0,
                byte @ (b'{' | b'[') => {
                    if self.open.len() >= self.limits.depth_max {
                        return None;
                    }
                    let object = byte == b'{';
                    self.open.push(Open { object, keys_from: self.keys.len() });
                    at = self.skip_white(at + 1);
                    // `{` and `}`, `[` and `]` lie two apart.
                    closing = self.byte(at) == byte + 2;
                    if !closing {
                        if object {
                            at = self.key(at, &mut begun)?;
                        }
                        continue;
                    }
                    at
                }
                b'-' | b'0'..=b'9' => number_end(self.text, at)?,
                b't' => self.word(at, b"true")?,
                b'f' => self.word(at, b"false")?,
                b'n' => self.word(at, b"null")?,
                _ => return None,
            };
            // After a value (or at the bracket that closes an empty one).
            loop {
                let object = self.open.last()?.object;
                let depth = self.open.len();
                if object && depth <= 2 && !closing {
                    let Begun { key, hash, value } = begun[depth - 1];
                    let begin = self.begin;
                    let span = Span {
                        key: (key.0 - begin, key.1 - begin),
                        hash,
                        value: (value - begin, at - begin),
                    };
                    if depth == 1 { self.spans.members.push(span) } else { self.spans.inner.push(span) }
                }
                closing = false;
                at = self.skip_white(at);
                match self.byte(at) {
                    b',' => {
                        at = self.skip_white(at + 1);
                        if object {
                            at = self.key(at, &mut begun)?;
                        }
                        break;
                    }
                    b'}' if object => {
                        let open = self.open.pop()?;
                        if self.limits.unique_keys && duplicate(self.text, &self.keys[open.keys_from..]).is_some() {
                            return None;
                        }
                        self.keys.truncate(open.keys_from);
                    }
                    b']' if !object => {
                        self.open.pop();
                    }
                    _ => return None,
                }
                at += 1;
                if self.open.is_empty() {
                    let end = self.skip_white(at);
                    return (self.byte(end) == b'\n' && self.ends.get(self.next) == Some(&(end as u32))).then_some(end);
                }
            }
        }
    }

    /// The byte at `at`; where the block ends, the newline that no row goes beyond.
    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(b'\n')
    }

    /// The first byte of this line at or after `at` that is not white space.
    #[inline(always)]
    fn skip_white(&self, mut at: usize) -> usize {
        while self.byte(at) <= b' ' && is_white(self.byte(at)) && self.byte(at) != b'\n' {
            at += 1;
        }
        at
    }

    /// The position after the string that opens at `at`, and whether something in it is escaped.
    #[inline(always)]
    fn string(&mut self, at: usize) -> Option<(usize, bool)> {
        let (open, close) = (*self.ends.get(self.next)?, *self.ends.get(self.next + 1)?);
        let end = close as usize;
        if open as usize != at || self.byte(end) != b'"' {
            return None;
        }
        self.next += 2;
        let escaped = self.escapes.get(self.escape).is_some_and(|escape| *escape < close);
        if escaped {
            self.escapes_to(end)?;
        }
        Some((end + 1, escaped))
    }

    /// Judges the escapes before `end`.
    fn escapes_to(&mut self, end: usize) -> Option<()> {
        while let Some(at) = self.escapes.get(self.escape).map(|at| *at as usize).filter(|at| *at < end) {
            let behind = escape_end(self.text, at, self.limits).ok()?;
            // A pair of surrogates is two escapes.
            while self.escapes.get(self.escape).is_some_and(|at| (*at as usize) < behind) {
                self.escape += 1;
            }
        }
        Some(())
    }

    /// A key and its colon; gives where the value begins.
    #[inline(always)]
    fn key(&mut self, at: usize, begun: &mut [Begun; 2]) -> Option<usize> {
        if self.byte(at) != b'"' {
            return None;
        }
        let (mut colon, escaped) = self.string(at)?;
        let key = (at + 1, colon - 1);
        let hash = key_hash_in(self.text, key.0, key.1);
        if self.limits.unique_keys {
            self.keys.push(Key { from: key.0, to: key.1, escaped, hash });
        }
        colon = self.skip_white(colon);
        if self.byte(colon) != b':' {
            return None;
        }
        let value = self.skip_white(colon + 1);
        if let Some(slot) = begun.get_mut(self.open.len() - 1) {
            *slot = Begun { key, hash, value };
        }
        Some(value)
    }

    fn word(&self, at: usize, word: &[u8]) -> Option<usize> {
        self.text[at..].starts_with(word).then_some(at + word.len())
    }
}
