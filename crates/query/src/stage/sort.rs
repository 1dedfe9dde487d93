//! `sort_by`: a stable sort by several keys; null and missing values come last in both directions.
//! With `limit n` at most about twice n rows are kept.

use std::cmp::Ordering;

use crate::eval::order::Key;
use crate::eval::source::{Eval, Fault, Source};
use crate::row::{Place, Row};

/// How many rows are kept beyond the limit before the worst are dropped: sorting seldom is cheaper
/// than keeping few.
const SLACK: usize = 1024;

#[derive(Debug, Default)]
pub(crate) struct Sorted {
    items: Vec<Item>,
    /// The last row within the limit, once there are enough rows. Rows after it are dropped at
    /// once.
    worst: Option<Item>,
    pushed: u64,
}

#[derive(Debug, Clone)]
struct Item {
    keys: Box<[Key]>,
    place: Option<Place>,
    /// Orders rows with the same place: outputs of one jq program.
    number: u64,
    text: Box<[u8]>,
}

/// One key of `sort_by`, compiled.
#[derive(Debug, Clone)]
pub(crate) struct SortBy {
    pub source: Source,
    pub descending: bool,
}

impl Item {
    fn compare(&self, other: &Item, by: &[SortBy]) -> Ordering {
        for ((a, b), SortBy { descending, .. }) in self.keys.iter().zip(&other.keys).zip(by) {
            let order = a.compare(b, *descending);
            if order != Ordering::Equal {
                return order;
            }
        }
        (self.place, self.number).cmp(&(other.place, other.number))
    }
}

impl Sorted {
    pub(crate) fn push(
        &mut self,
        by: &[SortBy],
        limit: Option<u64>,
        row: &Row<'_>,
        place: Option<Place>,
        eval: &mut Eval<'_>,
    ) -> Result<(), Fault> {
        let zone = eval.clock.zone;
        let key = |by: &SortBy| Ok(Key::of(by.source.value(row, eval)?.as_deref(), &zone));
        let keys = by.iter().map(key).collect::<Result<_, Fault>>()?;
        self.pushed += 1;
        let mut item = Item { keys, place, number: self.pushed, text: Box::default() };
        if self.worst.as_ref().is_some_and(|worst| item.compare(worst, by).is_gt()) {
            return Ok(());
        }
        item.text = row.text.into();
        self.items.push(item);
        let limit = limit.and_then(|limit| usize::try_from(limit).ok());
        if limit.is_some_and(|limit| self.items.len() >= limit.saturating_mul(2).saturating_add(SLACK)) {
            self.shrink(by, limit);
        }
        Ok(())
    }

    fn shrink(&mut self, by: &[SortBy], limit: Option<usize>) {
        self.items.sort_by(|a, b| a.compare(b, by));
        if let Some(limit) = limit {
            self.items.truncate(limit);
            self.worst = self.items.last().map(|item| Item { text: Box::default(), ..item.clone() });
        }
    }

    /// Merges the rows of another part.
    pub(crate) fn merge(&mut self, by: &[SortBy], limit: Option<u64>, other: Sorted) {
        self.items.extend(other.items);
        self.pushed = self.pushed.max(other.pushed);
        self.shrink(by, limit.and_then(|limit| usize::try_from(limit).ok()));
    }

    /// The rows in order.
    pub(crate) fn finish(
        mut self,
        by: &[SortBy],
        limit: Option<u64>,
    ) -> impl Iterator<Item = (Option<Place>, Box<[u8]>)> {
        self.shrink(by, limit.and_then(|limit| usize::try_from(limit).ok()));
        self.items.into_iter().map(|item| (item.place, item.text))
    }
}
