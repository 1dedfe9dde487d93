//! Runs that a person stopped: a run is held from its `hold` to its `release`.

use std::collections::BTreeMap;

use super::past::Past;
use crate::facts::{Facts, FieldSet};
use logbook_model::{Address, Field, Kind};

/// Why a run is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The name of the row that says so.
    pub name: String,
    /// Who stopped it.
    pub by: String,
    /// Why.
    pub why: String,
}

/// The runs that are held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holds {
    /// By run.
    pub held: BTreeMap<String, Hold>,
}

/// The kinds of the rows that say so.
pub const KINDS: [Kind; 2] = [Kind::Hold, Kind::Release];

impl Past for Holds {
    const FIELDS: FieldSet = FieldSet::of(&[Field::RunId, Field::Step, Field::Kind, Field::Approver, Field::Reason]);
    const AS_WRITTEN: bool = true;

    fn push(&mut self, row: &impl Facts, place: &Address) {
        match row.kind() {
            Kind::Hold => {
                let (by, why) = (row.text(Field::Approver), row.text(Field::Reason));
                let hold = Hold { name: row.name(place), by, why };
                // A second one does not change who was first.
                self.held.entry(row.text(Field::RunId)).or_insert(hold);
            }
            Kind::Release => {
                self.held.remove(&row.text(Field::RunId));
            }
            _ => {}
        }
    }
}
