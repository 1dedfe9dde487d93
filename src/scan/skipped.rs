//! The account of rows that were not read: how many of each class, and where
//! the first of them stand.

use std::fmt::Write as _;

use crate::error::{Error, Result};

/// Why a row was skipped (`docs/format.md`, Bad rows).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The last line of a file has no newline and is no whole row.
    Torn,
    /// NUL bytes: a hole that a power cut left.
    Nul,
    /// Not JSON.
    NotJson,
    /// JSON, but not an object.
    NotObject,
    /// Longer than 16 MiB.
    TooLong,
    /// An archive or packed file of which a part could not be unpacked.
    BadArchive,
    /// A file that could not be opened or read from here on.
    Unreadable,
}

impl Class {
    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Class::Torn => "torn",
            Class::Nul => "nul",
            Class::NotJson => "not_json",
            Class::NotObject => "not_object",
            Class::TooLong => "too_long",
            Class::BadArchive => "bad_archive",
            Class::Unreadable => "unreadable",
        }
    }

    /// What is wrong, in words.
    pub fn says(self) -> &'static str {
        match self {
            Class::Torn => "torn (no newline at its end)",
            Class::Nul => "a run of NUL bytes",
            Class::NotJson => "not JSON",
            Class::NotObject => "not an object",
            Class::TooLong => "longer than 16 MiB",
            Class::BadArchive => "damaged archive",
            Class::Unreadable => "not readable",
        }
    }
}

/// How many places are told of each class in one file.
const PLACES_TOLD: usize = 3;
/// How many are kept, for whoever asks closer.
const PLACES_MAX: usize = 1024;

/// What was skipped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped {
    entries: Vec<Entry>,
}

/// What was skipped of one file for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The file.
    pub file: String,
    /// Why.
    pub class: Class,
    /// How many rows, or runs of NULs.
    pub count: u64,
    /// Byte offsets of the first of them, with what more is known.
    pub places: Vec<(u64, String)>,
    /// Of a damaged archive: what it is short of, where the manifest knows.
    pub missing: Option<Missing>,
}

/// Rows that an archive should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// Those that it has not.
    pub rows: u64,
    /// All of them.
    pub of: u64,
}

impl Entry {
    /// How many rows are missing, of a damaged archive.
    pub fn short_of(&self) -> String {
        match self.missing {
            None => "an unknown number of rows is missing".to_owned(),
            Some(Missing { rows: 0, .. }) => "no row is missing".to_owned(),
            Some(Missing { rows: 1, of }) => format!("1 of its {of} rows is missing"),
            Some(Missing { rows, of }) => format!("{rows} of its {of} rows are missing"),
        }
    }
}

impl Skipped {
    /// Counts one row (or run of NULs) of `file` at byte `offset`.
    pub fn add(&mut self, file: &str, class: Class, offset: u64, detail: impl Into<String>) {
        let at = self.entries.iter().position(|entry| entry.class == class && entry.file == file);
        let entry = match at {
            Some(at) => &mut self.entries[at],
            None => {
                self.entries.push(Entry { file: file.to_owned(), class, count: 0, places: Vec::new(), missing: None });
                let last = self.entries.len() - 1;
                &mut self.entries[last]
            }
        };
        entry.count += 1;
        if entry.places.len() < PLACES_MAX {
            entry.places.push((offset, detail.into()));
        }
    }

    /// Adds what was skipped after it.
    pub fn join(&mut self, later: Skipped) {
        for mut entry in later.entries {
            match self.entries.iter_mut().find(|mine| mine.class == entry.class && mine.file == entry.file) {
                Some(mine) => {
                    mine.missing = mine.missing.or(entry.missing);
                    mine.count += entry.count;
                    mine.places.append(&mut entry.places);
                    mine.places.truncate(PLACES_MAX);
                }
                None => self.entries.push(entry),
            }
        }
    }

    /// Whether anything of `file` was.
    pub fn is_of(&self, file: &str) -> bool {
        self.entries.iter().any(|entry| entry.file == file)
    }

    /// Errors: exit 3, a file could not be read to its end. A line that is no row decides nothing,
    /// since nobody was told that it is stored; a file that cannot be read may hold anything.
    pub fn refuse_unread(&self) -> Result<()> {
        let unread = |entry: &&Entry| matches!(entry.class, Class::BadArchive | Class::Unreadable);
        let Some(entry) = self.entries.iter().find(unread) else { return Ok(()) };
        let detail = entry.places.first().map_or("", |(_, detail)| detail);
        Err(Error::io(format!(
            "{}: {}: {detail}; what it says of requests, decisions and holds is not known",
            entry.file,
            entry.class.says()
        ))
        .hint("logbook doctor"))
    }

    /// How many were skipped.
    pub fn count(&self) -> u64 {
        self.entries.iter().map(|entry| entry.count).sum()
    }

    /// Damaged archives.
    pub(super) fn damaged_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut().filter(|entry| entry.class == Class::BadArchive)
    }

    /// All of it, by file and class.
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// One line for each file and class: count, why, and the first places.
    pub fn lines(&self) -> Vec<String> {
        let line = |entry: &Entry| {
            if entry.class == Class::BadArchive {
                let (at, why) = entry.places.first().map_or((0, ""), |(at, why)| (*at, why));
                let (says, short) = (entry.class.says(), entry.short_of());
                return format!("{}: {says}: {short} (at byte {at} unpacked: {why}); logbook verify", entry.file);
            }
            let mut text = format!(
                "{}: skipped {} row{}: {}",
                entry.file,
                entry.count,
                if entry.count == 1 { "" } else { "s" },
                entry.class.says()
            );
            for (index, (offset, detail)) in entry.places.iter().take(PLACES_TOLD).enumerate() {
                text.push_str(if index == 0 { " at byte " } else { ", " });
                let _ = write!(text, "{offset}");
                if !detail.is_empty() {
                    let _ = write!(text, " ({detail})");
                }
            }
            if entry.count > PLACES_TOLD as u64 {
                text.push_str(", …");
            }
            text
        };
        self.entries.iter().map(line).collect()
    }
}
