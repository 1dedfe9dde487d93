//! The rows of a run to a record (`docs/run-record.md`, What a record says).

use std::collections::HashSet;

use super::approvals::Names;
use super::{Answer, Approval, Call, Entry, approvals, calls};
use crate::Amended;
use crate::approvals::Request;
use crate::facts::Facts;
use logbook_json::{Decimal, Sum};
use logbook_model::{Address, Field, Kind, Says, Stands};

/// What is said once, normally by `run.start`: the first row that has it speaks.
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
/// What is added up over all rows, exactly.
pub(crate) const SUMS: [Field; 4] = [Field::CostUsd, Field::TokensIn, Field::TokensOut, Field::WaitMs];
/// What the newest row says that has it.
pub(crate) const NEWEST: [&str; 2] = ["rating", "state_version"];

/// A value and the row that said it first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// As written.
    pub raw: Vec<u8>,
    /// Which row.
    pub row: usize,
}

/// One run in full.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The run.
    pub run_id: String,
    /// Its rows in file order, those included that were taken back.
    pub rows: Vec<Entry>,
    /// For each field of [`SAID`] its different values, the first one first.
    said: Vec<Vec<Said>>,
    /// For each field of [`NEWEST`] the row that has it last.
    newest: Vec<Option<usize>>,
    /// For each field of [`SUMS`] its total; none when no row has it, or it cannot be written out.
    sums: Vec<Option<Decimal>>,
    /// The row that says where it stands.
    pub standing: Option<usize>,
    /// Its calls, as they began.
    pub calls: Vec<Call>,
    /// Requests and decisions.
    pub approvals: Vec<Approval>,
    /// Answers to rows that were blocked.
    pub answers: Vec<Answer>,
    /// Runs that name this one as their parent, in the order of their first rows that do.
    pub children: Vec<String>,
}

impl Record {
    /// Of the rows of `run_id`, in order: text, place, what was corrected in it.
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
        hang(&names, &mut entries, calls.iter().chain(&unmade));
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

    /// The different values of a field that is said once, the first one first.
    pub fn said(&self, field: &str) -> &[Said] {
        let at = SAID.iter().position(|known| *known == field);
        at.and_then(|at| self.said.get(at)).map_or(&[], Vec::as_slice)
    }

    /// Its first value; empty when no row has it.
    pub fn first(&self, field: &str) -> String {
        self.said(field).first().map_or_else(String::new, |said| super::entry::plain(&said.raw))
    }

    /// The total of a field that is added up.
    pub fn sum(&self, field: &str) -> Option<&Decimal> {
        let at = SUMS.iter().position(|known| known.name() == field)?;
        self.sums.get(at)?.as_ref()
    }

    /// The row that says `field`, one of [`NEWEST`], last.
    pub fn newest(&self, field: &str) -> Option<&Entry> {
        let at = NEWEST.iter().position(|known| *known == field)?;
        self.rows.get((*self.newest.get(at)?)?)
    }

    /// `field` of the row that says where it stands.
    pub fn stands(&self, field: &str) -> String {
        self.standing.and_then(|at| self.rows.get(at)).map_or_else(String::new, |row| row.text(field))
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        matches!(self.stands("status").as_str(), "done" | "failed")
    }

    /// What is needed to go on; empty unless it is blocked.
    pub fn blocked_on(&self) -> String {
        if self.stands("status") == "blocked" { self.stands("blocked_on") } else { String::new() }
    }

    /// The newest row that says what is to be done next. The end of a run makes void what was said
    /// before, also when it is begun again; a call that failed ends no run.
    pub(crate) fn next_row(&self) -> Option<usize> {
        let says = |row: &Entry| row.says(Field::NextIntent);
        let newest = self.valid().filter(|(_, row)| says(row) || row.stands().is_some_and(Says::ends)).last();
        let newest = newest.filter(|(_, row)| says(row)).map(|(at, _)| at)?;
        let over =
            self.standing.filter(|at| self.is_over() && self.rows.get(*at).is_some_and(|row| !row.tells_of_call()));
        over.is_none_or(|over| newest >= over).then_some(newest)
    }

    /// What is to be done next.
    pub fn next_intent(&self) -> String {
        self.next_row().and_then(|at| self.rows.get(at)).map_or_else(String::new, |row| row.text("next_intent"))
    }

    /// Rows that count, with their numbers.
    pub fn valid(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.rows.iter().enumerate().filter(|(_, row)| !row.is_retracted())
    }

    /// Milliseconds from its first row to its last.
    pub(crate) fn lasted_ms(&self) -> Option<i64> {
        let times = self.rows.first().and_then(|row| row.at).zip(self.rows.last().and_then(|row| row.at));
        times.map(|(first, last)| last.ms_since(first))
    }

    /// What it left behind, each once, with the row that names it first.
    pub fn artifacts(&self) -> Vec<(String, usize)> {
        let mut found: Vec<(String, usize)> = Vec::new();
        let mut seen: HashSet<String> = HashSet::new();
        // Of a call that was refused nothing was left behind.
        for (at, row) in self.valid().filter(|(_, row)| row.call().is_none() || row.is_of_made_call()) {
            for artifact in row.artifacts() {
                if !artifact.is_empty() && seen.insert(artifact.clone()) {
                    found.push((artifact, at));
                }
            }
        }
        found
    }

    /// Rows that hand the work on.
    pub fn handoffs(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.valid().filter(|(_, row)| row.is(Kind::Handoff) || row.has("handoff_to"))
    }

    /// The request of an approval, as its row has it.
    pub fn request(&self, approval: &Approval) -> Option<Request> {
        let row = self.rows.get(approval.request?)?;
        let name = if row.name.starts_with('#') { format!("{}{}", self.run_id, row.name) } else { row.name.clone() };
        Some(Request::read(name, row))
    }

    /// Those that nobody has decided.
    pub fn open_requests(&self) -> impl Iterator<Item = Request> + '_ {
        self.approvals.iter().filter(|approval| approval.decision.is_none()).filter_map(|it| self.request(it))
    }

    /// Rows that say that something was not allowed.
    pub fn denied(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.valid().filter(|(_, row)| row.denies())
    }
}

/// Lets rows hang on the row that began their call, or that they answer, or on what that one hangs
/// on.
fn hang<'c>(names: &Names<'_>, rows: &mut [Entry], groups: impl Iterator<Item = &'c Call>) {
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

/// The row that says where the run stands.
fn standing(rows: &[Entry]) -> Option<usize> {
    let mut stands = Stands::default();
    for (at, row) in rows.iter().enumerate() {
        if let Some(says) = row.stands() {
            stands.put(says, at);
        }
    }
    stands.newest().map(|stood| stood.row)
}

/// None when no row says a number.
fn sum(rows: &[Entry], field: Field) -> Option<Decimal> {
    let mut sum = Sum::default();
    rows.iter().filter(|row| !row.is_retracted()).for_each(|row| row.add_to(&mut sum, field));
    sum.parts().0?;
    sum.total().ok()
}
