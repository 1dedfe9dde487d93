//! The positions of the members of a row, as a validator found them.

/// The position of a member: byte ranges in the validated text, which is shorter than 4 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    key: (u32, u32),
    value: (u32, u32),
    /// [`key_hash`] of the key's bytes.
    pub hash: u16,
    /// The number that the caller of [`super::bits::Validator::naming`] has for the key, or
    /// [`Span::UNNAMED`].
    pub name: u8,
}

impl Span {
    /// Not named.
    pub const UNNAMED: u8 = u8::MAX;

    /// A member with these byte ranges.
    #[inline(always)]
    pub fn new(key: (usize, usize), hash: u16, value: (usize, usize)) -> Span {
        let name = Span::UNNAMED;
        Span { key: (key.0 as u32, key.1 as u32), value: (value.0 as u32, value.1 as u32), hash, name }
    }

    /// The same member, with this name.
    #[inline(always)]
    pub fn named(self, name: u8) -> Span {
        Span { name, ..self }
    }

    /// The range of the key, without its quotes.
    #[inline(always)]
    pub fn key(&self) -> (usize, usize) {
        (self.key.0 as usize, self.key.1 as usize)
    }

    /// The range of the value, without white space around it.
    #[inline(always)]
    pub fn value(&self) -> (usize, usize) {
        (self.value.0 as usize, self.value.1 as usize)
    }

    pub(super) fn end_at(&mut self, end: usize) {
        self.value.1 = end as u32;
    }

    /// The key's bytes in `text`.
    #[inline(always)]
    pub fn key_of<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        &text[self.key.0 as usize..self.key.1 as usize]
    }

    pub(super) fn has_ended(&self) -> bool {
        self.value.1 != 0
    }
}

/// The members of one row.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Spans {
    /// The members of the row itself, in order.
    pub members: Vec<Span>,
    /// The members of objects that are values of the row, in order.
    pub inner: Vec<Span>,
}

impl Spans {
    pub(crate) fn clear(&mut self) {
        self.members.clear();
        self.inner.clear();
    }

    /// The members of the object at `value`, which is the value of a member of the row.
    pub fn within(&self, value: (usize, usize)) -> &[Span] {
        let place = |at: usize| self.inner.partition_point(|span| span.key().0 < at);
        &self.inner[place(value.0)..place(value.1)]
    }
}

/// Whether two of these hashes may be equal: a bit set for each half of a hash, and both halves
/// seen before. With over 64 keys it is nearly always true.
#[inline(always)]
pub(super) fn may_repeat(hashes: impl Iterator<Item = u16>) -> bool {
    let (mut low, mut high, mut twice) = (0u64, 0u64, 0u64);
    for hash in hashes {
        let (one, other) = (1u64 << (hash & 63), 1u64 << (hash >> 6 & 63));
        twice |= u64::from(low & one != 0 && high & other != 0);
        low |= one;
        high |= other;
    }
    twice != 0
}

/// A small hash of a key, for finding repeated keys and for table lookups.
pub const fn key_hash(key: &[u8]) -> u16 {
    let length = key.len();
    if length <= 8 { mix(word(key, 0), 0) } else { mix(word(key, 0), word(key, length - 8)) }
}

/// The hash of `text[from..to]`; faster if at least eight bytes of text follow `from`.
#[inline(always)]
pub fn key_hash_in(text: &[u8], from: usize, to: usize) -> u16 {
    let eight = |at: usize| text.get(at..).and_then(|rest| rest.first_chunk()).copied().map(u64::from_le_bytes);
    let length = to - from;
    match (eight(from), length) {
        (Some(_), 0) => mix(0, 0),
        (Some(first), 1..=8) => mix(first & (u64::MAX >> (64 - 8 * length)), 0),
        (Some(first), _) => mix(first, eight(to - 8).unwrap_or_default()),
        (None, _) => key_hash(&text[from..to]),
    }
}

/// Up to eight bytes at `at`, the first one lowest.
const fn word(key: &[u8], at: usize) -> u64 {
    let mut word = 0;
    let mut index = 0;
    while index < 8 && at + index < key.len() {
        word |= (key[at + index] as u64) << (8 * index);
        index += 1;
    }
    word
}

#[inline(always)]
const fn mix(first: u64, last: u64) -> u16 {
    ((first ^ last.rotate_left(17)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as u16
}
