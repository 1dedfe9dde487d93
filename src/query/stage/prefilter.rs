//! What every row that passes must hold, letter by letter: looked for in whole blocks of text before any row is.
//!
//! A string may be spelled with escapes. Of the characters that are let through here only `\u` spells another one,
//! so that whoever looks for the literal must look at rows with `\u` too, and at no others.

use crate::query::eval::compare::Matcher;
use crate::query::eval::predicate::Predicate;
use crate::query::eval::value::Value;

/// A literal of fewer bytes is in too many rows.
const BYTES_MIN: usize = 3;

/// The best literal that `predicate` asks for, if it asks for one. `names` are the fields by slot.
pub(in crate::query) fn literal(predicate: &Predicate, names: &[String]) -> Option<Vec<u8>> {
    best(predicate, names).map(|(_, literal)| literal)
}

/// With how much it promises.
fn best(predicate: &Predicate, names: &[String]) -> Option<(usize, Vec<u8>)> {
    match predicate {
        Predicate::And(parts) => parts.iter().filter_map(|part| best(part, names)).max_by_key(|(promise, _)| *promise),
        Predicate::Field(path, test) if !test.negated => {
            let literal = of_matcher(&test.matcher)?;
            // Rows of one run are few; how often a word occurs is told by its length if by anything.
            let few = names.get(path.slot).is_some_and(|name| matches!(name.as_str(), "run_id" | "id"));
            Some((literal.len() + if few { 1000 } else { 0 }, literal))
        }
        _ => None,
    }
}

fn of_matcher(matcher: &Matcher) -> Option<Vec<u8>> {
    let literal = match matcher {
        Matcher::Equal(Value { string: Some(text), number: None, boolean: None, null: false, time: None, .. }) => {
            return string(text);
        }
        Matcher::Contains(finder) => spelled_one_way(finder.needle())?.to_vec(),
        Matcher::BeginsWith(start) => spelled_one_way(start)?.to_vec(),
        _ => return None,
    };
    (literal.len() >= BYTES_MIN).then_some(literal)
}

/// What a string of these characters holds, however it is spelled without `\u`: all of it with its quotes (the word
/// alone is in keys and longer words too), else the longest part of it that is spelled one way.
pub fn string(text: &[u8]) -> Option<Vec<u8>> {
    let quoted = [b"\"", text, b"\""].concat();
    let inside = 1..quoted.len() - 1;
    let escaped = |at: usize| inside.contains(&at) && has_escape(quoted[at]);
    let (mut longest, mut from) = (&quoted[..0], 0);
    for end in (0..quoted.len()).filter(|at| escaped(*at)).chain([quoted.len()]) {
        let part = &quoted[from..end];
        longest = if part.len() > longest.len() { part } else { longest };
        from = end + 1;
    }
    (longest.len() >= BYTES_MIN && !text.windows(3).any(is_replaced)).then(|| longest.to_vec())
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
