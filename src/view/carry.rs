//! What rows say that are about to be deleted, as far as gates and writers still rest on it: the last steps of runs, which
//! run is above which, runs that are held, requests that somebody may still decide or use (`docs/format.md`, Retention).
//!
//! Not here: the row that says so (`format::carried`), when it is stored (`store::archive`, `cmd::keep::retention`).

use std::collections::{BTreeMap, BTreeSet};

use super::approvals::Approvals;
use super::holds::Holds;
use super::past::{Past, name, text};
use crate::error::{Error, Result};
use crate::format::carried::{self, CarriedRun};
use crate::json;
use crate::model::{Address, Instant, Kind};

/// Bytes of facts in one row; a row that is carried may take it beyond.
const ROW_BYTES: usize = 256 << 10;
/// Longest row that is carried: it must fit into a row.
const CARRIED_BYTES_MAX: usize = 900 << 10;

/// The facts, folded from all rows in order, as they were written.
#[derive(Debug, Default)]
pub struct Carry {
    /// The highest number among the segments that go.
    last: u64,
    /// Each run by the rows that go.
    runs: BTreeMap<String, Gone>,
    approvals: Approvals,
    holds: Holds,
    /// The rows that go and say something about requests and holds, by name.
    rows: BTreeMap<String, Vec<u8>>,
    /// The same of decisions in segments that stay.
    decisions: BTreeMap<String, Vec<u8>>,
}

/// What the rows that go say of one run.
#[derive(Debug, Default)]
struct Gone {
    last_step: u64,
    parents: BTreeSet<String>,
    agents: BTreeSet<String>,
}

impl Carry {
    /// Nothing yet. `last` is the highest number among the segments that go: all before it go, too.
    pub fn until(last: u64) -> Carry {
        Carry { last, ..Carry::default() }
    }

    /// Takes in the row `row`, which stands at `place`.
    pub fn push(&mut self, row: &[u8], place: &Address) {
        let Address::Place { segment, .. } = place else { return };
        let goes = *segment <= self.last;
        match carried::rows(row) {
            Some(rows) => {
                rows.into_iter().for_each(|row| self.one(row, place, goes));
                for run in carried::runs(row).into_iter().filter(|_| goes) {
                    let gone = self.runs.entry(run.run).or_default();
                    gone.last_step = gone.last_step.max(run.last_step);
                    gone.parents.extend(run.parents);
                    gone.agents.extend(run.agents);
                }
            }
            None => self.one(row, place, goes),
        }
        // Also of the row that carries, which has a step of its own.
        self.steps(row, goes);
    }

    fn steps(&mut self, row: &[u8], goes: bool) {
        let mut values = Vec::new();
        let names = ["run_id", "step", "parent_run_id", "agent_id", "kind"];
        if !goes || json::pick(row, &names, &mut values).is_err() || values[0].is_none() {
            return;
        }
        let [run, parent, agent] = [0, 2, 3].map(|at| text(values[at]));
        let step = values[1].and_then(|step| std::str::from_utf8(step).ok()?.parse().ok()).unwrap_or(0);
        let gone = self.runs.entry(run).or_default();
        gone.last_step = gone.last_step.max(step);
        if !parent.is_empty() {
            gone.parents.insert(parent);
        }
        if !agent.is_empty() && Kind::of(values[4]).is_of_run() {
            gone.agents.insert(agent);
        }
    }

    fn one(&mut self, row: &[u8], place: &Address, goes: bool) {
        let mut values = Vec::new();
        if json::pick(row, &["kind", "answers", "run_id", "step"], &mut values).is_err() {
            return;
        }
        let kind = Kind::of(values[0]);
        let of_request = kind.is_of_approval();
        if !of_request && !kind.is_hold() && values[1].is_none() {
            return;
        }
        let own = name(values[2], values[3], place);
        if goes {
            self.rows.entry(own).or_insert_with(|| row.to_vec());
        } else if of_request && values[1].is_some() {
            self.decisions.entry(own).or_insert_with(|| row.to_vec());
        }
        let mut fields = Vec::new();
        if json::pick(row, Approvals::FIELDS, &mut fields).is_ok() {
            self.approvals.push(&fields, place);
        }
        if json::pick(row, Holds::FIELDS, &mut fields).is_ok() {
            self.holds.push(&fields, place);
        }
    }

    /// The texts of the rows that say all of it, as of `now`. Errors: exit 1, when something cannot be carried over.
    pub fn texts(&self, now: Instant) -> Result<Vec<Vec<u8>>> {
        let mut rows: Vec<&[u8]> = Vec::new();
        for hold in self.holds.held.values() {
            rows.extend(self.rows.get(&hold.name).map(Vec::as_slice));
        }
        for request in self.approvals.all.iter().filter(|request| request.is_unused() && !request.is_over(now)) {
            let Some(row) = self.rows.get(&request.name) else { continue };
            let decided = request
                .decision
                .as_ref()
                .and_then(|decision| self.rows.get(&decision.name).or_else(|| self.decisions.get(&decision.name)));
            rows.extend([Some(row), decided].into_iter().flatten().map(Vec::as_slice));
        }
        if let Some(long) = rows.iter().find(|row| row.len() > CARRIED_BYTES_MAX) {
            let mut values = Vec::new();
            let _ = json::pick(long, &["run_id", "step"], &mut values);
            let [run, step] = [0, 1].map(|at| values.get(at).copied().flatten());
            let name = name(run, step, &Address::Place { segment: 0, offset: 0 });
            let why = format!("{name} still counts, and its row is too long to be carried over; nothing was deleted");
            return Err(Error::new(crate::error::Exit::No, why)
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
