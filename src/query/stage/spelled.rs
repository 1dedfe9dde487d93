//! From the text of keys to the number of what they name. Most rows spell their keys as an earlier row did, and then
//! neither escapes nor numbers need to be read to know that they are the same.

/// The last number for each of so many hashes.
const SLOTS: usize = 1 << 10;
/// So many keys are told apart by their spelling alone.
const KEYS: usize = 2;

/// How keys are spelled, in few words.
#[derive(Debug, Clone, Copy)]
pub(in crate::query) struct Spelling {
    /// The first and the last eight bytes of each of the first keys.
    ends: [[u64; 2]; KEYS],
    /// How long they are, half a word for each.
    lengths: u64,
    /// Keys of the same spelling are the same. Else whoever finds a number looks whether it is that of the same text.
    is_exact: bool,
    slot: u32,
}

impl Spelling {
    /// Of keys with these texts.
    #[inline]
    pub fn of<'k>(keys: impl Iterator<Item = &'k [u8]>) -> Spelling {
        let mut spelling = Spelling { ends: [[0; 2]; KEYS], lengths: 0, is_exact: true, slot: 0 };
        let mut hash = 0u64;
        for (number, key) in keys.enumerate() {
            let ends = ends(key);
            // Words and numbers of runs differ at the end, and in length.
            hash = (hash.rotate_left(32) ^ ends[0].rotate_left(29) ^ ends[1] ^ key.len() as u64)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15);
            match spelling.ends.get_mut(number) {
                Some(kept) => {
                    *kept = ends;
                    spelling.lengths = spelling.lengths << 32 | (key.len() as u64 & 0xFFFF_FFFF);
                    spelling.is_exact &= key.len() <= 16;
                }
                None => spelling.is_exact = false,
            }
        }
        spelling.slot = (hash >> (64 - SLOTS.trailing_zeros())) as u32;
        spelling
    }

    /// Whether it is the same, word by word: what was just written in words is not yet to be had in larger pieces.
    #[inline(always)]
    fn is(&self, other: &Spelling) -> bool {
        let ends = self.ends.as_flattened().iter().zip(other.ends.as_flattened());
        ends.fold(self.lengths ^ other.lengths, |odd, (mine, theirs)| odd | (mine ^ theirs)) == 0
    }

    /// Whether keys of the same spelling are the same.
    #[inline]
    pub fn is_exact(&self) -> bool {
        self.is_exact
    }
}

/// The first and the last eight bytes; of a shorter text, all of it.
#[inline]
fn ends(text: &[u8]) -> [u64; 2] {
    match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => [u64::from_le_bytes(*first), u64::from_le_bytes(*last)],
        _ => match (text.first_chunk(), text.last_chunk()) {
            (Some(first), Some(last)) => [u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last))],
            _ => [text.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)), 0],
        },
    }
}

/// Numbers that were given for keys, by how these were spelled. It may forget.
#[derive(Debug)]
pub(in crate::query) struct Spelled {
    numbers: Box<[Option<(Spelling, usize)>]>,
}

impl Default for Spelled {
    fn default() -> Self {
        Spelled { numbers: vec![None; SLOTS].into() }
    }
}

impl Spelled {
    /// The number kept for keys of this spelling.
    #[inline]
    pub fn number(&self, spelling: &Spelling) -> Option<usize> {
        match self.numbers.get(spelling.slot as usize) {
            Some(Some((kept, number))) if kept.is(spelling) => Some(*number),
            _ => None,
        }
    }

    /// Keeps a number.
    pub fn keep(&mut self, spelling: Spelling, number: usize) {
        if let Some(kept) = self.numbers.get_mut(spelling.slot as usize) {
            *kept = Some((spelling, number));
        }
    }
}
