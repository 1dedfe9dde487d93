//! The in-string mask: which bytes are inside strings, for a group of words at a time.
//!
//! Two things carry over from word to word: whether a string is open, and whether the last byte was
//! a backslash that escapes. The first follows, for all words at once, from whether each has an odd
//! number of quotes. The second is assumed not to happen, nor that a row ends inside a string; if
//! either does, the group is done word by word.

use super::masks::{Masks, WIDTH, escape, prefix_xor};
use super::words::{GROUP_WORDS, Group, Lanes};

/// The bitmasks of a group for each class of byte, inside strings or not.
#[derive(Debug)]
pub(super) struct ClassMasks {
    /// By number: see [`class`].
    pub masks: [Lanes; CLASSES],
    /// 1 if the first byte of the next group is escaped.
    carried: u64,
    /// All ones if the next group begins inside a string, else 0.
    is_inside: u64,
    escaped: Lanes,
    inside: Lanes,
}

/// Classes of bytes that are looked for in one pass: one for each bit of a table's byte.
pub(super) const CLASSES: usize = 8;

/// The numbers of the classes.
pub(super) mod class {
    use super::WIDTH;

    pub(crate) const QUOTES: usize = 0;
    pub(crate) const BACKSLASHES: usize = 1;
    /// `{` and `[`.
    pub(crate) const OPENS: usize = 2;
    /// `}` and `]`.
    pub(crate) const CLOSES: usize = 3;
    pub(crate) const NEWLINES: usize = 4;
    pub(crate) const U: usize = 5;
    /// This and the next: the last bytes of two of the wanted names.
    pub(crate) const LAST_BYTES: usize = 6;

    /// For each ASCII byte, a bit for each class that it is in.
    pub(crate) fn table(last_bytes: impl Iterator<Item = (usize, u8)>) -> [[u8; WIDTH]; 2] {
        let mut table = [[0; WIDTH]; 2];
        let classes: [(usize, &[u8]); LAST_BYTES] =
            [(QUOTES, b"\""), (BACKSLASHES, b"\\"), (OPENS, b"{["), (CLOSES, b"}]"), (NEWLINES, b"\n"), (U, b"u")];
        let all = classes.into_iter().flat_map(|(class, bytes)| bytes.iter().map(move |byte| (class, *byte)));
        for (class, byte) in all.chain(last_bytes) {
            if let Some(classes) = table.as_flattened_mut().get_mut(usize::from(byte)) {
                *classes |= 1 << class;
            }
        }
        table
    }
}

/// The other bitmasks of a group that depend on the in-string mask; see [`Masks`].
#[derive(Debug)]
pub(super) struct StringMasks {
    /// Shifted by one: the first is that of the word before the group.
    pub opening: [u64; GROUP_WORDS + 1],
    /// Shifted by one as well.
    pub newlines: [u64; GROUP_WORDS + 1],
    pub broken: Lanes,
    pub escaped_u: Lanes,
}

impl StringMasks {
    pub(crate) fn new() -> StringMasks {
        let none = [0; GROUP_WORDS + 1];
        StringMasks { opening: none, newlines: none, broken: [0; GROUP_WORDS], escaped_u: [0; GROUP_WORDS] }
    }

    /// Begins a text, which must begin with a row.
    pub(crate) fn begin_text(&mut self) {
        self.opening[GROUP_WORDS] = 0;
        self.newlines[GROUP_WORDS] = 1 << 63;
    }

    /// Continues with the next group.
    pub(crate) fn begin(&mut self) {
        self.opening[0] = self.opening[GROUP_WORDS];
        self.newlines[0] = self.newlines[GROUP_WORDS];
    }

    /// Stores the masks of one word.
    #[inline(always)]
    pub(crate) fn put(&mut self, words: &mut Group, lane: usize, masks: Masks) {
        words.quotes[lane] = masks.quotes;
        words.opens[lane] = masks.opens;
        words.closes[lane] = masks.closes;
        self.opening[lane + 1] = masks.opening;
        self.newlines[lane + 1] = masks.newlines;
        self.broken[lane] = masks.broken;
        self.escaped_u[lane] = masks.escaped_u;
    }
}

