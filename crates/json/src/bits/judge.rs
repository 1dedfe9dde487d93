//! Rows judged along their marks: as strict as [`crate::validate_members`], with a third answer,
//! "in doubt".
//!
//! Every byte outside strings is looked at, from left to right, as in the plain judge; strings are
//! stepped over, from one mark to the next. That is sound because whatever could mislead the marks
//! (a backslash where no string is) is itself met, and doubted, before any mark behind it is used.
//! What may stand inside strings is told by the marks too: nothing strange in most rows; else
//! escapes are judged one by one, and rows that are not ASCII as UTF-8. Whatever is not surely good
//! is in doubt: what is wrong with it, and where, is the plain judge's to say.

use super::keys::Keys;
use super::marks::{CONTROL, HIGH, Marks};
use crate::skip::is_white;
use crate::span::{Span, Spans, key_hash_in, may_repeat};
use crate::validate::{Limits, escape_end, number_end};

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
    names: fn(&[u8]) -> u8,
    known: Keys,
    marks: Marks,
    /// Where the next line begins.
    at: usize,
    /// The first of the marks that is not stepped over.
    next: usize,
    /// The first of the escapes.
    escape: usize,
    open: Vec<Open>,
    /// Keys of open objects below depth two.
    deep: Vec<Span>,
    spans: Spans,
}

impl Judge {
    /// A judge of rows within `limits`.
    pub fn new(limits: Limits) -> Judge {
        Judge {
            limits,
            plain: false,
            names: |_| Span::UNNAMED,
            known: Keys::default(),
            marks: Marks::default(),
            at: 0,
            next: 0,
            escape: 0,
            open: Vec::new(),
            deep: Vec::new(),
            spans: Spans::default(),
        }
    }

    /// Has [`Span::name`] say what `names` calls the key, of keys that are known.
    pub fn naming(mut self, names: fn(&[u8]) -> u8) -> Judge {
        self.names = names;
        self
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

    /// Whether the first line of the block is surely one good object, as the grammar has it: keys
    /// are not told apart, and members not written down.
    #[inline(never)]
    fn is_good(&mut self, block: &[u8]) -> bool {
        self.open.clear();
        let (ends, escapes) = (self.marks.ends(), self.marks.escapes());
        let ground = Ground { text: block, begin: 0, ends, escapes, limits: self.limits };
        let Judge { known, names, open, deep, spans, .. } = self;
        let mut room = Room { known, names: *names, open, deep, spans };
        let mut reached = ground.reached(0, 0, Keys::NONE);
        let Some(end) = row::<false>(ground, &mut room, &mut reached) else { return false };
        end + 1 == block.len() && (self.marks.strange_at_all == 0 || self.is_clean(&block[..end], 0, end))
    }

    /// The next line of the block that was begun with. Never inlined: the walk needs all registers
    /// for itself.
    #[inline(never)]
    pub fn next<'t>(&mut self, block: &'t [u8]) -> Option<Judged<'t, '_>> {
        let begin = self.at;
        if begin >= block.len() {
            return None;
        }
        self.spans.clear();
        self.open.clear();
        self.deep.clear();
        let ground =
            Ground { text: block, begin, ends: self.marks.ends(), escapes: self.marks.escapes(), limits: self.limits };
        let mut room = Room {
            known: &mut self.known,
            names: self.names,
            open: &mut self.open,
            deep: &mut self.deep,
            spans: &mut self.spans,
        };
        let mut reached = ground.reached(self.next, self.escape, Keys::NONE);
        let ended = row::<true>(ground, &mut room, &mut reached);
        let good = ended.is_some();
        let Reached { mut next, mut escape, .. } = reached;
        let end = match ended {
            Some(end) => end,
            None => {
                // To the end of the line, past whatever stands in it.
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
        let good = good && (self.marks.strange_at_all == 0 || self.is_clean(text, begin, end));
        Some(Judged { text, spans: good.then_some(&self.spans) })
    }

    /// Whether strange bytes near the row are none of it, or harmless: UTF-8, and a carriage return
    /// at its end.
    #[cold]
    fn is_clean(&self, text: &[u8], begin: usize, end: usize) -> bool {
        let strange = self.marks.strange_in(begin, end);
        let body = text.strip_suffix(b"\r").unwrap_or(text);
        (strange & CONTROL == 0 || body.iter().all(|byte| *byte >= b' '))
            && (strange & HIGH == 0 || std::str::from_utf8(text).is_ok())
    }
}

/// Judges single rows by the grammar alone.
#[derive(Debug)]
pub struct RowJudge {
    judge: Judge,
    line: Vec<u8>,
}

impl Default for RowJudge {
    fn default() -> Self {
        RowJudge { judge: Judge::new(Limits::GRAMMAR), line: Vec::new() }
    }
}

impl RowJudge {
    /// Whether `text` is surely one good object; else [`crate::validate()`] must say.
    pub fn is_good(&mut self, text: &[u8]) -> bool {
        self.line.clear();
        self.line.extend_from_slice(text);
        self.line.push(b'\n');
        self.judge.begin(&self.line);
        self.judge.is_good(&self.line)
    }
}

/// An open array or object.
#[derive(Debug, Clone, Copy)]
struct Open {
    object: bool,
    /// Where this object's keys begin among those that are kept of its depth.
    keys_from: usize,
    /// Which known keys stand in it, a bit each.
    seen: u64,
    /// Whether others do.
    others: bool,
}

/// What a row is judged by.
#[derive(Clone, Copy)]
struct Ground<'a> {
    text: &'a [u8],
    /// Where the row begins.
    begin: usize,
    ends: &'a [u32],
    escapes: &'a [u32],
    limits: Limits,
}

/// Where what is found is put.
struct Room<'a> {
    known: &'a mut Keys,
    names: fn(&[u8]) -> u8,
    open: &'a mut Vec<Open>,
    deep: &'a mut Vec<Span>,
    spans: &'a mut Spans,
}

