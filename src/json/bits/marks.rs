//! Where the strings and the lines of a block stand, as positions in order: what a judge of rows steps along.

use super::masks::{Carry, WIDTH};

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
    /// Marks `text`, a block of whole lines.
    pub fn fill(&mut self, text: &[u8]) {
        #[cfg(target_arch = "x86_64")]
        if super::x86::mark(text, self) {
            return;
        }
        self.fill_plain(text);
    }

    /// The same, byte by byte.
    pub fn fill_plain(&mut self, text: &[u8]) {
        self.begin(text.len());
        let mut carry = Carry::default();
        for (index, block) in text.chunks(WIDTH).enumerate() {
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
            self.put(index * WIDTH, bytes, &mut carry);
        }
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

    pub(super) fn begin(&mut self, length: usize) {
        // Room for what is written beyond the last mark, see `put`.
        if self.ends.len() < length + WIDTH {
            self.ends.resize(length + WIDTH, 0);
        }
        self.count = 0;
        self.escapes.clear();
        self.strange.clear();
        self.strange_at_all = 0;
    }

    /// Takes in the 64 bytes that begin at `base`.
    #[inline(always)]
    pub(super) fn put(&mut self, base: usize, bytes: Bytes, carry: &mut Carry) {
        let escaped = carry.escape(bytes.backslashes);
        let mut escapes = bytes.backslashes & !escaped;
        while escapes != 0 {
            self.escapes.push(base as u32 + escapes.trailing_zeros());
            escapes &= escapes - 1;
        }
        let strange = if bytes.controls != 0 { CONTROL } else { 0 } | if bytes.high != 0 { HIGH } else { 0 };
        self.strange.push(strange);
        self.strange_at_all |= strange;
        let mut ends = (bytes.quotes & !escaped) | bytes.newlines;
        let count = ends.count_ones() as usize;
        let Some(out) = self.ends.get_mut(self.count..).and_then(|rest| rest.first_chunk_mut::<WIDTH>()) else {
            return;
        };
        let mut write = |slots: std::ops::Range<usize>| {
            for slot in &mut out[slots] {
                *slot = base as u32 + ends.trailing_zeros();
                ends &= ends.wrapping_sub(1);
            }
        };
        // More than there are: how often a loop turns is hard to foresee, and what is too much is written over.
        write(0..8);
        if count > 8 {
            write(8..16);
        }
        if count > 16 {
            write(16..WIDTH);
        }
        self.count += count;
    }
}
