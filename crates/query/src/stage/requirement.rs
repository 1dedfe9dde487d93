//! What every row that passes must have, for whoever knows something of many rows at once and not
//! of each: a time within bounds, one of a few words in a field. A value that is understood without
//! the language.
//!
//! It never asks for more than the filter does: where a condition cannot be told in these terms, it
//! is [`Requirement::Nothing`]. It may ask for less.

use std::ops::Bound;

use crate::eval::compare::Matcher;
use crate::eval::predicate::{Predicate, Test};
use crate::eval::value::{Set, Value};
use crate::time::Period;
use logbook_model::Instant;

/// What a row must have to pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// Nothing that could be told of many rows at once.
    Nothing,
    /// A `timestamp` (or an element of it, where it is an array) within these bounds, or one that
    /// is not RFC 3339 with an offset: what it says depends on the zone, or cannot be read, which
    /// is reported.
    Time(Bound<Instant>, Bound<Instant>),
    /// In this field a string (or an array that holds it) of one of these characters, or else a
    /// number or a boolean.
    Words(Field, Vec<Box<[u8]>>),
    /// All of these.
    All(Vec<Requirement>),
    /// One of these.
    Any(Vec<Requirement>),
}

/// The fields whose words are asked for.
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

/// What is known of many rows at once. In doubt the answer is yes.
pub trait Known {
    /// Whether some row may have a time within these bounds.
    fn may_hold_time(&self, from: Bound<Instant>, to: Bound<Instant>) -> bool;
    /// Whether some row may have one of `words`, a number or a boolean in `field`.
    fn may_hold_word(&self, field: Field, words: &[Box<[u8]>]) -> bool;
}

impl Requirement {
    /// What the filter asks of a row whose fields are called `names`, by slot. With `only`, as far
    /// as it is about that field.
    pub(crate) fn of(predicate: &Predicate, names: &[String], only: Option<Field>) -> Requirement {
        match predicate {
            // A jq program may fail on a row, which is told: only what is asked before any program
            // counts.
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

    /// The same for `latest_by` the field called `name`, which comes before the filter: rows that
    /// do not pass may stand before those that do, unless they have other words in that field.
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

    /// What none of the rows that `known` is about can have; `None`: one of them may pass.
    pub fn unmet<'r>(&'r self, known: &impl Known) -> Option<&'r Requirement> {
        match self {
            Requirement::Nothing => None,
            Requirement::Time(from, to) => (!known.may_hold_time(*from, *to)).then_some(self),
            Requirement::Words(field, words) => (!known.may_hold_word(*field, words)).then_some(self),
            // As deep as the query, which the parser bounds.
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
        // A word that reads as a time equals other spellings of that time.
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

/// Whether nothing but times is in it.
fn is_of_times(set: &Set) -> bool {
    !set.null
        && set.strings.is_empty()
        && set.numbers.is_empty()
        && set.amounts.is_empty()
        && set.booleans == [false; 2]
}
