//! The structural index of a block of lines: bitmasks, and the list of positions to look at.
//!
//! Almost nothing here branches on the text, so that nothing is mispredicted. Each 64 bytes become
//! a [`super::words::Word`]. Their newlines, and the closing quotes of strings that may be wanted
//! names, become positions in a list; two per word are always written, and the list is cut
//! afterwards. A string may be a wanted name if it has its length (a quote that opens that many
//! bytes before one that closes: a shift and an AND) and ends with the same byte.
//!
//! A group of words is indexed at a time: first the bitmask of each class of byte ([`ClassMasks`]),
//! then the in-string mask ([`super::in_string`]), then the closing quotes of possible names, then
//! the depths ([`super::brackets`]). Each is a loop in which no word depends on another, so that
//! the compiler vectorizes it as widely as the processor allows.

use super::brackets::{Balance, GroupText, WordBalances};
use super::in_string::{CLASSES, ClassMasks, StringMasks, class};
use super::masks::{ScalarMasks, WIDTH};
use super::words::{GROUP_WORDS, Group, Lanes, Words};

/// Room for all positions of eight words, and for what is written beyond them.
pub(super) const ROOM_FOR_EIGHT: usize = 9 * WIDTH;

/// Bytes of text per group.
pub(super) const GROUP_BYTES: usize = GROUP_WORDS * WIDTH;

/// The text of eight words.
pub(super) type EightBlocks = [[u8; WIDTH]; 8];

/// The structural index of a block of lines.
#[derive(Debug)]
pub struct Index {
    shapes: Vec<NameShape>,
    words: Words,
    /// The first `positions_count` are in use.
    positions: Vec<u32>,
    pub(super) positions_count: usize,
    doubts: Vec<u32>,
    escapes: Vec<(u32, u64)>,
    /// For each ASCII byte, a bit for each class that it is in.
    class_table: [[u8; WIDTH]; 2],
    workspace: Box<Workspace>,
}

/// Buffers for making an index, kept because a text may be one short line.
#[derive(Debug)]
struct Workspace {
    classes: ClassMasks,
    strings: StringMasks,
    balances: WordBalances,
    names: Lanes,
}

/// The length and the last byte of wanted names.
#[derive(Debug, Clone, Copy)]
struct NameShape {
    last: u8,
    /// Bytes from the opening to the closing quote.
    distance: u32,
    /// All ones if that is too far for a shift. Then any opening quote will do.
    far: u64,
    /// The class of `last`, if one was free.
    class: Option<usize>,
    /// If none was free, the bitmasks of `last` in this group.
    last_byte_masks: Lanes,
}

impl Index {
    /// For the wanted names `names`.
    pub fn new<'n>(names: impl Iterator<Item = &'n [u8]>) -> Index {
        let mut shapes: Vec<NameShape> = Vec::new();
        let mut classes_free = class::LAST_BYTES..CLASSES;
        for name in names {
            let near = name.len() + 1 < WIDTH;
            let (distance, far) = if near { (name.len() as u32 + 1, 0) } else { (1, u64::MAX) };
            // The last byte of the empty name is the quote before it.
            let last = name.last().copied().unwrap_or(b'"');
            if !shapes.iter().any(|shape| (shape.last, shape.distance, shape.far) == (last, distance, far)) {
                // DEL is the class of all that is not ASCII.
                let class = if last < 0x7F { classes_free.next() } else { None };
                shapes.push(NameShape { last, distance, far, class, last_byte_masks: [0; GROUP_WORDS] });
            }
        }
        let class_table = class::table(shapes.iter().filter_map(|shape| Some((shape.class?, shape.last))));
        let workspace = Workspace {
            classes: ClassMasks::new(),
            strings: StringMasks::new(),
            balances: WordBalances::new(),
            names: [0; GROUP_WORDS],
        };
        Index {
            shapes,
            words: Words::default(),
            positions: Vec::new(),
            positions_count: 0,
            doubts: Vec::new(),
            escapes: Vec::new(),
            class_table,
            workspace: Box::new(workspace),
        }
    }

    /// Indexes `text`, byte by byte: the portable implementation, and the one that tests compare
    /// with.
    pub fn fill_portable(&mut self, text: &[u8], careful: bool) {
        let mut filling = Builder::new(self, text, careful);
        let mut scalar = ScalarMasks::default();
        for group in text.chunks(GROUP_BYTES) {
            filling.put_portable(group, &mut scalar);
        }
        let count = filling.positions_count;
        self.positions_count = count;
    }

    /// For each ASCII byte, a bit for each class that it is in.
    pub(super) fn class_table(&self) -> [[u8; WIDTH]; 2] {
        self.class_table
    }

    /// The bytes of the classes from [`class::LAST_BYTES`] on.
    pub(super) fn last_bytes(&self) -> [Option<u8>; CLASSES - class::LAST_BYTES] {
        let last = |number| self.shapes.iter().find(|shape| shape.class == Some(class::LAST_BYTES + number));
        std::array::from_fn(|number| last(number).map(|shape| shape.last))
    }

    /// The bitmasks.
    pub fn words(&self) -> &Words {
        &self.words
    }

    /// The positions of newlines, and of quotes that may end a wanted name, in order.
    pub fn positions(&self) -> &[u32] {
        &self.positions[..self.positions_count]
    }

    /// The newlines of rows whose frame is in doubt, in order.
    pub fn doubts(&self) -> &[u32] {
        &self.doubts
    }

    /// The words with an escaped `u`: their index and the bitmask.
    pub fn escapes(&self) -> &[(u32, u64)] {
        &self.escapes
    }
}

