//! The first stage: a block of lines as words and as a list of places to look at.
//!
//! Nearly nothing here depends on what the text says, so that the processor need not guess: each 64 bytes become a
//! [`Word`], and their newlines and the ends of such strings as may be wanted names become places in a list, two of
//! them written always and counted afterwards. A string may be a name when it is as long as one (a quote that
//! closes, and one that opened so many bytes before it: a shift and an AND) and ends with the same letter.
//!
//! Brackets are counted, not walked. In a sound row they come to nought at the one that stands right before the newline
//! and nowhere before it. For a whole word that is certain when the depth at its start is greater than the number of
//! brackets that close in it, leaving out the last of the row and those that close what was opened just before. Where
//! it is not certain, [`Index::look`] goes from bracket to bracket; a row that is not sound is in doubt.

use super::masks::{Masks, Plain, WIDTH};
use crate::json::skip::is_white;

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
    pub depth: i32,
}

impl Word {
    /// How many brackets are open before the byte that `bit` stands for.
    #[inline(always)]
    pub fn depth_at(&self, bit: u64) -> i32 {
        let below = bit - 1;
        let (opens, closes) = (self.opens & below, self.closes & below);
        if opens | closes == 0 { self.depth } else { self.depth + ones(opens) - ones(closes) }
    }
}

/// What is known of a block of lines.
#[derive(Debug, Default)]
pub struct Index {
    shapes: Vec<Shape>,
    /// Only the first `words_count` and `places_count` count: what is longer is used again.
    words: Vec<Word>,
    words_count: usize,
    places: Vec<u32>,
    places_count: usize,
    doubts: Vec<u32>,
    escapes: Vec<(u32, u64)>,
}

/// What wanted names look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    last: u8,
    /// From the quote that opens to the one that closes; 0: too far for a shift, and not asked.
    distance: u32,
}

/// What one word must know of those before it.
#[derive(Debug)]
struct State {
    depth: i32,
    /// 1 when the next byte begins a line.
    begins: u64,
    /// Quotes of the word before that open.
    opening: u64,
    /// Where the brackets of the line at hand came to nought, if they have.
    closed: Option<usize>,
    /// They did so, and then others followed; or more closed than were open.
    doubt: bool,
}

impl Index {
    /// For names such as these.
    pub fn new<'n>(names: impl Iterator<Item = &'n [u8]>) -> Index {
        let mut shapes: Vec<Shape> = Vec::new();
        for name in names {
            let distance = if name.len() + 1 < WIDTH { name.len() as u32 + 1 } else { 0 };
            // Of no name the last letter is the quote before it.
            let shape = Shape { last: name.last().copied().unwrap_or(b'"'), distance };
            if !shapes.contains(&shape) {
                shapes.push(shape);
            }
        }
        Index { shapes, ..Index::default() }
    }

    /// Takes in `text`, which begins at the start of a line.
    pub fn fill(&mut self, text: &[u8]) {
        #[cfg(target_arch = "x86_64")]
        if super::avx2::index(text, self) {
            return;
        }
        self.fill_plain(text);
    }

    /// The same, with masks made byte by byte.
    pub fn fill_plain(&mut self, text: &[u8]) {
        let mut filling = Filling::new(self, text);
        let mut plain = Plain::default();
        for block in text.chunks(WIDTH) {
            let masks = plain.masks(block);
            let stands = |byte: u8| (0..block.len()).filter(move |at| block[*at] == byte);
            filling.put(masks, |byte| stands(byte).fold(0, |all, at| all | 1 << at));
        }
    }

    /// The text in words.
    pub fn words(&self) -> &[Word] {
        &self.words[..self.words_count]
    }

    /// Newlines, and quotes that may end a wanted name, in order.
    pub fn places(&self) -> &[u32] {
        &self.places[..self.places_count]
    }

    /// Newlines of rows whose frame is in doubt, in order.
    pub fn doubts(&self) -> &[u32] {
        &self.doubts
    }

    /// Words in which a `u` is escaped, by their number, and where.
    pub fn escapes(&self) -> &[(u32, u64)] {
        &self.escapes
    }

    fn begin(&mut self, length: usize) {
        let words = length.div_ceil(WIDTH);
        if self.words.len() < words {
            self.words = vec![Word::default(); words];
            // Made of pages that cost nothing until they are written.
            self.places = vec![0; (words + 1) * WIDTH];
        }
        (self.words_count, self.places_count) = (words, 0);
        self.doubts.clear();
        self.escapes.clear();
    }
}

/// An index that is being filled.
pub(super) struct Filling<'i, 't> {
    index: &'i mut Index,
    text: &'t [u8],
    word: usize,
    state: State,
}

