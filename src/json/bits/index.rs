//! The first stage: a block of lines as words and as a list of places to look at.
//!
//! Nearly nothing here depends on what the text says, so that the processor need not guess: each 64 bytes become a
//! [`Word`], and their newlines and the ends of such strings as may be wanted names become places in a list, two of
//! them written always and counted afterwards. A string may be a name when it is as long as one (a quote that
//! closes, and one that opened so many bytes before it: a shift and an AND) and ends with the same letter.
//!
//! Brackets are counted, not walked. In a sound row they come to nought at the one that stands right before the newline
//! and nowhere before it. For a whole word that is certain when fewer brackets close in it than are open at its start,
//! leaving out the last of a row and those that close what was opened just before. Where it is not certain, [`look`]
//! goes from bracket to bracket. All that is taken on trust is that the rows before came to nought: whoever walks along
//! the places sees that at each newline, and asks for a careful index of what follows one where they did not.

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
    pub(super) places_count: usize,
    doubts: Vec<u32>,
    escapes: Vec<(u32, u64)>,
}

/// What wanted names look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    last: u8,
    /// From the quote that opens to the one that closes.
    distance: u32,
    /// All ones where that is too far for a shift: then it is not asked.
    far: u64,
}

impl Index {
    /// For names such as these.
    pub fn new<'n>(names: impl Iterator<Item = &'n [u8]>) -> Index {
        let mut shapes: Vec<Shape> = Vec::new();
        for name in names {
            let near = name.len() + 1 < WIDTH;
            let (distance, far) = if near { (name.len() as u32 + 1, 0) } else { (1, u64::MAX) };
            // Of no name the last letter is the quote before it.
            let shape = Shape { last: name.last().copied().unwrap_or(b'"'), distance, far };
            if !shapes.contains(&shape) {
                shapes.push(shape);
            }
        }
        Index { shapes, ..Index::default() }
    }

    /// Takes in `text`, which begins at the start of a line. With `careful` every bracket is looked at.
    pub fn fill(&mut self, text: &[u8], careful: bool) {
        #[cfg(target_arch = "x86_64")]
        if super::x86::index(text, self, careful) {
            return;
        }
        self.fill_plain(text, careful);
    }

    /// The same with 32 bytes at a time, for tests that compare; false where the processor cannot.
    pub fn fill_narrow(&mut self, text: &[u8], careful: bool) -> bool {
        #[cfg(target_arch = "x86_64")]
        return super::x86::index_narrow(text, self, careful);
        #[cfg(not(target_arch = "x86_64"))]
        return false;
    }

    /// The same, with masks made byte by byte.
    pub fn fill_plain(&mut self, text: &[u8], careful: bool) {
        let mut filling = Filling::new(self, text, careful);
        let mut plain = Plain::default();
        for block in text.chunks(WIDTH) {
            let masks = plain.masks(block);
            let stands = |byte: u8| (0..block.len()).filter(move |at| block[*at] == byte);
            filling.put(masks, |byte| stands(byte).fold(0, |all, at| all | 1 << at));
        }
        self.places_count = filling.places_count;
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
}

/// An index that is being filled.
pub(super) struct Filling<'i, 't> {
    text: &'t [u8],
    shapes: &'i [Shape],
    words: std::slice::IterMut<'i, Word>,
    places: &'i mut [u32],
    pub places_count: usize,
    doubts: &'i mut Vec<u32>,
    escapes: &'i mut Vec<(u32, u64)>,
    careful: bool,
    /// Where the next word begins.
    base: usize,
    brackets: Brackets,
    /// 1 when the next byte begins a line.
    begins: u64,
    /// Quotes of the word before that open.
    opening: u64,
}

/// How the brackets of a row stand.
#[derive(Clone, Copy)]
struct Brackets {
    /// How many are open. Far below nought where the row is in doubt already.
    depth: i32,
    /// Where they came to nought; the greatest number when they have not.
    closed: usize,
}

