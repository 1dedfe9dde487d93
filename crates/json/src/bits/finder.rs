//! Rows and their wanted members: the second stage, along the places of the [`Index`].
//!
//! Only at these places is the text itself looked at: whether the string that ends there is a
//! wanted name, whether it is a key of the row itself (one bracket is open before it), and where
//! its value ends.

use std::ops::{ControlFlow, Range};

use super::dispatch::with_bits;
use super::index::{Eight, Index};
use super::masks::WIDTH;
use super::words::Words;
use crate::frame::is_framed;
use crate::skip::{is_white, skip_scalar, skip_white};

/// A line of a block.
#[derive(Debug, Clone, Copy)]
pub struct Line<'t, 'v> {
    /// Where it begins in the block.
    pub at: usize,
    /// Its bytes without the newline, and without a carriage return before that.
    pub text: &'t [u8],
    /// The values of the wanted names, where the frame is beyond doubt. `None`:
    /// [`crate::frame::pick`] must say.
    pub values: Option<&'v [Option<&'t [u8]>]>,
}

/// Finds wanted members in blocks of lines.
#[derive(Debug)]
pub struct Finder {
    names: Vec<Name>,
    by_end: ByEnd,
    /// Some name could be spelled in other ways than with `\u`: nothing is found, every line is in
    /// doubt.
    hard: bool,
    index: Index,
    follows: Vec<usize>,
    plain: bool,
}

/// A wanted key.
#[derive(Debug)]
struct Name {
    bytes: Box<[u8]>,
    /// Its last eight bytes as a number, the last one highest; of a shorter name, those before it
    /// are nought.
    tail: u64,
    keep: u64,
    /// Its first eight bytes as a number, if it has so many.
    head: u64,
}

impl Name {
    fn new(bytes: &[u8]) -> Name {
        let mut tail = [0; 8];
        let count = bytes.len().min(8);
        tail[8 - count..].copy_from_slice(&bytes[bytes.len() - count..]);
        let keep = if count == 0 { 0 } else { u64::MAX << (64 - count * 8) };
        let head = bytes.first_chunk().map_or(0, |head| u64::from_le_bytes(*head));
        Name { bytes: bytes.into(), tail: u64::from_le_bytes(tail), keep, head }
    }

    /// Whether `text` ends with it; `tail`: the last eight bytes of `text`, where there are so
    /// many.
    #[inline(always)]
    fn ends(&self, text: &[u8], tail: Option<u64>) -> bool {
        match (tail, self.bytes.len()) {
            (Some(tail), _) if tail & self.keep != self.tail => false,
            (Some(_), ..=8) => true,
            (Some(_), length @ ..=16) => {
                let head = text.len().checked_sub(length).and_then(|from| text.get(from..)?.first_chunk());
                head.is_some_and(|head| u64::from_le_bytes(*head) == self.head)
            }
            _ => text.ends_with(&self.bytes),
        }
    }
}

/// The names by their last byte: of thirty, one or two end as a string does.
#[derive(Debug)]
struct ByEnd {
    /// Numbers of names, those with the same last byte side by side.
    numbers: Vec<usize>,
    /// Where those of each byte begin; one more for the end of the last.
    starts: [u16; 257],
}

impl ByEnd {
    fn new(names: &[Name]) -> ByEnd {
        // Before the quote that ends an empty name stands the one that begins it.
        let end = |number: &usize| names[*number].bytes.last().copied().unwrap_or(b'"');
        let mut numbers: Vec<usize> = (0..names.len()).collect();
        numbers.sort_by_key(end);
        let starts = std::array::from_fn(|byte| {
            let start = numbers.partition_point(|number| usize::from(end(number)) < byte);
            u16::try_from(start).unwrap_or(u16::MAX)
        });
        ByEnd { numbers, starts }
    }

    /// The numbers of those that end with `byte`.
    #[inline(always)]
    fn of(&self, byte: u8) -> &[usize] {
        let at = usize::from(byte);
        self.numbers.get(usize::from(self.starts[at])..usize::from(self.starts[at + 1])).unwrap_or_default()
    }
}

