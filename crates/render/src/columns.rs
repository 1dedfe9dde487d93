//! Which columns rows have that nobody gave columns to: rows that a jq program made, and rows that
//! logbook did not write. The first rows are held back until there are enough to choose by.

use std::collections::{HashMap, HashSet};

use logbook_json as json;
use logbook_model::Address;

/// The column of values that are not objects.
pub(super) const VALUE: &str = "value";
/// Rows that are held back.
const ROWS_MAX: usize = 1000;
/// The same in bytes: rows may be long.
const BYTES_MAX: usize = 4 << 20;
/// More columns are of keys that are data, as ids; those that most rows have are shown.
const COLUMNS_MAX: usize = 256;
/// What makes a row with a `run_id` a step: other people's rows have a field of that name, too.
const OF_STEPS: [&str; 7] = ["run_id", "timestamp", "step", "action", "status", "kind", "phase"];

/// Rows held back.
#[derive(Debug)]
pub(super) struct Held {
    rows: Vec<(Vec<u8>, Option<Address>)>,
    bytes: usize,
    by: By,
}

/// How their columns are chosen.
#[derive(Debug)]
pub(super) enum By {
    /// A jq program made the rows: their keys, as they come.
    Appearance,
    /// The rows stand somewhere: as steps if they all are, else their keys, the most frequent
    /// first, and those that the query asks for in any case.
    Frequency { asked: Vec<String> },
}

impl Held {
    pub(crate) fn new(by: By) -> Held {
        Held { rows: Vec::new(), bytes: 0, by }
    }

    /// Takes a row. True: they are enough.
    pub(crate) fn push(&mut self, row: &[u8], address: Option<Address>) -> bool {
        self.bytes += row.len();
        self.rows.push((row.to_vec(), address));
        self.rows.len() == ROWS_MAX || self.bytes >= BYTES_MAX
    }

    /// The rows.
    pub(crate) fn into_rows(self) -> Vec<(Vec<u8>, Option<Address>)> {
        self.rows
    }

    /// Their columns; `None`: they are shown as steps.
    pub(crate) fn columns(&self) -> Option<Vec<String>> {
        match &self.by {
            By::Appearance => self.in_order_of_appearance(),
            By::Frequency { asked } => self.by_frequency(asked),
        }
    }

    fn in_order_of_appearance(&self) -> Option<Vec<String>> {
        let mut columns: Vec<String> = Vec::new();
        for (row, _) in &self.rows {
            for member in json::Members::new(row) {
                let name = member
                    .map_or_else(|_| VALUE.to_owned(), |member| String::from_utf8_lossy(&member.name()).into_owned());
                if !columns.contains(&name) {
                    columns.push(name);
                }
            }
        }
        // Rows handed on as they were read are shown as rows.
        let plain = ["run_id", "timestamp"].iter().all(|name| columns.iter().any(|column| column == name));
        (!plain && !columns.is_empty()).then_some(columns)
    }

    fn by_frequency(&self, asked: &[String]) -> Option<Vec<String>> {
        if self.rows.iter().all(|(row, _)| is_step(row)) {
            return None;
        }
        // With the number of rows that have it, in order of appearance.
        let mut found: Vec<(String, usize)> = Vec::new();
        let mut index: HashMap<String, usize> = HashMap::new();
        for (row, _) in &self.rows {
            let mut of_row = HashSet::new();
            for member in json::Members::new(row).flatten() {
                let name = String::from_utf8_lossy(&member.name()).into_owned();
                if !of_row.insert(name.clone()) {
                    continue;
                }
                let at = *index.entry(name.clone()).or_insert_with(|| {
                    found.push((name, 0));
                    found.len() - 1
                });
                if let Some((_, rows)) = found.get_mut(at) {
                    *rows += 1;
                }
            }
        }
        found.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
        let mut room = COLUMNS_MAX.saturating_sub(asked.len());
        let mut columns: Vec<String> = Vec::new();
        for (name, _) in found {
            let is_asked = asked.contains(&name);
            if is_asked || room > 0 {
                room -= usize::from(!is_asked);
                columns.push(name);
            }
        }
        let missing: Vec<&String> = asked.iter().filter(|name| !columns.contains(name)).collect();
        columns.extend(missing.into_iter().cloned());
        Some(columns)
    }

    /// Whether the query asks for this column.
    pub(crate) fn is_asked(&self, column: &str) -> bool {
        matches!(&self.by, By::Frequency { asked } if asked.iter().any(|name| name == column))
    }
}

/// Whether a row is of a run; one without any field is of whatever the others are.
fn is_step(row: &[u8]) -> bool {
    let mut values = Vec::new();
    if json::pick(row, &OF_STEPS, &mut values).is_err() {
        return false;
    }
    let is_of_run = values.first().copied().flatten().is_some_and(|run| run.starts_with(b"\""));
    is_of_run && values.iter().skip(1).any(Option::is_some) || json::Members::new(row).next().is_none()
}
