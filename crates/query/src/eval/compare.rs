//! Compares a literal with one value of a row: the cells of the table in `docs/query.md`,
//! Comparison. What arrays and missing fields mean is decided in `predicate`.

use std::cmp::Ordering;

use memchr::memmem::Finder;

use logbook_json::{Decimal, Kind, kind, string};
use logbook_model::Instant;

use crate::amount::Amount;
use crate::eval::pattern::Pattern;
use crate::eval::value::{Minutes, Order, Set, Value, time_of};
use crate::time::Period;

/// The result of a comparison with one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// The value has another type than the comparison needs, or cannot be read as what it needs.
    Unreadable,
}

impl From<bool> for Comparison {
    fn from(holds: bool) -> Comparison {
        if holds { Comparison::Yes } else { Comparison::No }
    }
}

/// An operator with its literal.
#[derive(Debug, Clone)]
pub(crate) enum Matcher {
    /// `=`
    Equal(Value),
    /// `<`
    Less(Value),
    /// `<=`
    LessEqual(Value),
    /// `>`
    Greater(Value),
    /// `>=`
    GreaterEqual(Value),
    /// `in`
    OneOf(Box<Set>),
    /// `~`
    Regex(Box<Pattern>),
    /// `*=`
    Contains(Box<Finder<'static>>),
    /// `^=`
    BeginsWith(Box<[u8]>),
}

impl Matcher {
    /// Compares `raw`, a value that is not an array.
    pub(crate) fn evaluate(&self, raw: &[u8]) -> Comparison {
        let ordered = |value: &Value, holds: fn(Ordering) -> bool, edge: Edge| compare(value, raw, holds, edge);
        match self {
            Matcher::Equal(value) => equal(value, raw),
            Matcher::Less(value) => ordered(value, Ordering::is_lt, Edge { after: false, from_end: false }),
            Matcher::LessEqual(value) => ordered(value, Ordering::is_le, Edge { after: false, from_end: true }),
            Matcher::Greater(value) => ordered(value, Ordering::is_gt, Edge { after: true, from_end: true }),
            Matcher::GreaterEqual(value) => ordered(value, Ordering::is_ge, Edge { after: true, from_end: false }),
            Matcher::OneOf(set) => one_of(set, raw),
            Matcher::Regex(pattern) => text(raw, |text| pattern.is_match(text)).into(),
            Matcher::Contains(finder) => text(raw, |text| finder.find(text).is_some()).into(),
            Matcher::BeginsWith(start) => text(raw, |text| text.starts_with(start)).into(),
        }
    }

