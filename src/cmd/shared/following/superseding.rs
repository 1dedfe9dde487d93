//! The one rule for a new row that supersedes an earlier row, for readers that have read that one
//! already: a follower, a dashboard, a cached page, a decision under the lock.
//!
//! - A `correction` changes how the row reads that it names.
//! - A `repair` row that voids a place supersedes the row there, if the next row is the same one,
//!   stored again (`docs/format.md`, Voided places).
//!
//! A reader that prints row by row (`tail`, `trigger`) skips the copy. A reader that keeps a fold
//! over all rows cannot take a row back, and so reads everything anew.

use logbook_format::Voiding;
use logbook_json as json;
use logbook_model::Kind;

/// The kind of a row.
pub fn kind_of(row: &[u8]) -> Kind {
    let mut values = Vec::new();
    let picked = json::pick(row, &["kind"], &mut values);
    Kind::of(values.first().copied().flatten().filter(|_| picked.is_ok()))
}

/// Whether a row of this kind changes how earlier rows read, alone or with the row after it.
pub fn supersedes(kind: Kind, row: &[u8]) -> bool {
    kind == Kind::Correction || voiding(kind, row).is_some()
}

fn voiding(kind: Kind, row: &[u8]) -> Option<Voiding> {
    if kind == Kind::Repair { Voiding::read(row) } else { None }
}

/// New rows in order: what each of them does to earlier rows.
#[derive(Debug, Default)]
pub struct Superseding {
    /// What the last row voids.
    voiding: Option<Voiding>,
}

/// What one new row does to earlier rows.
#[derive(Debug)]
pub struct Effect {
    /// It is a correction.
    pub corrects: bool,
    /// It voids a place.
    pub voids: bool,
    /// The row before it voids this place: this row may be the same one, stored again.
    pub after: Option<Voiding>,
}

impl Effect {
    /// Whether earlier rows may read differently now.
    pub fn supersedes(&self) -> bool {
        self.corrects || self.voids || self.after.is_some()
    }
}

impl Superseding {
    /// The effect of the next row, which has this kind.
    pub fn next(&mut self, kind: Kind, row: &[u8]) -> Effect {
        let voiding = voiding(kind, row);
        let voids = voiding.is_some();
        let after = std::mem::replace(&mut self.voiding, voiding);
        Effect { corrects: kind == Kind::Correction, voids, after }
    }
}
