//! How much came in each hour, and what it cost each day.

use std::collections::BTreeMap;

use crate::facts::Facts;
use logbook_json::Sum;
use logbook_model::{Field, Instant};

const HOUR_SECONDS: i64 = 3600;

/// Rows and costs of the last days.
#[derive(Debug, Clone, Default)]
pub struct Activity {
    /// When each day began, the oldest first, and what its rows cost, as they say.
    days: Vec<(Instant, Sum)>,
    /// When the last day ends.
    end: Option<Instant>,
    /// Rows, by hours since 1970.
    hours: BTreeMap<i64, u64>,
}

impl Activity {
    /// Of no rows, on the days that began at `days`, the last of which ends at `end`.
    pub fn new(mut days: Vec<Instant>, end: Instant) -> Activity {
        days.sort();
        days.dedup();
        Activity {
            days: days.into_iter().map(|day| (day, Sum::default())).collect(),
            end: Some(end),
            hours: BTreeMap::new(),
        }
    }

    /// Takes in a row.
    pub(crate) fn push(&mut self, row: &impl Facts) {
        let Some(at) = row.at().filter(|at| self.end.is_some_and(|end| *at < end)) else { return };
        let Some(day) = self.days.partition_point(|(begin, _)| *begin <= at).checked_sub(1) else { return };
        *self.hours.entry(at.seconds.div_euclid(HOUR_SECONDS)).or_default() += 1;
        row.add_to(&mut self.days[day].1, Field::CostUsd);
    }

    /// When each day began, and what its rows cost.
    pub fn days(&self) -> &[(Instant, Sum)] {
        &self.days
    }

    /// The last day's cost.
    pub fn cost_today(&self) -> Sum {
        self.days.last().map_or_else(Sum::default, |(_, sum)| sum.clone())
    }

    /// The last `count` hours up to that of `now`, the oldest first: when each began, and its rows.
    pub fn hours(&self, count: i64, now: Instant) -> Vec<(Instant, u64)> {
        let last = now.seconds.div_euclid(HOUR_SECONDS);
        let hour =
            |at: i64| (Instant { seconds: at * HOUR_SECONDS, attos: 0 }, self.hours.get(&at).copied().unwrap_or(0));
        (last - count + 1..=last).map(hour).collect()
    }
}
