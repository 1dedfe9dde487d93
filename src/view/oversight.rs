//! What a person watches over beside the runs themselves: requests for approval, runs that are held, and what was spent today.

use super::approvals::{self, Approvals};
use super::holds::{self, Holds};
use super::past::{Past, text};
use super::runs::run::add_up;
use crate::json::Sum;
use crate::model::{Address, Instant};

/// All of it.
#[derive(Debug, Clone)]
pub struct Oversight {
    /// Requests and decisions.
    pub approvals: Approvals,
    /// Runs that are held.
    pub holds: Holds,
    /// What the rows cost that were written from `today` on, as they say.
    pub cost_today: Sum,
    /// When the day began.
    pub today: Instant,
}

const COST: usize = Approvals::FIELDS.len();

impl Oversight {
    /// Of no rows, on the day that began at `today`.
    pub fn new(today: Instant) -> Oversight {
        Oversight { approvals: Approvals::default(), holds: Holds::default(), cost_today: Sum::default(), today }
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
        let kind = text(fields[2]);
        if approvals::KINDS.contains(&kind.as_str()) {
            self.approvals.push(&fields[..COST], place);
        } else if holds::KINDS.contains(&kind.as_str()) {
            self.holds.push(&[fields[0], fields[1], fields[2], fields[8], fields[9]], place);
        }
        if fields[COST].is_some() && Instant::parse(&text(fields[3])).is_some_and(|at| at >= self.today) {
            add_up(&mut self.cost_today, fields[COST]);
        }
    }
}
