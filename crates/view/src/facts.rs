//! The only reading of a row: its fields by name, and what follows from them. Every fold asks here
//! what a row means (`docs/format.md`, What rows mean).
//!
//! Not here: what several rows mean together (`calls`, `approvals`, `holds`).

use std::borrow::Cow;

use logbook_format::corrections::step_of;
use logbook_json::{self as json, Decimal, Leaves, Sum};
use logbook_model::{Address, ApprovalState, Field, FinalStatus, Instant, Kind, Says, SideEffect, Status};

/// The fields that a fold reads, known at compile time: the scanner picks only these.
#[derive(Debug, Clone, Copy)]
pub struct FieldSet {
    /// The names of the fields in the order in which they are picked; the first `count` are valid.
    names: [&'static str; Field::COUNT],
    count: usize,
    slots: [u8; Field::COUNT],
}

const ABSENT: u8 = u8::MAX;

impl FieldSet {
    /// The set of these fields.
    pub const fn of(fields: &[Field]) -> FieldSet {
        let none = FieldSet { names: [""; Field::COUNT], count: 0, slots: [ABSENT; Field::COUNT] };
        none.and(fields)
    }

    /// The set with these fields added.
    pub(crate) const fn and(mut self, fields: &[Field]) -> FieldSet {
        let mut at = 0;
        while at < fields.len() {
            self = self.with(fields[at] as usize, fields[at].name());
            at += 1;
        }
        self
    }

    /// The set with the fields of `other` added.
    pub const fn join(mut self, other: &FieldSet) -> FieldSet {
        let mut field = 0;
        while field < Field::COUNT {
            if other.slots[field] != ABSENT {
                self = self.with(field, other.names[other.slots[field] as usize]);
            }
            field += 1;
        }
        self
    }

    const fn with(mut self, field: usize, name: &'static str) -> FieldSet {
        if self.slots[field] == ABSENT {
            self.slots[field] = self.count as u8;
            self.names[self.count] = name;
            self.count += 1;
        }
        self
    }

    /// The names of the fields, in the order in which they are picked.
    pub fn names(&self) -> &[&'static str] {
        &self.names[..self.count]
    }

    /// The number of fields.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// [`FieldSet::names`] as owned strings.
    pub fn to_names(&self) -> Vec<String> {
        self.names().iter().map(|name| (*name).to_owned()).collect()
    }

    /// The index of `field` among the picked values.
    #[inline]
    pub(crate) fn slot(&self, field: Field) -> Option<usize> {
        let slot = self.slots[field as usize];
        debug_assert!(slot != ABSENT, "{} is not read", field.name());
        (slot != ABSENT).then_some(usize::from(slot))
    }
}

/// What a row says, by field.
pub trait Facts {
    /// The raw value of a field; `None` if the row does not have it, or it is null.
    fn raw(&self, field: Field) -> Option<&[u8]>;

    /// The decoded string in a field; `None` if the value is not a string.
    fn chars(&self, field: Field) -> Option<Cow<'_, [u8]>> {
        self.raw(field).and_then(json::decode)
    }

    /// The decoded string in a field; empty if the value is not a string.
    fn text(&self, field: Field) -> String {
        self.chars(field).map_or_else(String::new, |text| json::lossy(&text).into_owned())
    }

    /// Whether the field is a string that is not empty.
    fn says(&self, field: Field) -> bool {
        self.chars(field).is_some_and(|text| !text.is_empty())
    }

    /// The kind of the row.
    fn kind(&self) -> Kind {
        Kind::of(self.raw(Field::Kind))
    }

    /// The status, if it is a built-in one.
    fn status(&self) -> Option<Status> {
        Status::of_value(self.raw(Field::Status))
    }

    /// What the row says about the state of its run; `None` if it says nothing.
    fn stands(&self) -> Option<Says> {
        let final_status = || FinalStatus::of_value(self.raw(Field::FinalStatus));
        self.kind().says(self.raw(Field::Status), final_status)
    }

    /// The step.
    fn step(&self) -> Option<u64> {
        step_of(self.raw(Field::Step))
    }

    /// The timestamp.
    fn at(&self) -> Option<Instant> {
        instant(self.chars(Field::Timestamp)?)
    }

    /// When the request expires.
    fn expires_at(&self) -> Option<Instant> {
        instant(self.chars(Field::ExpiresAt)?)
    }

    /// The name: `RUN#STEP`, or the place of a row without a step.
    fn name(&self, place: &Address) -> String {
        match self.step() {
            Some(step) => format!("{}#{step}", self.text(Field::RunId)),
            None => place.to_string(),
        }
    }