/// How far the row was judged. Handed on by value, so that it can stay in registers: each string
/// waits for the one before it.
#[derive(Clone, Copy)]
struct Reached {
    /// The first mark that is not stepped over.
    next: usize,
    /// The first of the escapes that is not, and where it stands: beyond all text, when there is
    /// none.
    escape: usize,
    escape_at: u32,
    /// The key before the one that comes.
    key: u8,
}

/// Where the newline of the row stands; `None`: in doubt. Then `reached` may lie before it. With
/// `MEMBERS` they are written down, and keys that repeat are in doubt, if the limits have it so.
#[inline(always)]
fn row<const MEMBERS: bool>(ground: Ground<'_>, room: &mut Room<'_>, reached: &mut Reached) -> Option<usize> {
    let (text, begin) = (ground.text, ground.begin);
    let mut on = *reached;
    let mut at = ground.skip_white(begin);
    if ground.byte(at) != b'{' {
        return None;
    }
    // The brackets around the one at hand stand in `open`.
    let mut inner = Open { object: true, keys_from: 0, seen: 0, others: false };
    let mut depth = 1;
    at = ground.skip_white(at + 1);
    let mut empty = ground.byte(at) == b'}';
    let mut key = !empty;
    loop {
        let mut begun = None;
        if key && !MEMBERS {
            at = ground.any_key(at, &mut on)?;
        } else if key {
            let number = on.key.wrapping_add(1);
            let known = match room.known.at(number, text, at) {
                Some(told) => Some((number, told)),
                None => match ground.find(room, at, on.next, on.escape_at, on.key) {
                    Some(number) => room.known.get(number).map(|key| (number, key.told)),
                    None => None,
                },
            };
            let (span, value) = match known {
                Some((number, told)) => {
                    on.key = number;
                    // Its quotes.
                    on.next += 2;
                    let bit = 1 << (number % 64);
                    if inner.seen & bit != 0 && ground.limits.unique_keys {
                        return None;
                    }
                    inner.seen |= bit;
                    let behind = at + usize::from(told.length);
                    let value = ground.skip_white(behind);
                    let span = Span::new((at + 1 - begin, behind - 2 - begin), told.hash, (value - begin, 0));
                    (span.named(told.name), value)
                }
                None => {
                    inner.others = true;
                    let ((span, value), reached) = ground.key(at, on)?;
                    on = reached;
                    (span, value)
                }
            };
            begun = Some(span);
            at = value;
        }
        if !empty {
            // A value begins at `at`.
            at = match ground.byte(at) {
                b'"' => ground.string(at, &mut on)?,
                byte @ (b'{' | b'[') => {
                    if depth >= ground.limits.depth_max {
                        return None;
                    }
                    // The end is filled in when it is found.
                    if let Some(span) = begun {
                        room.keys(depth).push(span);
                    }
                    room.open.push(inner);
                    depth += 1;
                    inner = Open { object: byte == b'{', keys_from: room.keys(depth).len(), seen: 0, others: false };
                    at = ground.skip_white(at + 1);
                    // `{` and `}`, `[` and `]` lie two apart.
                    empty = ground.byte(at) == byte + 2;
                    key = inner.object && !empty;
                    continue;
                }
                b'-' | b'0'..=b'9' => number_end(ground.text, at)?,
                b't' => ground.word(at, b"true")?,
                b'f' => ground.word(at, b"false")?,
                b'n' => ground.word(at, b"null")?,
                _ => return None,
            };
            if let Some(mut span) = begun {
                span.end_at(at - begin);
                room.keys(depth).push(span);
            }
        }
        // After a value (or at the bracket that closes an empty one).
        loop {
            empty = false;
            at = ground.skip_white(at);
            let byte = ground.byte(at);
            if byte == b',' {
                at = ground.skip_white(at + 1);
                key = inner.object;
                break;
            }
            if byte != if inner.object { b'}' } else { b']' } {
                return None;
            }
            at += 1;
            if inner.others && ground.limits.unique_keys && room.repeats(ground, depth, inner.keys_from) {
                return None;
            }
            if depth > 2 {
                room.deep.truncate(inner.keys_from);
            }
            depth -= 1;
            match room.open.pop() {
                Some(around) => {
                    inner = around;
                    let end = at - begin;
                    if let Some(span) = room.keys(depth).last_mut().filter(|_| inner.object) {
                        span.end_at(end);
                    }
                }
                None => {
                    let end = ground.skip_white(at);
                    *reached = on;
                    let ends = ground.byte(end) == b'\n' && ground.ends.get(on.next) == Some(&(end as u32));
                    return ends.then_some(end);
                }
            }
        }
    }
}

