//! One comparison with one value of a row: the cells of the table in
//! `docs/query.md`, Comparison. What arrays and missing fields mean is
//! `predicate`'s work.

use std::cmp::Ordering;

use memchr::memmem::Finder;

use crate::json::{Decimal, Kind, kind, string};
use crate::model::Instant;

use crate::query::eval::pattern::Pattern;
use crate::query::eval::value::{Minutes, Order, Set, Value, instant};
use crate::query::time::Period;

/// How a value is judged.
#[derive(Debug, Clone)]
pub enum Matcher {
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
    /// Whether `raw`, a value that is no array, is a match.
    pub fn matches(&self, raw: &[u8]) -> bool {
        let ordered = |value: &Value, holds: fn(Ordering) -> bool, edge: Edge| compare(value, raw, holds, edge);
        match self {
            Matcher::Equal(value) => equal(value, raw),
            Matcher::Less(value) => ordered(value, Ordering::is_lt, Edge { after: false, from_end: false }),
            Matcher::LessEqual(value) => ordered(value, Ordering::is_le, Edge { after: false, from_end: true }),
            Matcher::Greater(value) => ordered(value, Ordering::is_gt, Edge { after: true, from_end: true }),
            Matcher::GreaterEqual(value) => ordered(value, Ordering::is_ge, Edge { after: true, from_end: false }),
            Matcher::OneOf(set) => one_of(set, raw),
            Matcher::Regex(pattern) => text(raw, |text| pattern.is_match(text)),
            Matcher::Contains(finder) => text(raw, |text| finder.find(text).is_some()),
            Matcher::BeginsWith(start) => text(raw, |text| text.starts_with(start)),
        }
    }
}

fn equal(value: &Value, raw: &[u8]) -> bool {
    match kind(raw) {
        Some(Kind::String) => {
            if value.minutes.is_some_and(|minutes| minutes.is_before(raw, false) || minutes.is_after(raw, true)) {
                return false;
            }
            if let Some(period) = &value.time {
                match instant(raw) {
                    Some(at) => return inside(period, at),
                    None if value.time_only => return false,
                    None => {}
                }
            }
            value.string.as_ref().is_some_and(|expected| string_is(raw, expected))
        }
        Some(Kind::Number) => {
            value.number.as_ref().is_some_and(|expected| Decimal::parse(raw).as_ref() == Some(expected))
        }
        Some(Kind::Boolean) => value.boolean.is_some_and(|expected| raw == boolean_text(expected)),
        Some(Kind::Null) => value.null && raw == b"null",
        _ => false,
    }
}

fn one_of(set: &Set, raw: &[u8]) -> bool {
    match kind(raw) {
        Some(Kind::String) => {
            if !set.times.is_empty() || set.time_only {
                match instant(raw) {
                    Some(at) if set.times.iter().any(|period| inside(period, at)) => return true,
                    None if set.time_only => return false,
                    _ => {}
                }
            }
            string::decode(raw).is_some_and(|characters| set.strings.contains(&*characters))
        }
        Some(Kind::Number) => {
            !set.numbers.is_empty() && Decimal::parse(raw).is_some_and(|number| set.numbers.contains(&number))
        }
        Some(Kind::Boolean) => (set.booleans[1] && raw == b"true") || (set.booleans[0] && raw == b"false"),
        Some(Kind::Null) => set.null && raw == b"null",
        _ => false,
    }
}

/// Which edge of a period an order asks for.
#[derive(Clone, Copy)]
struct Edge {
    /// `>` and `>=`.
    after: bool,
    /// `<=` reaches to the end and `>` begins there.
    from_end: bool,
}

fn compare(value: &Value, raw: &[u8], holds: fn(Ordering) -> bool, edge: Edge) -> bool {
    match kind(raw) {
        Some(Kind::String) => {
            let far = |minutes: Minutes| match edge.after {
                true => minutes.is_before(raw, edge.from_end),
                false => minutes.is_after(raw, edge.from_end),
            };
            if value.minutes.is_some_and(far) {
                return false;
            }
            if let Some(period) = &value.time {
                match instant(raw) {
                    Some(at) if period.is_point() => return holds(at.cmp(&period.start)),
                    Some(at) => {
                        let border = if edge.from_end { period.end } else { period.start };
                        return (at >= border) == edge.after;
                    }
                    None if value.time_only => return false,
                    None => {}
                }
            }
            if value.order != Order::String {
                return false;
            }
            let (Some(expected), Some(characters)) = (&value.string, string::decode(raw)) else { return false };
            holds((*characters).cmp(expected))
        }
        Some(Kind::Number) if value.order == Order::Number => {
            let (Some(expected), Some(number)) = (&value.number, Decimal::parse(raw)) else { return false };
            holds(number.cmp(expected))
        }
        _ => false,
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
        // Only a broken escape can say as much in as few bytes.
        return false;
    }
    memchr::memchr(b'\\', raw).is_some() && string::decode(raw).is_some_and(|characters| *characters == *expected)
}

fn inside(period: &Period, at: Instant) -> bool {
    if period.is_point() { at == period.start } else { at >= period.start && at < period.end }
}

/// The text of a scalar: a string's characters, a number or boolean as written.
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
