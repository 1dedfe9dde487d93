//! Text that every row that passes contains. It is searched in whole blocks before any row is
//! looked at.
//!
//! A literal occurs in the value of a field. Where a condition implies no literal, or one that many
//! rows contain, a [`Probe`] finds the name of the field wherever it occurs in a row, and checks
//! the value after it: if none of the values after that name would pass, the row does not pass,
//! whichever of them is the field's own.
//!
//! A string may be written with escapes. Of the characters that are allowed here, only `\u` can
//! spell another one, so whoever searches for the literal must also look at rows that contain `\u`,
//! and at no others.

use memchr::memchr3;

use crate::eval::compare::{Comparison, Matcher};
use crate::eval::path::Path;
use crate::eval::predicate::Predicate;
use crate::eval::value::Value;
use logbook_json::skip::skip_scalar;
use logbook_json::skip_white;

/// A shorter literal occurs in too many rows.
const BYTES_MIN: usize = 3;

/// The most selective literal that `predicate` implies, if any. `names` are the fields by slot.
pub(crate) fn literal_of_predicate(predicate: &Predicate, names: &[String]) -> Option<Vec<u8>> {
    best(predicate, names).map(|(_, literal)| literal)
}

/// The literal with its estimated selectivity.
fn best(predicate: &Predicate, names: &[String]) -> Option<(usize, Vec<u8>)> {
    match predicate {
        Predicate::And(parts) => parts.iter().filter_map(|part| best(part, names)).max_by_key(|(promise, _)| *promise),
        Predicate::Field(path, test) if !test.negated => {
            let literal = of_matcher(&test.matcher)?;
            // A run has few rows. For other fields, the length of a literal is the only hint at how
            // often it occurs.
            let few = names.get(path.slot).is_some_and(|name| matches!(name.as_str(), "run_id" | "id"));
            Some((literal.len() + if few { 1000 } else { 0 }, literal))
        }
        _ => None,
    }
}

/// The name of a field, and the condition on its value.
#[derive(Debug, Clone)]
pub struct Probe {
    key: Vec<u8>,
    /// `None` if any value passes.
    matcher: Option<Matcher>,
}

/// The probe for the most selective condition of `predicate`, if there is one.
pub(crate) fn probe(predicate: &Predicate, names: &[String]) -> Option<Probe> {
    let parts = match predicate {
        Predicate::And(parts) => parts,
        one => std::slice::from_ref(one),
    };
    let of = |part: &Predicate| match part {
        // Rows without the name would have to be counted.
        Predicate::Field(path, test) if !test.negated && !test.reports_missing => {
            let cheap = match &test.matcher {
                // Rows within a period are usually next to each other in the log.
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

/// The last key of a path in its quotes, if it can only be spelled one way.
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

    /// Whether the row may pass, given `rest`, the text right after the name. True where a quick
    /// look cannot tell.
    #[inline]
    pub fn may_pass(&self, rest: &[u8]) -> bool {
        let colon = if rest.first() == Some(&b':') { 0 } else { skip_white(rest, 0) };
        if rest.get(colon) != Some(&b':') {
            // Not a member's name here.
            return false;
        }
        let Some(matcher) = &self.matcher else { return true };
        let from = skip_white(rest, colon + 1);
        let to = match rest.get(from) {
            // A string that does not end on its line is not valid.
            Some(b'"') => match memchr3(b'"', b'\\', b'\n', &rest[from + 1..]) {
                Some(length) if rest[from + 1 + length] == b'"' => from + length + 2,
                _ => return true,
            },
            None | Some(b'[' | b'{') => return true,
            _ => skip_scalar(rest, from),
        };
        matcher.evaluate(&rest[from..to]) != Comparison::No
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
            return literal_of(text);
        }
        Matcher::Contains(finder) => spelled_one_way(finder.needle())?.to_vec(),
        Matcher::BeginsWith(start) => spelled_one_way(start)?.to_vec(),
        _ => return None,
    };
    (literal.len() >= BYTES_MIN).then_some(literal)
}

/// What every spelling of the string `text` without `\u` contains: all of it with its quotes
/// (without them it also occurs in keys and longer words), or a long part of it that can only be
/// spelled one way.
pub fn literal_of(text: &[u8]) -> Option<Vec<u8>> {
    let quoted = [b"\"", text, b"\""].concat();
    let inside = 1..quoted.len() - 1;
    let escaped = |at: usize| inside.contains(&at) && has_escape(quoted[at]);
    let (mut parts, mut from) = (Vec::new(), 0);
    for end in (0..quoted.len()).filter(|at| escaped(*at)).chain([quoted.len()]) {
        parts.push(&quoted[from..end]);
        from = end + 1;
    }
    let length = parts.iter().map(|part| part.len()).max().unwrap_or(0);
    // Words occur in many rows, numbers in few.
    let digits = |part: &[u8]| part.iter().filter(|byte| byte.is_ascii_digit()).count();
    let long = parts.into_iter().filter(|part| part.len() * 2 >= length);
    let literal = long.max_by_key(|part| (digits(part), part.len())).unwrap_or_default();
    (literal.len() >= BYTES_MIN && !text.windows(3).any(is_replaced)).then(|| literal.to_vec())
}

/// `text`, if it can only be spelled one way without `\u`, and contains no replacement character,
/// as which broken escapes are read.
fn spelled_one_way(text: &[u8]) -> Option<&[u8]> {
    (!text.iter().copied().any(has_escape) && !text.windows(3).any(is_replaced)).then_some(text)
}

/// Whether a string may spell this byte with a backslash other than `\u`.
fn has_escape(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | b'/' | 0..=0x1F | 0x7F)
}

fn is_replaced(three: &[u8]) -> bool {
    three == "\u{FFFD}".as_bytes()
}
