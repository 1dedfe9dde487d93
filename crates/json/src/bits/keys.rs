//! Keys as rows repeat them: which one comes is guessed from the one before it, and told by a
//! comparison.
//!
//! What writes rows writes the same few keys in the same few orders. So each key that was met is
//! kept as it is spelled, quotes and colon with it, in the order in which they were met first:
//! behind one stands the first guess, and with it is kept the second, the one that followed it
//! last. A guess that holds says all that is asked of a key: how long it is, that it has no escape,
//! which of the known ones it is (so that one that stands twice is known by a bit), and what it is
//! called. Where none holds, the key is read.
//!
//! The first guess is a number and one more, so that nobody waits for it: with the second alone,
//! each key would wait for what was found of the one before.

use crate::span::Span;

/// So many keys are known at most, so that a bit each tells which stand in an object.
const KEYS_MAX: usize = 64;
/// A longer one, quotes and colon with it, is not kept.
const LENGTH_MAX: usize = 24;
/// Slots that a hash names: a power of two.
const SLOTS: usize = 128;

/// A key.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Key {
    /// `"key":`, eight bytes each, and which bits of them count.
    words: [u64; 3],
    keep: [u64; 3],
    /// The one that followed it last.
    pub next: u8,
    /// What is told of it.
    pub told: Told,
}

/// What is told of a key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    /// [`crate::key_hash`] of it.
    pub hash: u16,
    /// How many bytes there are from its first quote to its colon.
    pub length: u8,
    /// What [`Span::name`] is to say of it.
    pub name: u8,
}

/// Keys that were met.
#[derive(Debug)]
pub(super) struct Keys {
    keys: Vec<Key>,
    slots: [u8; SLOTS],
}

impl Default for Keys {
    fn default() -> Self {
        Keys { keys: Vec::new(), slots: [Keys::NONE; SLOTS] }
    }
}

impl Keys {
    /// The number of no key: behind it stands that of the first one.
    pub(crate) const NONE: u8 = u8::MAX;

    /// The key of this number.
    #[inline(always)]
    pub(crate) fn get(&self, number: u8) -> Option<&Key> {
        self.keys.get(usize::from(number))
    }

    /// What is told of it, if it stands at `at`.
    #[inline(always)]
    pub(crate) fn at(&self, number: u8, text: &[u8], at: usize) -> Option<Told> {
        let key = self.get(number)?;
        key.begins(text.get(at..)?.first_chunk()?).then_some(key.told)
    }

    /// The number of a key that was read behind `before`, if it is kept. `spelled`: from its first
    /// quote to its colon. `name` tells what it is called.
    pub(crate) fn learn(&mut self, before: u8, spelled: &[u8], hash: u16, name: fn(&[u8]) -> u8) -> Option<u8> {
        let mut key = Key::new(spelled, hash)?;
        let mut slot = usize::from(hash) % SLOTS;
        let number = loop {
            let number = self.slots[slot];
            match self.get(number) {
                Some(known) if known.is(&key) => break number,
                Some(_) => slot = (slot + 1) % SLOTS,
                None if self.keys.len() == KEYS_MAX => return None,
                None => {
                    key.told.name = name(&spelled[1..spelled.len() - 2]);
                    let number = self.keys.len() as u8;
                    self.slots[slot] = number;
                    self.keys.push(key);
                    break number;
                }
            }
        };
        if let Some(before) = self.keys.get_mut(usize::from(before)) {
            before.next = number;
        }
        Some(number)
    }
}

impl Key {
    /// `spelled`: from its first quote to its colon.
    fn new(spelled: &[u8], hash: u16) -> Option<Key> {
        let mut text = [0; LENGTH_MAX];
        text.get_mut(..spelled.len())?.copy_from_slice(spelled);
        let mut keep = [0; LENGTH_MAX];
        keep[..spelled.len()].fill(0xFF);
        let (words, keep) = (words(&text), words(&keep));
        let told = Told { hash, length: spelled.len() as u8, name: Span::UNNAMED };
        Some(Key { words, keep, next: Keys::NONE, told })
    }

    fn is(&self, other: &Key) -> bool {
        (self.words, self.keep) == (other.words, other.keep)
    }

    /// Whether `text` begins with it.
    #[inline(always)]
    fn begins(&self, text: &[u8; LENGTH_MAX]) -> bool {
        let [first, second, third] = words(text);
        let differs = |word: u64, at: usize| (word & self.keep[at]) ^ self.words[at];
        differs(first, 0) | differs(second, 1) | differs(third, 2) == 0
    }
}

#[inline(always)]
fn words(text: &[u8; LENGTH_MAX]) -> [u64; 3] {
    let (words, _) = text.as_chunks();
    [0, 1, 2].map(|at| words.get(at).map_or(0, |word| u64::from_le_bytes(*word)))
}
