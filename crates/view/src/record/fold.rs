//! Folds the rows of a run into a record (`docs/run-record.md`, What a record says).

use std::collections::HashSet;

use super::approvals::Names;
use super::{Answer, Approval, Call, Entry, approvals, calls};
use crate::Amended;
use crate::approvals::Request;
use crate::facts::Facts;
use logbook_json::{Decimal, Sum};
use logbook_model::{Address, Field, Kind, Says, Stands};

/// Fields that are said once, normally by `run.start`: the first row that has one decides.
pub const SAID: [&str; 14] = [
    "task",
    "requester",
    "owner",
    "agent_id",
    "agent_version",
    "model",
    "prompt_version",
    "tools_available",
    "permissions",
    "inputs",
    "input_refs",
    "parent_run_id",
    "turn_id",
    "host",
];
/// Fields that are added up over all rows, exactly.
pub(crate) const SUMS: [Field; 4] = [Field::CostUsd, Field::TokensIn, Field::TokensOut, Field::WaitMs];
/// Fields of which the newest value counts.
pub(crate) const NEWEST: [&str; 2] = ["rating", "state_version"];

/// A value, and the first row that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The raw value.
    pub raw: Vec<u8>,
    /// The index of the row.
    pub row: usize,
}

/// One run in full.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The id of the run.
    pub run_id: String,
    /// Its rows in file order, retracted ones too.
    pub rows: Vec<Entry>,
    /// The distinct values of each field of [`SAID`], the first one first.
    said: Vec<Vec<Said>>,
    /// The newest row with each field of [`NEWEST`].
    newest: Vec<Option<usize>>,
    /// The total of each field of [`SUMS`]; `None` if no row has it, or if it cannot be written
    /// out.
    sums: Vec<Option<Decimal>>,
    /// The index of the row that decides its state.
    pub standing: Option<usize>,
    /// Its calls, in the order in which they began.
    pub calls: Vec<Call>,
    /// Requests and decisions.
    pub approvals: Vec<Approval>,
    /// Answers to blocked rows.
    pub answers: Vec<Answer>,
    /// Ids of the runs that name this one as their parent, in the order of their first rows that
    /// do.
    pub children: Vec<String>,
}

impl Record {
    /// The record of the rows of `run_id`, in order: text, place, corrections. `children` as in
    /// [`Record::children`].
    pub fn of<'r>(
        run_id: &str,
        rows: impl IntoIterator<Item = (&'r [u8], Option<Address>, Vec<Amended>)>,
        children: Vec<String>,
    ) -> Record {
        let mut entries: Vec<Entry> = Vec::new();
        for (text, place, amended) in rows {
            let mut entry = Entry::read(text, place.as_ref(), amended);
            let before = entries.last().and_then(|entry| entry.at);
            entry.since_ms = entry.at.zip(before).map(|(at, before)| at.ms_since(before));
            entries.push(entry);
        }
        let (calls, unmade) = calls::calls(&entries);
        let names = Names::of(run_id, &entries);
        let (approvals, answers) = approvals::approvals(&names, &entries);
        attach(&names, &mut entries, calls.iter().chain(&unmade));
        for intent in calls.iter().filter(|call| call.is_open()).filter_map(|call| call.intent) {
            entries[intent].open = true;
        }
        let newest = |holds: &dyn Fn(&Entry) -> bool| entries.iter().rposition(|row| !row.is_retracted() && holds(row));
        Record {
            run_id: run_id.to_owned(),
            said: SAID.iter().map(|field| said(&entries, field)).collect(),
            newest: NEWEST.iter().map(|field| newest(&|row| row.has(field))).collect(),
            sums: SUMS.iter().map(|field| sum(&entries, *field)).collect(),
            standing: standing(&entries),
            calls,
            approvals,
            answers,
            children,
            rows: entries,
        }
    }

    /// The distinct values of a field of [`SAID`], the first one first.
    pub fn said(&self, field: &str) -> &[Said] {
        let at = SAID.iter().position(|known| *known == field);
        at.and_then(|at| self.said.get(at)).map_or(&[], Vec::as_slice)
    }

    /// The first value of a field of [`SAID`] as text; empty if no row has it.
    pub fn first(&self, field: &str) -> String {
        self.said(field).first().map_or_else(String::new, |said| super::entry::plain(&said.raw))
    }

    /// The total of a field that is added up.
    pub fn sum(&self, field: &str) -> Option<&Decimal> {
        let at = SUMS.iter().position(|known| known.name() == field)?;
        self.sums.get(at)?.as_ref()
    }

    /// The newest row with `field`, one of [`NEWEST`].
    pub fn newest(&self, field: &str) -> Option<&Entry> {
        let at = NEWEST.iter().position(|known| *known == field)?;
        self.rows.get((*self.newest.get(at)?)?)
    }

    /// `field` of the row that decides the state.
    pub fn stands(&self, field: &str) -> String {
        self.standing.and_then(|at| self.rows.get(at)).map_or_else(String::new, |row| row.text(field))
    }

    /// Whether it is done or failed.
    pub fn is_over(&self) -> bool {
        matches!(self.stands("status").as_str(), "done" | "failed")
    }

    /// What it waits for; empty unless it is blocked.
    pub fn blocked_on(&self) -> String {
        if self.stands("status") == "blocked" { self.stands("blocked_on") } else { String::new() }
    }

