//! The columns of rows for which the query names none: rows made by a jq program, and rows that
//! logbook did not write. The first rows are held back until there are enough to choose by.

use std::collections::{HashMap, HashSet};

use logbook_json as json;
use logbook_model::Address;

/// The column of values that are not objects.
pub(super) const VALUE: &str = "value";
/// The number of rows to hold back.
const ROWS_MAX: usize = 1000;
/// The number of bytes to hold back, since rows may be long.
const BYTES_MAX: usize = 4 << 20;
/// With more columns, the keys are probably data, such as ids; the most frequent are shown.
const COLUMNS_MAX: usize = 256;
/// A row with a `run_id` and one of the others is a step: rows that logbook did not write may have
/// a field `run_id` too.
const OF_STEPS: [&str; 7] = ["run_id", "timestamp", "step", "action", "status", "kind", "phase"];

/// Rows held back.
#[derive(Debug)]
pub(super) struct HeldRows {
    rows: Vec<(Vec<u8>, Option<Address>)>,
    bytes: usize,
    order: ColumnOrder,
}

/// How columns are chosen.
#[derive(Debug)]
pub(super) enum ColumnOrder {
    /// By appearance, for rows made by a jq program.
    Appearance,
    /// By frequency, for stored rows: as steps if all are steps; else their keys, the most frequent
    /// first, and in any case those that the query asks for.
    Frequency { asked: Vec<String> },
}

impl HeldRows {
    pub(crate) fn new(order: ColumnOrder) -> HeldRows {
        HeldRows { rows: Vec::new(), bytes: 0, order }
    }

    /// Adds a row. True if there are enough.
    pub(crate) fn push(&mut self, row: &[u8], address: Option<Address>) -> bool {
        self.bytes += row.len();
        self.rows.push((row.to_vec(), address));
        self.rows.len() == ROWS_MAX || self.bytes >= BYTES_MAX
    }

    /// The rows.
    pub(crate) fn into_rows(self) -> Vec<(Vec<u8>, Option<Address>)> {
        self.rows
    }

    /// The columns; `None`: the rows are shown as steps.
    pub(crate) fn columns(&self) -> Option<Vec<String>> {
        match &self.order {
            ColumnOrder::Appearance => self.in_order_of_appearance(),
            ColumnOrder::Frequency { asked } => self.by_frequency(asked),
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
        // Rows that a program passed on unchanged are shown as steps.
        let plain = ["run_id", "timestamp"].iter().all(|name| columns.iter().any(|column| column == name));
        (!plain && !columns.is_empty()).then_some(columns)
    }

    fn by_frequency(&self, asked: &[String]) -> Option<Vec<String>> {
        if self.rows.iter().all(|(row, _)| is_step(row)) {
            return None;
        }
        // Each name with the number of rows that have it, in order of appearance.
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
        matches!(&self.order, ColumnOrder::Frequency { asked } if asked.iter().any(|name| name == column))
    }
}

/// Whether a row is a step. A row without any field counts as whatever the others are.
fn is_step(row: &[u8]) -> bool {
    let mut values = Vec::new();
    if json::pick(row, &OF_STEPS, &mut values).is_err() {
        return false;
    }
    let is_of_run = values.first().copied().flatten().is_some_and(|run| run.starts_with(b"\""));
    is_of_run && values.iter().skip(1).any(Option::is_some) || json::Members::new(row).next().is_none()
}
