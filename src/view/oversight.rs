//! What a person watches over beside the runs themselves: requests for approval, runs that are held, what came and was spent.

use super::activity::Activity;
use super::approvals::Approvals;
use super::holds::Holds;
use super::past::{self, Past, text};
use crate::model::{Address, Instant, Kind};

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

const COST: usize = Approvals::FIELDS.len();

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
    const FIELDS: &'static [&'static str] = &{
        let mut all = ["cost_usd"; COST + 1];
        let mut at = 0;
        while at < COST {
            all[at] = Approvals::FIELDS[at];
            at += 1;
        }
        all
    };

    fn push(&mut self, fields: &[Option<&[u8]>], place: &Address) {
        let field = |name: &str| fields[Self::FIELDS.iter().position(|field| *field == name).unwrap_or(COST)];
        let kind = Kind::of(field("kind"));
        if kind.is_of_approval() {
            self.approvals.push(&fields[..COST], place);
        } else if kind.is_hold() {
            self.holds
                .push(&std::array::from_fn::<_, { Holds::FIELDS.len() }, _>(|at| field(Holds::FIELDS[at])), place);
        }
        if let Some(at) = Instant::parse(&text(field("timestamp"))) {
            self.activity.push(at, fields[COST]);
        }
    }
}