/// Fills an [`Index`].
pub(super) struct Builder<'i, 't> {
    text: &'t [u8],
    shapes: &'i mut [NameShape],
    groups: std::slice::IterMut<'i, Group>,
    positions: &'i mut [u32],
    pub positions_count: usize,
    doubts: &'i mut Vec<u32>,
    escapes: &'i mut Vec<(u32, u64)>,
    careful: bool,
    /// The offset of the next group.
    base: usize,
    brackets: Balance,
    workspace: &'i mut Workspace,
}

impl<'i, 't> Builder<'i, 't> {
    pub(crate) fn new(index: &'i mut Index, text: &'t [u8], careful: bool) -> Self {
        let Index { shapes, words, positions, doubts, escapes, workspace, .. } = index;
        words.begin(text.len());
        if positions.len() < text.len() + 2 * ROOM_FOR_EIGHT {
            // Zeroed pages cost nothing until they are written. The rest is for what `write` writes
            // beyond the last position.
            *positions = vec![0; text.len() + 2 * ROOM_FOR_EIGHT];
        }
        doubts.clear();
        escapes.clear();
        workspace.classes.begin_text();
        workspace.strings.begin_text();
        Builder {
            text,
            shapes,
            groups: words.groups.iter_mut(),
            positions,
            positions_count: 0,
            doubts,
            escapes,
            careful,
            base: 0,
            brackets: Balance::default(),
            workspace,
        }
    }

