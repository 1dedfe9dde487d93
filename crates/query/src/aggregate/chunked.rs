//! Numbers as they come, in pieces of memory of one size: a vector that grows as one would take up
//! to twice what is in it.

/// How many stand in a piece.
const PIECE: usize = 1 << 12;
/// Pieces that are taken at once.
const SOME: usize = 64;

/// Such numbers.
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
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.full.iter().map(Vec::len).sum::<usize>() + self.last.len()
    }

    /// How much memory they take.
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

    /// Takes in those of another.
    pub(crate) fn merge(&mut self, other: ChunkedVec<T>) {
        self.full.extend(other.full);
        if self.last.len() + other.last.len() <= PIECE {
            self.last.extend(other.last);
        } else {
            self.full.push(other.last);
        }
    }

    /// Some of them, so that little memory is taken beside them; `None`: there are no more.
    pub(crate) fn take_some(&mut self) -> Option<Vec<T>> {
        let mut some = std::mem::take(&mut self.last);
        let from = self.full.len().saturating_sub(SOME);
        self.full.drain(from..).for_each(|piece| some.extend(piece));
        (!some.is_empty()).then_some(some)
    }

    /// All of them, in one piece.
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
