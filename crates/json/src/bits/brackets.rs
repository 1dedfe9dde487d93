//! Whether the brackets of each row come to nought at its end, and how deep each word begins.
//!
//! Brackets are counted, not walked. In a sound row they come to nought at the one that stands
//! right before the newline and nowhere before it. For a whole word that is certain when fewer
//! brackets close in it than are open at its start, leaving out the last of a row and those that
//! close what was opened just before. Where it is not certain, [`look`] goes from bracket to
//! bracket. All that is taken on trust is that the rows before came to nought: whoever walks along
//! the places sees that at each newline, and asks for a careful index of what follows one where
//! they did not.

use std::ops::Range;

use super::masks::WIDTH;
use super::strings::Strings;
use super::words::{GROUP, Group, Lanes, Word, ones};
use crate::skip::is_white;

/// How the brackets of a row stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brackets {
    /// How many are open. Far below nought where the row is in doubt already.
    depth: i64,
    /// Where they came to nought; the greatest number when they have not.
    closed: usize,
}

impl Default for Brackets {
    fn default() -> Brackets {
        Brackets { depth: 0, closed: usize::MAX }
    }
}

const IN_DOUBT: i64 = i64::MIN / 2;

/// What is reckoned of the words of a group without knowing how deep they begin.
#[derive(Debug)]
pub(super) struct Reckoned {
    /// Brackets that open less those that close.
    growth: [i64; GROUP],
    /// So many brackets may close what was opened before.
    loose: [i64; GROUP],
    /// Not nought where a row is not as most are.
    odd: Lanes,
}

impl Reckoned {
    pub(crate) fn new() -> Reckoned {
        Reckoned { growth: [0; GROUP], loose: [0; GROUP], odd: [0; GROUP] }
    }

    #[inline(always)]
    fn reckon(&mut self, lanes: usize, words: &Group, strings: &Strings) {
        for lane in 0..lanes {
            let (opens, closes, newlines) = (words.opens[lane], words.closes[lane], strings.newlines[lane + 1]);
            let first = strings.newlines[lane] >> 63;
            let begins = (newlines << 1) | first;
            let last = closes & (newlines >> 1);
            let inner = opens & !begins;
            // The carry of each sum runs from an opening bracket to the next one.
            let paired = (inner << 1).wrapping_add(!(opens | closes));
            self.growth[lane] = ones(opens) - ones(closes);
            // Where a row begins with the word, its own bracket is open too.
            self.loose[lane] = ones(closes & !last & !paired) - first as i64;
            self.odd[lane] = (begins & !opens) | (newlines & !(closes << 1)) | strings.broken[lane];
        }
    }
}

impl Brackets {
    /// Counts those of the first `lanes` words of a group, which begins at `base` of `text`, and
    /// says how deep its words begin. Newlines of rows in doubt are added to `doubts`. With
    /// `careful` every bracket is looked at.
    #[inline(always)]
    pub(crate) fn count(
        &mut self,
        (words, lanes): (&mut Group, usize),
        strings: &Strings,
        reckoned: &mut Reckoned,
        (text, base): (&[u8], usize),
        careful: bool,
        doubts: &mut Vec<u32>,
    ) {
        let lanes = lanes.min(GROUP);
        reckoned.reckon(lanes, words, strings);
        let mut uncertain = self.descend(0..lanes, words, reckoned, careful);
        while uncertain != 0 {
            let lane = uncertain.trailing_zeros() as usize;
            uncertain &= uncertain - 1;
            let depth = words.depths[lane];
            let mut word = Word { quotes: 0, opens: words.opens[lane], closes: words.closes[lane], depth };
            let before = Brackets { depth, closed: self.closed };
            let (newlines, broken) = (strings.newlines[lane + 1], strings.broken[lane]);
            let after = look(&mut word, newlines, broken, before, (text, base + lane * WIDTH), doubts);
            words.depths[lane] = word.depth;
            self.closed = after.closed;
            if after.depth != depth + reckoned.growth[lane] {
                // What was reckoned of the words behind it was wrong.
                self.depth = after.depth;
                uncertain = self.descend(lane + 1..lanes, words, reckoned, careful);
            }
        }
    }

    /// Says how deep the words of some lanes begin, and gives a bit for each that must be looked
    /// at.
    #[inline(always)]
    fn descend(&mut self, lanes: Range<usize>, words: &mut Group, reckoned: &Reckoned, careful: bool) -> u64 {
        for lane in lanes.clone() {
            words.depths[lane] = self.depth;
            self.depth += reckoned.growth[lane];
        }
        let mut uncertain = 0;
        for lane in lanes {
            let is_uncertain = (reckoned.loose[lane] >= words.depths[lane]) | (reckoned.odd[lane] != 0) | careful;
            uncertain |= u64::from(is_uncertain) << lane;
        }
        uncertain
    }
}

/// Goes through the brackets and newlines of one word, one by one. Newlines of rows in doubt are
/// added to `doubts`.
#[cold]
#[inline(never)]
fn look(
    word: &mut Word,
    newlines: u64,
    broken: u64,
    Brackets { mut depth, mut closed }: Brackets,
    (text, base): (&[u8], usize),
    doubts: &mut Vec<u32>,
) -> Brackets {
    let mut rest = word.opens | word.closes | newlines;
    let mut doubtful = 0;
    while rest != 0 {
        let bit = rest & rest.wrapping_neg();
        let at = base + rest.trailing_zeros() as usize;
        rest ^= bit;
        if word.opens & bit != 0 {
            depth = if closed == usize::MAX { depth + 1 } else { IN_DOUBT };
        } else if word.closes & bit != 0 {
            depth -= 1;
            match depth {
                0 => closed = at,
                ..0 => depth = IN_DOUBT,
                _ => {}
            }
        } else {
            let closed_last = || text[closed + 1..at].iter().all(|byte| is_white(*byte));
            if !(depth == 0 && closed != usize::MAX && broken & bit == 0 && closed_last()) {
                doubtful |= bit;
            }
            if word.depth_at(bit) != 0 {
                // The next row is to begin at nought. Then what stands before in this word is no
                // longer right.
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
    Brackets { depth, closed }
}
