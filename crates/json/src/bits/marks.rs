//! Where the strings and the lines of a block stand, as positions in order: what a judge of rows
//! steps along.

use super::masks::{WIDTH, escape};

/// What is told of a block of whole lines before any row of it is looked at.
#[derive(Debug, Default)]
pub struct Marks {
    /// Quotes that open or close a string, and newlines. Only the first `count` count.
    ends: Vec<u32>,
    count: usize,
    /// Backslashes that escape what is behind them.
    escapes: Vec<u32>,
    /// For each 64 bytes, what strange bytes are among them.
    strange: Vec<u8>,
    /// All of `strange` in one.
    pub(super) strange_at_all: u8,
}

/// Control characters other than newlines.
pub(super) const CONTROL: u8 = 1;
/// Bytes that are not ASCII.
pub(super) const HIGH: u8 = 2;

/// What is told of 64 bytes one by one.
pub(super) struct Bytes {
    pub quotes: u64,
    pub backslashes: u64,
    pub newlines: u64,
    pub controls: u64,
    pub high: u64,
}

impl Marks {
    /// Marks `text`, byte by byte: the portable implementation, and the one that tests compare with.
    pub fn fill_plain(&mut self, text: &[u8]) {
        let mut marking = Marking::new(self, text.len());
        for block in text.chunks(WIDTH) {
            let mut bytes = Bytes { quotes: 0, backslashes: 0, newlines: 0, controls: 0, high: 0 };
            for (at, byte) in block.iter().enumerate() {
                let word = match byte {
                    b'"' => &mut bytes.quotes,
                    b'\\' => &mut bytes.backslashes,
                    b'\n' => &mut bytes.newlines,
                    0..0x20 => &mut bytes.controls,
                    0x80.. => &mut bytes.high,
                    _ => continue,
                };
                *word |= 1 << at;
            }
            marking.put(bytes, few_first);
        }
        let end = marking.end();
        self.end(end);
    }

    /// The ends of strings and lines, in order.
    pub fn ends(&self) -> &[u32] {
        &self.ends[..self.count]
    }

    /// Backslashes that escape, in order.
    pub fn escapes(&self) -> &[u32] {
        &self.escapes
    }

    /// For each 64 bytes, what strange bytes are among them.
    pub fn strange(&self) -> &[u8] {
        &self.strange
    }

    /// What strange bytes may stand in `from..to`.
    pub(super) fn strange_in(&self, from: usize, to: usize) -> u8 {
        let words = self.strange.get(from / WIDTH..to.div_ceil(WIDTH)).unwrap_or_default();
        words.iter().fold(0, |all, word| all | word)
    }

    /// Ends with what a [`Marking`] came to.
    pub(super) fn end(&mut self, (count, strange_at_all): (usize, u8)) {
        (self.count, self.strange_at_all) = (count, strange_at_all);
    }
}

/// Marks that are being made. What changes with each word stands in none of the structures that
/// outlive it, so that it can stay in registers.
pub(super) struct Marking<'m> {
    ends: &'m mut [u32],
    strange: std::slice::IterMut<'m, u8>,
    escapes: &'m mut Vec<u32>,
    /// 1 when the next byte is escaped.
    escaped: u64,
    /// Where the next word begins.
    base: usize,
    count: usize,
    strange_at_all: u8,
}

impl<'m> Marking<'m> {
    /// Of a text of so many bytes.
    pub(crate) fn new(marks: &'m mut Marks, length: usize) -> Self {
        let Marks { ends, escapes, strange, .. } = marks;
        // Room for what is written beyond the last mark, see `put`.
        if ends.len() < length + WIDTH {
            ends.resize(length + WIDTH, 0);
        }
        strange.resize(length.div_ceil(WIDTH), 0);
        escapes.clear();
        let strange = strange.iter_mut();
        Marking { ends, strange, escapes, escaped: 0, base: 0, count: 0, strange_at_all: 0 }
    }

    /// Takes in the next 64 bytes. `write` puts the positions of so many bits in front, and may
    /// write more.
    #[inline(always)]
    pub(crate) fn put(&mut self, bytes: Bytes, write: impl FnOnce(u64, u32, usize, &mut [u32; WIDTH])) {
        let (escaped, carries) =
            if bytes.backslashes == 0 { (self.escaped, 0) } else { escape(bytes.backslashes, self.escaped) };
        self.escaped = carries;
        let escapes = bytes.backslashes & !escaped;
        if escapes != 0 {
            keep(self.escapes, self.base, escapes);
        }
        let strange = if bytes.controls != 0 { CONTROL } else { 0 } | if bytes.high != 0 { HIGH } else { 0 };
        if let Some(slot) = self.strange.next() {
            *slot = strange;
        }
        self.strange_at_all |= strange;
        let ends = (bytes.quotes & !escaped) | bytes.newlines;
        let count = ends.count_ones() as usize;
        if let Some(out) = self.ends.get_mut(self.count..).and_then(|rest| rest.first_chunk_mut()) {
            write(ends, self.base as u32, count, out);
            self.count += count;
        }
        self.base += WIDTH;
    }

    /// How many ends of strings and lines there are, and what strange bytes at all.
    pub(crate) fn end(self) -> (usize, u8) {
        (self.count, self.strange_at_all)
    }
}

/// Keeps where escapes stand.
#[inline(never)]
fn keep(kept: &mut Vec<u32>, base: usize, mut escapes: u64) {
    while escapes != 0 {
        kept.push(base as u32 + escapes.trailing_zeros());
        escapes &= escapes - 1;
    }
}

/// Writes the positions of the `count` bits of `ends`, and more: how often a loop turns is hard to
/// foresee, and what is too much is written over.
#[inline(always)]
pub(super) fn few_first(mut ends: u64, base: u32, count: usize, out: &mut [u32; WIDTH]) {
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