    /// Whether there are values that it cannot read.
    pub(crate) fn may_doubt(&self) -> bool {
        match self {
            Matcher::Equal(value) => value.time_only || value.amount.is_some(),
            Matcher::Less(_) | Matcher::LessEqual(_) | Matcher::Greater(_) | Matcher::GreaterEqual(_) => true,
            Matcher::OneOf(set) => set.time_only || !set.amounts.is_empty(),
            Matcher::Regex(_) | Matcher::Contains(_) | Matcher::BeginsWith(_) => false,
        }
    }
}

fn equal(value: &Value, raw: &[u8]) -> Comparison {
    let kind = kind(raw);
    match kind {
        Some(Kind::String) => {
            if value.minutes.is_some_and(|minutes| minutes.is_before(raw, false) || minutes.is_after(raw, true)) {
                return Comparison::No;
            }
            if let Some(period) = &value.time {
                match time_of(raw, &value.zone) {
                    Some(at) => return inside(period, at).into(),
                    None if value.time_only => return Comparison::Unreadable,
                    None => {}
                }
            }
            if value.string.as_ref().is_some_and(|expected| string_is(raw, expected)) {
                return Comparison::Yes;
            }
            let same = |expected: &Amount| amount(value, raw, kind).is_some_and(|amount| amount == *expected);
            value.amount.as_ref().is_some_and(same).into()
        }
        Some(Kind::Number) => {
            if let Some(expected) = &value.amount {
                return amount(value, raw, kind).map_or(Comparison::Unreadable, |amount| (amount == *expected).into());
            }
            if let Some(period) = &value.time {
                return match time_of(raw, &value.zone) {
                    Some(at) => inside(period, at).into(),
                    None if value.time_only => Comparison::Unreadable,
                    None => Comparison::No,
                };
            }
            value.number.as_ref().is_some_and(|expected| Decimal::parse(raw).as_ref() == Some(expected)).into()
        }
        Some(Kind::Boolean) if value.time_only => Comparison::Unreadable,
        Some(Kind::Boolean) => value.boolean.is_some_and(|expected| raw == boolean_text(expected)).into(),
        Some(Kind::Null) => (value.null && raw == b"null").into(),
        _ if value.time_only => Comparison::Unreadable,
        _ => Comparison::No,
    }
}

/// The duration or size of a value: one with a unit, or a number in the unit that its field
/// implies.
fn amount(value: &Value, raw: &[u8], kind: Option<Kind>) -> Option<Amount> {
    let wanted = value.amount.as_ref()?.dimension;
    let unit = value.unit.filter(|unit| unit.dimension == wanted);
    if kind == Some(Kind::Number) {
        return Some(unit?.amount(&Decimal::parse(raw)?));
    }
    let characters = string::decode(raw)?;
    match Amount::parse(&characters) {
        Some(amount) => Some(amount).filter(|amount| amount.dimension == wanted),
        None => Some(unit?.amount(&Decimal::parse(&characters)?)),
    }
}

fn one_of(set: &Set, raw: &[u8]) -> Comparison {
    let is_time = || {
        let times = !set.times.is_empty() || set.time_only;
        match times.then(|| time_of(raw, &set.zone)) {
            Some(Some(at)) if set.times.iter().any(|period| inside(period, at)) => Some(Comparison::Yes),
            Some(None) if set.time_only => Some(Comparison::Unreadable),
            _ => None,
        }
    };
    match kind(raw) {
        Some(Kind::String) => {
            if let Some(judged) = is_time() {
                return judged;
            }
            let Some(characters) = string::decode(raw) else { return Comparison::No };
            let in_unit = || Some(set.unit?.amount(&Decimal::parse(&characters)?));
            let amount = || Amount::parse(&characters).or_else(in_unit);
            let is_amount = || amount().is_some_and(|amount| set.amounts.contains(&amount));
            (set.strings.contains(&*characters) || (!set.amounts.is_empty() && is_amount())).into()
        }
        Some(Kind::Number) => {
            if let Some(judged) = is_time() {
                return judged;
            }
            let Some(number) = Decimal::parse(raw) else { return Comparison::No };
            if set.numbers.contains(&number) {
                return Comparison::Yes;
            }
            match (set.unit, set.amounts.is_empty()) {
                (_, true) => Comparison::No,
                (Some(unit), _) if set.amounts.contains(&unit.amount(&number)) => Comparison::Yes,
                // As with `=`: a number of milliseconds cannot be compared with a size that is in
                // the list.
                (Some(unit), _) if set.amounts.iter().all(|amount| amount.dimension == unit.dimension) => {
                    Comparison::No
                }
                _ => Comparison::Unreadable,
            }
        }
        Some(Kind::Boolean) if !set.time_only => {
            ((set.booleans[1] && raw == b"true") || (set.booleans[0] && raw == b"false")).into()
        }
        Some(Kind::Null) => (set.null && raw == b"null").into(),
        _ if set.time_only => Comparison::Unreadable,
        _ => Comparison::No,
    }
}

/// Which end of a period an order compares with.
#[derive(Clone, Copy)]
struct Edge {
    /// True for `>` and `>=`.
    after: bool,
    /// True for `<=`, which includes the period, and for `>`, which begins after it.
    from_end: bool,
}

fn compare(value: &Value, raw: &[u8], holds: fn(Ordering) -> bool, edge: Edge) -> Comparison {
    let kind = kind(raw);
    if kind == Some(Kind::Null) {
        return Comparison::No;
    }
    let or_unreadable = |order: Option<Ordering>| order.map_or(Comparison::Unreadable, |order| holds(order).into());
    match value.order {
        Order::Time => {
            let far = |minutes: Minutes| match edge.after {
                true => minutes.is_before(raw, edge.from_end),
                false => minutes.is_after(raw, edge.from_end),
            };
            if value.minutes.is_some_and(far) {
                return Comparison::No;
            }
            match (&value.time, time_of(raw, &value.zone)) {
                (Some(period), Some(at)) if period.is_point() => holds(at.cmp(&period.start)).into(),
                (Some(period), Some(at)) => {
                    let border = if edge.from_end { period.end } else { period.start };
                    ((at >= border) == edge.after).into()
                }
                _ => Comparison::Unreadable,
            }
        }
        Order::Number => or_unreadable(number(raw, kind).zip(value.number.as_ref()).map(|(a, b)| a.cmp(b))),
        Order::Amount => {
            let amount = amount(value, raw, kind).zip(value.amount.as_ref());
            or_unreadable(amount.map(|(amount, expected)| amount.value.cmp(&expected.value)))
        }
        Order::String if kind == Some(Kind::String) => {
            let characters = string::decode(raw).zip(value.string.as_ref());
            or_unreadable(characters.map(|(characters, expected)| (*characters).cmp(expected)))
        }
        Order::String => Comparison::Unreadable,
        Order::None => Comparison::No,
    }
}

/// The number of a value, which may be in quotes.
fn number(raw: &[u8], kind: Option<Kind>) -> Option<Decimal> {
    match kind {
        Some(Kind::Number) => Decimal::parse(raw),
        Some(Kind::String) => Decimal::parse(&string::decode(raw)?),
        _ => None,
    }
}

#[inline]
fn string_is(raw: &[u8], expected: &[u8]) -> bool {
    // Escapes only make text longer.
    if raw.len() < expected.len() + 2 {
        return false;
    }
    if raw.len() == expected.len() + 2 {
        let inner = &raw[1..raw.len() - 1];
        if inner == expected {
            return memchr::memchr(b'\\', inner).is_none();
        }
        // Text of the same length that differs can only be equal by an invalid escape.
        return false;
    }
    memchr::memchr(b'\\', raw).is_some() && string::decode(raw).is_some_and(|characters| *characters == *expected)
}

fn inside(period: &Period, at: Instant) -> bool {
    if period.is_point() { at == period.start } else { at >= period.start && at < period.end }
}

/// Applies `judge` to the text of a scalar: the characters of a string, a number or boolean as
/// written.
fn text(raw: &[u8], judge: impl FnOnce(&[u8]) -> bool) -> bool {
    match kind(raw) {
        Some(Kind::String) => string::decode(raw).is_some_and(|characters| judge(&characters)),
        Some(Kind::Number | Kind::Boolean) => judge(raw),
        _ => false,
    }
}

fn boolean_text(boolean: bool) -> &'static [u8] {
    if boolean { b"true" } else { b"false" }
}
