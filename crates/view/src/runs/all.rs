//! All runs of some rows, and joining those of later rows.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::pack;
use super::run::{DONE, FAILED, FIELDS, Run};
use crate::facts::{Facts, Picked};
use logbook_format::carried;
use logbook_json as json;
use logbook_model::{Field, Instant, Kind, run_id};
use logbook_query::Place;

/// All runs of some rows.
#[derive(Debug, Clone, Default)]
pub struct Runs<'a> {
    by_id: HashMap<Cow<'a, str>, usize, RandomState>,
    runs: Vec<Run<'a>>,
}

impl<'a> Runs<'a> {
    /// Adds a row, of which at least [`FIELDS`] were picked. Returns the index of its run in
    /// [`Runs::all`]; `None` if the row has no run.
    pub fn push(&mut self, text: &[u8], facts: &impl Facts, place: Place) -> Option<usize> {
        let at = self.at(facts.chars(Field::RunId)?)?;
        if facts.kind() == Kind::ArchiveCarried {
            self.carry(text);
        }
        self.runs[at].push(facts, place);
        if facts.kind() == Kind::Hold {
            self.runs[at].last.held_by(text);
        }
        Some(at)
    }

    /// The index of the run with this id, which may be new.
    fn at(&mut self, id: Cow<'_, [u8]>) -> Option<usize> {
        let id = json::lossy(&id);
        if id.is_empty() {
            return None;
        }
        if let Some(at) = self.by_id.get(&*id) {
            return Some(*at);
        }
        let at = self.runs.len();
        self.runs.push(Run { run_id: Cow::Owned(id.clone().into_owned()), ..Run::default() });
        self.by_id.insert(Cow::Owned(id.into_owned()), at);
        Some(at)
    }

    /// Adds the rows that `row` carries.
    fn carry(&mut self, row: &[u8]) {
        let mut values = Vec::new();
        for carried in carried::rows(row).unwrap_or_default() {
            if json::pick(carried, FIELDS.names(), &mut values).is_ok() {
                let facts = Picked::new(&FIELDS, &values);
                if let Some(at) = facts.chars(Field::RunId).and_then(|id| self.at(id)) {
                    self.runs[at].carry(&facts);
                    if facts.kind() == Kind::Hold {
                        self.runs[at].last.held_by(carried);
                    }
                }
            }
        }
    }

    /// The run with this id.
    pub(crate) fn get(&self, run: &str) -> Option<&Run<'a>> {
        self.by_id.get(run).and_then(|at| self.runs.get(*at))
    }

    /// The index of the run with this id in [`Runs::all`].
    pub(crate) fn number(&self, run: &str) -> Option<usize> {
        self.by_id.get(run).copied()
    }

    /// All runs, in the order in which they began.
    pub fn all(&self) -> &[Run<'a>] {
        &self.runs
    }

    /// Adds the runs of later rows.
    pub fn join(&mut self, later: Runs<'a>) {
        later.runs.into_iter().for_each(|run| self.add(run));
    }

    /// Adds what later rows say about one run.
    pub(super) fn add(&mut self, run: Run<'a>) {
        match self.by_id.get(&run.run_id) {
            Some(at) => self.runs[*at].join(run),
            None => {
                self.by_id.insert(run.run_id.clone(), self.runs.len());
                self.runs.push(run);
            }
        }
    }

    /// The runs as bytes that [`unpack`] reads.
    pub fn pack(&self) -> Vec<u8> {
        pack::pack(&self.runs)
    }

    /// All runs except the reserved ones, in display order ([`order`]).
    pub fn finish(mut self) -> Vec<Run<'a>> {
        self.runs.retain(|run| !run_id::is_reserved(&run.run_id));
        self.runs.sort_by_cached_key(order);
        self.runs
    }
}

impl<'a> FromIterator<Run<'a>> for Runs<'a> {
    fn from_iter<I: IntoIterator<Item = Run<'a>>>(all: I) -> Runs<'a> {
        let mut runs = Runs::default();
        all.into_iter().for_each(|run| runs.add(run));
        runs
    }
}

/// The sort key of runs.
pub(crate) type Order = (u8, Reverse<(Option<Instant>, Place)>);

/// The sort key of a run: first by rank, then the newest first.
pub(crate) fn order(run: &Run<'_>) -> Order {
    (run.rank(), Reverse((run.last_at, run.newest)))
}

/// Whether a run with this key is active: held, or neither done nor failed.
pub(crate) fn is_active(order: &Order) -> bool {
    !matches!(order.0, FAILED | DONE)
}

/// Adds the packed runs of later rows, which are in input number `input`, to `runs`. False if the
/// bytes are invalid; `runs` is then unusable.
pub fn unpack<'a>(bytes: &'a [u8], input: u32, runs: &mut Runs<'a>) -> bool {
    pack::unpack(bytes, input, |run| runs.add(run)).is_some()
}

/// Whether [`unpack`] can read these bytes.
pub fn is_packed(bytes: &[u8]) -> bool {
    pack::unpack(bytes, 0, drop).is_some()
}

/// Whether the packed runs equal `runs`, which were made from the same rows.
pub fn says(bytes: &[u8], input: u32, runs: &Runs<'_>) -> bool {
    let mut left = runs.runs.iter();
    let mut same = true;
    let read = pack::unpack(bytes, input, |run| same &= left.next().is_some_and(|known| *known == run));
    read.is_some() && same && left.next().is_none()
}
