//! One run, and what a row changes in it (`docs/run-record.md`).

use std::borrow::Cow;

use super::last::{Last, why_stopped};
use super::texts::{Text, Texts};
use crate::facts::{CallFacts, Facts, FieldSet};
use crate::{OpenCalls, OpenRequests};
use logbook_json::{self as json, Sum};
use logbook_model::{Address, Field, Instant, Kind, Says, Stands, Status, Weight};
use logbook_query::Place;

/// The fields that are picked of each row.
pub const FIELDS: FieldSet = FieldSet::of(&[
    Field::RunId,
    Field::Step,
    Field::Timestamp,
    Field::Kind,
    Field::Phase,
    Field::Status,
    Field::Action,
    Field::NextIntent,
    Field::BlockedOn,
    Field::Task,
    Field::Requester,
    Field::Owner,
    Field::AgentId,
    Field::Model,
    Field::ParentRunId,
    Field::CostUsd,
    Field::TokensIn,
    Field::TokensOut,
    Field::FinalStatus,
    Field::Rating,
    Field::Reason,
    Field::ToolCall,
    Field::ApprovalState,
    Field::Answers,
    Field::RetryOf,
    Field::FallbackOf,
    Field::Attempt,
    Field::Policy,
    Field::ExpiresAt,
    Field::ArtifactRef,
    Field::OutputRefs,
    Field::Error,
]);

/// Fields taken from the row that decides the state of the run.
pub(crate) const STANDING: [Field; 6] =
    [Field::Phase, Field::Status, Field::Action, Field::NextIntent, Field::BlockedOn, Field::FinalStatus];
/// Fields taken from the first row that has them.
pub(crate) const ONCE: [Field; 6] =
    [Field::Task, Field::Requester, Field::Owner, Field::AgentId, Field::Model, Field::ParentRunId];
/// Fields that are added up over all rows.
pub(crate) const SUMMED: [Field; 3] = [Field::CostUsd, Field::TokensIn, Field::TokensOut];
const TASK: usize = 0;
const AGENT: usize = 3;
const PARENT: usize = 5;

/// The [`Run::rank`] of failed runs.
pub(crate) const FAILED: u8 = 3;
/// The [`Run::rank`] of finished runs.
pub(crate) const DONE: u8 = 5;

/// The state of a run, with the texts of the row that decides it.
pub(crate) type Standing<'a> = Stands<Texts<'a, STOOD>>;

/// The number of texts kept of that row: [`STANDING`], and why the run stopped.
pub(crate) const STOOD: usize = STANDING.len() + 1;

/// One run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run<'a> {
    /// Its id.
    pub run_id: Text<'a>,
    /// Its state, by its own rows.
    pub stands: Standing<'a>,
    /// Its state by carried rows. It counts as long as no row of its own decides the state.
    pub carried: Option<Box<Standing<'a>>>,
    /// The fields [`ONCE`].
    pub once: [Text<'a>; 6],
    /// The final status in its newest `run.end`.
    pub ended: Text<'a>,
    /// The number of rows of its own work since it began or ended last.
    pub since_turn: u64,
    /// Its newest rating, and the reason.
    pub rating: Option<(Text<'a>, Text<'a>)>,
    /// The number of its rows.
    pub rows: u64,
    /// Its highest step; 0 when no row has one.
    pub steps: u64,
    /// The number of rows that do something again: with `retry_of`, `fallback_of`, or an `attempt`
    /// other than 1.
    pub retries: u64,
    /// The sums of the fields [`SUMMED`].
    pub sums: [Sum; 3],
    /// Whether a call that was made had the side effect write or delete.
    pub wrote: bool,
    /// Whether a call was refused, by a person, a rule, a contract or a hold.
    pub denied: bool,
    /// Whether a person holds it; `None` if no row says.
    pub held: Option<bool>,
    /// Calls without a result.
    pub calls: OpenCalls<'a>,
    /// Requests, and the decisions on them.
    pub requests: OpenRequests,
    /// What it did last, and what it will do next.
    pub last: Last<'a>,
    /// The timestamp of its first row.
    pub first_at: Option<Instant>,
    /// The timestamp of its newest row.
    pub last_at: Option<Instant>,
    /// The place of its newest row.
    pub newest: Place,
    /// The place of the row that names its parent.
    pub parent_said: Place,
}

