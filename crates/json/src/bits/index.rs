//! The first stage: a block of lines as words and as a list of places to look at.
//!
//! Nearly nothing here depends on what the text says, so that the processor need not guess: each 64
//! bytes become a [`super::words::Word`], and their newlines and the ends of such strings as may be
//! wanted names become places in a list, two of them written always and counted afterwards. A
//! string may be a name when it is as long as one (a quote that closes, and one that opened so many
//! bytes before it: a shift and an AND) and ends with the same letter.
//!
//! A group of words is dealt with in one. First it is written down where each kind of byte stands
//! in them ([`Letters`]), then what is inside of strings ([`super::strings`]), which of those that
//! end may be names, and how the brackets stand ([`super::brackets`]): each a loop in which no word
//! waits for another, which the compiler makes of registers as wide as the processor has.

use super::brackets::{Brackets, Reckoned};
use super::masks::{Plain, WIDTH};
use super::strings::{KINDS, Letters, Strings, kind};
use super::words::{GROUP, Group, Lanes, Words};

/// Room for all places of eight words, and for what is written too much.
pub(super) const ROOM: usize = 9 * WIDTH;

/// Bytes that the words of a group stand for.
pub(super) const GROUP_BYTES: usize = GROUP * WIDTH;

/// The text of eight words.
pub(super) type Eight = [[u8; WIDTH]; 8];

/// What is known of a block of lines.
#[derive(Debug)]
pub struct Index {
    shapes: Vec<Shape>,
    words: Words,
    /// Only the first `places_count` count: what is longer is used again.
    places: Vec<u32>,
    pub(super) places_count: usize,
    doubts: Vec<u32>,
    escapes: Vec<(u32, u64)>,
    /// For each byte of ASCII a bit for each kind that it is of.
    kinds: [[u8; WIDTH]; 2],
    desk: Box<Desk>,
}

/// What is worked with while an index is made, kept since a text may be one short line.
#[derive(Debug)]
struct Desk {
    letters: Letters,
    strings: Strings,
    reckoned: Reckoned,
    names: Lanes,
}

/// What wanted names look like.
#[derive(Debug, Clone, Copy)]
struct Shape {
    last: u8,
    /// From the quote that opens to the one that closes.
    distance: u32,
    /// All ones where that is too far for a shift: then it is not asked.
    far: u64,
    /// The kind that this letter is, if there was one for it.
    kind: Option<usize>,
    /// If there was none, where the letter stands in the words of the group at hand.
    stands: Lanes,
}

impl Index {
    /// For names such as these.
    pub fn new<'n>(names: impl Iterator<Item = &'n [u8]>) -> Index {
        let mut shapes: Vec<Shape> = Vec::new();
        let mut kinds_free = kind::LASTS..KINDS;
        for name in names {
            let near = name.len() + 1 < WIDTH;
            let (distance, far) = if near { (name.len() as u32 + 1, 0) } else { (1, u64::MAX) };
            // Of no name the last letter is the quote before it.
            let last = name.last().copied().unwrap_or(b'"');
            if !shapes.iter().any(|shape| (shape.last, shape.distance, shape.far) == (last, distance, far)) {
                // DEL stands for all that is not ASCII.
                let kind = if last < 0x7F { kinds_free.next() } else { None };
                shapes.push(Shape { last, distance, far, kind, stands: [0; GROUP] });
            }
        }
        let kinds = kind::table(shapes.iter().filter_map(|shape| Some((shape.kind?, shape.last))));
        let desk =
            Desk { letters: Letters::new(), strings: Strings::new(), reckoned: Reckoned::new(), names: [0; GROUP] };
        Index {
            shapes,
            words: Words::default(),
            places: Vec::new(),
            places_count: 0,
            doubts: Vec::new(),
            escapes: Vec::new(),
            kinds,
            desk: Box::new(desk),
        }
    }

    /// Indexes `text`, byte by byte: the portable implementation, and the one that tests compare
    /// with.
    pub fn fill_plain(&mut self, text: &[u8], careful: bool) {
        let mut filling = Filling::new(self, text, careful);
        let mut plain = Plain::default();
        for group in text.chunks(GROUP_BYTES) {
            filling.put_plain(group, &mut plain);
        }
        let count = filling.places_count;
        self.places_count = count;
    }

    /// For each byte of ASCII a bit for each kind that it is of.
    pub(super) fn kinds(&self) -> [[u8; WIDTH]; 2] {
        self.kinds
    }

    /// The bytes that the last kinds are.
    pub(super) fn lasts(&self) -> [Option<u8>; KINDS - kind::LASTS] {
        let last = |number| self.shapes.iter().find(|shape| shape.kind == Some(kind::LASTS + number));
        std::array::from_fn(|number| last(number).map(|shape| shape.last))
    }

    /// The text in words.
    pub fn words(&self) -> &Words {
        &self.words
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
    shapes: &'i mut [Shape],
    groups: std::slice::IterMut<'i, Group>,
    places: &'i mut [u32],
    pub places_count: usize,
    doubts: &'i mut Vec<u32>,
    escapes: &'i mut Vec<(u32, u64)>,
    careful: bool,
    /// Where the next group begins.
    base: usize,
    brackets: Brackets,
    desk: &'i mut Desk,
}