impl<'a> Ground<'a> {
    /// The byte at `at`; where the block ends, the newline that no row goes beyond.
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
    fn string(&self, at: usize, on: &mut Reached) -> Option<usize> {
        let [open, close] = *self.ends.get(on.next..)?.first_chunk()?;
        let end = close as usize;
        if open as usize != at || self.byte(end) != b'"' {
            return None;
        }
        on.next += 2;
        if on.escape_at < close {
            *on = self.escapes_to(end, *on)?;
        }
        Some(end + 1)
    }

    /// Judges the escapes before `end`.
    #[inline(never)]
    fn escapes_to(&self, end: usize, on: Reached) -> Option<Reached> {
        let mut escape = on.escape;
        while let Some(at) = self.escapes.get(escape).map(|at| *at as usize).filter(|at| *at < end) {
            let behind = escape_end(self.text, at, self.limits).ok()?;
            // A pair of surrogates is two escapes.
            while self.escapes.get(escape).is_some_and(|at| (*at as usize) < behind) {
                escape += 1;
            }
        }
        Some(self.reached(on.next, escape, on.key))
    }

    fn reached(&self, next: usize, escape: usize, key: u8) -> Reached {
        Reached { next, escape, escape_at: self.escapes.get(escape).copied().unwrap_or(u32::MAX), key }
    }

    /// The number of the key that begins at `at`, if it is one that is known by now.
    #[inline(never)]
    fn find(&self, room: &mut Room<'_>, at: usize, next: usize, escape_at: u32, before: u8) -> Option<u8> {
        let known = &mut *room.known;
        if let Some(number) = known.get(before).map(|key| key.next)
            && known.at(number, self.text, at).is_some()
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
        known.learn(before, &self.text[at..end + 2], key_hash_in(self.text, at + 1, end), room.names)
    }

    /// Where the value of the key that begins at `at` does.
    #[inline(always)]
    fn any_key(&self, at: usize, on: &mut Reached) -> Option<usize> {
        // A newline is a mark too.
        if self.byte(at) != b'"' {
            return None;
        }
        let colon = self.skip_white(self.string(at, on)?);
        (self.byte(colon) == b':').then(|| self.skip_white(colon + 1))
    }

    /// A key and its colon, and where the value begins. One with escapes may say the same as
    /// another, and is left to the plain judge.
    #[inline(never)]
    fn key(&self, at: usize, mut on: Reached) -> Option<((Span, usize), Reached)> {
        // A newline is a mark too.
        if self.byte(at) != b'"' {
            return None;
        }
        let escape = on.escape;
        let behind = self.string(at, &mut on)?;
        if on.escape != escape {
            return None;
        }
        let hash = key_hash_in(self.text, at + 1, behind - 1);
        let colon = self.skip_white(behind);
        if self.byte(colon) != b':' {
            return None;
        }
        let value = self.skip_white(colon + 1);
        let begin = self.begin;
        Some(((Span::new((at + 1 - begin, behind - 1 - begin), hash, (value - begin, 0)), value), on))
    }

    fn word(&self, at: usize, word: &[u8]) -> Option<usize> {
        self.text[at..].starts_with(word).then_some(at + word.len())
    }
}

impl Room<'_> {
    /// Where the keys of objects at this depth are kept.
    #[inline(always)]
    fn keys(&mut self, depth: usize) -> &mut Vec<Span> {
        match depth {
            1 => &mut self.spans.members,
            2 => &mut self.spans.inner,
            _ => self.deep,
        }
    }

    /// Whether a key of the object at this depth stands in it twice; too many to tell in few steps
    /// count as such.
    #[inline(never)]
    fn repeats(&mut self, ground: Ground<'_>, depth: usize, from: usize) -> bool {
        let line = &ground.text[ground.begin..];
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
