//! A list of numbers in chunks of one size. A vector would take up to twice the memory while it
//! grows.

/// The numbers in one chunk.
const PIECE: usize = 1 << 12;
/// The number of chunks that are taken at once.
const SOME: usize = 64;

#[derive(Debug, Clone)]
pub(super) struct ChunkedVec<T> {
    full: Vec<Vec<T>>,
    last: Vec<T>,
}

impl<T> Default for ChunkedVec<T> {
    fn default() -> Self {
        ChunkedVec { full: Vec::new(), last: Vec::new() }
    }
}

impl<T: Copy> ChunkedVec<T> {
    pub(crate) fn len(&self) -> usize {
        self.full.iter().map(Vec::len).sum::<usize>() + self.last.len()
    }

    /// The memory that the numbers take.
    pub(crate) fn bytes(&self) -> usize {
        (self.full.iter().map(Vec::capacity).sum::<usize>() + self.last.capacity()) * size_of::<T>()
    }

    #[inline]
    pub(crate) fn push(&mut self, number: T) {
        if self.last.len() == PIECE {
            self.full.push(std::mem::replace(&mut self.last, Vec::with_capacity(PIECE)));
        }
        self.last.push(number);
    }

    pub(crate) fn merge(&mut self, other: ChunkedVec<T>) {
        self.full.extend(other.full);
        if self.last.len() + other.last.len() <= PIECE {
            self.last.extend(other.last);
        } else {
            self.full.push(other.last);
        }
    }

    /// Removes some of the numbers, few enough that a copy takes little memory; `None` if none are
    /// left.
    pub(crate) fn take_some(&mut self) -> Option<Vec<T>> {
        let mut some = std::mem::take(&mut self.last);
        let from = self.full.len().saturating_sub(SOME);
        self.full.drain(from..).for_each(|piece| some.extend(piece));
        (!some.is_empty()).then_some(some)
    }

    /// Removes all numbers, in one vector.
    pub(crate) fn take(&mut self) -> Vec<T> {
        let ChunkedVec { full, mut last } = std::mem::take(self);
        if full.is_empty() {
            return last;
        }
        last.reserve_exact(full.iter().map(Vec::len).sum());
        full.into_iter().for_each(|piece| last.extend(piece));
        last
    }
}
