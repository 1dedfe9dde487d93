//! Whether the brackets of each row are balanced, and the depth at which each word begins.
//!
//! Brackets are counted, not walked. In a valid row the depth is zero at the bracket right before
//! the newline, and nowhere before it. For a whole word that is certain if fewer brackets close in
//! it than are open at its start, not counting the last bracket of a row and those that close what
//! was opened right before. If it is not certain, [`walk_word`] goes from bracket to bracket.
//!
//! One assumption is not checked here: that the rows before were balanced. The finder checks it at
//! each newline, and after a row that is not balanced it asks for a careful index of the rest.

use std::ops::Range;

use super::in_string::StringMasks;
use super::masks::WIDTH;
use super::words::{GROUP_WORDS, Group, Lanes, Word, ones};
use crate::skip::is_white;

/// The balance of the row so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Balance {
    /// The number of open brackets. Far below zero if the row is known to be unbalanced.
    depth: i64,
    /// Where the depth became zero; `usize::MAX` if it has not.
    closed: usize,
}

impl Default for Balance {
    fn default() -> Balance {
        Balance { depth: 0, closed: usize::MAX }
    }
}

const UNBALANCED: i64 = i64::MIN / 2;

/// What can be computed for the words of a group without their depths.
#[derive(Debug)]
pub(super) struct WordBalances {
    /// The number of opening minus that of closing brackets.
    net: [i64; GROUP_WORDS],
    /// At most this many brackets close what was opened before the word.
    unpaired_closes: [i64; GROUP_WORDS],
    /// Not zero if a row does not begin with `{` or `[`, does not end with a bracket, or was cut
    /// off in a string.
    irregular: Lanes,
}

impl WordBalances {
    pub(crate) fn new() -> WordBalances {
        WordBalances { net: [0; GROUP_WORDS], unpaired_closes: [0; GROUP_WORDS], irregular: [0; GROUP_WORDS] }
    }

    #[inline(always)]
    fn compute(&mut self, lanes: usize, words: &Group, strings: &StringMasks) {
        for lane in 0..lanes {
            let (opens, closes, newlines) = (words.opens[lane], words.closes[lane], strings.newlines[lane + 1]);
            let first = strings.newlines[lane] >> 63;
            let begins = (newlines << 1) | first;
            let last = closes & (newlines >> 1);
            let inner = opens & !begins;
            // The carry of the sum runs from each opening bracket to the next bracket.
            let paired = (inner << 1).wrapping_add(!(opens | closes));
            self.net[lane] = ones(opens) - ones(closes);
            // If a row begins with the word, its own bracket is open too.
            self.unpaired_closes[lane] = ones(closes & !last & !paired) - first as i64;
            self.irregular[lane] = (begins & !opens) | (newlines & !(closes << 1)) | strings.broken[lane];
        }
    }
}

/// A group within its text.
#[derive(Clone, Copy)]
pub(super) struct GroupText<'t> {
    /// The whole text.
    pub text: &'t [u8],
    /// The offset of the group.
    pub base: usize,
    /// The number of words in use.
    pub lanes: usize,
}

impl Balance {
    /// Sets the depths of the words of a group. Adds the newlines of rows in doubt to `doubts`.
    /// With `careful`, every word is walked.
    #[inline(always)]
    pub(crate) fn check(
        &mut self,
        words: &mut Group,
        group: GroupText<'_>,
        strings: &StringMasks,
        balances: &mut WordBalances,
        careful: bool,
        doubts: &mut Vec<u32>,
    ) {
        let GroupText { text, base, lanes } = group;
        let lanes = lanes.min(GROUP_WORDS);
        balances.compute(lanes, words, strings);
        let mut uncertain = self.set_depths(0..lanes, words, balances, careful);
        while uncertain != 0 {
            let lane = uncertain.trailing_zeros() as usize;
            uncertain &= uncertain - 1;
            let depth = words.depths[lane];
            let mut word = Word { quotes: 0, opens: words.opens[lane], closes: words.closes[lane], depth };
            let before = Balance { depth, closed: self.closed };
            let (newlines, broken) = (strings.newlines[lane + 1], strings.broken[lane]);
            let after = walk_word(&mut word, newlines, broken, before, text, base + lane * WIDTH, doubts);
            words.depths[lane] = word.depth;
            self.closed = after.closed;
            if after.depth != depth + balances.net[lane] {
                // The depths of the words after it were wrong.
                self.depth = after.depth;
                uncertain = self.set_depths(lane + 1..lanes, words, balances, careful);
            }
        }
    }

    /// Sets the depths of `lanes`, and returns a bit for each word that must be walked.
    #[inline(always)]
    fn set_depths(&mut self, lanes: Range<usize>, words: &mut Group, balances: &WordBalances, careful: bool) -> u64 {
        for lane in lanes.clone() {
            words.depths[lane] = self.depth;
            self.depth += balances.net[lane];
        }
        let mut uncertain = 0;
        for lane in lanes {
            let is_uncertain =
                (balances.unpaired_closes[lane] >= words.depths[lane]) | (balances.irregular[lane] != 0) | careful;
            uncertain |= u64::from(is_uncertain) << lane;
        }
        uncertain
    }
}

/// Goes through the brackets and newlines of one word, one by one, and adds the newlines of rows in
/// doubt to `doubts`.
#[cold]
#[inline(never)]
fn walk_word(
    word: &mut Word,
    newlines: u64,
    broken: u64,
    Balance { mut depth, mut closed }: Balance,
    text: &[u8],
    base: usize,
    doubts: &mut Vec<u32>,
) -> Balance {
    let mut rest = word.opens | word.closes | newlines;
    let mut doubtful = 0;
    while rest != 0 {
        let bit = rest & rest.wrapping_neg();
        let at = base + rest.trailing_zeros() as usize;
        rest ^= bit;
        if word.opens & bit != 0 {
            depth = if closed == usize::MAX { depth + 1 } else { UNBALANCED };
        } else if word.closes & bit != 0 {
            depth -= 1;
            match depth {
                0 => closed = at,
                ..0 => depth = UNBALANCED,
                _ => {}
            }
        } else {
            let closed_last = || text[closed + 1..at].iter().all(|byte| is_white(*byte));
            if !(depth == 0 && closed != usize::MAX && broken & bit == 0 && closed_last()) {
                doubtful |= bit;
            }
            if word.depth_at(bit) != 0 {
                // The next row begins at depth zero. That makes the depths before it in this word
                // wrong, so the rows that end there are in doubt too.
                word.depth -= word.depth_at(bit);
                doubtful |= newlines & (bit - 1);
            }
            (depth, closed) = (0, usize::MAX);
        }
    }
    while doubtful != 0 {
        doubts.push(base as u32 + doubtful.trailing_zeros());
        doubtful &= doubtful - 1;
    }
    Balance { depth, closed }
}
