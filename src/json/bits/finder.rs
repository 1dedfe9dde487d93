//! Rows and their wanted members, from the masks.
//!
//! Events of a row are its brackets, its newline, and every string as long as a wanted key: such a string is told
//! by a quote that opens one and a quote so many bytes behind it, which is a shift and an AND for 64 bytes. Only
//! there is the text itself looked at.

use std::ops::ControlFlow;

use super::masks::{Masks, WIDTH, fill, fill_plain};
use crate::json::frame::is_framed;
use crate::json::skip::{is_white, skip_scalar, skip_white};

/// A line of a block.
#[derive(Debug, Clone, Copy)]
pub struct Line<'t, 'v> {
    /// Where it begins in the block.
    pub at: usize,
    /// Its bytes without the newline, and without a carriage return before that.
    pub text: &'t [u8],
    /// The values of the wanted names, where the frame is beyond doubt. `None`: [`crate::json::frame::pick`] must say.
    pub values: Option<&'v [Option<&'t [u8]>]>,
}

/// Finds wanted members in blocks of lines.
#[derive(Debug)]
pub struct Finder {
    names: Vec<Name>,
    /// From the opening quote of a name to its closing one: each distance once, those within a word apart.
    short: Vec<u32>,
    long: Vec<usize>,
    /// Some name could be spelled in other ways than with `\u`: nothing is found, every line is in doubt.
    hard: bool,
    masks: Vec<Masks>,
    plain: bool,
}

/// A wanted key.
#[derive(Debug)]
struct Name {
    bytes: Box<[u8]>,
    /// Its first eight bytes as a number, and which of them count.
    head: u64,
    keep: u64,
}

impl Name {
    fn new(bytes: &[u8]) -> Name {
        let mut head = [0; 8];
        let count = bytes.len().min(8);
        head[..count].copy_from_slice(&bytes[..count]);
        let keep = if count == 8 { u64::MAX } else { (1 << (count * 8)) - 1 };
        Name { bytes: bytes.into(), head: u64::from_le_bytes(head), keep }
    }

    /// Whether `text` begins with it; `head`: the first eight bytes of `text`, where there are so many.
    #[inline(always)]
    fn begins(&self, text: &[u8], head: Option<u64>) -> bool {
        match head {
            Some(head) if head & self.keep != self.head => false,
            Some(_) if self.bytes.len() <= 8 => true,
            _ => text.starts_with(&self.bytes),
        }
    }
}

/// The row at hand.
struct State {
    begin: usize,
    /// Brackets open; below nought in what is no JSON.
    depth: isize,
    /// Where its brackets first came to nought; the greatest number when they have not.
    closed: usize,
    doubt: bool,
    backslash: bool,
}

impl State {
    /// Takes in some brackets of the word that begins at `base`; those that close are among `closes`.
    #[inline(always)]
    fn take(&mut self, mut brackets: u64, closes: u64, base: usize) {
        while brackets != 0 {
            let at = brackets.trailing_zeros();
            brackets &= brackets - 1;
            let closing = (closes >> at) & 1;
            self.depth += 1 - 2 * closing as isize;
            // The first of them counts.
            if self.depth == 0 && self.closed > base + at as usize {
                self.closed = base + at as usize;
            }
        }
    }
}

impl Default for State {
    fn default() -> State {
        State { begin: 0, depth: 0, closed: usize::MAX, doubt: false, backslash: false }
    }
}

impl Finder {
    /// For members called `names`.
    pub fn new<N: AsRef<[u8]>>(names: &[N]) -> Finder {
        let names: Vec<Name> = names.iter().map(|name| Name::new(name.as_ref())).collect();
        let mut lengths: Vec<usize> = names.iter().map(|name| name.bytes.len() + 1).collect();
        lengths.sort_unstable();
        lengths.dedup();
        let hard = |name: &[u8]| {
            name.iter().any(|byte| matches!(byte, b'"' | b'\\' | b'/' | 0..=0x1F))
                || name.windows(3).any(|three| three == "\u{FFFD}".as_bytes())
        };
        let hard = names.iter().any(|name| hard(&name.bytes));
        let (short, long) = lengths.into_iter().partition::<Vec<_>, _>(|length| *length < WIDTH);
        let short = short.into_iter().map(|length| length as u32).collect();
        Finder { names, short, long, hard, masks: Vec::new(), plain: false }
    }

    /// Makes its masks byte by byte: for tests that compare.
    pub fn plain(mut self) -> Finder {
        self.plain = true;
        self
    }

