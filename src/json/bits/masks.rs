//! The words of a text: for 64 bytes, one word for each kind of byte that matters.

/// 64 bytes of text: the lowest bit is the first byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Masks {
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
pub const WIDTH: usize = 64;

/// What one block of 64 bytes must know of those before it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Carry {
    /// 1 when the first byte is escaped.
    pub escaped: u64,
    /// All ones inside a string, else 0.
    pub inside: u64,
}

/// What is told of the bytes of a block one by one.
pub(super) struct Bytes {
    pub quotes: u64,
    pub backslashes: u64,
    pub opens: u64,
    pub closes: u64,
    pub newlines: u64,
}

impl Carry {
    /// Puts the words of a block together from those of its bytes. `inside_of` gives, for each bit, whether
    /// an odd number of bits up to and with it is set; `u` where that letter stands, which is asked for seldom.
    #[inline(always)]
    pub fn settle(&mut self, bytes: Bytes, inside_of: impl Fn(u64) -> u64, u: impl Fn() -> u64) -> Masks {
        let escaped = self.escape(bytes.backslashes);
        let escaped_u = if escaped == 0 { 0 } else { escaped & u() };
        let quotes = bytes.quotes & !escaped;
        let (mut inside, mut broken) = (inside_of(quotes) ^ self.inside, 0);
        if bytes.newlines & inside != 0 {
            (inside, broken) = end_strings(inside, bytes.newlines);
        }
        self.inside = ((inside as i64) >> 63) as u64;
        Masks {
            quotes,
            opening: quotes & inside,
            opens: bytes.opens & !inside,
            closes: bytes.closes & !inside,
            newlines: bytes.newlines,
            broken,
            escaped_u,
        }
    }

    /// Bytes that a backslash before them escapes: those behind an odd run of them.
    #[inline(always)]
    pub(super) fn escape(&mut self, backslashes: u64) -> u64 {
        const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;
        if backslashes == 0 {
            return std::mem::take(&mut self.escaped);
        }
        let first = backslashes & !self.escaped;
        // A run that begins at an odd place turns the odd bits behind it round, by the borrow.
        let ends = (((first << 1) | ODD).wrapping_sub(first)) ^ ODD;
        let escaped = ends ^ (backslashes | self.escaped);
        self.escaped = (ends & backslashes) >> 63;
        escaped
    }
}

/// Ends strings at newlines, which is rare: what then is inside of one, and which newlines those were.
#[cold]
#[inline(never)]
fn end_strings(mut inside: u64, newlines: u64) -> (u64, u64) {
    let (mut broken, mut ends) = (0, newlines & inside);
    while ends != 0 {
        broken |= ends & ends.wrapping_neg();
        inside ^= u64::MAX << ends.trailing_zeros();
        ends = newlines & inside;
    }
    (inside, broken)
}

/// The plain way to the same words, byte by byte.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Plain {
    escaped: bool,
    inside: bool,
}

impl Plain {
    /// The words of the next block, of at most 64 bytes.
    pub fn masks(&mut self, block: &[u8]) -> Masks {
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
