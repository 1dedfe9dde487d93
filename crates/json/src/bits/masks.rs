//! The bitmasks of 64 bytes of text, one for each class of byte that matters, made byte by byte;
//! and the bit tricks that make them 64 bytes at a time.

/// Bitmasks of 64 bytes of text. The lowest bit is the first byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Masks {
    /// Quotes that open or close a string.
    pub quotes: u64,
    /// The quotes that open a string.
    pub opening: u64,
    /// `{` and `[` outside strings.
    pub opens: u64,
    /// `}` and `]` outside strings.
    pub closes: u64,
    /// Newlines. A string never continues past one.
    pub newlines: u64,
    /// Newlines inside a string: the row was cut off.
    pub broken: u64,
    /// Each `u` after a backslash that escapes it.
    pub escaped_u: u64,
}

/// Bytes per word.
pub(crate) const WIDTH: usize = 64;

/// The bytes that a backslash escapes: those after a run of backslashes of odd length. Also 1 if
/// the first byte of the next block is escaped; `carried` is that bit from the block before.
#[inline(always)]
pub(super) fn escape(backslashes: u64, carried: u64) -> (u64, u64) {
    const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;
    let first = backslashes & !carried;
    // The borrow of a run that begins at an odd position inverts the odd bits after it.
    let ends = (((first << 1) | ODD).wrapping_sub(first)) ^ ODD;
    (ends ^ (backslashes | carried), (ends & backslashes) >> 63)
}

/// For each bit, whether the number of bits set up to and including it is odd.
#[inline(always)]
pub(super) fn prefix_xor(mut bits: u64) -> u64 {
    for distance in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << distance;
    }
    bits
}

/// Makes [`Masks`] byte by byte.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ScalarMasks {
    escaped: bool,
    inside: bool,
}

impl ScalarMasks {
    /// The bitmasks of the next block of at most 64 bytes.
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