    /// Hands every line of `block` to `each`; the block begins with a line and ends with a newline (what stands
    /// behind the last one is not looked at).
    pub fn lines<'t>(
        &mut self,
        block: &'t [u8],
        mut each: impl FnMut(Line<'t, '_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut masks = std::mem::take(&mut self.masks);
        match self.plain {
            false => fill(block, &mut masks),
            true => fill_plain(block, &mut masks),
        }
        let mut values: Vec<Option<&'t [u8]>> = vec![None; self.names.len()];
        let flow = self.walk(block, &masks, &mut values, &mut each);
        self.masks = masks;
        flow
    }

    #[inline]
    fn walk<'t>(
        &self,
        block: &'t [u8],
        masks: &[Masks],
        values: &mut [Option<&'t [u8]>],
        each: &mut impl FnMut(Line<'t, '_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut row = State::default();
        for (index, word) in masks.iter().enumerate() {
            let base = index * WIDTH;
            let mut brackets = word.opens | word.closes;
            let mut events = word.newlines | self.candidates(masks, index, word);
            row.backslash |= word.backslashes != 0;
            while events != 0 {
                let bit = events & events.wrapping_neg();
                let at = base + events.trailing_zeros() as usize;
                events &= events - 1;
                row.take(brackets & (bit - 1), word.closes, base);
                brackets &= !(bit - 1);
                if word.newlines & bit == 0 {
                    if row.depth == 1
                        && let Some(index) = self.name_at(block, at)
                        && let Some(value) = values.get_mut(index)
                    {
                        self.member(block, masks, at, index, value, &mut row.doubt);
                    }
                } else {
                    let broken = word.broken & bit != 0;
                    each(self.line(block, masks, &row, at, broken, values))?;
                    let backslash = word.backslashes & !(bit | (bit - 1)) != 0;
                    row = State { begin: at + 1, backslash, ..State::default() };
                    values.fill(None);
                }
            }
            row.take(brackets, word.closes, base);
        }
        ControlFlow::Continue(())
    }

    /// Strings that open in word `index` and are as long as a wanted key.
    #[inline]
    fn candidates(&self, masks: &[Masks], index: usize, word: &Masks) -> u64 {
        let next = masks.get(index + 1).map_or(0, |word| word.quotes);
        let mut ends = 0;
        for length in &self.short {
            ends |= (word.quotes >> length) | (next << (WIDTH as u32 - length));
        }
        for length in &self.long {
            let (words, bits) = (length / WIDTH, length % WIDTH);
            let quotes = |index: usize| masks.get(index).map_or(0, |word| word.quotes);
            ends |= quotes(index + words) >> bits;
            // A shift by the whole width is none.
            ends |= if bits == 0 { 0 } else { quotes(index + words + 1) << (WIDTH - bits) };
        }
        word.opening & ends
    }

    /// Which name the string says that opens at `at` and is as long as one, if any.
    #[inline(always)]
    fn name_at(&self, block: &[u8], at: usize) -> Option<usize> {
        let text = &block[at + 1..];
        let head = text.first_chunk().map(|head| u64::from_le_bytes(*head));
        self.names.iter().position(|name| name.begins(text, head) && text.get(name.bytes.len()) == Some(&b'"'))
    }

    /// Takes the value of the member whose key, name `index`, opens at `at`, if it is a key.
    fn member<'t>(
        &self,
        block: &'t [u8],
        masks: &[Masks],
        at: usize,
        index: usize,
        value: &mut Option<&'t [u8]>,
        doubt: &mut bool,
    ) {
        let length = self.names.get(index).map_or(0, |name| name.bytes.len());
        let end = at + length + 2;
        let colon = if block.get(end) == Some(&b':') { end } else { skip_white_in_line(block, end) };
        if block.get(colon) != Some(&b':') {
            return;
        }
        let from = skip_white_in_line(block, colon + 1);
        let plain = match block.get(from) {
            Some(b'"') => value_end(block, masks, from).filter(|to| matches!(block.get(*to), Some(b',' | b'}'))),
            _ => plain_number_end(block, from),
        };
        if let Some(to) = plain {
            *value = Some(&block[from..to]);
            return;
        }
        match value_end(block, masks, from) {
            // White space behind the value may hold the newline: then a bracket is missing, which tells.
            Some(to) if is_framed(block, from, to) => *value = Some(&block[from..to]),
            _ => *doubt = true,
        }
    }

