//! A cache from the text of group keys to the group's number. Most rows spell their keys as an
//! earlier row did; then no escapes and no numbers need to be decoded to find the group.

/// One entry for each of this many hash values.
const SLOTS: usize = 1 << 10;
/// At most this many keys are compared by their text alone.
const KEYS: usize = 2;

/// Group numbers by the text of keys. A newer entry overwrites an older one with the same hash.
#[derive(Debug)]
pub(crate) struct KeyCache {
    slots: Box<[Slot]>,
}

/// The text of some keys in compressed form, and the number of their group.
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// The first and the last eight bytes of each key.
    ends: [[u64; 2]; KEYS],
    lengths: [u32; KEYS],
    /// [`NONE`] if the slot is empty.
    number: usize,
}

const NONE: usize = usize::MAX;

/// The result of a lookup.
#[derive(Debug, Clone, Copy)]
pub struct Lookup {
    slot: usize,
    /// The number stored for keys with this compressed form.
    pub number: Option<usize>,
    /// Whether equal compressed forms mean equal keys. If not, the caller compares the keys of the
    /// group that it found.
    pub is_exact: bool,
}

impl Default for KeyCache {
    fn default() -> Self {
        let slot = Slot { ends: [[0; 2]; KEYS], lengths: [0; KEYS], number: NONE };
        KeyCache { slots: vec![slot; SLOTS].into() }
    }
}

impl KeyCache {
    /// Looks up keys with these texts. The texts are read twice rather than stored between: bytes
    /// that were just written in words cannot yet be loaded in larger pieces (a store-forwarding
    /// stall).
    #[inline]
    pub(crate) fn find<'k>(&self, keys: impl Iterator<Item = &'k [u8]> + Clone) -> Lookup {
        let mut hash = 0u64;
        for key in keys.clone() {
            let ends = ends(key);
            // Run ids differ at their end and in length.
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

    /// Stores the number of the keys that were looked up.
    pub(crate) fn keep<'k>(&mut self, lookup: Lookup, keys: impl Iterator<Item = &'k [u8]>, number: usize) {
        let Some(slot) = self.slots.get_mut(lookup.slot) else { return };
        for (key, (kept, length)) in keys.zip(slot.ends.iter_mut().zip(&mut slot.lengths)) {
            // A length beyond u32 matches no key, so such a key is never found again.
            (*kept, *length) = (ends(key), u32::try_from(key.len()).unwrap_or(u32::MAX));
        }
        slot.number = number;
    }
}

/// The first and the last eight bytes; all bytes of a shorter text.
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
