//! All runs in the order that they are shown in, kept up while rows come: what a row changes costs
//! as much as the runs that it changes, and one pass over a list that is nearly sorted.

use super::all::{Order, Runs, is_active, order};
use super::run::{FIELDS, Run};
use crate::facts::{Facts, Picked};
use logbook_model::{Field, run_id};
use logbook_query::Row;

/// All runs but the tool's own. A run keeps its number for as long as this lives.
#[derive(Debug, Clone, Default)]
pub struct KeptUp {
    runs: Runs<'static>,
    order: Vec<(Order, usize)>,
    /// When each run changed last.
    changed_at: Vec<u64>,
    /// Runs changed since [`KeptUp::settle`].
    changed: Vec<usize>,
}

impl KeptUp {
    /// Of runs as [`Runs::finish`] gives them, all of them changed at `now`, any number that only
    /// grows.
    pub fn new(runs: Vec<Run<'_>>, now: u64) -> KeptUp {
        let runs: Runs<'static> = runs.into_iter().map(Run::into_owned).collect();
        let order = runs.all().iter().map(order).zip(0..).collect();
        KeptUp { changed_at: vec![now; runs.all().len()], runs, order, changed: Vec::new() }
    }

    /// Takes in a row that stands behind all others, its fields by [`super::FIELDS`]. It shows from
    /// [`KeptUp::settle`] on.
    pub fn push(&mut self, row: &Row<'_>) {
        let facts = Picked::new(&FIELDS, row.fields);
        if !run_id::is_reserved(&facts.text(Field::RunId)) {
            self.changed.extend(self.runs.push(row.text, &facts, row.place));
        }
    }

    /// Puts the runs that changed where they belong; `now` as for [`KeptUp::new`].
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
        // Its sort takes what is in order as it is.
        self.order.sort();
    }

    /// The runs in their order, each with its number.
    pub fn in_order(&self) -> impl ExactSizeIterator<Item = (usize, &Run<'static>)> {
        self.order.iter().map(|(_, at)| (*at, &self.runs.all()[*at]))
    }

    /// The numbers of the runs that are active, in their order.
    pub fn active(&self) -> impl Iterator<Item = usize> {
        self.order.iter().filter(|(order, _)| is_active(order)).map(|(_, at)| *at)
    }

    /// The runs by number, in no order that means anything.
    pub fn by_number(&self) -> &[Run<'static>] {
        self.runs.all()
    }

    /// When the run with this number changed last.
    pub fn changed_at(&self, number: usize) -> u64 {
        self.changed_at.get(number).copied().unwrap_or(0)
    }

    /// The number of the run of this name.
    pub fn number(&self, run: &str) -> Option<usize> {
        self.runs.number(run)
    }

    /// The run of this name.
    pub fn get(&self, run: &str) -> Option<&Run<'static>> {
        self.runs.get(run)
    }
}
