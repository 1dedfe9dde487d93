//! What every row that passes must hold, letter by letter: looked for in whole blocks of text
//! before any row is.
//!
//! A literal stands in its value. Where a condition asks for no such text, or for one that many
//! rows have, a [`Probe`] finds the name of the field, wherever in a row it stands, and asks what
//! stands behind it: if none of the values behind that name in a row would pass, neither does the
//! row, whichever of them is the field's own.
//!
//! A string may be spelled with escapes. Of the characters that are let through here only `\u`
//! spells another one, so that whoever looks for the literal must look at rows with `\u` too, and
//! at no others.

use memchr::memchr3;

use crate::eval::compare::{Judged, Matcher};
use crate::eval::path::Path;
use crate::eval::predicate::Predicate;
use crate::eval::value::Value;
use logbook_json::skip::skip_scalar;
use logbook_json::skip_white;

/// A literal of fewer bytes is in too many rows.
const BYTES_MIN: usize = 3;

/// The best literal that `predicate` asks for, if it asks for one. `names` are the fields by slot.
pub(crate) fn literal(predicate: &Predicate, names: &[String]) -> Option<Vec<u8>> {
    best(predicate, names).map(|(_, literal)| literal)
}

/// With how much it promises.
fn best(predicate: &Predicate, names: &[String]) -> Option<(usize, Vec<u8>)> {
    match predicate {
        Predicate::And(parts) => parts.iter().filter_map(|part| best(part, names)).max_by_key(|(promise, _)| *promise),
        Predicate::Field(path, test) if !test.negated => {
            let literal = of_matcher(&test.matcher)?;
            // Rows of one run are few; how often a word occurs is told by its length if by
            // anything.
            let few = names.get(path.slot).is_some_and(|name| matches!(name.as_str(), "run_id" | "id"));
            Some((literal.len() + if few { 1000 } else { 0 }, literal))
        }
        _ => None,
    }
}

/// The name of a field, and what its value must be.
#[derive(Debug, Clone)]
pub struct Probe {
    key: Vec<u8>,
    /// `None`: anything.
    matcher: Option<Matcher>,
}

/// The probe for that condition of `predicate` which promises most, if there is one.
pub(crate) fn probe(predicate: &Predicate, names: &[String]) -> Option<Probe> {
    let parts = match predicate {
        Predicate::And(parts) => parts,
        one => std::slice::from_ref(one),
    };
    let of = |part: &Predicate| match part {
        // Rows without the name at all would not be counted.
        Predicate::Field(path, test) if !test.negated && !test.misses => {
            let cheap = match &test.matcher {
                // A stretch of time is a stretch of the log.
                Matcher::Less(_) | Matcher::LessEqual(_) | Matcher::Greater(_) | Matcher::GreaterEqual(_) => 3,
                Matcher::Equal(_) | Matcher::OneOf(_) => 2,
                _ => 1,
            };
            Some((cheap, Probe { key: key(path, names)?, matcher: Some(test.matcher.clone()) }))
        }
        Predicate::Has(path) => Some((0, Probe { key: key(path, names)?, matcher: None })),
        _ => None,
    };
    parts.iter().rev().filter_map(of).max_by_key(|(cheap, _)| *cheap).map(|(_, probe)| probe)
}

/// The last name of a path in its quotes, where it is spelled in one way.
fn key(path: &Path, names: &[String]) -> Option<Vec<u8>> {
    let name = match path.rest.last() {
        Some(name) => name,
        None => names.get(path.slot)?.as_bytes(),
    };
    Some([b"\"", spelled_one_way(name)?, b"\""].concat())
}

impl Probe {
    /// The name with its quotes.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Whether the row may pass by the value in `rest`, the text right behind the name. What cannot
    /// be told at a glance may.
    #[inline]
    pub fn may_pass(&self, rest: &[u8]) -> bool {
        let colon = if rest.first() == Some(&b':') { 0 } else { skip_white(rest, 0) };
        if rest.get(colon) != Some(&b':') {
            // It is no name here.
            return false;
        }
        let Some(matcher) = &self.matcher else { return true };
        let from = skip_white(rest, colon + 1);
        let to = match rest.get(from) {
            // A string that is not ended on its line is none.
            Some(b'"') => match memchr3(b'"', b'\\', b'\n', &rest[from + 1..]) {
                Some(length) if rest[from + 1 + length] == b'"' => from + length + 2,
                _ => return true,
            },
            None | Some(b'[' | b'{') => return true,
            _ => skip_scalar(rest, from),
        };
        matcher.judge(&rest[from..to]) != Judged::No
    }
}

fn of_matcher(matcher: &Matcher) -> Option<Vec<u8>> {
    let literal = match matcher {
        Matcher::Equal(Value {
            string: Some(text),
            number: None,
            boolean: None,
            null: false,
            time: None,
            amount: None,
            ..
        }) => {
            return string(text);
        }
        Matcher::Contains(finder) => spelled_one_way(finder.needle())?.to_vec(),
        Matcher::BeginsWith(start) => spelled_one_way(start)?.to_vec(),
        _ => return None,
    };
    (literal.len() >= BYTES_MIN).then_some(literal)
}

/// What a string of these characters holds, however it is spelled without `\u`: all of it with its
/// quotes (the word alone is in keys and longer words too), else a long part of it that is spelled
/// one way.
pub fn string(text: &[u8]) -> Option<Vec<u8>> {
    let quoted = [b"\"", text, b"\""].concat();
    let inside = 1..quoted.len() - 1;
    let escaped = |at: usize| inside.contains(&at) && has_escape(quoted[at]);
    let (mut parts, mut from) = (Vec::new(), 0);
    for end in (0..quoted.len()).filter(|at| escaped(*at)).chain([quoted.len()]) {
        parts.push(&quoted[from..end]);
        from = end + 1;
    }
    let length = parts.iter().map(|part| part.len()).max().unwrap_or(0);
    // Words are in many rows, numbers in few.
    let digits = |part: &[u8]| part.iter().filter(|byte| byte.is_ascii_digit()).count();
    let long = parts.into_iter().filter(|part| part.len() * 2 >= length);
    let literal = long.max_by_key(|part| (digits(part), part.len())).unwrap_or_default();
    (literal.len() >= BYTES_MIN && !text.windows(3).any(is_replaced)).then(|| literal.to_vec())
}

/// `text`, if none of its characters has an escape of its own, nor is what a broken one reads as.
fn spelled_one_way(text: &[u8]) -> Option<&[u8]> {
    (!text.iter().copied().any(has_escape) && !text.windows(3).any(is_replaced)).then_some(text)
}

/// Whether a string may spell this character with a backslash and no `u`.
fn has_escape(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | b'/' | 0..=0x1F | 0x7F)
}

fn is_replaced(three: &[u8]) -> bool {
    three == "\u{FFFD}".as_bytes()
}
