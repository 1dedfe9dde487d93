//! The account of rows that were not read: how many of each class, and where
//! the first of them stand.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::looks::Looks;
use logbook_model::error::{Error, Result};

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

    /// Whether it is about lines, and not about a file.
    pub(crate) fn is_of_lines(self) -> bool {
        !matches!(self, Class::BadArchive | Class::Unreadable)
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

/// How many lines of a file are looked at for what it looks like.
const LOOKS_MAX: u64 = 16;
/// How many places are told of each class in one file.
const PLACES_TOLD: usize = 3;
/// How many are kept, for whoever asks closer.
const PLACES_MAX: usize = 1024;

/// What was skipped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped {
    entries: Vec<Entry>,
    /// In which line a place of a file is, where that is known.
    lines: BTreeMap<(String, u64), u64>,
    /// What files look like whose lines are no rows.
    looks: BTreeMap<String, Looks>,
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

impl Entry {
    /// The places that are told.
    fn told(&self) -> impl Iterator<Item = u64> {
        self.places.iter().take(PLACES_TOLD).map(|(offset, _)| *offset)
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

    /// The place `offset` of `file` is in this line, from 1.
    pub fn number(&mut self, file: &str, offset: u64, line: u64) {
        let is_told = |entry: &Entry| entry.file == file && entry.told().any(|place| place == offset);
        if self.entries.iter().any(is_told) {
            self.lines.insert((file.to_owned(), offset), line);
        }
    }

    /// The places that are told of `file` and whose lines are not known, in order.
    pub(crate) fn unnumbered(&self, file: &str) -> Vec<u64> {
        let of_lines = |entry: &&Entry| entry.file == file && entry.class.is_of_lines();
        let places = self.entries.iter().filter(of_lines).flat_map(Entry::told);
        let mut places: Vec<u64> = places.filter(|at| !self.lines.contains_key(&(file.to_owned(), *at))).collect();
        places.sort_unstable();
        places
    }

    /// Looks at a line of `file` that is not a row.
    pub fn look(&mut self, file: &str, line: &[u8]) {
        if self.count_of(file) <= LOOKS_MAX && !self.looks.contains_key(file) {
            self.looks.extend(Looks::of(line).map(|looks| (file.to_owned(), looks)));
        }
    }

    fn count_of(&self, file: &str) -> u64 {
        self.entries.iter().filter(|entry| entry.file == file).map(|entry| entry.count).sum()
    }

    /// How many of `file` were skipped for this reason.
    pub(super) fn count_as(&self, file: &str, class: Class) -> u64 {
        let of_it = |entry: &&Entry| entry.class == class && entry.file == file;
        self.entries.iter().find(of_it).map_or(0, |entry| entry.count)
    }

    /// Whether a file could not be read, as opposed to a row in one.
    pub fn has_unread(&self) -> bool {
        self.entries.iter().any(|entry| entry.class == Class::Unreadable)
    }

    /// Whether a line was skipped. A hole of NULs is none.
    pub fn has_lines(&self) -> bool {
        self.entries.iter().any(|entry| entry.class != Class::Nul)
    }

    /// Adds what was skipped after it.
    pub(crate) fn join(&mut self, later: Skipped) {
        self.lines.extend(later.lines);
        for (file, looks) in later.looks {
            self.looks.entry(file).or_insert(looks);
        }
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
    pub(crate) fn is_of(&self, file: &str) -> bool {
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

    /// One line for each file and class: count, why, and the first places. Of a file that is laid
    /// out otherwise, one line says so.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut told: Vec<&str> = Vec::new();
        for entry in &self.entries {
            let looks = self
                .looks
                .get(&entry.file)
                .filter(|_| matches!(entry.class, Class::NotJson | Class::NotObject | Class::Torn));
            match looks {
                None => lines.push(self.line(entry)),
                Some(looks) if !told.contains(&entry.file.as_str()) => {
                    told.push(&entry.file);
                    lines.push(self.line_of_file(&entry.file, *looks));
                }
                Some(_) => {}
            }
        }
        lines
    }

    fn line(&self, entry: &Entry) -> String {
        if entry.class == Class::Unreadable {
            let detail = entry.places.first().map_or("", |(_, detail)| detail);
            return format!("{}: not read: {detail}", entry.file);
        }
        if entry.class == Class::BadArchive {
            let (at, why) = entry.places.first().map_or((0, ""), |(at, why)| (*at, why));
            let (says, short) = (entry.class.says(), entry.short_of());
            return format!("{}: {says}: {short} (at byte {at} unpacked: {why}); logbook verify", entry.file);
        }
        let (count, s) = (entry.count, plural(entry.count));
        let mut text = format!("{}: skipped {count} row{s}: {}", entry.file, entry.class.says());
        text.push_str(&self.places(entry));
        if entry.class == Class::TooLong {
            text.push_str("; logbook query --max-row SIZE reads longer ones");
        }
        text
    }

    /// The same of rows that were read all the same.
    pub fn mended_lines(&self) -> Vec<String> {
        let line = |entry: &Entry| {
            let (count, rows) = (entry.count, if entry.count == 1 { "row is" } else { "rows are" });
            let places = self.places(entry);
            format!("{}: {count} {rows} not JSON throughout{places}; what is not is read as null", entry.file)
        };
        self.entries.iter().map(line).collect()
    }

    /// The first places of an entry.
    fn places(&self, entry: &Entry) -> String {
        let mut text = String::new();
        for (index, (offset, detail)) in entry.places.iter().take(PLACES_TOLD).enumerate() {
            text.push_str(if index == 0 { " at " } else { ", " });
            let _ = match self.lines.get(&(entry.file.clone(), *offset)) {
                Some(line) => write!(text, "line {line}, byte {offset}"),
                None if index == 0 => write!(text, "byte {offset}"),
                None => write!(text, "{offset}"),
            };
            if !detail.is_empty() {
                let _ = write!(text, " ({detail})");
            }
        }
        if entry.count > PLACES_TOLD as u64 {
            text.push_str(", …");
        }
        text
    }

    fn line_of_file(&self, file: &str, looks: Looks) -> String {
        let of_rows = |entry: &&Entry| {
            entry.file == file && matches!(entry.class, Class::NotJson | Class::NotObject | Class::Torn)
        };
        let entries = || self.entries.iter().filter(of_rows);
        let count: u64 = entries().map(|entry| entry.count).sum();
        let first = entries().flat_map(Entry::told).min();
        let at = first.map_or_else(String::new, |offset| match self.lines.get(&(file.to_owned(), offset)) {
            Some(line) => format!(", the first at line {line}, byte {offset}"),
            None => format!(", the first at byte {offset}"),
        });
        format!("{file}: skipped {count} row{}: not JSON objects{at}; {}", plural(count), looks.says())
    }
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}
