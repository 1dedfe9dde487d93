//! Rows and their wanted members, from the positions of the [`Index`].
//!
//! Only at these positions is the text itself looked at: whether the string that ends there is a
//! wanted name, whether it is a key of the row itself (at depth one), and where its value ends.

use std::ops::{ControlFlow, Range};

use super::dispatch::with_bits;
use super::index::{EightBlocks, Index};
use super::masks::WIDTH;
use super::words::Words;
use crate::frame::is_framed;
use crate::skip::{is_white, skip_scalar, skip_white};

/// A line of a block.
#[derive(Debug, Clone, Copy)]
pub struct Line<'t, 'v> {
    /// Its offset in the block.
    pub at: usize,
    /// Its bytes without the newline, and without a carriage return before that.
    pub text: &'t [u8],
    /// The values of the wanted names, if the frame is certainly valid. `None`:
    /// [`crate::frame::pick`] decides.
    pub values: Option<&'v [Option<&'t [u8]>]>,
}

/// Finds wanted members in blocks of lines.
#[derive(Debug)]
pub struct Finder {
    names: Vec<Name>,
    by_last_byte: ByLastByte,
    /// A name could be escaped in other ways than with `\u`, so every line is in doubt.
    always_doubt: bool,
    index: Index,
    /// For each name, the name that followed it most recently; the last entry is for the first name
    /// of a row.
    successors: Vec<usize>,
    portable: bool,
}

/// A wanted key.
#[derive(Debug)]
struct Name {
    bytes: Box<[u8]>,
    /// Its last eight bytes as a number, the last byte highest; zeros before a shorter name.
    tail: u64,
    /// The bits of `tail` that are of the name.
    tail_mask: u64,
    /// Its first eight bytes as a number, if it has eight.
    head: u64,
}

impl Name {
    fn new(bytes: &[u8]) -> Name {
        let mut tail = [0; 8];
        let count = bytes.len().min(8);
        tail[8 - count..].copy_from_slice(&bytes[bytes.len() - count..]);
        let tail_mask = if count == 0 { 0 } else { u64::MAX << (64 - count * 8) };
        let head = bytes.first_chunk().map_or(0, |head| u64::from_le_bytes(*head));
        Name { bytes: bytes.into(), tail: u64::from_le_bytes(tail), tail_mask, head }
    }

    /// Whether `text` ends with it. `tail` is the last eight bytes of `text`, if it has eight.
    #[inline(always)]
    fn ends(&self, text: &[u8], tail: Option<u64>) -> bool {
        match (tail, self.bytes.len()) {
            (Some(tail), _) if tail & self.tail_mask != self.tail => false,
            (Some(_), ..=8) => true,
            (Some(_), length @ ..=16) => {
                let head = text.len().checked_sub(length).and_then(|from| text.get(from..)?.first_chunk());
                head.is_some_and(|head| u64::from_le_bytes(*head) == self.head)
            }
            _ => text.ends_with(&self.bytes),
        }
    }
}

/// The names by their last byte: of thirty names, one or two share it.
#[derive(Debug)]
struct ByLastByte {
    /// Indices of names, sorted by last byte.
    numbers: Vec<usize>,
    /// For each byte, where its names begin in `numbers`; one more for the end.
    starts: [u16; 257],
}

impl ByLastByte {
    fn new(names: &[Name]) -> ByLastByte {
        // Before the closing quote of an empty name is its opening quote.
        let end = |number: &usize| names[*number].bytes.last().copied().unwrap_or(b'"');
        let mut numbers: Vec<usize> = (0..names.len()).collect();
        numbers.sort_by_key(end);
        let starts = std::array::from_fn(|byte| {
            let start = numbers.partition_point(|number| usize::from(end(number)) < byte);
            u16::try_from(start).unwrap_or(u16::MAX)
        });
        ByLastByte { numbers, starts }
    }

