//! A cache of keys. Programs write the same few keys in the same few orders, so the next key is
//! guessed from the one before it, and the guess is checked by one comparison.
//!
//! Each key is cached as it is spelled, with its quotes and colon, in the order of first
//! occurrence. The first guess is the key after the last one in that order; the second is the key
//! that followed the last one most recently, which is cached with it. A correct guess answers all
//! questions about a key: its length, that it has no escape, its index (so that a bit tells a
//! repeated key), and its name. If both are wrong, the key is read.
//!
//! The first guess is an index plus one, so that it does not depend on memory: with the second
//! alone, each key would wait for the lookup of the one before.

use crate::span::Span;

/// Keys in the cache, at most. 64, so that a `u64` has a bit for each key of an object.
const KEYS_MAX: usize = 64;
/// The longest key that is cached, with quotes and colon.
const LENGTH_MAX: usize = 24;
/// Slots of the hash table: a power of two.
const SLOTS: usize = 128;

#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct CachedKey {
    /// `"key":`, eight bytes per word, and the bits of them that are in use.
    words: [u64; 3],
    keep: [u64; 3],
    /// The key that followed it most recently.
    pub next: u8,
    pub facts: KeyFacts,
}

/// What is known about a cached key.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyFacts {
    /// Its [`crate::key_hash`].
    pub hash: u16,
    /// Bytes from its first quote to its colon.
    pub length: u8,
    /// Its [`Span::name`].
    pub name: u8,
}

#[derive(Debug)]
pub(super) struct KeyCache {
    keys: Vec<CachedKey>,
    slots: [u8; SLOTS],
}

impl Default for KeyCache {
    fn default() -> Self {
        KeyCache { keys: Vec::new(), slots: [KeyCache::NONE; SLOTS] }
    }
}

impl KeyCache {
    /// The index of no key. The index after it is that of the first one.
    pub(crate) const NONE: u8 = u8::MAX;

    #[inline(always)]
    pub(crate) fn get(&self, number: u8) -> Option<&CachedKey> {
        self.keys.get(usize::from(number))
    }

    /// What is known about key `number`, if it is the key at `at`.
    #[inline(always)]
    pub(crate) fn at(&self, number: u8, text: &[u8], at: usize) -> Option<KeyFacts> {
        let key = self.get(number)?;
        key.is_at_start_of(text.get(at..)?.first_chunk()?).then_some(key.facts)
    }

    /// Caches a key that was read after `before`, and returns its index; `None` if there is no
    /// room. `spelled` is the text from its first quote to its colon; `name` returns its name.
    pub(crate) fn insert(&mut self, before: u8, spelled: &[u8], hash: u16, name: fn(&[u8]) -> u8) -> Option<u8> {
        let mut key = CachedKey::new(spelled, hash)?;
        let mut slot = usize::from(hash) % SLOTS;
        let number = loop {
            let number = self.slots[slot];
            match self.get(number) {
                Some(cached) if cached.is(&key) => break number,
                Some(_) => slot = (slot + 1) % SLOTS,
                None if self.keys.len() == KEYS_MAX => return None,
                None => {
                    key.facts.name = name(&spelled[1..spelled.len() - 2]);
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

impl CachedKey {
    fn new(spelled: &[u8], hash: u16) -> Option<CachedKey> {
        let mut text = [0; LENGTH_MAX];
        text.get_mut(..spelled.len())?.copy_from_slice(spelled);
        let mut keep = [0; LENGTH_MAX];
        keep[..spelled.len()].fill(0xFF);
        let (words, keep) = (words(&text), words(&keep));
        let facts = KeyFacts { hash, length: spelled.len() as u8, name: Span::UNNAMED };
        Some(CachedKey { words, keep, next: KeyCache::NONE, facts })
    }

    fn is(&self, other: &CachedKey) -> bool {
        (self.words, self.keep) == (other.words, other.keep)
    }

    /// Whether `text` is_at_start_of with it.
    #[inline(always)]
    fn is_at_start_of(&self, text: &[u8; LENGTH_MAX]) -> bool {
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