const IN_DOUBT: i32 = i32::MIN / 2;

impl<'i, 't> Filling<'i, 't> {
    pub fn new(index: &'i mut Index, text: &'t [u8], careful: bool) -> Self {
        let Index { shapes, words, words_count, places, doubts, escapes, .. } = index;
        let count = text.len().div_ceil(WIDTH);
        if words.len() < count {
            *words = vec![Word::default(); count];
            // Made of pages that cost nothing until they are written; with room for what `note` writes too much.
            *places = vec![0; (count + 1) * WIDTH];
        }
        *words_count = count;
        doubts.clear();
        escapes.clear();
        Filling {
            text,
            shapes,
            words: words[..count].iter_mut(),
            places,
            places_count: 0,
            doubts,
            escapes,
            careful,
            base: 0,
            brackets: Brackets { depth: 0, closed: usize::MAX },
            begins: 1,
            opening: 0,
        }
    }

    /// Takes in the next word. `stands` tells where such a byte stands in it.
    #[inline(always)]
    pub fn put(&mut self, masks: Masks, stands: impl Fn(u8) -> u64) {
        let Masks { quotes, opening, opens, closes, newlines, broken, escaped_u } = masks;
        let Some(word) = self.words.next() else { return };
        let depth = self.brackets.depth;
        *word = Word { quotes, opens, closes, depth };
        if escaped_u != 0 {
            keep(self.escapes, self.base, escaped_u);
        }

        let mut names = 0;
        for shape in self.shapes {
            let begun = (opening << shape.distance) | (self.opening >> (WIDTH as u32 - shape.distance)) | shape.far;
            // Of the word's first byte it is not known what stands before it.
            names |= begun & ((stands(shape.last) << 1) | 1);
        }
        self.opening = opening;
        self.note(newlines | (names & quotes & !opening));

        let begins = (newlines << 1) | self.begins;
        let last = closes & (newlines >> 1);
        let inner = opens & !begins;
        // The carry of each sum runs from an opening bracket to the next one.
        let paired = (inner << 1).wrapping_add(!(opens | closes));
        let loose = closes & !last & !paired;
        let odd = (begins & !opens) | (newlines & !(closes << 1)) | broken;
        let shallow = ones(loose) >= depth + self.begins as i32;
        if (odd != 0) | shallow | self.careful {
            self.brackets = look(word, newlines, broken, self.brackets, (self.text, self.base), self.doubts);
        } else {
            self.brackets.depth = depth + ones(opens) - ones(closes);
        }
        self.begins = newlines >> 63;
        self.base += WIDTH;
    }

    /// Adds places of the word to the list.
    #[inline(always)]
    fn note(&mut self, mut places: u64) {
        let (from, base) = (self.places_count, self.base as u32);
        let count = places.count_ones() as usize;
        let Some(out) = self.places.get_mut(from..from + WIDTH) else { return };
        let mut write = |slots: std::ops::Range<usize>| {
            for slot in &mut out[slots] {
                *slot = base + places.trailing_zeros();
                places &= places.wrapping_sub(1);
            }
        };
        // Two, even of none: how many there are is hard to foresee, and what is too much is written over.
        write(0..2);
        if count > 2 {
            write(2..count);
        }
        self.places_count = from + count;
    }
}

/// Goes through the brackets and newlines of one word, one by one. Newlines of rows in doubt are added to `doubts`.
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
                // The next row is to begin at nought. Then what stands before in this word is no longer right.
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

/// Keeps where a `u` is escaped.
#[cold]
#[inline(never)]
fn keep(escapes: &mut Vec<(u32, u64)>, base: usize, escaped_u: u64) {
    escapes.push(((base / WIDTH) as u32, escaped_u));
}

#[inline(always)]
fn ones(word: u64) -> i32 {
    word.count_ones() as i32
}
