//! Whether two answers say the same: lines of JSON as values, in any order,
//! numbers to nine digits (peers add floats).

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::Value;

use crate::cases::Answer;

/// A multiset of lines.
#[derive(Debug, Default)]
pub struct Lines(Vec<u64>);

impl Lines {
    /// What a command printed.
    pub fn read(path: &Path, answer: Answer) -> Lines {
        let mut hashes = Vec::new();
        for line in BufReader::new(File::open(path).unwrap()).split(b'\n') {
            let line = line.unwrap();
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let mut text = String::new();
            match serde_json::from_slice(&line) {
                Ok(value) if answer == Answer::Rows => whole(&row(value), true, &mut text),
                Ok(value) => whole(&value, false, &mut text),
                Err(_) => text = String::from_utf8_lossy(&line).into_owned(),
            }
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            hashes.push(hasher.finish());
        }
        hashes.sort_unstable();
        Lines(hashes)
    }

    /// What is different from `right`, in words; none if nothing is.
    pub fn difference(&self, right: &Lines) -> Option<String> {
        let (mut more, mut missing) = (0, 0);
        let (mut ours, mut theirs) = (self.0.iter().peekable(), right.0.iter().peekable());
        loop {
            match (ours.peek(), theirs.peek()) {
                (None, None) => break,
                (Some(a), Some(b)) if a == b => _ = (ours.next(), theirs.next()),
                (Some(a), other) if other.is_none_or(|b| *a < *b) => {
                    more += 1;
                    ours.next();
                }
                _ => {
                    missing += 1;
                    theirs.next();
                }
            }
        }
        (more + missing > 0).then(|| format!("{more} lines too many, {missing} missing"))
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// A row that came as a column: in an array or an object of one, perhaps as text.
fn row(value: Value) -> Value {
    let inner = match value {
        Value::Array(mut items) if items.len() == 1 => items.remove(0),
        Value::Object(members) if members.len() == 1 && members.contains_key("json") => members["json"].clone(),
        other => other,
    };
    match &inner {
        Value::String(text) => serde_json::from_str(text).unwrap_or(inner),
        _ => inner,
    }
}

/// The value with one spelling. Without `names` an object is the list of its values, and
/// a list of one its only item.
fn whole(value: &Value, names: bool, text: &mut String) {
    match value {
        Value::Number(number) => match number.to_string().parse::<f64>() {
            Ok(number) => text.push_str(&format!("{:.8e}", number + 0.0)),
            Err(_) => text.push_str(&number.to_string()),
        },
        Value::Array(items) => list(items.iter(), items.len(), names, text),
        Value::Object(members) if names => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            for (name, value) in members {
                text.push_str(&format!("{name:?}:"));
                whole(value, names, text);
                text.push(',');
            }
        }
        Value::Object(members) => list(members.values(), members.len(), names, text),
        Value::String(instant) if is_instant(instant) => {
            text.push_str(instant.trim_end_matches('Z').trim_end_matches('0'));
        }
        other => text.push_str(&other.to_string()),
    }
}

/// `2026-04-15T08:30:00.120Z`: DuckDB gives the second as many digits as it likes.
fn is_instant(text: &str) -> bool {
    text.len() > 20 && text.as_bytes()[10] == b'T' && text.as_bytes()[19] == b'.' && text.ends_with('Z')
}

fn list<'a>(items: impl Iterator<Item = &'a Value>, count: usize, names: bool, text: &mut String) {
    let alone = !names && count == 1;
    if !alone {
        text.push('[');
    }
    for (at, item) in items.enumerate() {
        if at > 0 {
            text.push(',');
        }
        whole(item, names, text);
    }
    if !alone {
        text.push(']');
    }
}