/// A block with its index.
#[derive(Clone, Copy)]
struct Indexed<'t, 'i> {
    text: &'t [u8],
    words: &'i Words,
}

/// So many bytes are read into words in one.
const WHOLE: usize = size_of::<Eight>();

/// Names up to which values need no room of their own.
const FEW: usize = 8;

/// How a walk along lines ended.
enum Walk {
    /// Behind the last of them.
    Ended,
    /// Behind a row whose brackets did not come to nought: what follows, from here, needs a careful
    /// index.
    Lost(usize),
}

impl Finder {
    /// For members called `names`.
    pub fn new<N: AsRef<[u8]>>(names: &[N]) -> Finder {
        let names: Vec<Name> = names.iter().map(|name| Name::new(name.as_ref())).collect();
        let hard = |name: &[u8]| {
            name.iter().any(|byte| matches!(byte, b'"' | b'\\' | b'/' | 0..=0x1F))
                || name.windows(3).any(|three| three == "\u{FFFD}".as_bytes())
        };
        let hard = names.iter().any(|name| hard(&name.bytes));
        let index = Index::new(names.iter().map(|name| &*name.bytes));
        let by_end = ByEnd::new(&names);
        Finder { follows: vec![0; names.len() + 1], names, by_end, hard, index, plain: false }
    }

    /// Makes its masks byte by byte: for tests that compare.
    pub fn plain(mut self) -> Finder {
        self.plain = true;
        self
    }

    /// Hands every line of `block` to `each`; the block begins with a line and ends with a newline
    /// (what stands behind the last one is not looked at).
    pub fn lines<'t>(
        &mut self,
        block: &'t [u8],
        mut each: impl FnMut(Line<'t, '_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        // A line may be all that is looked at.
        let (mut few, mut many) = ([None; FEW], Vec::new());
        let values = match few.get_mut(..self.names.len()) {
            Some(few) => few,
            None => {
                many.resize(self.names.len(), None);
                &mut *many
            }
        };
        let mut from = 0;
        // A row whose brackets do not come to nought puts the depth of all that follows in doubt.
        while let Walk::Lost(next) = with_bits(
            // What is not put into the function that has the instructions does not get them.
            #[inline(always)]
            || self.walk(&block[from..], from, values, &mut each),
        )? {
            from = next;
        }
        ControlFlow::Continue(())
    }

    /// Hands the first line of `text` to `each`: so many bytes, with its newline. Some of what
    /// stands behind it is looked at where that makes whole words, which is faster: so give it all
    /// there is.
    pub fn first<'t>(
        &mut self,
        text: &'t [u8],
        length: usize,
        each: impl FnOnce(Line<'t, '_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let text = &text[..text.len().min(length.next_multiple_of(WHOLE))];
        let (mut each, mut flow) = (Some(each), ControlFlow::Continue(()));
        let _ = self.lines(text, |line| {
            if let Some(each) = each.take() {
                flow = each(line);
            }
            ControlFlow::Break(())
        });
        flow
    }

