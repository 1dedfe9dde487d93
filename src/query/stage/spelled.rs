//! From the text of keys to the number of what they name. Most rows spell their keys as an earlier row did, and then
//! neither escapes nor numbers need to be read to know that they are the same.

/// The last number for each of so many hashes.
const SLOTS: usize = 1 << 10;

/// Numbers that were given for keys, by how these were spelled. It may forget, and it may be wrong: whoever asks looks
/// whether the number found is that of the same text.
#[derive(Debug)]
pub(in crate::query) struct Spelled {
    numbers: Box<[u32]>,
}

impl Default for Spelled {
    fn default() -> Self {
        Spelled { numbers: vec![u32::MAX; SLOTS].into() }
    }
}

impl Spelled {
    /// Where the number for keys of these texts is kept.
    #[inline]
    pub fn slot<'k>(keys: impl Iterator<Item = &'k [u8]>) -> usize {
        let mut hash = 0u64;
        for key in keys {
            // Words and numbers of runs differ at the end, and in length.
            let tail = match key.last_chunk() {
                Some(tail) => u64::from_le_bytes(*tail),
                None => key.iter().fold(0, |tail, byte| tail << 8 | u64::from(*byte)),
            };
            hash = (hash.rotate_left(32) ^ tail ^ key.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
        (hash >> (64 - SLOTS.trailing_zeros())) as usize
    }

    /// The number kept there; beyond every list when there is none.
    #[inline]
    pub fn number(&self, slot: usize) -> usize {
        self.numbers.get(slot).map_or(usize::MAX, |number| *number as usize)
    }

    /// Keeps a number.
    pub fn keep(&mut self, slot: usize, number: usize) {
        if let (Some(kept), Ok(number)) = (self.numbers.get_mut(slot), u32::try_from(number)) {
            *kept = number;
        }
    }
}