    /// Adds the number in a field to `sum`, as `sum(FIELD)` does in a query: the elements of an
    /// array too.
    fn add_to(&self, sum: &mut Sum, field: Field) {
        let mut add = |raw: &[u8]| {
            if let Some(number) = Decimal::parse(raw) {
                sum.add(&number);
            }
        };
        match self.raw(field) {
            Some(raw) if raw.starts_with(b"[") => Leaves::new(raw).for_each(add),
            Some(raw) => add(raw),
            None => {}
        }
    }

    /// Whether it does something again: it names what, or it is not the first attempt.
    fn is_retry(&self) -> bool {
        let is_first = |attempt: &[u8]| matches!(attempt, b"1" | b"\"1\"" | b"\"\"");
        self.says(Field::RetryOf)
            || self.says(Field::FallbackOf)
            || self.raw(Field::Attempt).is_some_and(|attempt| !is_first(attempt))
    }

    /// Whether it says that a call was refused, by a person, a rule or a contract, or because its
    /// run is held. The row that reports the outcome of a decision is not a second denial.
    fn denies(&self) -> bool {
        let kind = self.kind();
        let is_denied = || {
            self.raw(Field::Answers).is_none()
                && ApprovalState::of_value(self.raw(Field::ApprovalState)) == Some(ApprovalState::Denied)
        };
        match kind {
            Kind::ApprovalDenied => true,
            Kind::PolicyDecision => self.member("then", Field::Policy).as_deref() == Some(b"deny") || is_denied(),
            _ => kind.makes_calls() && is_denied(),
        }
    }

    /// Whether it is about a call that was made or begun, not one that was only requested, judged
    /// or refused.
    fn is_of_made_call(&self) -> bool {
        use ApprovalState::{Denied, Expired, Requested};
        let state = ApprovalState::of_value(self.raw(Field::ApprovalState));
        self.kind().makes_calls() && !matches!(state, Some(Requested | Denied | Expired))
    }

    /// The string in the member `name` of the object in the field `of`.
    fn member(&self, name: &str, of: Field) -> Option<Cow<'_, [u8]>> {
        let object = self.raw(of).filter(|raw| raw.starts_with(b"{"))?;
        let mut picked = Vec::new();
        json::pick(object, &[name], &mut picked).ok()?;
        picked[0].and_then(json::decode)
    }

    /// The call that it is about, if any.
    fn call(&self) -> Option<CallFacts<'_>> {
        let object = self.raw(Field::ToolCall).filter(|raw| raw.starts_with(b"{"))?;
        let mut picked = Vec::new();
        json::pick(object, &["id", "side_effect"], &mut picked).ok()?;
        Some(CallFacts { id: picked[0].and_then(json::decode), side_effect: SideEffect::of_value(picked[1]) })
    }

    /// Whether it is about a call that was made and that changes data.
    fn wrote(&self) -> bool {
        self.is_of_made_call() && self.call().is_some_and(|call| call.writes())
    }
}

/// A call, as one row describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFacts<'r> {
    /// The id; `None` if it has none. An empty id is an id.
    pub id: Option<Cow<'r, [u8]>>,
    /// The side effect.
    pub side_effect: Option<SideEffect>,
}

impl CallFacts<'_> {
    /// Whether the call changes data, if it is made.
    pub fn writes(&self) -> bool {
        self.side_effect.is_some_and(SideEffect::writes)
    }
}

fn instant(text: Cow<'_, [u8]>) -> Option<Instant> {
    Instant::parse(std::str::from_utf8(&text).ok()?)
}

/// A row of which the fields of a set were picked.
#[derive(Debug, Clone, Copy)]
pub struct Picked<'r> {
    set: &'r FieldSet,
    values: &'r [Option<&'r [u8]>],
    /// Kind and status are needed by every rule, and are parsed once. They are wrong if the set
    /// lacks them, which a debug assertion catches.
    kind: Kind,
    status: Option<Status>,
}

impl<'r> Picked<'r> {
    /// A row with these `values` of the fields of `set`, in their order.
    #[inline]
    pub fn new(set: &'r FieldSet, values: &'r [Option<&'r [u8]>]) -> Picked<'r> {
        debug_assert!(values.len() >= set.count, "{} of {} fields", values.len(), set.count);
        let value = |field: Field| values.get(usize::from(set.slots[field as usize])).copied().flatten();
        Picked { set, values, kind: Kind::of(value(Field::Kind)), status: Status::of_value(value(Field::Status)) }
    }
}

impl Facts for Picked<'_> {
    #[inline]
    fn raw(&self, field: Field) -> Option<&[u8]> {
        self.values.get(self.set.slot(field)?).copied().flatten().filter(|raw| *raw != b"null")
    }

    #[inline]
    fn kind(&self) -> Kind {
        debug_assert!(self.set.slot(Field::Kind).is_some());
        self.kind
    }

    #[inline]
    fn status(&self) -> Option<Status> {
        debug_assert!(self.set.slot(Field::Status).is_some());
        self.status
    }
}
