//! All runs in display order, kept up to date while rows come. A row costs as much as the runs that
//! it changes, and one pass over a nearly sorted list.

use super::all::{Order, Runs, is_active, order};
use super::run::{FIELDS, Run};
use crate::facts::{Facts, Picked};
use logbook_model::{Field, run_id};
use logbook_query::Row;

/// All runs except the reserved ones. A run keeps its number as long as this lives.
#[derive(Debug, Clone, Default)]
pub struct LiveRuns {
    runs: Runs<'static>,
    order: Vec<(Order, usize)>,
    /// The time at which each run changed last.
    changed_at: Vec<u64>,
    /// Runs that changed since [`LiveRuns::settle`].
    changed: Vec<usize>,
}

impl LiveRuns {
    /// From runs that [`Runs::finish`] returned, all of which count as changed at `now`. Times are
    /// any numbers that only grow.
    pub fn new(runs: Vec<Run<'_>>, now: u64) -> LiveRuns {
        let runs: Runs<'static> = runs.into_iter().map(Run::into_owned).collect();
        let order = runs.all().iter().map(order).zip(0..).collect();
        LiveRuns { changed_at: vec![now; runs.all().len()], runs, order, changed: Vec::new() }
    }

    /// Adds a row that is behind all others, its fields by [`super::FIELDS`]. It shows after
    /// [`LiveRuns::settle`].
    pub fn push(&mut self, row: &Row<'_>) {
        let facts = Picked::new(&FIELDS, row.fields);
        if !run_id::is_reserved(&facts.text(Field::RunId)) {
            self.changed.extend(self.runs.push(row.text, &facts, row.place));
        }
    }

    /// Moves changed runs to their places; `now` as in [`LiveRuns::new`].
    pub fn settle(&mut self, now: u64) {
        if self.changed.is_empty() {
            return;
        }
        self.changed_at.resize(self.runs.all().len(), now);
        for at in self.changed.drain(..) {
            self.changed_at[at] = now;
        }
        let all = self.runs.all();
        for (key, at) in &mut self.order {
            if self.changed_at[*at] == now {
                *key = order(&all[*at]);
            }
        }
        self.order.extend((self.order.len()..all.len()).map(|at| (order(&all[at]), at)));
        // The sort is fast on a list that is nearly sorted.
        self.order.sort();
    }

    /// The runs in display order, each with its number.
    pub fn in_order(&self) -> impl ExactSizeIterator<Item = (usize, &Run<'static>)> {
        self.order.iter().map(|(_, at)| (*at, &self.runs.all()[*at]))
    }

    /// The numbers of the active runs, in display order.
    pub fn active(&self) -> impl Iterator<Item = usize> {
        self.order.iter().filter(|(order, _)| is_active(order)).map(|(_, at)| *at)
    }

    /// The runs by number, in no meaningful order.
    pub fn by_number(&self) -> &[Run<'static>] {
        self.runs.all()
    }

    /// The time at which the run with this number changed last.
    pub fn changed_at(&self, number: usize) -> u64 {
        self.changed_at.get(number).copied().unwrap_or(0)
    }

    /// The number of the run with this id.
    pub fn number(&self, run: &str) -> Option<usize> {
        self.runs.number(run)
    }

    /// The run with this id.
    pub fn get(&self, run: &str) -> Option<&Run<'static>> {
        self.runs.get(run)
    }
}
