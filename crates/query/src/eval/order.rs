//! Values as keys: one total order for sorting, `min` and `max`, and one canonical form in which
//! equal values have equal bytes, for groups and `distinct`.
//!
//! The order: booleans, numbers (also in quotes), times, durations, sizes (each by its meaning,
//! however it is written), other strings (by code point), arrays, objects. Null and then missing
//! values come last, in either direction.

use std::cmp::Ordering;
use std::io::Write as _;

use logbook_json::{Decimal, Kind, Members, kind, skip_value, skip_white, string};
use logbook_model::{Instant, Zone};

use crate::amount::Amount;
use crate::eval::value::instant;
use crate::time;

/// Arrays and objects nested deeper than this are compared by their text.
const DEPTH_MAX: usize = 128;

/// A value to sort by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// true or false.
    Boolean(bool),
    /// A number, exactly; also one in quotes.
    Number(Decimal),
    /// A string that reads as a time.
    Time(Instant),
    /// A string that reads as a duration or a size; all durations come first.
    Amount(Amount),
    /// Any other string.
    String(Box<[u8]>),
    /// An array, by its elements.
    Array(Box<[u8]>),
    /// An object, by its members.
    Object(Box<[u8]>),
    /// null, and what is not JSON.
    Null,
    /// No value.
    Missing,
}

impl Key {
    /// The key of a value as written; times without an offset are in `zone`.
    pub fn of(raw: Option<&[u8]>, zone: &Zone) -> Key {
        let Some(raw) = raw else { return Key::Missing };
        let bytes = || {
            let mut bytes = Vec::new();
            write_identity(Some(raw), &mut bytes);
            bytes.into()
        };
        match kind(raw) {
            Some(Kind::Boolean) => Key::Boolean(raw == b"true"),
            Some(Kind::Number) => Decimal::parse(raw).map_or(Key::Null, Key::Number),
            Some(Kind::String) => match instant(raw) {
                Some(at) => Key::Time(at),
                None => string::decode(raw).map_or(Key::Null, |characters| {
                    Key::of_odd_string(&characters, zone).unwrap_or_else(|| Key::String((*characters).into()))
                }),
            },
            Some(Kind::Array) => Key::Array(bytes()),
            Some(Kind::Object) => Key::Object(bytes()),
            Some(Kind::Null) | None => Key::Null,
        }
    }

    /// The key of a string that can be read as a number, a time or an amount.
    fn of_odd_string(characters: &[u8], zone: &Zone) -> Option<Key> {
        if !matches!(characters.first()?, b'0'..=b'9' | b'-') {
            return None;
        }
        let number = || Decimal::parse(characters).map(Key::Number);
        let amount = || Amount::parse(characters).map(Key::Amount);
        // Digits alone sort as a number, even if they could be a time.
        number().or_else(amount).or_else(|| time::of_value(characters, zone).map(Key::Time))
    }

    /// Whether this is null or missing, which comes last in either direction.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Key::Null | Key::Missing)
    }

    /// Compares in a direction.
    pub(crate) fn compare(&self, other: &Key, descending: bool) -> Ordering {
        if descending && !self.is_absent() && !other.is_absent() { other.cmp(self) } else { self.cmp(other) }
    }
}

/// Appends the canonical form of a value, which is equal for equal values only: strings by
/// characters, numbers by value, arrays and objects by their elements (the order of members does
/// not count; the last of two equal keys does). A missing value is null.
pub(crate) fn write_identity(raw: Option<&[u8]>, out: &mut Vec<u8>) {
    write_at(raw, out, 0);
}

fn write_at(raw: Option<&[u8]>, out: &mut Vec<u8>, depth: usize) {
    let Some(raw) = raw else { return out.push(b'n') };
    match kind(raw) {
        Some(Kind::String) => write_text(b's', &string::decode(raw).unwrap_or_default(), out),
        Some(Kind::Number) => match Decimal::parse(raw) {
            Some(number) => {
                out.push(b'd');
                let _ = write!(out, "{number}");
                out.push(0);
            }
            None => write_text(b'x', raw, out),
        },
        Some(Kind::Boolean) => out.push(if raw == b"true" { b't' } else { b'f' }),
        Some(Kind::Array | Kind::Object) if depth >= DEPTH_MAX => write_text(b'x', raw, out),
        Some(Kind::Array) => {
            out.push(b'[');
            let mut at = skip_white(raw, 1);
            while let Some(end) = skip_value(raw, at) {
                write_at(Some(&raw[at..end]), out, depth + 1);
                at = skip_white(raw, end);
                if raw.get(at) != Some(&b',') {
                    break;
                }
                at = skip_white(raw, at + 1);
            }
            out.push(b']');
        }
        Some(Kind::Object) => {
            let mut members: Vec<_> =
                Members::new(raw).filter_map(Result::ok).map(|member| (member.name(), member.value)).collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            out.push(b'{');
            for (index, (name, value)) in members.iter().enumerate() {
                if members.get(index + 1).is_some_and(|(next, _)| next == name) {
                    continue;
                }
                write_text(b'k', name, out);
                write_at(Some(value), out, depth + 1);
            }
            out.push(b'}');
        }
        Some(Kind::Null) | None => out.push(b'n'),
    }
}

fn write_text(tag: u8, text: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text);
}