    fn line<'t, 'v>(
        &self,
        block: &'t [u8],
        masks: &[Masks],
        row: &State,
        newline: usize,
        broken: bool,
        values: &'v [Option<&'t [u8]>],
    ) -> Line<'t, 'v> {
        let mut end = newline;
        if end > row.begin && block[end - 1] == b'\r' {
            end -= 1;
        }
        let text = &block[row.begin..end];
        let closed = row.closed;
        let balanced = closed < end && row.depth == 0 && !broken;
        let framed = balanced && !row.doubt && !self.hard && {
            let begins = text.first() == Some(&b'{') || text.get(skip_white(text, 0)) == Some(&b'{');
            let ends = closed + 1 == end || skip_white(block, closed + 1) >= end;
            begins && ends && !(row.backslash && spells_a_key(block, masks, row.begin, newline))
        };
        Line { at: row.begin, text, values: framed.then_some(values) }
    }
}

/// The first position at or after `at` that is not white space; a newline ends the line.
#[inline]
fn skip_white_in_line(block: &[u8], mut at: usize) -> usize {
    while at < block.len() && is_white(block[at]) && block[at] != b'\n' {
        at += 1;
    }
    at
}

/// The position after the value that begins at `from`; `None` when it has no end or none begins there. It may lie
/// beyond the row where that is broken, which the frame tells.
#[inline]
fn value_end(block: &[u8], masks: &[Masks], from: usize) -> Option<usize> {
    match block.get(from)? {
        b'"' => {
            let (mut index, bit) = (from / WIDTH, from % WIDTH);
            let mut quotes = masks.get(index)?.quotes & (u64::MAX - 1) << bit;
            while quotes == 0 {
                index += 1;
                quotes = masks.get(index)?.quotes;
            }
            Some(index * WIDTH + quotes.trailing_zeros() as usize + 1)
        }
        b'{' | b'[' => nested_end(masks, from),
        _ => Some(skip_scalar(block, from)),
    }
}

/// The position after the number that begins at `from`, if it is one without sign and exponent and a comma or a
/// bracket stands right behind it: most numbers.
#[inline]
fn plain_number_end(block: &[u8], from: usize) -> Option<usize> {
    let mut point = usize::MAX;
    for (length, byte) in block[from..].iter().enumerate() {
        match byte {
            b'0'..=b'9' => {}
            b'.' if point == usize::MAX && length > 0 => point = length,
            b',' | b'}' if length > 0 && point != length - 1 => {
                let leading_zero = block[from] == b'0' && length > 1 && point != 1;
                return (!leading_zero).then_some(from + length);
            }
            _ => return None,
        }
    }
    None
}

fn nested_end(masks: &[Masks], from: usize) -> Option<usize> {
    let (first, bit) = (from / WIDTH, from % WIDTH);
    let mut keep = u64::MAX << bit;
    let mut depth = 0usize;
    for (index, word) in masks.iter().enumerate().skip(first) {
        let mut brackets = (word.opens | word.closes) & keep;
        keep = u64::MAX;
        while brackets != 0 {
            let bit = brackets & brackets.wrapping_neg();
            brackets &= brackets - 1;
            if word.opens & bit != 0 {
                depth += 1;
            } else {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index * WIDTH + bit.trailing_zeros() as usize + 1);
                }
            }
        }
    }
    None
}

/// Whether some `\u` between `from` and `to` stands in a string with a colon behind it: a key may then say a wanted
/// name in other letters.
fn spells_a_key(block: &[u8], masks: &[Masks], from: usize, to: usize) -> bool {
    let mut at = from;
    while let Some(found) = next(masks, at, to, |word| word.backslashes) {
        if block.get(found + 1) != Some(&b'u') {
            at = found + 2;
            continue;
        }
        let Some(quote) = next(masks, found, to, |word| word.quotes) else { return true };
        if block.get(skip_white_in_line(block, quote + 1)) == Some(&b':') {
            return true;
        }
        at = quote + 1;
    }
    false
}

/// The first bit of `of` in `from..to`.
#[inline]
fn next(masks: &[Masks], from: usize, to: usize, of: impl Fn(&Masks) -> u64) -> Option<usize> {
    if from >= to {
        return None;
    }
    let mut index = from / WIDTH;
    let mut word = of(masks.get(index)?) & (u64::MAX << (from % WIDTH));
    while word == 0 {
        index += 1;
        if index * WIDTH >= to {
            return None;
        }
        word = of(masks.get(index)?);
    }
    let at = index * WIDTH + word.trailing_zeros() as usize;
    (at < to).then_some(at)
}
