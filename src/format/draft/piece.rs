//! Where a member of the row at hand stands, and what it is.

/// A member of the row at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    key: (u32, u32),
    value: (u32, u32),
    field: u8,
}

/// No standard field.
pub(super) const FOREIGN: usize = u8::MAX as usize;
/// No member.
pub(super) const NOTHING: Piece = Piece { field: u8::MAX, key: (0, 0), value: (0, 0) };

impl Piece {
    /// A member of which these are the places.
    pub fn new(field: usize, key: (usize, usize), value: (usize, usize)) -> Piece {
        let place = |(from, to): (usize, usize)| (from as u32, to as u32);
        Piece { key: place(key), value: place(value), field: field as u8 }
    }

    /// Standard field, or [`FOREIGN`]: a key of the writer's own.
    pub fn field(&self) -> usize {
        self.field.into()
    }

    /// The key between its quotes; `(0, 0)` when it is to be written anew.
    #[inline(always)]
    pub fn key(&self) -> (usize, usize) {
        (self.key.0 as usize, self.key.1 as usize)
    }

    /// The value; `(0, 0)` when none was given.
    #[inline(always)]
    pub fn value(&self) -> (usize, usize) {
        (self.value.0 as usize, self.value.1 as usize)
    }
}