impl ClassMasks {
    pub(crate) fn new() -> ClassMasks {
        const NONE: Lanes = [0; GROUP_WORDS];
        ClassMasks { masks: [NONE; CLASSES], carried: 0, is_inside: 0, escaped: NONE, inside: NONE }
    }

    /// Begins a text.
    pub(crate) fn begin_text(&mut self) {
        (self.carried, self.is_inside) = (0, 0);
    }

    /// Stores the bitmasks of eight words for each class.
    #[inline(always)]
    pub(crate) fn put(&mut self, lane: usize, masks: [[u64; 8]; CLASSES]) {
        for (all, eight) in self.masks.iter_mut().zip(masks) {
            if let Some(lanes) = all.get_mut(lane..lane + 8) {
                lanes.copy_from_slice(&eight);
            }
        }
    }

    /// Resolves the first `lanes` words of the group: what is escaped, and what is inside strings.
    #[inline(always)]
    pub(crate) fn resolve(&mut self, lanes: usize, words: &mut Group, strings: &mut StringMasks) {
        let lanes = lanes.min(GROUP_WORDS);
        // A bit for each word whose last byte is a backslash that escapes.
        let mut carried = 0;
        for lane in 0..lanes {
            let (escaped, carries) = escape(self.masks[class::BACKSLASHES][lane], 0);
            self.escaped[lane] = escaped;
            carried |= carries << lane;
        }
        if (carried != 0) | (self.carried != 0) {
            self.carry_escapes(lanes, carried);
        }
        // A bit for each word that has an odd number of quotes.
        let mut odd = 0;
        for lane in 0..lanes {
            let quotes = self.masks[class::QUOTES][lane] & !self.escaped[lane];
            let inside = prefix_xor(quotes);
            self.inside[lane] = inside;
            words.quotes[lane] = quotes;
            odd |= (inside >> 63) << lane;
        }
        // For each word, whether a string is open at its end.
        let ends = prefix_xor(odd) ^ self.is_inside;
        let begins = (ends << 1) | (self.is_inside & 1);
        let mut broken = 0;
        for lane in 0..lanes {
            let inside = self.inside[lane] ^ 0u64.wrapping_sub((begins >> lane) & 1);
            words.opens[lane] = self.masks[class::OPENS][lane] & !inside;
            words.closes[lane] = self.masks[class::CLOSES][lane] & !inside;
            strings.opening[lane + 1] = words.quotes[lane] & inside;
            strings.newlines[lane + 1] = self.masks[class::NEWLINES][lane];
            strings.broken[lane] = self.masks[class::NEWLINES][lane] & inside;
            strings.escaped_u[lane] = self.escaped[lane] & self.masks[class::U][lane];
            broken |= strings.broken[lane];
        }
        if broken == 0 {
            self.is_inside = ((ends as i64) >> 63) as u64;
        } else {
            self.resolve_broken(lanes, words, strings);
        }
    }

    /// Escapes the first byte of each word after one that carries.
    #[cold]
    #[inline(never)]
    fn carry_escapes(&mut self, lanes: usize, carried: u64) {
        let mut before = std::mem::take(&mut self.carried);
        for lane in 0..lanes {
            let mut carries = (carried >> lane) & 1;
            if before != 0 {
                (self.escaped[lane], carries) = escape(self.masks[class::BACKSLASHES][lane], before);
            }
            before = carries;
        }
        self.carried = before;
    }

    /// The same word by word, for groups with rows that end inside strings.
    #[cold]
    #[inline(never)]
    fn resolve_broken(&mut self, lanes: usize, words: &mut Group, strings: &mut StringMasks) {
        for lane in 0..lanes {
            let newlines = self.masks[class::NEWLINES][lane];
            let (mut inside, mut broken) = (prefix_xor(words.quotes[lane]) ^ self.is_inside, 0);
            let mut ends = newlines & inside;
            while ends != 0 {
                broken |= ends & ends.wrapping_neg();
                inside ^= u64::MAX << ends.trailing_zeros();
                ends = newlines & inside;
            }
            self.is_inside = ((inside as i64) >> 63) as u64;
            words.opens[lane] = self.masks[class::OPENS][lane] & !inside;
            words.closes[lane] = self.masks[class::CLOSES][lane] & !inside;
            strings.opening[lane + 1] = words.quotes[lane] & inside;
            strings.broken[lane] = broken;
        }
    }
}
