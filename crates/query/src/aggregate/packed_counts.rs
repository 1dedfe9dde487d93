//! A sorted multiset of integers in little memory: the difference of each number to the one before,
//! and its count if that is more than one, as varints. The size depends on how many different
//! numbers there are, mostly one or two bytes for each, and not on how many are equal.

#[derive(Debug, Clone, Default)]
pub(super) struct PackedCounts {
    bytes: Vec<u8>,
    count: usize,
}

impl PackedCounts {
    /// The number of elements, equal ones included.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Adds numbers that are sorted already.
    pub(crate) fn add(&mut self, numbers: impl ExactSizeIterator<Item = u64>) {
        if numbers.len() == 0 {
            return;
        }
        let mut numbers = numbers.peekable();
        self.join(std::iter::from_fn(|| {
            let number = numbers.next()?;
            let mut often = 1;
            while numbers.next_if_eq(&number).is_some() {
                often += 1;
            }
            Some((number, often))
        }));
    }

    pub(crate) fn merge(&mut self, other: &PackedCounts) {
        self.join(other.iter());
    }

    /// The numbers in order, each with its count.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, usize)> {
        let (mut rest, mut last) = (self.bytes.as_slice(), 0);
        std::iter::from_fn(move || {
            let word = take(&mut rest)?;
            let often = if word & 1 == 1 { take(&mut rest)? as usize } else { 1 };
            last += (word >> 1) as u64;
            Some((last, often))
        })
    }

    fn join(&mut self, others: impl Iterator<Item = (u64, usize)>) {
        let (mut bytes, mut count, mut last) = (Vec::with_capacity(self.bytes.len() + 64), 0, 0);
        let (mut mine, mut others) = (self.iter().peekable(), others.peekable());
        loop {
            let (number, often) = match (mine.peek().copied(), others.peek().copied()) {
                (None, None) => break,
                (Some(one), other) if other.is_none_or(|other| one.0 < other.0) => {
                    mine.next();
                    one
                }
                (Some(one), Some(other)) if one.0 == other.0 => {
                    mine.next();
                    others.next();
                    (one.0, one.1 + other.1)
                }
                (_, Some(other)) => {
                    others.next();
                    other
                }
                (Some(_), None) => break,
            };
            let word = u128::from(number - last) << 1;
            match often {
                1 => put(word, &mut bytes),
                _ => {
                    put(word | 1, &mut bytes);
                    put(often as u128, &mut bytes);
                }
            }
            count += often;
            last = number;
        }
        drop(mine);
        bytes.shrink_to_fit();
        (self.bytes, self.count) = (bytes, count);
    }
}

/// Appends a varint: seven bits per byte, the lowest first; the highest bit says that more follow.
fn put(mut word: u128, bytes: &mut Vec<u8>) {
    while word >= 0x80 {
        bytes.push(word as u8 | 0x80);
        word >>= 7;
    }
    bytes.push(word as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u128> {
    let (mut word, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        word |= u128::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(word);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn all_come_out_that_went_in(
            lists in prop::collection::vec(prop::collection::vec(prop_oneof![0u64..40, any::<u64>(), Just(u64::MAX)], 0..60), 0..5),
            rest in prop::collection::vec(0u64..1000, 0..60),
        ) {
            let (mut packed, mut all) = (PackedCounts::default(), rest.clone());
            for mut list in lists {
                all.extend(&list);
                list.sort_unstable();
                packed.add(list.into_iter());
            }
            let (mut other, mut rest) = (PackedCounts::default(), rest);
            rest.sort_unstable();
            other.add(rest.into_iter());
            packed.merge(&other);
            all.sort_unstable();
            let out: Vec<u64> = packed.iter().flat_map(|(number, often)| std::iter::repeat_n(number, often)).collect();
            prop_assert_eq!(packed.count(), all.len());
            prop_assert_eq!(out, all);
        }
    }
}
