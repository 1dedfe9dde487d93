//! From the text of keys to the number of what they name. Most rows spell their keys as an earlier
//! row did, and then neither escapes nor numbers need to be read to know that they are the same.

/// The last number for each of so many hashes.
const SLOTS: usize = 1 << 10;
/// So many keys are told apart by their spelling alone.
const KEYS: usize = 2;

/// Numbers that were given for keys, by how these were spelled. It may forget.
#[derive(Debug)]
pub(crate) struct KeyCache {
    slots: Box<[Slot]>,
}

/// How keys are spelled, in few words, and their number.
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// The first and the last eight bytes of each of the first keys.
    ends: [[u64; 2]; KEYS],
    /// How long they are.
    lengths: [u32; KEYS],
    /// [`NONE`] where none was kept.
    number: usize,
}

const NONE: usize = usize::MAX;

/// What is known of keys by their spelling.
#[derive(Debug, Clone, Copy)]
pub struct Lookup {
    slot: usize,
    /// The number kept for keys of this spelling.
    pub number: Option<usize>,
    /// Keys of the same spelling are the same. Else whoever finds a number looks whether it is that
    /// of the same text.
    pub is_exact: bool,
}

impl Default for KeyCache {
    fn default() -> Self {
        let slot = Slot { ends: [[0; 2]; KEYS], lengths: [0; KEYS], number: NONE };
        KeyCache { slots: vec![slot; SLOTS].into() }
    }
}

impl KeyCache {
    /// Looks for keys with these texts. The texts are looked at twice rather than noted between:
    /// what was just written in words is not yet to be had in larger pieces.
    #[inline]
    pub(crate) fn find<'k>(&self, keys: impl Iterator<Item = &'k [u8]> + Clone) -> Lookup {
        let mut hash = 0u64;
        for key in keys.clone() {
            let ends = ends(key);
            // Words and numbers of runs differ at the end, and in length.
            hash = (hash.rotate_left(32) ^ ends[0].rotate_left(29) ^ ends[1] ^ key.len() as u64)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
        let at = (hash >> (64 - SLOTS.trailing_zeros())) as usize;
        let Some(slot) = self.slots.get(at) else { return Lookup { slot: at, number: None, is_exact: false } };
        let (mut odd, mut is_exact) = (0, true);
        let mut kept = slot.ends.iter().zip(&slot.lengths);
        for key in keys {
            match kept.next() {
                Some((kept, length)) => {
                    let ends = ends(key);
                    odd |= (ends[0] ^ kept[0]) | (ends[1] ^ kept[1]) | (key.len() as u64 ^ u64::from(*length));
                    is_exact &= key.len() <= 16;
                }
                None => is_exact = false,
            }
        }
        Lookup { slot: at, number: (odd == 0 && slot.number != NONE).then_some(slot.number), is_exact }
    }

    /// Keeps the number of the keys that were looked for.
    pub(crate) fn keep<'k>(&mut self, known: Lookup, keys: impl Iterator<Item = &'k [u8]>, number: usize) {
        let Some(slot) = self.slots.get_mut(known.slot) else { return };
        for (key, (kept, length)) in keys.zip(slot.ends.iter_mut().zip(&mut slot.lengths)) {
            // Of keys too long to be told so nothing is found again.
            (*kept, *length) = (ends(key), u32::try_from(key.len()).unwrap_or(u32::MAX));
        }
        slot.number = number;
    }
}

/// The first and the last eight bytes; of a shorter text, all of it.
#[inline(always)]
fn ends(text: &[u8]) -> [u64; 2] {
    match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => [u64::from_le_bytes(*first), u64::from_le_bytes(*last)],
        _ => match (text.first_chunk(), text.last_chunk()) {
            (Some(first), Some(last)) => [u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last))],
            _ => [text.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)), 0],
        },
    }
}
