//! One run, and what a row changes in it (`docs/run-record.md`).

use std::borrow::Cow;

use super::pairs::Pairs;
use crate::json::{self, Decimal, Leaves, Sum};
use crate::model::{Address, Instant, Kind};
use crate::query::{Place, Row};

/// The fields that are read of each row, in the order that [`Run::push`] expects.
pub const FIELDS: [&str; 27] = [
    "run_id",
    "step",
    "timestamp",
    "kind",
    "phase",
    "status",
    "action",
    "next_intent",
    "blocked_on",
    "task",
    "requester",
    "owner",
    "agent_id",
    "model",
    "parent_run_id",
    "cost_usd",
    "tokens_in",
    "tokens_out",
    "final_status",
    "rating",
    "reason",
    "tool_call",
    "approval_state",
    "answers",
    "retry_of",
    "fallback_of",
    "attempt",
];
const STANDS: usize = 4;
const SAID: usize = 9;
const SUMS: usize = 15;
const REST: usize = 18;

/// What the row says that says where the run stands.
pub const STANDING: [&str; 5] = ["phase", "status", "action", "next_intent", "blocked_on"];
/// What the first row says that says it.
pub const ONCE: [&str; 6] = ["task", "requester", "owner", "agent_id", "model", "parent_run_id"];
/// What is added up over all rows.
pub const SUMMED: [&str; 3] = ["cost_usd", "tokens_in", "tokens_out"];
const PARENT: usize = 5;

/// The [`Run::rank`] of runs that are over.
pub const FAILED: u8 = 3;
/// The same of those that did what they were to do.
pub const DONE: u8 = 5;

/// Text of a row, empty where there is none.
pub type Text<'a> = Cow<'a, str>;

/// How a run ended, as its rows say so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Ending<'a> {
    /// No row says so.
    #[default]
    Unsaid,
    /// It went on: a newer row says where it stands.
    WentOn,
    /// So.
    Final(Text<'a>),
}

