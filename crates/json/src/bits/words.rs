//! The bitmasks of a block and the depth of each word: what is left when its index is made. Each
//! class has an array of its own, so that loops over it can be vectorized.

use super::masks::WIDTH;

/// Words per group. 64, so that a group stays in the L1 cache, and a `u64` has one bit per word.
pub(super) const GROUP_WORDS: usize = 64;

/// One bitmask per word of a group, all of one class.
pub(super) type Lanes = [u64; GROUP_WORDS];

/// The bitmasks of a text, one word for 64 bytes, and the depth at which each word begins.
#[derive(Debug, Default)]
pub struct Words {
    /// The number of words in use. The rest of `groups` is kept for reuse.
    count: usize,
    pub(super) groups: Vec<Group>,
}

/// The bitmasks of up to 64 words.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// Quotes that open or close a string.
    pub quotes: Lanes,
    /// `{` and `[` outside strings.
    pub opens: Lanes,
    /// `}` and `]` outside strings.
    pub closes: Lanes,
    /// The number of open brackets at the start of each word.
    pub depths: [i64; GROUP_WORDS],
}

/// The bitmasks of 64 bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Word {
    /// Quotes that open or close a string.
    pub quotes: u64,
    /// `{` and `[` outside strings.
    pub opens: u64,
    /// `}` and `]` outside strings.
    pub closes: u64,
    /// The number of open brackets at the start of the word.
    pub depth: i64,
}

impl Word {
    /// The depth before the byte of `bit`.
    #[inline(always)]
    pub(crate) fn depth_at(&self, bit: u64) -> i64 {
        let below = bit - 1;
        let (opens, closes) = (self.opens & below, self.closes & below);
        if opens | closes == 0 { self.depth } else { self.depth + ones(opens) - ones(closes) }
    }
}

impl Group {
    const NONE: Group =
        Group { quotes: [0; GROUP_WORDS], opens: [0; GROUP_WORDS], closes: [0; GROUP_WORDS], depths: [0; GROUP_WORDS] };
}

impl Words {
    /// Makes room for the words of a text of `length` bytes.
    pub(super) fn begin(&mut self, length: usize) {
        self.count = length.div_ceil(WIDTH);
        let groups = self.count.div_ceil(GROUP_WORDS);
        if self.groups.len() < groups {
            self.groups.resize(groups, Group::NONE);
        }
    }

    /// The words from index `from` on.
    pub fn iter_from(&self, from: usize) -> impl Iterator<Item = Word> {
        (from..self.count).filter_map(|index| self.get(index))
    }

    #[inline(always)]
    pub(crate) fn get(&self, index: usize) -> Option<Word> {
        let (group, lane) = self.find(index)?;
        let Group { quotes, opens, closes, depths } = group;
        Some(Word { quotes: quotes[lane], opens: opens[lane], closes: closes[lane], depth: depths[lane] })
    }

    /// The quotes of a word; none after the last word.
    #[inline(always)]
    pub(crate) fn quotes(&self, index: usize) -> u64 {
        self.find(index).map_or(0, |(group, lane)| group.quotes[lane])
    }

    /// The depth before the byte at `at`.
    #[inline(always)]
    pub(crate) fn depth_at(&self, at: usize) -> i64 {
        self.get(at / WIDTH).map_or(0, |word| word.depth_at(1 << (at % WIDTH)))
    }

    #[inline(always)]
    fn find(&self, index: usize) -> Option<(&Group, usize)> {
        let group = self.groups.get(index / GROUP_WORDS)?;
        (index < self.count).then_some((group, index % GROUP_WORDS))
    }
}

#[inline(always)]
pub(super) fn ones(word: u64) -> i64 {
    i64::from(word.count_ones())
}
