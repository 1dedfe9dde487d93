//! The right side of a comparison. A literal may be read as several types at once, and is read
//! once, before the first row. The table is in `docs/query.md`, Comparison.

use std::collections::HashSet;

use logbook_json::{Decimal, Kind, kind, string};
use logbook_model::{Instant, Zone};

use crate::amount::{Amount, Unit};
use crate::time::{self, Period};

/// A literal with every reading it has.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    /// Equals strings of these characters.
    pub string: Option<Box<[u8]>>,
    /// Equals numbers of this value.
    pub number: Option<Decimal>,
    /// Equals this boolean.
    pub boolean: Option<bool>,
    /// Equals null.
    pub null: bool,
    /// Compared as time with values that can be read as one.
    pub time: Option<Period>,
    /// For `timestamp`: a value that cannot be read as a time cannot be compared.
    pub time_only: bool,
    /// The zone of times without an offset.
    pub zone: Zone,
    /// Compared by amount with values that have a unit, or whose field implies one.
    pub amount: Option<Amount>,
    /// The unit that the name of the field implies.
    pub unit: Option<Unit>,
    /// The minutes in which that time begins and ends, if only times compare.
    pub minutes: Option<Minutes>,
    /// The type by which `<` and `>` compare.
    pub order: Order,
}

impl Default for Value {
    fn default() -> Self {
        Value {
            string: None,
            number: None,
            boolean: None,
            null: false,
            time: None,
            time_only: false,
            zone: Zone::UTC,
            amount: None,
            unit: None,
            minutes: None,
            order: Order::None,
        }
    }
}

/// A cache of two timestamps as 16 characters each, down to the minute, which order as the times
/// do. A value in another minute is compared without parsing it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Minutes {
    start: u128,
    end: u128,
}

/// How `<` and `>` compare a literal. Values that cannot be read as this are skipped, and reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Order {
    /// Null, true and false have no order.
    #[default]
    None,
    /// Numbers, also those in quotes.
    Number,
    /// Strings, by code point.
    String,
    /// Times.
    Time,
    /// Durations or sizes.
    Amount,
}

impl Value {
    /// A bare word, or (`argument`) the text of `--arg`: the number, boolean or null that it
    /// spells, and the string of its characters. The text of `--arg` is never null: a script that
    /// passes the word means the word.
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

    /// A quoted literal: only a string.
    pub(crate) fn string(text: &[u8]) -> Value {
        Value { string: Some(text.into()), order: Order::String, ..Value::default() }
    }

    /// A scalar given as JSON: of one type only. `None` for arrays and objects.
    pub fn json(raw: &[u8]) -> Option<Value> {
        Some(match kind(raw)? {
            Kind::Null => Value { null: true, ..Value::default() },
            Kind::Boolean => Value { boolean: Some(raw == b"true"), ..Value::default() },
            Kind::Number => Value { number: Some(Decimal::parse(raw)?), order: Order::Number, ..Value::default() },
            Kind::String => Value::string(&string::decode(raw)?),
            Kind::Array | Kind::Object => return None,
        })
    }

    /// Only a time: what `timestamp` and `age` are compared with.
    pub(crate) fn time(period: Period, zone: Zone) -> Value {
        let minutes = Minutes::of(period);
        Value { time: Some(period), time_only: true, minutes, zone, order: Order::Time, ..Value::default() }
    }