impl<'a> Run<'a> {
    /// Adds its next row, which is at `place`.
    pub fn push(&mut self, facts: &impl Facts, place: Place) {
        self.rows += 1;
        self.newest = place;
        self.steps = self.steps.max(facts.step().unwrap_or(0));
        self.last_at = facts.at();
        if self.rows == 1 {
            self.first_at = self.last_at;
        }
        for (at, field) in ONCE.iter().enumerate() {
            if self.once[at].is_empty() && facts.raw(*field).is_some() {
                self.once[at] = Cow::Owned(facts.text(*field));
                if at == PARENT {
                    self.parent_said = place;
                }
            }
        }
        for (sum, field) in self.sums.iter_mut().zip(SUMMED) {
            facts.add_to(sum, field);
        }
        let (kind, says) = (facts.kind(), facts.stands());
        self.since_turn += u64::from(kind.is_of_run());
        self.last.push(facts, says);
        if let Some(says) = says {
            if says.weight == Weight::Turn {
                self.since_turn = 0;
                if facts.says(Field::FinalStatus) {
                    self.ended = Cow::Owned(facts.text(Field::FinalStatus));
                }
            }
            stand(&mut self.stands, says, facts);
        }
        if facts.chars(Field::Rating).is_some() {
            let why = if kind == Kind::Review { facts.text(Field::Reason) } else { String::new() };
            self.rating = Some((Cow::Owned(facts.text(Field::Rating)), Cow::Owned(why)));
        }
        let call = if kind.makes_calls() { facts.call() } else { None };
        let id = || {
            let id = call.as_ref().and_then(|call| call.id.as_ref());
            id.map(|id| Cow::Owned(json::lossy(id).into_owned()))
        };
        match kind {
            Kind::CallIntent => self.calls.intent(id()),
            Kind::CallResult => self.calls.result(id()),
            _ => {}
        }
        self.wrote = self.wrote || call.as_ref().is_some_and(CallFacts::writes) && facts.is_of_made_call();
        self.denied = self.denied || facts.denies();
        self.retries += u64::from(facts.is_retry());
        self.decide(facts);
    }

    /// Adds a row of it that retention carried over. Gates still decide by it; what it cost and
    /// counted is gone.
    pub(crate) fn carry(&mut self, facts: &impl Facts) {
        if let Some(says) = facts.stands() {
            stand(self.carried.get_or_insert_default(), says, facts);
        }
        for (known, field) in self.once.iter_mut().zip(ONCE) {
            if known.is_empty() {
                *known = Cow::Owned(facts.text(field));
            }
        }
        self.decide(facts);
    }

    /// Updates the hold, the requests and the decisions.
    fn decide(&mut self, facts: &impl Facts) {
        match facts.kind() {
            Kind::Hold => self.held = Some(true),
            Kind::Release => self.held = Some(false),
            Kind::ApprovalRequested => {
                if let Some(step) = facts.step() {
                    self.requests.ask(step, facts.expires_at());
                }
            }
            kind => {
                if let Some(verdict) = kind.verdict()
                    && let Some(Address::Step { run_id, step }) = Address::parse(&facts.text(Field::Answers))
                    && run_id == self.run_id
                {
                    self.requests.decide(step, verdict, facts.at());
                }
            }
        }
    }

    /// Adds what later rows say about the same run. All of them are behind these.
    pub(crate) fn join(&mut self, later: Run<'a>) {
        if later.rows > 0 {
            self.newest = later.newest;
            self.last_at = later.last_at;
            if self.rows == 0 {
                self.first_at = later.first_at;
            }
        }
        // A row that begins or ends a run always decides the state.
        let is_turned = later.stands.newest().is_some_and(|stood| stood.weight == Weight::Turn);
        self.since_turn = later.since_turn + if is_turned { 0 } else { self.since_turn };
        self.stands.join(later.stands);
        self.carried = later.carried.or_else(|| self.carried.take());
        self.rows += later.rows;
        self.steps = self.steps.max(later.steps);
        self.retries += later.retries;
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
        if !later.ended.is_empty() {
            self.ended = later.ended;
        }
        self.rating = later.rating.or_else(|| self.rating.take());
        self.wrote |= later.wrote;
        self.denied |= later.denied;
        self.held = later.held.or(self.held);
        self.last.join(later.last);
        self.calls.join(later.calls);
        self.requests.join(later.requests);
    }

