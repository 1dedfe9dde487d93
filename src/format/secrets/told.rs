//! What a redactor has found since it was made: told to whoever wrote the rows.

use std::collections::BTreeSet;

/// Places that one note names.
const NAMED_MAX: usize = 8;
/// Places that are remembered, so that none is named twice.
const KNOWN_MAX: usize = 1024;

/// What was found.
#[derive(Debug, Default)]
pub struct Told {
    /// Rows with a secret.
    pub rows: u64,
    /// Secrets in them.
    pub secrets: u64,
    /// Paths and kinds that were named.
    known: BTreeSet<(String, String)>,
    /// Those that are to be named, and how many more there are.
    new: Vec<(String, String)>,
    more: u64,
}

impl Told {
    /// Takes in the paths and kinds of one row.
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

    /// The places and kinds that were found since this was asked last, and not before: `action (github-token)`.
    pub fn news(&mut self) -> Option<String> {
        let named: Vec<String> = self.new.drain(..).map(|(path, kind)| format!("{path} ({kind})")).collect();
        let more = match std::mem::take(&mut self.more) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!named.is_empty()).then(|| named.join(", ") + &more)
    }
}
