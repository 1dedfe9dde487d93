//! Rows that were skipped because a value could not be read as what the query needs: how many, for
//! which comparison, and an example of such a value. Counted on each thread, and merged.
//!
//! Not here: how that is worded (`cmd/shared/reading/mismatches`).

use std::collections::BTreeMap;

use crate::amount::Unit;
use crate::eval::value::time_of;
use crate::row::{Place, Row};
use logbook_json::{Members, kind};
use logbook_model::Zone;

/// At most this many rows without a time are searched for fields that look like one.
const LOOKED_AT_MAX: u64 = 1000;
/// At most this many names of such fields are counted.
const NAMES_MAX: usize = 100;

/// What type a comparison needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A time.
    Time,
    /// A time for a bucket. A row whose value cannot be read has no bucket.
    Bucket,
    /// A number.
    Number,
    /// A duration or a size, and the unit that the name of the field implies.
    Amount(Option<Unit>),
    /// A string.
    Text,
}

/// What a comparison or bucket needs of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The operand as it is printed: a path, or jq in parentheses.
    pub field: String,
    /// The type that its values must have.
    pub asked: Asked,
    /// The right side as it is printed; `None` for a bucket or a list.
    pub with: Option<With>,
}

/// The right side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct With {
    /// `<`, `>=` and so on.
    pub sign: &'static str,
    /// The value as it is printed.
    pub value: String,
}

/// What happened for one question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Doubt {
    /// Rows with a value that could not be read.
    pub rows: u64,
    /// Rows that were skipped because they have no value at all.
    pub missing: u64,
    /// The first such value by position, as it is written.
    pub sample: Option<(Place, Box<[u8]>)>,
}

/// What happened for all questions of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Doubts {
    /// By the index of the question.
    pub of: BTreeMap<usize, Doubt>,
    /// Rows that a condition skipped, each counted once.
    pub rows: u64,
    /// Fields of rows without a time that look like a time, and the number of rows in which they
    /// are strings and numbers.
    pub likely: BTreeMap<Vec<u8>, [u64; 2]>,
    looked_at: u64,
    /// For each question the row whose bucket was last noted: a row may be asked twice.
    last: BTreeMap<usize, Place>,
}

impl Doubts {
    /// Notes a row that a condition skipped, with the questions whose value it lacks (`None`) or
    /// has as another type.
    pub(crate) fn note(&mut self, row: &Row<'_>, found: Vec<(usize, Option<Box<[u8]>>)>) {
        self.rows += 1;
        for (question, value) in found {
            let doubt = self.of.entry(question).or_default();
            match value {
                Some(value) => doubt.put(row.place, value),
                None => {
                    doubt.missing += 1;
                    self.look_for_times(row);
                }
            }
        }
    }

    /// Notes a row whose bucket cannot be determined.
    pub(crate) fn note_bucket(&mut self, question: usize, row: &Row<'_>, value: &[u8]) {
        if self.last.insert(question, row.place) != Some(row.place) {
            self.of.entry(question).or_default().put(row.place, value.into());
        }
    }

    fn look_for_times(&mut self, row: &Row<'_>) {
        if self.looked_at >= LOOKED_AT_MAX {
            return;
        }
        self.looked_at += 1;
        self.look_into(row.text, &mut Vec::new());
    }

    fn look_into(&mut self, object: &[u8], path: &mut Vec<u8>) {
        for member in Members::new(object).flatten() {
            let length = path.len();
            if length > 0 {
                path.push(b'.');
            }
            path.extend_from_slice(&member.name());
            let is_deeper = kind(member.value) == Some(logbook_json::Kind::Object) && length == 0;
            if is_deeper {
                self.look_into(member.value, path);
            } else if time_of(member.value, &Zone::UTC).is_some()
                && (self.likely.len() < NAMES_MAX || self.likely.contains_key(path))
            {
                let is_number = !member.value.starts_with(b"\"");
                self.likely.entry(path.clone()).or_default()[usize::from(is_number)] += 1;
            }
            path.truncate(length);
        }
    }

    /// Merges what other rows made.
    pub fn merge(&mut self, other: Doubts) {
        self.rows += other.rows;
        for (question, doubt) in other.of {
            let mine = self.of.entry(question).or_default();
            mine.rows += doubt.rows;
            mine.missing += doubt.missing;
            mine.offer(doubt.sample);
        }
        for (name, [strings, numbers]) in other.likely {
            let mine = self.likely.entry(name).or_default();
            mine[0] += strings;
            mine[1] += numbers;
        }
    }
}

impl Doubt {
    fn put(&mut self, place: Place, value: Box<[u8]>) {
        self.rows += 1;
        self.offer(Some((place, value)));
    }

    fn offer(&mut self, sample: Option<(Place, Box<[u8]>)>) {
        if let Some((place, value)) = sample
            && self.sample.as_ref().is_none_or(|(mine, _)| place < *mine)
        {
            self.sample = Some((place, value));
        }
    }
}
