//! What every row that passes must have, for callers that know something about many rows at once
//! but not about each: a time within bounds, or one of a few words in a field.
//!
//! A requirement is never stricter than the filter. A condition that cannot be expressed is
//! [`Requirement::Nothing`].

use std::ops::Bound;

use crate::eval::compare::Matcher;
use crate::eval::predicate::{Predicate, Test};
use crate::eval::value::{Set, Value};
use crate::time::Period;
use logbook_model::Instant;

/// What a row must have to pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// Nothing that can be decided for many rows at once.
    Nothing,
    /// A `timestamp` (or an element of it, if it is an array) within these bounds, or one that is
    /// not RFC 3339 with an offset: such a value depends on the zone, or cannot be read, which is
    /// reported.
    Time(Bound<Instant>, Bound<Instant>),
    /// In this field one of these strings (or an array that contains it), or else a number or a
    /// boolean.
    Words(Field, Vec<Box<[u8]>>),
    /// All of these.
    All(Vec<Requirement>),
    /// At least one of these.
    Any(Vec<Requirement>),
}

/// The fields whose words can be required.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `run_id`
    Run,
    /// `status`
    Status,
    /// `phase`
    Phase,
    /// `kind`
    Kind,
}

impl Field {
    const ALL: [Field; 4] = [Field::Run, Field::Status, Field::Phase, Field::Kind];

    /// Its name in a row.
    pub fn name(self) -> &'static str {
        match self {
            Field::Run => "run_id",
            Field::Status => "status",
            Field::Phase => "phase",
            Field::Kind => "kind",
        }
    }

    fn called(name: &str) -> Option<Field> {
        Field::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// What is known about many rows at once. In doubt the answer is yes.
pub trait MayHold {
    /// Whether a row may have a time within these bounds.
    fn may_hold_time(&self, from: Bound<Instant>, to: Bound<Instant>) -> bool;
    /// Whether a row may have one of `words`, a number or a boolean in `field`.
    fn may_hold_word(&self, field: Field, words: &[Box<[u8]>]) -> bool;
}

impl Requirement {
    /// What the filter requires of a row whose fields are `names`, by slot; with `only`, just of
    /// that field.
    pub(crate) fn of(predicate: &Predicate, names: &[String], only: Option<Field>) -> Requirement {
        match predicate {
            // A jq program may fail on a row, which is reported: only what is evaluated before any
            // program counts.
            Predicate::And(parts) => {
                let parts = parts.iter().filter(|part| !part.uses_jq());
                Requirement::all(parts.map(|part| Requirement::of(part, names, only)))
            }
            Predicate::Or(parts) => Requirement::any(parts.iter().map(|part| Requirement::of(part, names, only))),
            Predicate::Field(path, test) if path.rest.is_empty() && !test.negated => match names.get(path.slot) {
                Some(name) if name == "timestamp" && only.is_none() => of_time(test),
                Some(name) => match Field::called(name).filter(|field| only.is_none_or(|only| only == *field)) {
                    Some(field) => of_words(field, test),
                    None => Requirement::Nothing,
                },
                None => Requirement::Nothing,
            },
            _ => Requirement::Nothing,
        }
    }

    /// The same with `latest_by` the field `name`, which comes before the filter. Rows that do not
    /// pass may supersede those that do, unless they have another word in that field.
    pub(crate) fn of_latest(predicate: &Predicate, names: &[String], name: &str) -> Requirement {
        match Field::called(name) {
            Some(field) => Requirement::of(predicate, names, Some(field)),
            None => Requirement::Nothing,
        }
    }

    fn all(parts: impl Iterator<Item = Requirement>) -> Requirement {
        let mut parts: Vec<Requirement> = parts.filter(|part| *part != Requirement::Nothing).collect();
        match parts.len() {
            0 => Requirement::Nothing,
            1 => parts.remove(0),
            _ => Requirement::All(parts),
        }
    }

    fn any(parts: impl Iterator<Item = Requirement>) -> Requirement {
        let parts: Vec<Requirement> = parts.collect();
        if parts.contains(&Requirement::Nothing) { Requirement::Nothing } else { Requirement::Any(parts) }
    }

    /// The part that none of the rows that `known` describes can meet; `None` if one of them may
    /// pass.
    pub fn unmet<'r>(&'r self, known: &impl MayHold) -> Option<&'r Requirement> {
        match self {
            Requirement::Nothing => None,
            Requirement::Time(from, to) => (!known.may_hold_time(*from, *to)).then_some(self),
            Requirement::Words(field, words) => (!known.may_hold_word(*field, words)).then_some(self),
            // Recursion is bounded by the parser's limit on nesting.
            Requirement::All(parts) => parts.iter().find_map(|part| part.unmet(known)),
            Requirement::Any(parts) => parts.iter().all(|part| part.unmet(known).is_some()).then_some(self),
        }
    }
}

fn of_time(test: &Test) -> Requirement {
    let of = |value: &Value, bounds: fn(&Period) -> (Bound<Instant>, Bound<Instant>)| match &value.time {
        Some(period) if value.time_only => {
            let (from, to) = bounds(period);
            Requirement::Time(from, to)
        }
        _ => Requirement::Nothing,
    };
    match &test.matcher {
        Matcher::Equal(value) => of(value, within),
        Matcher::Less(value) => of(value, |period| (Bound::Unbounded, Bound::Excluded(period.start))),
        Matcher::LessEqual(value) => of(value, |period| (Bound::Unbounded, within(period).1)),
        Matcher::Greater(value) => of(value, |period| {
            let from = if period.is_point() { Bound::Excluded(period.start) } else { Bound::Included(period.end) };
            (from, Bound::Unbounded)
        }),
        Matcher::GreaterEqual(value) => of(value, |period| (Bound::Included(period.start), Bound::Unbounded)),
        Matcher::OneOf(set) if set.time_only && is_of_times(set) => Requirement::any(set.times.iter().map(|period| {
            let (from, to) = within(period);
            Requirement::Time(from, to)
        })),
        _ => Requirement::Nothing,
    }
}

fn within(period: &Period) -> (Bound<Instant>, Bound<Instant>) {
    let end = if period.is_point() { Bound::Included(period.end) } else { Bound::Excluded(period.end) };
    (Bound::Included(period.start), end)
}

fn of_words(field: Field, test: &Test) -> Requirement {
    match &test.matcher {
        // A word that can be read as a time equals other spellings of that time.
        Matcher::Equal(Value { string, time: None, amount: None, null: false, .. }) => {
            Requirement::Words(field, string.iter().cloned().collect())
        }
        Matcher::OneOf(set) if !set.null && set.times.is_empty() && set.amounts.is_empty() && !set.time_only => {
            let mut words: Vec<Box<[u8]>> = set.strings.iter().cloned().collect();
            words.sort_unstable();
            Requirement::Words(field, words)
        }
        _ => Requirement::Nothing,
    }
}

fn is_of_times(set: &Set) -> bool {
    !set.null
        && set.strings.is_empty()
        && set.numbers.is_empty()
        && set.amounts.is_empty()
        && set.booleans == [false; 2]
}