    /// The newest row with a next intent. The end of a run clears earlier ones, also if the run
    /// begins again; a failed call ends no run.
    pub(crate) fn next_row(&self) -> Option<usize> {
        let says = |row: &Entry| row.says(Field::NextIntent);
        let newest = self.valid().filter(|(_, row)| says(row) || row.stands().is_some_and(Says::ends)).last();
        let newest = newest.filter(|(_, row)| says(row)).map(|(at, _)| at)?;
        let over =
            self.standing.filter(|at| self.is_over() && self.rows.get(*at).is_some_and(|row| !row.tells_of_call()));
        over.is_none_or(|over| newest >= over).then_some(newest)
    }

    /// The newest next intent.
    pub fn next_intent(&self) -> String {
        self.next_row().and_then(|at| self.rows.get(at)).map_or_else(String::new, |row| row.text("next_intent"))
    }

    /// The rows that are not retracted, with their indexes.
    pub fn valid(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.rows.iter().enumerate().filter(|(_, row)| !row.is_retracted())
    }

    /// Milliseconds from its first row to its last.
    pub(crate) fn lasted_ms(&self) -> Option<i64> {
        let times = self.rows.first().and_then(|row| row.at).zip(self.rows.last().and_then(|row| row.at));
        times.map(|(first, last)| last.ms_since(first))
    }

    /// Its artifacts, each once, with the first row that names it.
    pub fn artifacts(&self) -> Vec<(String, usize)> {
        let mut found: Vec<(String, usize)> = Vec::new();
        let mut seen: HashSet<String> = HashSet::new();
        // A call that was refused leaves no artifact.
        for (at, row) in self.valid().filter(|(_, row)| row.call().is_none() || row.is_of_made_call()) {
            for artifact in row.artifacts() {
                if !artifact.is_empty() && seen.insert(artifact.clone()) {
                    found.push((artifact, at));
                }
            }
        }
        found
    }

    /// The rows that hand the work on.
    pub fn handoffs(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.valid().filter(|(_, row)| row.is(Kind::Handoff) || row.has("handoff_to"))
    }

    /// Counts of what happened after the row at `after`, or in the whole run, by name. A call
    /// counts at its newest row; a call that was refused was not made.
    pub(crate) fn counts(&self, after: Option<usize>) -> [(&'static str, usize); 7] {
        let is_new = |at: usize| after.is_none_or(|after| at > after);
        let rows = |holds: &dyn Fn(&Entry) -> bool| self.valid().filter(|(at, row)| is_new(*at) && holds(row)).count();
        let is_new_call = |rows: &[usize]| rows.last().is_some_and(|at| is_new(*at));
        let calls = self.calls.iter().filter(|call| call.is_made(&self.rows) && is_new_call(&call.rows));
        let is_step = |row: &Entry| matches!(row.kind(), Kind::Step | Kind::Other | Kind::Handoff) && !row.has_call();
        [
            ("calls", calls.count()),
            ("calls refused", rows(&Entry::denies)),
            ("requests", rows(&|row| row.is(Kind::ApprovalRequested))),
            ("decisions", rows(&|row| row.kind().is_decision() && !row.denies())),
            ("other steps", rows(&is_step)),
            ("notes", rows(&|row| row.is(Kind::Note))),
            ("errors", rows(&Entry::went_wrong)),
        ]
    }

    /// The request of an approval, read from its row.
    pub fn request(&self, approval: &Approval) -> Option<Request> {
        let row = self.rows.get(approval.request?)?;
        let name = if row.name.starts_with('#') { format!("{}{}", self.run_id, row.name) } else { row.name.clone() };
        Some(Request::read(name, row))
    }

    /// The requests without a decision.
    pub fn open_requests(&self) -> impl Iterator<Item = Request> + '_ {
        self.approvals.iter().filter(|approval| approval.decision.is_none()).filter_map(|it| self.request(it))
    }

    /// The rows that say that something was not allowed.
    pub fn denied(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.valid().filter(|(_, row)| row.denies())
    }
}

/// Attaches rows to the row that began their call or that they answer, or to what that one is
/// attached to.
fn attach<'c>(names: &Names<'_>, rows: &mut [Entry], groups: impl Iterator<Item = &'c Call>) {
    for group in groups {
        let head = group.rows.first().copied();
        for at in group.rows.iter().skip(1) {
            rows[*at].head = head;
        }
    }
    for at in 0..rows.len() {
        if rows[at].head.is_none()
            && let Some(target) = names.find(&rows[at].text("answers"))
            && target < at
        {
            rows[at].head = Some(rows[target].head.unwrap_or(target));
        }
    }
}

fn said(rows: &[Entry], field: &str) -> Vec<Said> {
    let mut said: Vec<Said> = Vec::new();
    let mut seen: HashSet<&[u8]> = HashSet::new();
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| !row.is_retracted()) {
        if let Some(raw) = row.raw(field)
            && seen.insert(raw)
        {
            said.push(Said { raw: raw.to_vec(), row: at });
        }
    }
    said
}

/// The index of the row that decides the state of the run.
fn standing(rows: &[Entry]) -> Option<usize> {
    let mut stands = Stands::default();
    for (at, row) in rows.iter().enumerate() {
        if let Some(says) = row.stands() {
            stands.put(says, at);
        }
    }
    stands.newest().map(|stood| stood.row)
}

/// The total of a field; `None` if no row has a number.
fn sum(rows: &[Entry], field: Field) -> Option<Decimal> {
    let mut sum = Sum::default();
    rows.iter().filter(|row| !row.is_retracted()).for_each(|row| row.add_to(&mut sum, field));
    sum.parts().0?;
    sum.total().ok()
}
