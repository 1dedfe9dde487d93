//! Facts in rows that are about to be deleted and that gates and writers still need: the last steps
//! of runs, the parents of runs, held runs, and requests that may still be decided or used
//! (`docs/format.md`, Retention).
//!
//! Not here: the row that carries them (`format::carried`), when it is stored (`store::archive`,
//! `cmd::keep::retention`).

use std::collections::{BTreeMap, BTreeSet};

use super::approvals::Approvals;
use super::holds::Holds;
use super::past::Past;
use crate::facts::{Facts, FieldSet, Picked};
use logbook_format::carried::{self, CarriedRun};
use logbook_json as json;
use logbook_model::error::{Error, Result};
use logbook_model::{Address, Field, Instant};

/// About this many bytes of facts go into one row; a carried row may exceed it.
const ROW_BYTES: usize = 256 << 10;
/// The longest row that can be carried: it must fit into a row.
const CARRIED_BYTES_MAX: usize = 900 << 10;

/// The facts, folded from all rows in order, as they were written.
#[derive(Debug, Default)]
pub struct Carry {
    /// The highest number of the segments that are deleted.
    last: u64,
    /// The facts about runs in the deleted rows.
    runs: BTreeMap<String, Gone>,
    approvals: Approvals,
    holds: Holds,
    /// The deleted rows about requests and holds, by name.
    rows: BTreeMap<String, Vec<u8>>,
    /// Decisions in segments that stay, by name.
    decisions: BTreeMap<String, Vec<u8>>,
}

/// What the deleted rows say about one run.
#[derive(Debug, Default)]
struct Gone {
    last_step: u64,
    parents: BTreeSet<String>,
    agents: BTreeSet<String>,
}

const FIELDS: FieldSet = Approvals::FIELDS.join(&Holds::FIELDS).and(&[Field::ParentRunId]);

/// Picks the fields of the row `text`. A row that cannot be read is ignored.
fn picked(text: &[u8], each: impl FnOnce(&Picked<'_>)) {
    let mut values = Vec::new();
    if json::pick(text, FIELDS.names(), &mut values).is_ok() {
        each(&Picked::new(&FIELDS, &values));
    }
}

impl Carry {
    /// Without any rows yet. All segments up to the number `last` are deleted.
    pub fn until(last: u64) -> Carry {
        Carry { last, ..Carry::default() }
    }

    /// Adds `row`, which is at `place`.
    pub fn push(&mut self, row: &[u8], place: &Address) {
        let Address::Place { segment, .. } = place else { return };
        let goes = *segment <= self.last;
        match carried::rows(row) {
            Some(rows) => {
                rows.into_iter().for_each(|row| picked(row, |facts| self.add(row, facts, place, goes)));
                for run in carried::runs(row).into_iter().filter(|_| goes) {
                    let gone = self.runs.entry(run.run).or_default();
                    gone.last_step = gone.last_step.max(run.last_step);
                    gone.parents.extend(run.parents);
                    gone.agents.extend(run.agents);
                }
            }
            None => picked(row, |facts| self.add(row, facts, place, goes)),
        }
        // The row that carries others has a step of its own.
        picked(row, |facts| self.steps(facts, goes));
    }

    fn steps(&mut self, row: &Picked<'_>, goes: bool) {
        if !goes || row.raw(Field::RunId).is_none() {
            return;
        }
        let gone = self.runs.entry(row.text(Field::RunId)).or_default();
        gone.last_step = gone.last_step.max(row.step().unwrap_or(0));
        if row.says(Field::ParentRunId) {
            gone.parents.insert(row.text(Field::ParentRunId));
        }
        if row.says(Field::AgentId) && row.kind().is_of_run() {
            gone.agents.insert(row.text(Field::AgentId));
        }
    }

    fn add(&mut self, text: &[u8], row: &Picked<'_>, place: &Address, goes: bool) {
        let kind = row.kind();
        let answers = row.raw(Field::Answers).is_some();
        if !kind.is_of_approval() && !kind.is_hold() && !answers {
            return;
        }
        let own = row.name(place);
        if goes {
            self.rows.entry(own).or_insert_with(|| text.to_vec());
        } else if kind.is_of_approval() && answers {
            self.decisions.entry(own).or_insert_with(|| text.to_vec());
        }
        self.approvals.push(row, place);
        self.holds.push(row, place);
    }

    /// The texts of the rows that carry the facts, as of `now`. Fails with exit 1 if a row is too
    /// long to be carried.
    pub fn texts(&self, now: Instant) -> Result<Vec<Vec<u8>>> {
        let mut rows: Vec<&[u8]> = Vec::new();
        for hold in self.holds.held.values() {
            rows.extend(self.rows.get(&hold.name).map(Vec::as_slice));
        }
        for request in self.approvals.all.iter().filter(|request| request.is_unused() && !request.is_expired(now)) {
            let Some(row) = self.rows.get(&request.name) else { continue };
            let decided = request
                .decision
                .as_ref()
                .and_then(|decision| self.rows.get(&decision.name).or_else(|| self.decisions.get(&decision.name)));
            rows.extend([Some(row), decided].into_iter().flatten().map(Vec::as_slice));
        }
        if let Some(long) = rows.iter().find(|row| row.len() > CARRIED_BYTES_MAX) {
            let mut name = String::new();
            picked(long, |row| name = row.name(&Address::Place { segment: 0, offset: 0 }));
            let why = format!("{name} still counts, and its row is too long to be carried over; nothing was deleted");
            return Err(Error::new(logbook_model::error::Exit::No, why)
                .hint(format!("logbook show {name}   # decide or release it first")));
        }
        Ok(self.packed(rows))
    }

    fn packed(&self, rows: Vec<&[u8]>) -> Vec<Vec<u8>> {
        let mut packed = Vec::new();
        let (mut runs, mut bytes) = (Vec::new(), 0);
        for (run, gone) in &self.runs {
            let texts = |all: &BTreeSet<String>| all.iter().cloned().collect::<Vec<_>>();
            let (parents, agents) = (texts(&gone.parents), texts(&gone.agents));
            bytes += 64 + run.len() + parents.iter().chain(&agents).map(|text| text.len() + 3).sum::<usize>();
            runs.push(CarriedRun { run: run.clone(), last_step: gone.last_step, parents, agents });
            if bytes > ROW_BYTES {
                packed.push(carried::print(&std::mem::take(&mut runs), &[]));
                bytes = 0;
            }
        }
        let mut open: Vec<&[u8]> = Vec::new();
        for row in rows {
            if bytes > 0 && bytes + row.len() > CARRIED_BYTES_MAX {
                packed.push(carried::print(&std::mem::take(&mut runs), &std::mem::take(&mut open)));
                bytes = 0;
            }
            bytes += row.len() + 1;
            open.push(row);
        }
        if !runs.is_empty() || !open.is_empty() {
            packed.push(carried::print(&runs, &open));
        }
        packed
    }
}