    /// Walks along the lines of `block`, which begins at `offset` of all lines: behind a row that
    /// was lost, or with the first.
    #[inline(always)]
    fn walk<'t>(
        &mut self,
        block: &'t [u8],
        offset: usize,
        values: &mut [Option<&'t [u8]>],
        each: &mut impl FnMut(Line<'t, '_>) -> ControlFlow<()>,
    ) -> ControlFlow<(), Walk> {
        let careful = offset > 0;
        match self.plain {
            false => self.index.fill(block, careful),
            true => self.index.fill_plain(block, careful),
        }
        let (index, names, by_end) = (&self.index, &*self.names, &self.by_end);
        let indexed = Indexed { text: block, words: index.words() };
        let (mut doubts, mut escapes) = (index.doubts().iter().peekable(), Escapes { words: index.escapes() });
        let (mut begin, mut doubt) = (0, self.hard);
        // Most rows have their keys in the order of most rows.
        let first = self.names.len();
        let (mut last, mut guess) = (first, self.follows[first]);
        for place in index.places() {
            let at = *place as usize;
            if block[at] != b'\n' {
                if let Some(index) = Self::name_at(names, by_end, indexed, at, guess)
                    && let Some(value) = values.get_mut(index)
                {
                    if index != guess {
                        self.follows[last] = index;
                    }
                    last = index;
                    guess = self.follows[last];
                    doubt |= !indexed.member(at, value);
                }
                continue;
            }
            let lost = indexed.words.depth_at(at) != 0;
            doubt |= lost | doubts.next_if_eq(&place).is_some();
            doubt |= escapes.any_before(at) && escapes.spell_a_key(indexed, begin..at);
            let text = &block[begin..at];
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            let framed = !doubt && (text.first() == Some(&b'{') || text.get(skip_white(text, 0)) == Some(&b'{'));
            each(Line { at: offset + begin, text, values: framed.then_some(values) })?;
            values.fill(None);
            (begin, doubt) = (at + 1, self.hard);
            (last, guess) = (first, self.follows[first]);
            if lost {
                return ControlFlow::Continue(Walk::Lost(offset + begin));
            }
        }
        ControlFlow::Continue(Walk::Ended)
    }

    /// Which name the string says that ends with the quote at `at`, if it is a string of the row
    /// itself.
    #[inline(always)]
    fn name_at(names: &[Name], by_end: &ByEnd, block: Indexed<'_, '_>, at: usize, guess: usize) -> Option<usize> {
        let text = &block.text[..at];
        let tail = text.last_chunk().map(|tail| u64::from_le_bytes(*tail));
        let is_here = |name: &Name| name.ends(text, tail) && block.is_quote_before(at, name);
        let index = match names.get(guess) {
            Some(name) if is_here(name) => guess,
            _ => *by_end.of(*text.last()?).iter().find(|number| names.get(**number).is_some_and(is_here))?,
        };
        (block.words.depth_at(at) == 1).then_some(index)
    }
}

impl<'t> Indexed<'t, '_> {
    /// Whether a quote stands right before the name that ends at `at`.
    #[inline(always)]
    fn is_quote_before(self, at: usize, name: &Name) -> bool {
        let Some(quote) = at.checked_sub(name.bytes.len() + 1) else { return false };
        self.words.quotes(quote / WIDTH) >> (quote % WIDTH) & 1 == 1
    }

    /// Takes the value of the member whose key ends with the quote at `at`, if it is a key; false:
    /// it is in doubt.
    #[inline(always)]
    fn member(self, at: usize, value: &mut Option<&'t [u8]>) -> bool {
        let text = self.text;
        let colon = if text.get(at + 1) == Some(&b':') { at + 1 } else { skip_white_in_line(text, at + 1) };
        if text.get(colon) != Some(&b':') {
            return true;
        }
        let from = skip_white_in_line(text, colon + 1);
        let plain = match text.get(from) {
            Some(b'"') => self.string_end(from).filter(|to| matches!(text.get(*to), Some(b',' | b'}'))),
            _ => plain_number_end(text, from),
        };
        if let Some(to) = plain {
            *value = Some(&text[from..to]);
            return true;
        }
        match self.value_end(from) {
            // White space behind the value may hold the newline: then a bracket is missing, which
            // tells.
            Some(to) if is_framed(text, from, to) => {
                *value = Some(&text[from..to]);
                true
            }
            _ => false,
        }
    }

    /// The position after the value that begins at `from`; `None` when it has no end or none begins
    /// there. It may lie beyond the row where that is broken, which the frame tells.
    fn value_end(self, from: usize) -> Option<usize> {
        match self.text.get(from)? {
            b'"' => self.string_end(from),
            b'{' | b'[' => self.nested_end(from),
            _ => Some(skip_scalar(self.text, from)),
        }
    }

    /// The position after the string that opens at `from`.
    #[inline(always)]
    fn string_end(self, from: usize) -> Option<usize> {
        // The quotes of the 64 bytes behind it, whichever words they are in.
        let (index, bit) = ((from + 1) / WIDTH, (from + 1) % WIDTH);
        let quotes = |index: usize| self.words.quotes(index);
        let near = (quotes(index) >> bit) | (quotes(index + 1) << 1 << (WIDTH - 1 - bit));
        if near != 0 {
            return Some(from + 2 + near.trailing_zeros() as usize);
        }
        let far = self.words.iter_from(index + 1).position(|word| word.quotes != 0)?;
        let index = index + 1 + far;
        Some(index * WIDTH + quotes(index).trailing_zeros() as usize + 1)
    }

    fn nested_end(self, from: usize) -> Option<usize> {
        let (first, bit) = (from / WIDTH, from % WIDTH);
        let mut keep = u64::MAX << bit;
        let mut depth = 0usize;
        for (index, word) in (first..).zip(self.words.iter_from(first)) {
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
}

/// The words with a `\u` that no row has passed yet.
struct Escapes<'i> {
    words: &'i [(u32, u64)],
}

