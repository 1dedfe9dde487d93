//! Runs that a person stopped: a run is held from its `hold` to its `release`.

use std::collections::BTreeMap;

use super::past::{Past, name, text};
use crate::model::{Address, Kind};

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
    const FIELDS: &'static [&'static str] = &["run_id", "step", "kind", "approver", "reason"];
    const AS_WRITTEN: bool = true;

    fn push(&mut self, fields: &[Option<&[u8]>], place: &Address) {
        let run = text(fields[0]);
        match text(fields[2]).as_str() {
            "hold" => {
                let hold = Hold { name: name(fields[0], fields[1], place), by: text(fields[3]), why: text(fields[4]) };
                // A second one does not change who was first.
                self.held.entry(run).or_insert(hold);
            }
            "release" => {
                self.held.remove(&run);
            }
            _ => {}
        }
    }
}