    /// The indices of the names that end with `byte`.
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

/// Bytes that are indexed in one step.
const CHUNK_BYTES: usize = size_of::<EightBlocks>();

/// Up to this many values are kept on the stack.
const INLINE_VALUES: usize = 8;

/// How [`Finder::walk`] ended.
enum Walk {
    /// After the last line.
    Ended,
    /// After a row that is not balanced: the rest, from this offset, needs a careful index.
    Unbalanced(usize),
}

impl Finder {
    /// Finds the members called `names`.
    pub fn new<N: AsRef<[u8]>>(names: &[N]) -> Finder {
        let names: Vec<Name> = names.iter().map(|name| Name::new(name.as_ref())).collect();
        let always_doubt = |name: &[u8]| {
            name.iter().any(|byte| matches!(byte, b'"' | b'\\' | b'/' | 0..=0x1F))
                || name.windows(3).any(|three| three == "\u{FFFD}".as_bytes())
        };
        let always_doubt = names.iter().any(|name| always_doubt(&name.bytes));
        let index = Index::new(names.iter().map(|name| &*name.bytes));
        let by_last_byte = ByLastByte::new(&names);
        Finder { successors: vec![0; names.len() + 1], names, by_last_byte, always_doubt, index, portable: false }
    }

    /// Makes the bitmasks byte by byte, for tests that compare.
    pub fn portable(mut self) -> Finder {
        self.portable = true;
        self
    }

    /// Calls `each` for every line of `block`, which begins with a line. Bytes after the last
    /// newline are ignored.
    pub fn lines<'t>(
        &mut self,
        block: &'t [u8],
        mut each: impl FnMut(Line<'t, '_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        // The block may be one short line, so most values are kept on the stack.
        let (mut few, mut many) = ([None; INLINE_VALUES], Vec::new());
        let values = match few.get_mut(..self.names.len()) {
            Some(few) => few,
            None => {
                many.resize(self.names.len(), None);
                &mut *many
            }
        };
        let mut from = 0;
        // A row that is not balanced puts the depths of all rows after it in doubt.
        while let Walk::Unbalanced(next) = with_bits(
            // Only what is inlined into `with_bits` gets its instructions.
            #[inline(always)]
            || self.walk(&block[from..], from, values, &mut each),
        )? {
            from = next;
        }
        ControlFlow::Continue(())
    }

    /// Calls `each` for the first line of `text`, which has `length` bytes with its newline. Pass
    /// what follows it too: whole words are indexed faster.
    pub fn first<'t>(
        &mut self,
        text: &'t [u8],
        length: usize,
        each: impl FnOnce(Line<'t, '_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let text = &text[..text.len().min(length.next_multiple_of(CHUNK_BYTES))];
        let (mut each, mut flow) = (Some(each), ControlFlow::Continue(()));
        let _ = self.lines(text, |line| {
            if let Some(each) = each.take() {
                flow = each(line);
            }
            ControlFlow::Break(())
        });
        flow
    }

    /// Walks the lines of `block`, which begins at `offset` of the whole block: with its first
    /// line, or after a row that is not balanced.
    #[inline(always)]
    fn walk<'t>(
        &mut self,
        block: &'t [u8],
        offset: usize,
        values: &mut [Option<&'t [u8]>],
        each: &mut impl FnMut(Line<'t, '_>) -> ControlFlow<()>,
    ) -> ControlFlow<(), Walk> {
        let careful = offset > 0;
        match self.portable {
            false => self.index.fill(block, careful),
            true => self.index.fill_portable(block, careful),
        }
        let (index, names, by_last_byte) = (&self.index, &*self.names, &self.by_last_byte);
        let indexed = Indexed { text: block, words: index.words() };
        let (mut doubts, mut escapes) = (index.doubts().iter().peekable(), Escapes { words: index.escapes() });
        let (mut begin, mut doubt) = (0, self.always_doubt);
        // Most rows have their keys in the same order.
        let first = self.names.len();
        let (mut last, mut guess) = (first, self.successors[first]);
        for position in index.positions() {
            let at = *position as usize;
            if block[at] != b'\n' {
                if let Some(index) = Self::name_at(names, by_last_byte, indexed, at, guess)
                    && let Some(value) = values.get_mut(index)
                {
                    if index != guess {
                        self.successors[last] = index;
                    }
                    last = index;
                    guess = self.successors[last];
                    doubt |= !indexed.member(at, value);
                }
                continue;
            }
            let unbalanced = indexed.words.depth_at(at) != 0;
            doubt |= unbalanced | doubts.next_if_eq(&position).is_some();
            doubt |= escapes.any_before(at) && escapes.spell_a_key(indexed, begin..at);
            let text = &block[begin..at];
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            let framed = !doubt && (text.first() == Some(&b'{') || text.get(skip_white(text, 0)) == Some(&b'{'));
            each(Line { at: offset + begin, text, values: framed.then_some(values) })?;
            values.fill(None);
            (begin, doubt) = (at + 1, self.always_doubt);
            (last, guess) = (first, self.successors[first]);
            if unbalanced {
                return ControlFlow::Continue(Walk::Unbalanced(offset + begin));
            }
        }
        ControlFlow::Continue(Walk::Ended)
    }

