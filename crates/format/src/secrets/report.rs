//! What a redactor found, for a note to whoever wrote the rows.

use std::collections::BTreeSet;

/// Places that one note names.
const NAMED_MAX: usize = 8;
/// Places that are remembered, so that none is named twice.
const KNOWN_MAX: usize = 1024;

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    /// Rows with a secret.
    pub rows: u64,
    /// Secrets in all of them.
    pub secrets: u64,
    /// Paths and kinds that were reported.
    known: BTreeSet<(String, String)>,
    /// Those that are not reported yet, and how many more there are.
    new: Vec<(String, String)>,
    more: u64,
}

impl Report {
    /// Adds the paths and kinds of one row.
    pub(super) fn add(&mut self, found: Vec<(String, String)>) {
        self.rows += 1;
        self.secrets += found.len() as u64;
        for it in found {
            if self.known.contains(&it) {
                continue;
            }
            if self.known.len() < KNOWN_MAX {
                self.known.insert(it.clone());
            }
            if self.new.len() < NAMED_MAX {
                self.new.push(it);
            } else {
                self.more += 1;
            }
        }
    }

    /// Paths and kinds that were not reported before, such as `action (github-token)`.
    pub fn take_new(&mut self) -> Option<String> {
        let named: Vec<String> = self.new.drain(..).map(|(path, kind)| format!("{path} ({kind})")).collect();
        let more = match std::mem::take(&mut self.more) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!named.is_empty()).then(|| named.join(", ") + &more)
    }
}
