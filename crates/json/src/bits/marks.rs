//! The positions of the quotes and newlines of a block, in order: what the validator steps along.

use super::masks::{WIDTH, escape};

/// The marks of a block of whole lines, made before any of its rows is looked at.
#[derive(Debug, Default)]
pub struct Marks {
    /// Quotes that open or close a string, and newlines. The first `count` are in use.
    ends: Vec<u32>,
    count: usize,
    /// Backslashes that escape the next byte.
    escapes: Vec<u32>,
    /// For each 64 bytes, [`CONTROL`] and [`NON_ASCII`].
    flags: Vec<u8>,
    /// All of `flags`, combined.
    pub(super) any_flags: u8,
}

/// There are control characters other than newlines.
pub(super) const CONTROL: u8 = 1;
/// ByteMasks that are not ASCII.
pub(super) const NON_ASCII: u8 = 2;

/// The bitmasks of 64 bytes.
pub(super) struct ByteMasks {
    pub quotes: u64,
    pub backslashes: u64,
    pub newlines: u64,
    pub controls: u64,
    pub non_ascii: u64,
}

impl Marks {
    /// Marks `text`, byte by byte: the portable implementation, and the one that tests compare
    /// with.
    pub fn fill_portable(&mut self, text: &[u8]) {
        let mut marking = MarksBuilder::new(self, text.len());
        for block in text.chunks(WIDTH) {
            let mut bytes = ByteMasks { quotes: 0, backslashes: 0, newlines: 0, controls: 0, non_ascii: 0 };
            for (at, byte) in block.iter().enumerate() {
                let word = match byte {
                    b'"' => &mut bytes.quotes,
                    b'\\' => &mut bytes.backslashes,
                    b'\n' => &mut bytes.newlines,
                    0..0x20 => &mut bytes.controls,
                    0x80.. => &mut bytes.non_ascii,
                    _ => continue,
                };
                *word |= 1 << at;
            }
            marking.put(bytes, write_positions);
        }
        let end = marking.end();
        self.end(end);
    }

    /// Quotes that open or close a string, and newlines, in order.
    pub fn ends(&self) -> &[u32] {
        &self.ends[..self.count]
    }

    /// Backslashes that escape the next byte, in order.
    pub fn escapes(&self) -> &[u32] {
        &self.escapes
    }

    /// For each 64 bytes, whether there are control characters (1) and bytes that are not ASCII
    /// (2).
    pub fn flags(&self) -> &[u8] {
        &self.flags
    }

    /// The flags of the words that `from..to` touches.
    pub(super) fn flags_in(&self, from: usize, to: usize) -> u8 {
        let words = self.flags.get(from / WIDTH..to.div_ceil(WIDTH)).unwrap_or_default();
        words.iter().fold(0, |all, word| all | word)
    }

    /// Takes the result of [`MarksBuilder::end`].
    pub(super) fn end(&mut self, (count, any_flags): (usize, u8)) {
        (self.count, self.any_flags) = (count, any_flags);
    }
}

/// Makes [`Marks`]. What changes with each word is a field here, not in [`Marks`], so that it can
/// stay in registers.
pub(super) struct MarksBuilder<'m> {
    ends: &'m mut [u32],
    flags: std::slice::IterMut<'m, u8>,
    escapes: &'m mut Vec<u32>,
    /// 1 if the next byte is escaped.
    escaped: u64,
    /// The offset of the next word.
    base: usize,
    count: usize,
    any_flags: u8,
}

impl<'m> MarksBuilder<'m> {
    /// For a text of `length` bytes.
    pub(crate) fn new(marks: &'m mut Marks, length: usize) -> Self {
        let Marks { ends, escapes, flags, .. } = marks;
        // `put` writes up to a word beyond the last position.
        if ends.len() < length + WIDTH {
            ends.resize(length + WIDTH, 0);
        }
        flags.resize(length.div_ceil(WIDTH), 0);
        escapes.clear();
        let flags = flags.iter_mut();
        MarksBuilder { ends, flags, escapes, escaped: 0, base: 0, count: 0, any_flags: 0 }
    }

    /// Adds the next 64 bytes. `write` writes the positions of the bits, and may write more: those
    /// are overwritten.
    #[inline(always)]
    pub(crate) fn put(&mut self, bytes: ByteMasks, write: impl FnOnce(u64, u32, usize, &mut [u32; WIDTH])) {
        let (escaped, carries) =
            if bytes.backslashes == 0 { (self.escaped, 0) } else { escape(bytes.backslashes, self.escaped) };
        self.escaped = carries;
        let escapes = bytes.backslashes & !escaped;
        if escapes != 0 {
            push_escapes(self.escapes, self.base, escapes);
        }
        let flags = if bytes.controls != 0 { CONTROL } else { 0 } | if bytes.non_ascii != 0 { NON_ASCII } else { 0 };
        if let Some(slot) = self.flags.next() {
            *slot = flags;
        }
        self.any_flags |= flags;
        let ends = (bytes.quotes & !escaped) | bytes.newlines;
        let count = ends.count_ones() as usize;
        if let Some(out) = self.ends.get_mut(self.count..).and_then(|rest| rest.first_chunk_mut()) {
            write(ends, self.base as u32, count, out);
            self.count += count;
        }
        self.base += WIDTH;
    }

    /// The number of positions, and the combined flags.
    pub(crate) fn end(self) -> (usize, u8) {
        (self.count, self.any_flags)
    }
}

#[inline(never)]
fn push_escapes(out: &mut Vec<u32>, base: usize, mut escapes: u64) {
    while escapes != 0 {
        out.push(base as u32 + escapes.trailing_zeros());
        escapes &= escapes - 1;
    }
}

/// Writes the positions of the `count` bits of `ends`, and more: the number of turns of an exact
/// loop is hard to predict, and what is too much is overwritten.
#[inline(always)]
pub(super) fn write_positions(mut ends: u64, base: u32, count: usize, out: &mut [u32; WIDTH]) {
    let mut write = |slots: std::ops::Range<usize>| {
        for slot in &mut out[slots] {
            *slot = base + ends.trailing_zeros();
            ends &= ends.wrapping_sub(1);
        }
    };
    write(0..8);
    if count > 8 {
        write(8..16);
    }
    if count > 16 {
        write(16..WIDTH);
    }
}
