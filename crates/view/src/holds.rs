//! Runs that a person stopped. A run is held from its `hold` row to its `release` row.

use std::collections::BTreeMap;

use super::past::Past;
use crate::facts::{Facts, FieldSet};
use logbook_model::{Address, Field, Kind};

/// Why a run is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The name of the `hold` row.
    pub name: String,
    /// Who stopped the run.
    pub by: String,
    /// The reason.
    pub why: String,
}

/// The runs that are held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holds {
    /// The holds, by run.
    pub held: BTreeMap<String, Hold>,
}

/// The kinds of rows that hold and release.
pub const KINDS: [Kind; 2] = [Kind::Hold, Kind::Release];

impl Past for Holds {
    const FIELDS: FieldSet = FieldSet::of(&[Field::RunId, Field::Step, Field::Kind, Field::Approver, Field::Reason]);
    const AS_WRITTEN: bool = true;

    fn push(&mut self, row: &impl Facts, place: &Address) {
        match row.kind() {
            Kind::Hold => {
                let (by, why) = (row.text(Field::Approver), row.text(Field::Reason));
                let hold = Hold { name: row.name(place), by, why };
                // A second hold does not replace the first.
                self.held.entry(row.text(Field::RunId)).or_insert(hold);
            }
            Kind::Release => {
                self.held.remove(&row.text(Field::RunId));
            }
            _ => {}
        }
    }
}