impl Escapes<'_> {
    /// Whether one stands before `to`.
    #[inline(always)]
    fn any_before(&self, to: usize) -> bool {
        self.words.first().is_some_and(|(word, _)| *word as usize * WIDTH < to)
    }

    /// Whether one in `line` stands in a string with a colon behind it: a key may then say a wanted
    /// name in other letters. Passes those of the line.
    fn spell_a_key(&mut self, block: Indexed<'_, '_>, line: Range<usize>) -> bool {
        let mut spelled = false;
        let mut from = line.start;
        while let Some(((word, escapes), rest)) = self.words.split_first() {
            let base = *word as usize * WIDTH;
            let mut escapes = *escapes;
            while escapes != 0 {
                let at = base + escapes.trailing_zeros() as usize;
                if at >= line.end {
                    return spelled;
                }
                escapes &= escapes - 1;
                // Others of the same string say no more.
                if at >= from {
                    from = block.string_end(at).unwrap_or(line.end);
                    spelled |= block.text.get(skip_white_in_line(block.text, from)) == Some(&b':');
                }
            }
            self.words = rest;
        }
        spelled
    }
}

/// The position after the number that begins at `from`, if it is one without sign and exponent, of
/// less than eight bytes, and a comma or a bracket stands right behind it: most numbers. Eight
/// bytes are looked at in one.
#[inline(always)]
fn plain_number_end(block: &[u8], from: usize) -> Option<usize> {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let of = |byte: u8| u64::from_ne_bytes([byte; 8]);
    let word = block.get(from..)?.first_chunk().map(|word| u64::from_le_bytes(*word))?;
    // The highest bit of each byte says what it is: not a digit, a point.
    let digit = word ^ of(b'0');
    let others = (((digit & !HIGH) + of(0x7F - 9)) | digit) & HIGH;
    let point = word ^ of(b'.');
    let points = !((((point & !HIGH) + of(0x7F)) | point) | !HIGH);
    // The first byte that is neither.
    let stops = others & !points;
    let stop = stops & stops.wrapping_neg();
    let inner = points & stop.wrapping_sub(1);
    let length = stop.trailing_zeros() as usize / 8;
    // One point at most, digits on both sides of it, and no nought that leads.
    let point_is_fine = inner & inner.wrapping_sub(1) == 0 && inner & 0x80 == 0 && inner != stop >> 8;
    let leads = word & 0xFF == u64::from(b'0') && length > 1 && inner != 0x8000;
    let ends = matches!(block.get(from + length), Some(b',' | b'}'));
    (stop != 0 && length > 0 && (inner == 0 || point_is_fine) && !leads && ends).then_some(from + length)
}

/// The first position at or after `at` that is not white space; a newline ends the line.
#[inline]
fn skip_white_in_line(block: &[u8], mut at: usize) -> usize {
    while at < block.len() && is_white(block[at]) && block[at] != b'\n' {
        at += 1;
    }
    at
}
