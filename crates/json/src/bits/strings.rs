//! What stands inside of strings, and what outside, for a group of words in one.
//!
//! Two things go on from word to word: whether a string is open, and whether the last byte was a
//! backslash that escapes. The first is known for all words at once from whether each has an odd
//! number of quotes. The second is taken for granted not to be, and so is that no row ends inside a
//! string: where it is not so, the group is gone through word by word.

use super::masks::{Masks, WIDTH, escape, prefix_xor};
use super::words::{GROUP, Group, Lanes};

/// Where each kind of byte stands in the words of a group, inside of strings or not.
#[derive(Debug)]
pub(super) struct Letters {
    /// See [`kind`].
    pub kinds: [Lanes; KINDS],
    /// 1 when the first byte of the next group is escaped.
    carried: u64,
    /// All ones when it is inside a string, else 0.
    is_inside: u64,
    escaped: Lanes,
    inside: Lanes,
}

/// So many kinds of bytes are told apart in one: as many as a byte has bits.
pub(super) const KINDS: usize = 8;

/// Their numbers.
pub(super) mod kind {
    use super::WIDTH;

    pub(crate) const QUOTES: usize = 0;
    pub(crate) const BACKSLASHES: usize = 1;
    /// `{` and `[`.
    pub(crate) const OPENS: usize = 2;
    /// `}` and `]`.
    pub(crate) const CLOSES: usize = 3;
    pub(crate) const NEWLINES: usize = 4;
    pub(crate) const U: usize = 5;
    /// This and the next: the bytes that two of the wanted names end with.
    pub(crate) const LASTS: usize = 6;

    /// For each byte of ASCII a bit for each kind that it is of.
    pub(crate) fn table(lasts: impl Iterator<Item = (usize, u8)>) -> [[u8; WIDTH]; 2] {
        let mut table = [[0; WIDTH]; 2];
        let kinds: [(usize, &[u8]); LASTS] =
            [(QUOTES, b"\""), (BACKSLASHES, b"\\"), (OPENS, b"{["), (CLOSES, b"}]"), (NEWLINES, b"\n"), (U, b"u")];
        let all = kinds.into_iter().flat_map(|(kind, bytes)| bytes.iter().map(move |byte| (kind, *byte)));
        for (kind, byte) in all.chain(lasts) {
            if let Some(kinds) = table.as_flattened_mut().get_mut(usize::from(byte)) {
                *kinds |= 1 << kind;
            }
        }
        table
    }
}

/// What else is known of the words of a group when strings are; see [`Masks`].
#[derive(Debug)]
pub(super) struct Strings {
    /// Those of the word before the group come first.
    pub opening: [u64; GROUP + 1],
    /// Those of the word before the group come first.
    pub newlines: [u64; GROUP + 1],
    pub broken: Lanes,
    pub escaped_u: Lanes,
}

impl Strings {
    pub(crate) fn new() -> Strings {
        let none = [0; GROUP + 1];
        Strings { opening: none, newlines: none, broken: [0; GROUP], escaped_u: [0; GROUP] }
    }

    /// Begins a text, which begins with a row.
    pub(crate) fn begin_text(&mut self) {
        self.opening[GROUP] = 0;
        self.newlines[GROUP] = 1 << 63;
    }

    /// Goes on to the next group.
    pub(crate) fn begin(&mut self) {
        self.opening[0] = self.opening[GROUP];
        self.newlines[0] = self.newlines[GROUP];
    }

    /// Writes down the masks of one word.
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

impl Letters {
    pub(crate) fn new() -> Letters {
        const NONE: Lanes = [0; GROUP];
        Letters { kinds: [NONE; KINDS], carried: 0, is_inside: 0, escaped: NONE, inside: NONE }
    }

    /// Begins a text.
    pub(crate) fn begin_text(&mut self) {
        (self.carried, self.is_inside) = (0, 0);
    }

