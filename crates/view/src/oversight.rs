//! What a person oversees beside the runs: requests for approval, held runs, and rows and costs
//! over time.

use std::collections::BTreeMap;

use super::approvals::Approvals;
use super::holds::Holds;
use super::past::{self, Past};
use crate::facts::{Facts, FieldSet};
use logbook_json::Sum;
use logbook_model::{Address, Field, Instant};

const HOUR_SECONDS: i64 = 3600;

/// The result of the fold.
#[derive(Debug, Clone)]
pub struct Oversight {
    /// Requests and decisions.
    pub approvals: Approvals,
    /// Runs that are held.
    pub holds: Holds,
    /// Rows and costs over time.
    pub activity: Activity,
}

impl Oversight {
    /// Without any rows yet.
    pub fn new(activity: Activity) -> Oversight {
        Oversight { approvals: Approvals::default(), holds: Holds::default(), activity }
    }

    /// Adds a row that carries others. They do not count as activity: that was long ago.
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

/// The rows of each hour and the costs of each day, over the last days.
#[derive(Debug, Clone, Default)]
pub struct Activity {
    /// The beginning of each day, the oldest first, with the cost of its rows.
    days: Vec<(Instant, Sum)>,
    /// The end of the last day.
    end: Option<Instant>,
    /// The number of rows, by hour since 1970.
    hours: BTreeMap<i64, u64>,
}

impl Activity {
    /// Without any rows yet, for the days that begin at `days`, the last of which ends at `end`.
    pub fn new(mut days: Vec<Instant>, end: Instant) -> Activity {
        days.sort();
        days.dedup();
        Activity {
            days: days.into_iter().map(|day| (day, Sum::default())).collect(),
            end: Some(end),
            hours: BTreeMap::new(),
        }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: &impl Facts) {
        let Some(at) = row.at().filter(|at| self.end.is_some_and(|end| *at < end)) else { return };
        let Some(day) = self.days.partition_point(|(begin, _)| *begin <= at).checked_sub(1) else { return };
        *self.hours.entry(at.seconds.div_euclid(HOUR_SECONDS)).or_default() += 1;
        row.add_to(&mut self.days[day].1, Field::CostUsd);
    }

    /// The beginning of each day, with the cost of its rows.
    pub fn days(&self) -> &[(Instant, Sum)] {
        &self.days
    }

    /// The cost of the last day.
    pub fn cost_today(&self) -> Sum {
        self.days.last().map_or_else(Sum::default, |(_, sum)| sum.clone())
    }

    /// The last `count` hours up to `now`, the oldest first: the beginning and the number of rows
    /// of each.
    pub fn hours(&self, count: i64, now: Instant) -> Vec<(Instant, u64)> {
        let last = now.seconds.div_euclid(HOUR_SECONDS);
        let hour =
            |at: i64| (Instant { seconds: at * HOUR_SECONDS, attos: 0 }, self.hours.get(&at).copied().unwrap_or(0));
        (last - count + 1..=last).map(hour).collect()
    }
}