/// One run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run<'a> {
    /// Its name.
    pub run_id: Text<'a>,
    /// [`STANDING`] of the row that says where it stands; `None`: no row does.
    pub standing: Option<[Text<'a>; 5]>,
    /// [`ONCE`].
    pub once: [Text<'a>; 6],
    /// How it ended.
    pub ending: Ending<'a>,
    /// Its newest rating, and the sentence why.
    pub rating: Option<(Text<'a>, Text<'a>)>,
    /// How many rows it has.
    pub rows: u64,
    /// Its highest step; 0 when no row has one.
    pub steps: u64,
    /// Rows that do something again: with `retry_of`, `fallback_of`, or an `attempt` other than 1.
    pub retries: u64,
    /// [`SUMMED`].
    pub sums: [Sum; 3],
    /// Some call had the side effect write or delete.
    pub wrote: bool,
    /// Something was denied.
    pub denied: bool,
    /// Whether a person holds it, where a row says so: the last one that does.
    pub held: Option<bool>,
    /// Calls whose intent has no result.
    pub calls: Pairs<'a>,
    /// Approvals that nobody decided on.
    pub approvals: Pairs<'a>,
    /// When its first row was written, as that row says.
    pub first_at: Option<Instant>,
    /// When its newest row was written, as that row says.
    pub last_at: Option<Instant>,
    /// Where its newest row stands among all rows.
    pub newest: Place,
    /// Where the row stands that names its parent.
    pub parent_said: Place,
}

impl<'a> Run<'a> {
    /// Takes in the next row of it, its fields by [`FIELDS`].
    pub fn push(&mut self, row: &Row<'_>) {
        let field = |at: usize| row.fields.get(at).copied().flatten();
        let text = |at: usize| field(at).and_then(json::decode);
        let owned = |at: usize| text(at).map_or_else(String::new, |text| String::from_utf8_lossy(&text).into_owned());
        self.rows += 1;
        self.newest = row.place;
        self.steps = self.steps.max(field(1).and_then(whole).unwrap_or(0));
        self.last_at = text(2).and_then(|time| Instant::parse(std::str::from_utf8(&time).ok()?));
        if self.rows == 1 {
            self.first_at = self.last_at;
        }
        for (at, known) in self.once.iter_mut().enumerate().filter(|(_, known)| known.is_empty()) {
            if field(SAID + at).is_some() {
                *known = Cow::Owned(owned(SAID + at));
                if at == PARENT {
                    self.parent_said = row.place;
                }
            }
        }
        for (at, sum) in self.sums.iter_mut().enumerate() {
            add_up(sum, field(SUMS + at));
        }
        let kind = text(3);
        let kind = kind.as_deref().unwrap_or_default();
        let stands = Kind::of(field(3)).stands(field(5));
        if stands {
            let standing = self.standing.get_or_insert_with(Default::default);
            for (at, known) in standing.iter_mut().enumerate() {
                let known = known.to_mut();
                known.clear();
                if let Some(text) = text(STANDS + at) {
                    known.push_str(&String::from_utf8_lossy(&text));
                }
            }
        }
        match text(REST).filter(|text| !text.is_empty()) {
            Some(_) => self.ending = Ending::Final(Cow::Owned(owned(REST))),
            None if stands => self.ending = Ending::WentOn,
            None => {}
        }
        if text(REST + 1).is_some() {
            let why = if kind == b"review" { owned(REST + 2) } else { String::new() };
            self.rating = Some((Cow::Owned(owned(REST + 1)), Cow::Owned(why)));
        }
        self.call(kind, field(REST + 3));
        self.approval(kind, field(1), text(REST + 5).as_deref());
        self.held = match kind {
            b"hold" => Some(true),
            b"release" => Some(false),
            _ => self.held,
        };
        self.denied |= kind == b"approval.denied" || text(REST + 4).as_deref() == Some(b"denied");
        let names = |at: usize| text(at).is_some_and(|of| !of.is_empty());
        self.retries += u64::from(is_again(names(REST + 6) || names(REST + 7), field(REST + 8)));
    }

    fn call(&mut self, kind: &[u8], call: Option<&[u8]>) {
        let by = match kind {
            b"call.intent" => 1,
            b"call.result" => -1,
            _ => 0,
        };
        let mut members = Vec::new();
        if let Some(call) = call.filter(|call| call.starts_with(b"{")) {
            // What is no object says nothing.
            let _ = json::pick(call, &["id", "side_effect"], &mut members);
        }
        let member = |at: usize| members.get(at).copied().flatten().and_then(json::decode);
        self.wrote |= matches!(member(1).as_deref(), Some(b"write" | b"delete"));
        let id = member(0).map_or_else(String::new, |id| String::from_utf8_lossy(&id).into_owned());
        // Without an id nothing is known to be its result.
        if by == 1 || (by == -1 && !id.is_empty()) {
            self.calls.count(Cow::Owned(id), by);
        }
    }

    fn approval(&mut self, kind: &[u8], step: Option<&[u8]>, answers: Option<&[u8]>) {
        match kind {
            b"approval.requested" => {
                let step = step.and_then(whole).map_or_else(String::new, |step| step.to_string());
                self.approvals.count(Cow::Owned(step), 1);
            }
            b"approval.approved" | b"approval.denied" | b"approval.expired" => {
                let address = answers.and_then(|answers| Address::parse(std::str::from_utf8(answers).ok()?));
                let step = match address {
                    Some(Address::Step { run_id, step }) if run_id == self.run_id => step.to_string(),
                    Some(Address::Step { .. }) | None => return,
                    Some(Address::Place { .. }) => String::new(),
                };
                self.approvals.count(Cow::Owned(step), -1);
            }
            _ => {}
        }
    }

    /// Takes in what the rows of `later` say of the same run, all of which stand behind these.
    pub fn join(&mut self, later: Run<'a>) {
        self.rows += later.rows;
        self.steps = self.steps.max(later.steps);
        self.retries += later.retries;
        self.newest = later.newest;
        self.last_at = later.last_at;
        self.standing = later.standing.or_else(|| self.standing.take());
        if self.once[PARENT].is_empty() {
            self.parent_said = later.parent_said;
        }
        for (known, said) in self.once.iter_mut().zip(later.once) {
            if known.is_empty() {
                *known = said;
            }
        }
        for (sum, more) in self.sums.iter_mut().zip(&later.sums) {
            sum.merge(more);
        }
        if later.ending != Ending::Unsaid {
            self.ending = later.ending;
        }
        self.rating = later.rating.or_else(|| self.rating.take());
        self.wrote |= later.wrote;
        self.denied |= later.denied;
        self.held = later.held.or(self.held);
        self.calls.join(later.calls);
        self.approvals.join(later.approvals);
    }

    /// The same, which borrows nothing.
    pub fn into_owned(self) -> Run<'static> {
        let own = |text: Text<'_>| Cow::Owned(text.into_owned());
        Run {
            run_id: own(self.run_id),
            standing: self.standing.map(|standing| standing.map(own)),
            once: self.once.map(own),
            ending: match self.ending {
                Ending::Final(word) => Ending::Final(own(word)),
                Ending::WentOn => Ending::WentOn,
                Ending::Unsaid => Ending::Unsaid,
            },
            rating: self.rating.map(|(rating, why)| (own(rating), own(why))),
            calls: self.calls.into_owned(),
            approvals: self.approvals.into_owned(),
            ..self
        }
    }

    /// A field of [`STANDING`]; empty where no row says where it stands.
    fn stands(&self, at: usize) -> &str {
        self.standing.as_ref().map_or("", |standing| &standing[at])
    }

    /// Its status.
    pub fn status(&self) -> &str {
        self.stands(1)
    }

    /// What kind of work it is at.
    pub fn phase(&self) -> &str {
        self.stands(0)
    }

    /// What it does.
    pub fn action(&self) -> &str {
        self.stands(2)
    }

    /// What it is to do next.
    pub fn next_intent(&self) -> &str {
        self.stands(3)
    }

    /// What it waits for.
    pub fn blocked_on(&self) -> &str {
        self.stands(4)
    }

    /// The run that began it, as it says.
    pub fn parent(&self) -> &str {
        &self.once[PARENT]
    }

    /// Whether it goes on: neither done nor failed.
    pub fn is_open(&self) -> bool {
        !matches!(self.status(), "done" | "failed")
    }

    /// Whether a person holds it.
    pub fn is_held(&self) -> bool {
        self.held == Some(true)
    }

    /// Whether it is over, and its newest row is older than `recent`.
    pub fn is_old(&self, recent: Instant) -> bool {
        !self.is_open() && self.last_at.is_none_or(|last| last < recent)
    }

    /// Held ones first, then blocked, running, failed, without a status, done.
    pub fn rank(&self) -> u8 {
        match self.status() {
            _ if self.is_held() => 0,
            "blocked" => 1,
            "in-progress" => 2,
            "failed" => FAILED,
            "done" => DONE,
            _ => 4,
        }
    }

    /// Milliseconds since its newest row.
    pub fn age_ms(&self, now: Instant) -> Option<i64> {
        self.last_at.map(|last| now.ms_since(last))
    }
}

/// Whether a row does something again: it names what, or it is not the first attempt.
pub fn is_again(names_another: bool, attempt: Option<&[u8]>) -> bool {
    names_another || attempt.is_some_and(|attempt| !matches!(attempt, b"1" | b"null" | b"\"1\"" | b"\"\""))
}

fn whole(raw: &[u8]) -> Option<u64> {
    std::str::from_utf8(raw).ok()?.parse().ok()
}

/// Adds the value of one of [`SUMMED`] as `sum(cost_usd)` takes it: the elements of an array too.
pub fn add_up(sum: &mut Sum, raw: Option<&[u8]>) {
    let mut add = |raw: &[u8]| {
        if let Some(number) = Decimal::parse(raw) {
            sum.add(&number);
        }
    };
    match raw {
        Some(raw) if raw.starts_with(b"[") => Leaves::new(raw).for_each(add),
        Some(raw) => add(raw),
        None => {}
    }
}