    /// Indexes the next group of at most [`GROUP_BYTES`]. `read` makes the bitmasks of all classes
    /// for eight blocks, `equal` that of one byte for one block, and `write` appends the positions
    /// of the bits of eight words.
    #[inline(always)]
    pub(crate) fn put(
        &mut self,
        group: &[u8],
        read: impl Fn(&EightBlocks) -> [[u64; 8]; CLASSES],
        equal: impl Fn(&[u8; WIDTH], u8) -> u64,
        write: impl Fn(&[u64; 8], u32, &mut [u32; ROOM_FOR_EIGHT]) -> usize,
    ) {
        let Some(words) = self.groups.next() else { return };
        let (eights, last) = eights(group);
        let mut take = |lane: usize, eight: &EightBlocks| {
            self.workspace.classes.put(lane, read(eight));
            for shape in self.shapes.iter_mut().filter(|shape| shape.class.is_none()) {
                for (lane, block) in (lane..).zip(eight) {
                    shape.last_byte_masks[lane] = equal(block, shape.last);
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
        let Workspace { classes, strings, .. } = &mut *self.workspace;
        strings.begin();
        classes.resolve(lanes, words, strings);
        self.find(lanes, words, write);
    }

    /// Indexes the next group byte by byte.
    fn put_portable(&mut self, group: &[u8], scalar: &mut ScalarMasks) {
        let Some(words) = self.groups.next() else { return };
        let Workspace { classes, strings, .. } = &mut *self.workspace;
        strings.begin();
        let (eights, last) = eights(group);
        for (lane, block) in eights.iter().chain(&last).flatten().enumerate() {
            strings.put(words, lane, scalar.masks(block));
            for shape in self.shapes.iter_mut() {
                let last_byte_masks = shape.class.map_or(&mut shape.last_byte_masks, |class| &mut classes.masks[class]);
                last_byte_masks[lane] =
                    (0..WIDTH).filter(|at| block[*at] == shape.last).fold(0, |all, at| all | 1 << at);
            }
        }
        self.find(lanes_of(group), words, write_positions);
    }

    /// Finds the positions and depths in the first `lanes` words of a group whose in-string masks
    /// are made.
    #[inline(always)]
    fn find(
        &mut self,
        lanes: usize,
        words: &mut Group,
        write: impl Fn(&[u64; 8], u32, &mut [u32; ROOM_FOR_EIGHT]) -> usize,
    ) {
        let lanes = lanes.min(GROUP_WORDS);
        let Workspace { classes, strings, balances, names } = &mut *self.workspace;
        if strings.escaped_u[..lanes].iter().fold(0, |all, word| all | word) != 0 {
            push_escapes(self.escapes, self.base, &strings.escaped_u[..lanes]);
        }
        names[..lanes].fill(0);
        for shape in self.shapes.iter() {
            let last_byte_masks = shape.class.map_or(&shape.last_byte_masks, |class| &classes.masks[class]);
            for lane in 0..lanes {
                let (opening, before) = (strings.opening[lane + 1], strings.opening[lane]);
                let begun = (opening << shape.distance) | (before >> (WIDTH as u32 - shape.distance)) | shape.far;
                // What precedes the first byte of the word is not known.
                names[lane] |= begun & ((last_byte_masks[lane] << 1) | 1);
            }
        }
        for (lane, name) in names[..lanes].iter_mut().enumerate() {
            let closing = words.quotes[lane] & !strings.opening[lane + 1];
            *name = strings.newlines[lane + 1] | (*name & closing);
        }
        for (number, eight) in names[..lanes].as_chunks().0.iter().enumerate() {
            let rest = self.positions.get_mut(self.positions_count..).unwrap_or_default();
            let Some(room) = rest.first_chunk_mut() else { break };
            self.positions_count += write(eight, (self.base + number * 8 * WIDTH) as u32, room);
        }
        let group = GroupText { text: self.text, base: self.base, lanes };
        self.brackets.check(words, group, strings, balances, self.careful, self.doubts);
        self.base += GROUP_BYTES;
    }
}

/// Writes the positions of the bits of eight words, the first of which begins at `base`, and
/// returns their number.
#[inline(always)]
pub(super) fn write_positions(eight: &[u64; 8], base: u32, room: &mut [u32; ROOM_FOR_EIGHT]) -> usize {
    let mut noted = 0;
    for (word, base) in eight.iter().zip((base..).step_by(WIDTH)) {
        let (mut positions, count) = (*word, word.count_ones() as usize);
        let Some(out) = room.get_mut(noted..noted + WIDTH) else { break };
        let mut write = |slots: std::ops::Range<usize>| {
            for slot in &mut out[slots] {
                *slot = base + positions.trailing_zeros();
                positions &= positions.wrapping_sub(1);
            }
        };
        // Always two: the number is hard to predict, and what is too much is overwritten.
        write(0..2);
        if count > 2 {
            write(2..count);
        }
        noted += count;
    }
    noted
}

#[cold]
#[inline(never)]
fn push_escapes(escapes: &mut Vec<(u32, u64)>, base: usize, escaped_u: &[u64]) {
    for (word, escaped_u) in (base / WIDTH..).zip(escaped_u) {
        if *escaped_u != 0 {
            escapes.push((word as u32, *escaped_u));
        }
    }
}

/// The number of words of a group, rounded up to eight.
fn lanes_of(group: &[u8]) -> usize {
    group.len().div_ceil(WIDTH).next_multiple_of(8)
}

/// The blocks of a group by eight, and the rest, padded with blanks.
#[inline(always)]
fn eights(group: &[u8]) -> (&[EightBlocks], Option<EightBlocks>) {
    let (blocks, _) = group.as_chunks::<WIDTH>();
    let (eights, _) = blocks.as_chunks::<8>();
    let rest = group.get(eights.len() * 8 * WIDTH..).unwrap_or_default();
    let mut last = [[b' '; WIDTH]; 8];
    last.as_flattened_mut()[..rest.len()].copy_from_slice(rest);
    (eights, (!rest.is_empty()).then_some(last))
}