    /// The index of the name that ends with the quote at `at`, if it is at depth one.
    #[inline(always)]
    fn name_at(
        names: &[Name],
        by_last_byte: &ByLastByte,
        block: Indexed<'_, '_>,
        at: usize,
        guess: usize,
    ) -> Option<usize> {
        let text = &block.text[..at];
        let tail = text.last_chunk().map(|tail| u64::from_le_bytes(*tail));
        let is_here = |name: &Name| name.ends(text, tail) && block.is_quote_before(at, name);
        let index = match names.get(guess) {
            Some(name) if is_here(name) => guess,
            _ => *by_last_byte.of(*text.last()?).iter().find(|number| names.get(**number).is_some_and(is_here))?,
        };
        (block.words.depth_at(at) == 1).then_some(index)
    }
}

impl<'t> Indexed<'t, '_> {
    /// Whether a quote is right before the name that ends at `at`.
    #[inline(always)]
    fn is_quote_before(self, at: usize, name: &Name) -> bool {
        let Some(quote) = at.checked_sub(name.bytes.len() + 1) else { return false };
        self.words.quotes(quote / WIDTH) >> (quote % WIDTH) & 1 == 1
    }

    /// Sets `value` to the value of the member whose key ends with the quote at `at`, if that is a
    /// key. Returns false if it is in doubt.
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
            // White space after the value may include the newline. Then a bracket is missing, and
            // the row is not balanced.
            Some(to) if is_framed(text, from, to) => {
                *value = Some(&text[from..to]);
                true
            }
            _ => false,
        }
    }

    /// The position after the value at `from`; `None` if there is no value or it has no end. It may
    /// be beyond the row if the row was cut off; then its frame is in doubt.
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
        // The quotes of the next 64 bytes, across two words.
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

/// The words with a `\u` that are not passed yet.
struct Escapes<'i> {
    words: &'i [(u32, u64)],
}

impl Escapes<'_> {
    /// Whether there is one before `to`.
    #[inline(always)]
    fn any_before(&self, to: usize) -> bool {
        self.words.first().is_some_and(|(word, _)| *word as usize * WIDTH < to)
    }

    /// Whether one in `line` is in a string before a colon: then a key may spell a wanted name with
    /// escapes. Passes those of the line.
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
                // One per string is enough.
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

/// The position after the number at `from`, if it has no sign and no exponent, has fewer than eight
/// bytes, and is followed by a comma or a bracket, as most numbers are. Looks at eight bytes at a
/// time.
#[inline(always)]
fn plain_number_end(block: &[u8], from: usize) -> Option<usize> {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let of = |byte: u8| u64::from_ne_bytes([byte; 8]);
    let word = block.get(from..)?.first_chunk().map(|word| u64::from_le_bytes(*word))?;
    // The highest bit of each byte: not a digit; a point.
    let digit = word ^ of(b'0');
    let others = (((digit & !HIGH) + of(0x7F - 9)) | digit) & HIGH;
    let point = word ^ of(b'.');
    let points = !((((point & !HIGH) + of(0x7F)) | point) | !HIGH);
    // The first byte that is neither.
    let stops = others & !points;
    let stop = stops & stops.wrapping_neg();
    let inner = points & stop.wrapping_sub(1);
    let length = stop.trailing_zeros() as usize / 8;
    // At most one point, digits on both sides of it, and no leading zero.
    let point_is_fine = inner & inner.wrapping_sub(1) == 0 && inner & 0x80 == 0 && inner != stop >> 8;
    let leads = word & 0xFF == u64::from(b'0') && length > 1 && inner != 0x8000;
    let ends = matches!(block.get(from + length), Some(b',' | b'}'));
    (stop != 0 && length > 0 && (inner == 0 || point_is_fine) && !leads && ends).then_some(from + length)
}

/// The first position at or after `at` that is not white space, or is a newline.
#[inline]
fn skip_white_in_line(block: &[u8], mut at: usize) -> usize {
    while at < block.len() && is_white(block[at]) && block[at] != b'\n' {
        at += 1;
    }
    at
}
