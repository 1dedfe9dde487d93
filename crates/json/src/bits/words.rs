//! The words of a block that outlive the making of its index, each kind in a row of its own.

use super::masks::WIDTH;

/// So many words at most are dealt with in one: they and what is reckoned of them stay close to the
/// processor, and a bit for each makes one more word.
pub(super) const GROUP: usize = 64;

/// One kind of word of a group.
pub(super) type Lanes = [u64; GROUP];

/// For each 64 bytes of a text, what stands where in them, and how deep they begin.
#[derive(Debug, Default)]
pub struct Words {
    /// Only the first `count` count: what is longer is used again.
    count: usize,
    pub(super) groups: Vec<Group>,
}

/// The words of a group.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// Quotes that open or close a string.
    pub quotes: Lanes,
    /// `{` and `[` outside strings.
    pub opens: Lanes,
    /// `}` and `]` outside strings.
    pub closes: Lanes,
    /// How many brackets are open at the start of each word.
    pub depths: [i64; GROUP],
}

/// 64 bytes of text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Word {
    /// Quotes that open or close a string.
    pub quotes: u64,
    /// `{` and `[` outside strings.
    pub opens: u64,
    /// `}` and `]` outside strings.
    pub closes: u64,
    /// How many brackets are open at the start of the word.
    pub depth: i64,
}

impl Word {
    /// How many brackets are open before the byte that `bit` stands for.
    #[inline(always)]
    pub(crate) fn depth_at(&self, bit: u64) -> i64 {
        let below = bit - 1;
        let (opens, closes) = (self.opens & below, self.closes & below);
        if opens | closes == 0 { self.depth } else { self.depth + ones(opens) - ones(closes) }
    }
}

impl Group {
    const NONE: Group = Group { quotes: [0; GROUP], opens: [0; GROUP], closes: [0; GROUP], depths: [0; GROUP] };
}

impl Words {
    /// Makes room for the words of a text of so many bytes.
    pub(super) fn begin(&mut self, length: usize) {
        self.count = length.div_ceil(WIDTH);
        let groups = self.count.div_ceil(GROUP);
        if self.groups.len() < groups {
            self.groups.resize(groups, Group::NONE);
        }
    }

    /// The words from number `from` on, in order.
    pub fn iter_from(&self, from: usize) -> impl Iterator<Item = Word> {
        (from..self.count).filter_map(|index| self.get(index))
    }

    /// The word of this number.
    #[inline(always)]
    pub(crate) fn get(&self, index: usize) -> Option<Word> {
        let (group, lane) = self.find(index)?;
        let Group { quotes, opens, closes, depths } = group;
        Some(Word { quotes: quotes[lane], opens: opens[lane], closes: closes[lane], depth: depths[lane] })
    }

    /// Quotes of the word of this number; none behind the last one.
    #[inline(always)]
    pub(crate) fn quotes(&self, index: usize) -> u64 {
        self.find(index).map_or(0, |(group, lane)| group.quotes[lane])
    }

    /// How many brackets are open before the byte at `at`.
    #[inline(always)]
    pub(crate) fn depth_at(&self, at: usize) -> i64 {
        self.get(at / WIDTH).map_or(0, |word| word.depth_at(1 << (at % WIDTH)))
    }

    #[inline(always)]
    fn find(&self, index: usize) -> Option<(&Group, usize)> {
        let group = self.groups.get(index / GROUP)?;
        (index < self.count).then_some((group, index % GROUP))
    }
}

#[inline(always)]
pub(super) fn ones(word: u64) -> i64 {
    i64::from(word.count_ones())
}
