//! What a person watches over beside the runs themselves: requests for approval, runs that are
//! held, what came and was spent.

use super::activity::Activity;
use super::approvals::Approvals;
use super::holds::Holds;
use super::past::{self, Past};
use crate::facts::{Facts, FieldSet};
use logbook_model::{Address, Field};

/// All of it.
#[derive(Debug, Clone)]
pub struct Oversight {
    /// Requests and decisions.
    pub approvals: Approvals,
    /// Runs that are held.
    pub holds: Holds,
    /// What came, and what it cost.
    pub activity: Activity,
}

impl Oversight {
    /// Of no rows.
    pub fn new(activity: Activity) -> Oversight {
        Oversight { approvals: Approvals::default(), holds: Holds::default(), activity }
    }
}

impl Oversight {
    /// Takes in a row that carries others over: what they came to and cost was long ago.
    pub fn carried(&mut self, row: &[u8], place: &Address) {
        past::show(&mut self.approvals, row, place);
        past::show(&mut self.holds, row, place);
    }
}

impl Past for Oversight {
    const FIELDS: FieldSet = Approvals::FIELDS.join(&Holds::FIELDS).and(&[Field::Timestamp, Field::CostUsd]);

    fn push(&mut self, row: &impl Facts, place: &Address) {
        let kind = row.kind();
        if kind.is_of_approval() {
            self.approvals.push(row, place);
        } else if kind.is_hold() {
            self.holds.push(row, place);
        }
        self.activity.push(row);
    }
}
