//! The words of a text: for 64 bytes, one word for each kind of byte that matters.

/// 64 bytes of text: the lowest bit is the first byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Masks {
    /// Quotes that open or close a string.
    pub quotes: u64,
    /// Those of them that open one.
    pub opening: u64,
    /// `{` and `[` outside strings.
    pub opens: u64,
    /// `}` and `]` outside strings.
    pub closes: u64,
    /// Newlines. A string does not go on behind one.
    pub newlines: u64,
    /// Newlines that stand inside a string: the row is broken off.
    pub broken: u64,
    /// Each `u` that a backslash escapes.
    pub escaped_u: u64,
}

/// Bytes in a word.
pub(crate) const WIDTH: usize = 64;

/// Bytes that a backslash before them escapes, those behind an odd run of them; and 1 if the first
/// byte of the next block is escaped. `carried`: the same of the block before.
#[inline(always)]
pub(super) fn escape(backslashes: u64, carried: u64) -> (u64, u64) {
    const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;
    let first = backslashes & !carried;
    // A run that begins at an odd place turns the odd bits behind it round, by the borrow.
    let ends = (((first << 1) | ODD).wrapping_sub(first)) ^ ODD;
    (ends ^ (backslashes | carried), (ends & backslashes) >> 63)
}

/// For each bit, whether an odd number of bits up to and with it is set, by doubling.
#[inline(always)]
pub(super) fn prefix_xor(mut bits: u64) -> u64 {
    for distance in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << distance;
    }
    bits
}

/// The plain way to the same words, byte by byte.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Plain {
    escaped: bool,
    inside: bool,
}

impl Plain {
    /// The words of the next block, of at most 64 bytes.
    pub(crate) fn masks(&mut self, block: &[u8]) -> Masks {
        let mut masks = Masks::default();
        for (at, byte) in block.iter().enumerate() {
            let bit = 1 << at;
            let was_escaped = std::mem::take(&mut self.escaped);
            match byte {
                b'\\' => self.escaped = !was_escaped,
                b'u' if was_escaped => masks.escaped_u |= bit,
                b'"' if !was_escaped => {
                    masks.quotes |= bit;
                    self.inside = !self.inside;
                    if self.inside {
                        masks.opening |= bit;
                    }
                }
                b'\n' => {
                    masks.newlines |= bit;
                    if std::mem::take(&mut self.inside) {
                        masks.broken |= bit;
                    }
                }
                b'{' | b'[' if !self.inside => masks.opens |= bit,
                b'}' | b']' if !self.inside => masks.closes |= bit,
                _ => {}
            }
        }
        masks
    }
}
