//! What the right side of a comparison means: a literal as it was written may
//! be read as several types at once, and is read once, before the first row.
//! The table is in `docs/query.md`, Comparison.

use std::collections::HashSet;

use crate::json::{Decimal, Kind, kind, string};
use crate::model::Instant;

use crate::query::time::Period;

/// A literal and every reading it has.
#[derive(Debug, Clone, Default)]
pub struct Value {
    /// Equals strings of these characters.
    pub string: Option<Box<[u8]>>,
    /// Equals numbers of this value.
    pub number: Option<Decimal>,
    /// Equals this boolean.
    pub boolean: Option<bool>,
    /// Equals null.
    pub null: bool,
    /// Compared as time with strings that read as RFC 3339.
    pub time: Option<Period>,
    /// The field is `timestamp`: strings that are no time are beyond compare.
    pub time_only: bool,
    /// The minutes in which that time begins and ends, where nothing but a time compares.
    pub minutes: Option<Minutes>,
    /// The type in which it has an order.
    pub order: Order,
}

/// Two minutes, as sixteen letters each, which order as the times do: what is far from them need not be read as a time.
#[derive(Debug, Clone, Copy)]
pub struct Minutes {
    start: u128,
    end: u128,
}

/// The type in which a literal has an order; times have one besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// None: null, true, false, arrays, objects.
    #[default]
    None,
    /// Numbers.
    Number,
    /// Strings, by code point.
    String,
}

impl Value {
    /// A bare word, or (`argument`) the text of `--arg`: the number, boolean or
    /// null it spells, and the string of its characters. Text of `--arg` is
    /// never null: a script that passes on the word means the word.
    pub fn word(text: &str, argument: bool) -> Value {
        let number = Decimal::parse(text.as_bytes());
        let boolean = match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        let null = text == "null" && !argument;
        let order = match () {
            () if number.is_some() => Order::Number,
            () if null || boolean.is_some() => Order::None,
            () => Order::String,
        };
        let string = (!null).then(|| text.as_bytes().into());
        Value { string, number, boolean, null, order, ..Value::default() }
    }

    /// A quoted literal: the string and nothing else.
    pub fn string(text: &[u8]) -> Value {
        Value { string: Some(text.into()), order: Order::String, ..Value::default() }
    }

    /// A scalar given as JSON: one type only. `None` for arrays and objects.
    pub fn json(raw: &[u8]) -> Option<Value> {
        Some(match kind(raw)? {
            Kind::Null => Value { null: true, ..Value::default() },
            Kind::Boolean => Value { boolean: Some(raw == b"true"), ..Value::default() },
            Kind::Number => Value { number: Some(Decimal::parse(raw)?), order: Order::Number, ..Value::default() },
            Kind::String => Value::string(&string::decode(raw)?),
            Kind::Array | Kind::Object => return None,
        })
    }

    /// A time and nothing else: what `timestamp` and `age` are compared with.
    pub fn time(period: Period) -> Value {
        Value { time: Some(period), time_only: true, minutes: Minutes::of(period), ..Value::default() }
    }
}

impl Minutes {
    fn of(period: Period) -> Option<Minutes> {
        let minute = |at: Instant| {
            at.utc_day()?;
            at.to_utc_ms().as_bytes().first_chunk().map(|letters| u128::from_be_bytes(*letters))
        };
        Some(Minutes { start: minute(period.start)?, end: minute(period.end)? })
    }

    /// Whether `raw` is surely no time at or after the start (with `from_end`, the end).
    #[inline]
    pub fn is_before(&self, raw: &[u8], from_end: bool) -> bool {
        minute(raw).is_some_and(|minute| minute < if from_end { self.end } else { self.start })
    }

    /// Whether `raw` is surely no time at or before the start (with `from_end`, the end).
    #[inline]
    pub fn is_after(&self, raw: &[u8], from_end: bool) -> bool {
        minute(raw).is_some_and(|minute| minute > if from_end { self.end } else { self.start })
    }
}

/// The minute of the string value `raw`, if it is written as the log writes times, or is no time at all: what stands
/// between the signs is not looked at. An escape that spells a digit does not fit there.
#[inline]
fn minute(raw: &[u8]) -> Option<u128> {
    const SIGNS: u128 = u128::from_be_bytes(*b"\0\0\0\0-\0\0-\0\0T\0\0:\0\0");
    const WHERE: u128 = u128::from_be_bytes(*b"\0\0\0\0\xFF\0\0\xFF\0\0\xFF\0\0\xFF\0\0");
    let (begin, seconds) = raw.split_first_chunk::<17>()?;
    let letters = u128::from_be_bytes(*begin.last_chunk()?);
    // The second :60 is in the next minute.
    let plain = begin[0] == b'"' && matches!(seconds, [b':', b'0'..=b'5', _, .., b'Z', b'"']);
    (plain && letters & WHERE == SIGNS).then_some(letters)
}

/// The instant that the string value `raw` reads as.
#[inline]
pub fn instant(raw: &[u8]) -> Option<Instant> {
    // Cheaper than decoding what cannot be one: 20 characters and two quotes at least.
    if raw.len() < 22 || raw[0] != b'"' {
        return None;
    }
    if let Some(at) = Instant::parse_plain(&raw[1..raw.len() - 1]) {
        return Some(at);
    }
    Instant::parse(std::str::from_utf8(&string::decode(raw)?).ok()?)
}

/// The values of `in (…)`, by type, so that a long list costs no more than a short one.
#[derive(Debug, Clone, Default)]
pub struct Set {
    /// Strings.
    pub strings: HashSet<Box<[u8]>>,
    /// Numbers.
    pub numbers: HashSet<Decimal>,
    /// Whether false and true are in it.
    pub booleans: [bool; 2],
    /// Whether null is in it.
    pub null: bool,
    /// Times.
    pub times: Vec<Period>,
    /// As in [`Value`].
    pub time_only: bool,
}

impl Set {
    /// Adds every reading of `value`.
    pub fn insert(&mut self, value: Value) {
        self.strings.extend(value.string);
        self.numbers.extend(value.number);
        if let Some(boolean) = value.boolean {
            self.booleans[usize::from(boolean)] = true;
        }
        self.null |= value.null;
        self.times.extend(value.time);
        self.time_only |= value.time_only;
    }
}