impl<'i, 't> Filling<'i, 't> {
    pub(crate) fn new(index: &'i mut Index, text: &'t [u8], careful: bool) -> Self {
        let Index { shapes, words, places, doubts, escapes, desk, .. } = index;
        words.begin(text.len());
        if places.len() < text.len() + 2 * ROOM {
            // Made of pages that cost nothing until they are written; with room for what `note`
            // writes too much.
            *places = vec![0; text.len() + 2 * ROOM];
        }
        doubts.clear();
        escapes.clear();
        desk.letters.begin_text();
        desk.strings.begin_text();
        Filling {
            text,
            shapes,
            groups: words.groups.iter_mut(),
            places,
            places_count: 0,
            doubts,
            escapes,
            careful,
            base: 0,
            brackets: Brackets::default(),
            desk,
        }
    }

    /// Takes in the next group, of at most [`GROUP_BYTES`]. `read` tells, of eight blocks, where
    /// each kind of byte stands, and `stands` where a byte does in one.
    #[inline(always)]
    pub(crate) fn put(
        &mut self,
        group: &[u8],
        read: impl Fn(&Eight) -> [[u64; 8]; KINDS],
        stands: impl Fn(&[u8; WIDTH], u8) -> u64,
        note: impl Fn(&[u64; 8], u32, &mut [u32; ROOM]) -> usize,
    ) {
        let Some(words) = self.groups.next() else { return };
        let (eights, last) = eights(group);
        let mut take = |lane: usize, eight: &Eight| {
            self.desk.letters.put(lane, read(eight));
            for shape in self.shapes.iter_mut().filter(|shape| shape.kind.is_none()) {
                for (lane, block) in (lane..).zip(eight) {
                    shape.stands[lane] = stands(block, shape.last);
                }
            }
        };
        for (number, eight) in eights.iter().enumerate() {
            take(number * 8, eight);
        }
        if let Some(last) = &last {
            take(eights.len() * 8, last);
        }
        let lanes = lanes_of(group);
        let Desk { letters, strings, .. } = &mut *self.desk;
        strings.begin();
        letters.settle(lanes, words, strings);
        self.find(lanes, words, note);
    }

    /// The same, byte by byte.
    fn put_plain(&mut self, group: &[u8], plain: &mut Plain) {
        let Some(words) = self.groups.next() else { return };
        let Desk { letters, strings, .. } = &mut *self.desk;
        strings.begin();
        let (eights, last) = eights(group);
        for (lane, block) in eights.iter().chain(&last).flatten().enumerate() {
            strings.put(words, lane, plain.masks(block));
            for shape in self.shapes.iter_mut() {
                let stands = shape.kind.map_or(&mut shape.stands, |kind| &mut letters.kinds[kind]);
                stands[lane] = (0..WIDTH).filter(|at| block[*at] == shape.last).fold(0, |all, at| all | 1 << at);
            }
        }
        self.find(lanes_of(group), words, note_each);
    }