    /// An owned copy.
    pub(crate) fn into_owned(self) -> Run<'static> {
        let own = |text: Text<'_>| Cow::Owned(text.into_owned());
        Run {
            run_id: own(self.run_id),
            stands: self.stands.map(Texts::into_owned),
            carried: self.carried.map(|carried| Box::new(carried.map(Texts::into_owned))),
            once: self.once.map(own),
            ended: own(self.ended),
            rating: self.rating.map(|(rating, why)| (own(rating), own(why))),
            last: self.last.into_owned(),
            calls: self.calls.into_owned(),
            ..self
        }
    }

    /// A field of [`STANDING`]; empty if no row decides the state.
    pub fn stands(&self, field: Field) -> &str {
        let at = STANDING.iter().position(|known| *known == field);
        debug_assert!(at.is_some(), "{} is not kept", field.name());
        self.standing().zip(at).map_or("", |(standing, at)| standing.get(at))
    }

    /// The texts of the row that decides the state: [`STANDING`], then why the run stopped.
    pub fn standing(&self) -> Option<&Texts<'a, STOOD>> {
        let carried = || self.carried.as_ref().and_then(|carried| carried.newest());
        self.stands.newest().or_else(carried).map(|stood| &stood.row)
    }

    /// Why it stopped, as the row that decides the state says.
    pub(crate) fn why_stopped(&self) -> &str {
        self.standing().map_or("", |standing| standing.get(STANDING.len()))
    }

    /// The final status before it went on; empty if it did not.
    pub(crate) fn ended_before(&self) -> &str {
        if self.stands(Field::FinalStatus).is_empty() { &self.ended } else { "" }
    }

    /// The number of rows since it ended that do not make it go on.
    pub fn rows_since_end(&self) -> u64 {
        if self.stands.ended() { self.since_turn } else { 0 }
    }

    /// The status, if it is a built-in one.
    pub fn known_status(&self) -> Option<Status> {
        Status::of(self.status())
    }

    /// The status.
    pub fn status(&self) -> &str {
        self.stands(Field::Status)
    }

    /// The action.
    pub fn action(&self) -> &str {
        self.stands(Field::Action)
    }

    /// What it waits for.
    pub fn blocked_on(&self) -> &str {
        self.stands(Field::BlockedOn)
    }

    /// The task.
    pub fn task(&self) -> &str {
        &self.once[TASK]
    }

    /// The agent.
    pub fn agent(&self) -> &str {
        &self.once[AGENT]
    }

    /// The id of the parent run.
    pub fn parent(&self) -> &str {
        &self.once[PARENT]
    }

    /// Whether it is neither done nor failed.
    pub fn is_open(&self) -> bool {
        !matches!(self.known_status(), Some(Status::Done | Status::Failed))
    }

    /// Whether a person holds it.
    pub fn is_held(&self) -> bool {
        self.held == Some(true)
    }

    /// Whether it is over, and its newest row is older than `recent`.
    pub fn is_old(&self, recent: Instant) -> bool {
        !self.is_open() && self.last_at.is_none_or(|last| last < recent)
    }

    /// The rank in lists: held runs first, then blocked, running, failed, without a status, done.
    pub(crate) fn rank(&self) -> u8 {
        match self.known_status() {
            _ if self.is_held() => 0,
            Some(Status::Blocked) => 1,
            Some(Status::InProgress) => 2,
            Some(Status::Failed) => FAILED,
            Some(Status::Done) => DONE,
            None => 4,
        }
    }

    /// Milliseconds since its newest row.
    pub fn age_ms(&self, now: Instant) -> Option<i64> {
        self.last_at.map(|last| now.ms_since(last))
    }
}

/// Stores what the row says about the state of its run.
fn stand(stands: &mut Standing<'_>, says: Says, facts: &impl Facts) {
    if let Some(texts) = stands.write(says) {
        texts
            .write(STANDING.iter().map(|field| facts.chars(*field)).chain(std::iter::once_with(|| why_stopped(facts))));
    }
}

/// The line about a run that all lists show (`docs/runs.md`, What now): what it waits for, what
/// went wrong, what it produced, or what it does next. Empty if its rows do not say.
pub fn what_now<'r>(run: &'r Run<'_>) -> &'r str {
    let last = &run.last;
    let does = last.action.as_deref().unwrap_or_default();
    let choice = match run.known_status() {
        _ if run.is_held() => [last.hold(), "", does],
        Some(Status::Blocked) => [run.blocked_on(), run.why_stopped(), does],
        Some(Status::Failed) => [run.why_stopped(), last.error(), does],
        Some(Status::Done) => [run.why_stopped(), last.artifact(), does],
        Some(Status::InProgress) | None => [last.next.as_deref().unwrap_or_default(), "", does],
    };
    choice.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}