impl<'i, 't> Filling<'i, 't> {
    pub fn new(index: &'i mut Index, text: &'t [u8]) -> Self {
        index.begin(text.len());
        let state = State { depth: 0, begins: 1, opening: 0, closed: None, doubt: false };
        Filling { index, text, word: 0, state }
    }

    /// Takes in the next word. `stands` tells where such a byte stands in it.
    #[inline(always)]
    pub fn put(&mut self, masks: Masks, stands: impl Fn(u8) -> u64) {
        let Masks { quotes, opening, opens, closes, newlines, broken, escaped_u } = masks;
        let (state, index) = (&mut self.state, &mut *self.index);
        let depth = state.depth;
        if let Some(word) = index.words.get_mut(self.word) {
            *word = Word { quotes, opens, closes, depth };
        }
        if escaped_u != 0 {
            index.escapes.push((self.word as u32, escaped_u));
        }

        let mut names = 0;
        for shape in &index.shapes {
            let begun = match shape.distance {
                0 => u64::MAX,
                distance => (opening << distance) | (state.opening >> (WIDTH as u32 - distance)),
            };
            // Of the word's first byte it is not known what stands before it.
            names |= begun & ((stands(shape.last) << 1) | 1);
        }
        state.opening = opening;
        index.note(self.word * WIDTH, newlines | (names & quotes & !opening));

        // Where lines begin, and what is not behind the first newline.
        let begins = (newlines << 1) | state.begins;
        let first = newlines ^ newlines.wrapping_sub(1);
        let last = closes & (newlines >> 1);
        let inner = opens & !begins;
        // The carry of each sum runs from an opening bracket to the next one.
        let paired = (inner << 1).wrapping_add(!(opens | closes)) & closes;
        let loose = closes & !last & !paired;
        let at_newline = depth + ones(opens & first) - ones(closes & first);
        let end = at_newline + ones(opens & !first) - ones(closes & !first);
        let odd = (begins & !opens)
            | (newlines & !(closes << 1))
            | (newlines & newlines.wrapping_sub(1))
            | (loose & !first)
            | broken
            | u64::from(state.doubt);
        let shallow = depth + (state.begins as i32) <= ones(loose & first);
        let unbalanced = (newlines != 0) & (at_newline != 0);
        if (odd != 0) | shallow | unbalanced {
            self.look(&masks);
        } else {
            state.depth = end;
        }
        self.state.begins = newlines >> 63;
        self.word += 1;
    }

    /// The same for the brackets and newlines of one word, one by one.
    #[cold]
    #[inline(never)]
    fn look(&mut self, masks: &Masks) {
        let (state, base) = (&mut self.state, self.word * WIDTH);
        let mut rest = masks.opens | masks.closes | masks.newlines;
        let mut doubts = 0;
        while rest != 0 {
            let bit = rest & rest.wrapping_neg();
            let at = base + rest.trailing_zeros() as usize;
            rest ^= bit;
            if masks.opens & bit != 0 {
                state.doubt |= state.closed.is_some();
                state.depth += 1;
            } else if masks.closes & bit != 0 {
                state.depth -= 1;
                state.doubt |= state.depth < 0;
                if state.depth == 0 && state.closed.is_none() {
                    state.closed = Some(at);
                }
            } else {
                let white = |closed: usize| self.text[closed + 1..at].iter().all(|byte| is_white(*byte));
                let sound = !state.doubt && state.depth == 0 && masks.broken & bit == 0;
                if !(sound && state.closed.is_some_and(white)) {
                    doubts |= bit;
                }
                if state.depth != 0 {
                    // What follows is to begin at nought; then what stands before in this word is no longer right.
                    doubts |= masks.newlines & (bit - 1);
                    if let Some(word) = self.index.words.get_mut(self.word) {
                        word.depth -= state.depth;
                    }
                }
                (state.depth, state.closed, state.doubt) = (0, None, false);
            }
        }
        while doubts != 0 {
            self.index.doubts.push(base as u32 + doubts.trailing_zeros());
            doubts &= doubts - 1;
        }
    }
}

impl Index {
    /// Adds `places` of the word that begins at `base` to the list.
    #[inline(always)]
    fn note(&mut self, base: usize, mut places: u64) {
        let count = places.count_ones() as usize;
        let Some(out) = self.places.get_mut(self.places_count..).and_then(|rest| rest.first_chunk_mut::<WIDTH>())
        else {
            return;
        };
        let mut write = |slots: std::ops::Range<usize>| {
            for slot in &mut out[slots] {
                *slot = base as u32 + places.trailing_zeros();
                places &= places.wrapping_sub(1);
            }
        };
        // Two, even of none: how many there are is hard to foresee, and what is too much is written over.
        write(0..2);
        if count > 2 {
            write(2..count);
        }
        self.places_count += count;
    }
}

#[inline(always)]
fn ones(word: u64) -> i32 {
    word.count_ones() as i32
}