    /// Finds places and brackets in the first `lanes` words of a group of which the strings are
    /// known.
    #[inline(always)]
    fn find(&mut self, lanes: usize, words: &mut Group, note: impl Fn(&[u64; 8], u32, &mut [u32; ROOM]) -> usize) {
        let lanes = lanes.min(GROUP);
        let Desk { letters, strings, reckoned, names } = &mut *self.desk;
        if strings.escaped_u[..lanes].iter().fold(0, |all, word| all | word) != 0 {
            keep(self.escapes, self.base, &strings.escaped_u[..lanes]);
        }
        names[..lanes].fill(0);
        for shape in self.shapes.iter() {
            let stands = shape.kind.map_or(&shape.stands, |kind| &letters.kinds[kind]);
            for lane in 0..lanes {
                let (opening, before) = (strings.opening[lane + 1], strings.opening[lane]);
                let begun = (opening << shape.distance) | (before >> (WIDTH as u32 - shape.distance)) | shape.far;
                // Of the word's first byte it is not known what stands before it.
                names[lane] |= begun & ((stands[lane] << 1) | 1);
            }
        }
        for (lane, name) in names[..lanes].iter_mut().enumerate() {
            let closing = words.quotes[lane] & !strings.opening[lane + 1];
            *name = strings.newlines[lane + 1] | (*name & closing);
        }
        for (number, eight) in names[..lanes].as_chunks().0.iter().enumerate() {
            let rest = self.places.get_mut(self.places_count..).unwrap_or_default();
            let Some(room) = rest.first_chunk_mut() else { break };
            self.places_count += note(eight, (self.base + number * 8 * WIDTH) as u32, room);
        }
        let at = (self.text, self.base);
        self.brackets.count((words, lanes), strings, reckoned, at, self.careful, self.doubts);
        self.base += GROUP_BYTES;
    }
}

/// Writes the places of eight words to the list, of which the first begins at `base`, and says how
/// many they are.
#[inline(always)]
pub(super) fn note_each(eight: &[u64; 8], base: u32, room: &mut [u32; ROOM]) -> usize {
    let mut noted = 0;
    for (word, base) in eight.iter().zip((base..).step_by(WIDTH)) {
        let (mut places, count) = (*word, word.count_ones() as usize);
        let Some(out) = room.get_mut(noted..noted + WIDTH) else { break };
        let mut write = |slots: std::ops::Range<usize>| {
            for slot in &mut out[slots] {
                *slot = base + places.trailing_zeros();
                places &= places.wrapping_sub(1);
            }
        };
        // Two, even of none: how many there are is hard to foresee, and what is too much is written
        // over.
        write(0..2);
        if count > 2 {
            write(2..count);
        }
        noted += count;
    }
    noted
}

/// Keeps where a `u` is escaped.
#[cold]
#[inline(never)]
fn keep(escapes: &mut Vec<(u32, u64)>, base: usize, escaped_u: &[u64]) {
    for (word, escaped_u) in (base / WIDTH..).zip(escaped_u) {
        if *escaped_u != 0 {
            escapes.push((word as u32, *escaped_u));
        }
    }
}

/// How many words a group comes to, filled up to eight.
fn lanes_of(group: &[u8]) -> usize {
    group.len().div_ceil(WIDTH).next_multiple_of(8)
}

/// The blocks of a group by eight, and what is left, filled up with blanks.
#[inline(always)]
fn eights(group: &[u8]) -> (&[Eight], Option<Eight>) {
    let (blocks, _) = group.as_chunks::<WIDTH>();
    let (eights, _) = blocks.as_chunks::<8>();
    let rest = group.get(eights.len() * 8 * WIDTH..).unwrap_or_default();
    let mut last = [[b' '; WIDTH]; 8];
    last.as_flattened_mut()[..rest.len()].copy_from_slice(rest);
    (eights, (!rest.is_empty()).then_some(last))
}