    /// The same value, which can also be read as the time `period`, if that is given.
    pub(crate) fn or_time(self, period: Option<Period>, zone: Zone) -> Value {
        match period {
            Some(_) => Value { time: period, zone, order: Order::Time, ..self },
            None => self,
        }
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

    /// Whether `raw` is certainly a time before the start (with `from_end`, before the end).
    #[inline]
    pub(crate) fn is_before(&self, raw: &[u8], from_end: bool) -> bool {
        minute(raw).is_some_and(|minute| minute < if from_end { self.end } else { self.start })
    }

    /// Whether `raw` is certainly a time after the start (with `from_end`, after the end).
    #[inline]
    pub(crate) fn is_after(&self, raw: &[u8], from_end: bool) -> bool {
        minute(raw).is_some_and(|minute| minute > if from_end { self.end } else { self.start })
    }
}

/// The minute of the string value `raw`, if it is written as the log writes times, on one of the
/// first 28 days of a month. `None` for everything else, so that no invalid value is taken for a
/// time.
#[inline]
fn minute(raw: &[u8]) -> Option<u128> {
    const SIGNS: u128 = u128::from_be_bytes(*b"0000-00-00T00:00");
    // The greatest value of each digit: 9, and less for the tens of month, day, hour and minute.
    const MOST: u128 = u128::from_be_bytes([9, 9, 9, 9, 0, 1, 9, 0, 2, 9, 0, 2, 9, 0, 5, 9]);
    const TOP: u128 = u128::from_be_bytes([0x80; 16]);
    /// Added to a digit above its greatest value, this sets the highest bit of its byte.
    const TO_TOP: u128 = u128::from_be_bytes([0x7F; 16]) - MOST;
    let (begin, seconds) = raw.split_first_chunk::<17>()?;
    let letters = u128::from_be_bytes(*begin.last_chunk()?);
    let odd = letters ^ SIGNS;
    let more = ((odd & !TOP) + TO_TOP) | odd;
    let is_digit = |byte: u8| byte.wrapping_sub(b'0') < 10;
    // The second :60 belongs to the next minute.
    let seconds = match *seconds {
        [b':', b'0'..=b'5', one, b'.', x, y, z, b'Z', b'"'] => {
            is_digit(one) && is_digit(x) && is_digit(y) && is_digit(z)
        }
        [b':', b'0'..=b'5', one, b'Z', b'"'] => is_digit(one),
        _ => false,
    };
    // Two digits in one number: 01 to 12, 01 to 28, and below 24.
    let (month, day, hour) = ((odd >> 72) as u16, (odd >> 48) as u16, (odd >> 24) as u16);
    let plain = more & TOP == 0
        && begin[0] == b'"'
        && seconds
        && month.wrapping_sub(1) < 0x0102
        && day.wrapping_sub(1) < 0x0208
        && hour < 0x0204;
    plain.then_some(letters)
}

/// The instant of the string value `raw` by RFC 3339.
#[inline]
pub fn instant(raw: &[u8]) -> Option<Instant> {
    // Cheaper than decoding a value that is too short: a time has 20 characters and two quotes at
    // least.
    if raw.len() < 22 || raw[0] != b'"' {
        return None;
    }
    if let Some(at) = Instant::parse_plain(&raw[1..raw.len() - 1]) {
        return Some(at);
    }
    Instant::parse(std::str::from_utf8(&string::decode(raw)?).ok()?)
}

/// The instant of `raw` where the query expects a time: any spelling of [`time::of_value`], or a
/// number of seconds, milliseconds, microseconds or nanoseconds since 1970.
#[inline]
pub fn time_of(raw: &[u8], zone: &Zone) -> Option<Instant> {
    instant(raw).or_else(|| odd_time(raw, zone))
}

#[cold]
fn odd_time(raw: &[u8], zone: &Zone) -> Option<Instant> {
    match kind(raw)? {
        Kind::String => time::of_value(&string::decode(raw)?, zone),
        Kind::Number => time::epoch(raw).or_else(|| {
            // `1.7e9` and the like.
            time::epoch(Decimal::parse(raw)?.to_string().as_bytes())
        }),
        _ => None,
    }
}

/// The values of `in (…)` by type, so that a long list costs no more than a short one.
#[derive(Debug, Clone)]
pub(crate) struct Set {
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
    /// Durations and sizes.
    pub amounts: HashSet<Amount>,
    /// As in [`Value`].
    pub time_only: bool,
    /// As in [`Value`].
    pub zone: Zone,
    /// As in [`Value`].
    pub unit: Option<Unit>,
}

impl Set {
    /// An empty set; with `time_only` for a field that is compared as time alone.
    pub(crate) fn new(time_only: bool, zone: Zone) -> Set {
        Set {
            strings: HashSet::new(),
            numbers: HashSet::new(),
            booleans: [false; 2],
            null: false,
            times: Vec::new(),
            amounts: HashSet::new(),
            time_only,
            zone,
            unit: None,
        }
    }

    /// Adds every reading of `value`.
    pub(crate) fn insert(&mut self, value: Value) {
        self.strings.extend(value.string);
        self.numbers.extend(value.number);
        if let Some(boolean) = value.boolean {
            self.booleans[usize::from(boolean)] = true;
        }
        self.null |= value.null;
        self.times.extend(value.time);
        self.time_only |= value.time_only;
        self.amounts.extend(value.amount);
        self.unit = self.unit.or(value.unit);
    }

    /// The finished set. A set without a time is not compared as time, as in `timestamp in (null)`.
    pub(crate) fn whole(mut self) -> Set {
        self.time_only &= !self.times.is_empty();
        self
    }
}