    /// Writes down eight words, for each kind.
    #[inline(always)]
    pub(crate) fn put(&mut self, lane: usize, kinds: [[u64; 8]; KINDS]) {
        for (all, eight) in self.kinds.iter_mut().zip(kinds) {
            if let Some(lanes) = all.get_mut(lane..lane + 8) {
                lanes.copy_from_slice(&eight);
            }
        }
    }

    /// Takes in the first `lanes` words of a group.
    #[inline(always)]
    pub(crate) fn settle(&mut self, lanes: usize, words: &mut Group, strings: &mut Strings) {
        let lanes = lanes.min(GROUP);
        // A bit for each word that ends with a backslash that escapes.
        let mut carried = 0;
        for lane in 0..lanes {
            let (escaped, carries) = escape(self.kinds[kind::BACKSLASHES][lane], 0);
            self.escaped[lane] = escaped;
            carried |= carries << lane;
        }
        if (carried != 0) | (self.carried != 0) {
            self.carry_escapes(lanes, carried);
        }
        // The same where a word has an odd number of quotes.
        let mut odd = 0;
        for lane in 0..lanes {
            let quotes = self.kinds[kind::QUOTES][lane] & !self.escaped[lane];
            let inside = prefix_xor(quotes);
            self.inside[lane] = inside;
            words.quotes[lane] = quotes;
            odd |= (inside >> 63) << lane;
        }
        // For each word whether a string is open at its end.
        let ends = prefix_xor(odd) ^ self.is_inside;
        let begins = (ends << 1) | (self.is_inside & 1);
        let mut broken = 0;
        for lane in 0..lanes {
            let inside = self.inside[lane] ^ 0u64.wrapping_sub((begins >> lane) & 1);
            words.opens[lane] = self.kinds[kind::OPENS][lane] & !inside;
            words.closes[lane] = self.kinds[kind::CLOSES][lane] & !inside;
            strings.opening[lane + 1] = words.quotes[lane] & inside;
            strings.newlines[lane + 1] = self.kinds[kind::NEWLINES][lane];
            strings.broken[lane] = self.kinds[kind::NEWLINES][lane] & inside;
            strings.escaped_u[lane] = self.escaped[lane] & self.kinds[kind::U][lane];
            broken |= strings.broken[lane];
        }
        if broken == 0 {
            self.is_inside = ((ends as i64) >> 63) as u64;
        } else {
            self.end_strings(lanes, words, strings);
        }
    }

    /// Escapes the first bytes of words behind those that carry.
    #[cold]
    #[inline(never)]
    fn carry_escapes(&mut self, lanes: usize, carried: u64) {
        let mut before = std::mem::take(&mut self.carried);
        for lane in 0..lanes {
            let mut carries = (carried >> lane) & 1;
            if before != 0 {
                (self.escaped[lane], carries) = escape(self.kinds[kind::BACKSLASHES][lane], before);
            }
            before = carries;
        }
        self.carried = before;
    }

    /// The same where rows end inside of strings: word by word.
    #[cold]
    #[inline(never)]
    fn end_strings(&mut self, lanes: usize, words: &mut Group, strings: &mut Strings) {
        for lane in 0..lanes {
            let newlines = self.kinds[kind::NEWLINES][lane];
            let (mut inside, mut broken) = (prefix_xor(words.quotes[lane]) ^ self.is_inside, 0);
            let mut ends = newlines & inside;
            while ends != 0 {
                broken |= ends & ends.wrapping_neg();
                inside ^= u64::MAX << ends.trailing_zeros();
                ends = newlines & inside;
            }
            self.is_inside = ((inside as i64) >> 63) as u64;
            words.opens[lane] = self.kinds[kind::OPENS][lane] & !inside;
            words.closes[lane] = self.kinds[kind::CLOSES][lane] & !inside;
            strings.opening[lane + 1] = words.quotes[lane] & inside;
            strings.broken[lane] = broken;
        }
    }
}
