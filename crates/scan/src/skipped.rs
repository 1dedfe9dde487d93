//! What was not read: the number of rows of each class in each file, and the places of the first of
//! them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::layout::LayoutGuess;
use logbook_model::error::{Error, Result};

/// Why a row or a file was skipped (`docs/format.md`, Bad rows).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The last line of a file has no newline and is not a whole row.
    Torn,
    /// NUL bytes, as a power cut leaves them.
    Nul,
    /// Not JSON.
    NotJson,
    /// JSON, but not an object.
    NotObject,
    /// Longer than the limit, 16 MiB by default.
    TooLong,
    /// An archive or packed file of which a part could not be unpacked.
    BadArchive,
    /// A file that could not be opened or read from here on.
    Unreadable,
    /// A segment that retention deleted after it was listed.
    Deleted,
}

impl Class {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Class::Torn => "torn",
            Class::Nul => "nul",
            Class::NotJson => "not_json",
            Class::NotObject => "not_object",
            Class::TooLong => "too_long",
            Class::BadArchive => "bad_archive",
            Class::Unreadable => "unreadable",
            Class::Deleted => "deleted",
        }
    }

    /// Whether it is about single lines, not about a whole file.
    pub(crate) fn is_of_lines(self) -> bool {
        !matches!(self, Class::BadArchive | Class::Unreadable | Class::Deleted)
    }

    /// The description in messages.
    pub fn says(self) -> &'static str {
        match self {
            Class::Torn => "torn (no newline at its end)",
            Class::Nul => "a run of NUL bytes",
            Class::NotJson => "not JSON",
            Class::NotObject => "not an object",
            Class::TooLong => "longer than 16 MiB",
            Class::BadArchive => "damaged archive",
            Class::Unreadable => "not readable",
            Class::Deleted => "deleted by retention",
        }
    }
}

/// The layout of a file is guessed from its first bad lines, at most this many.
const GUESS_LINES_MAX: u64 = 16;
/// Places reported per class and file.
const PLACES_REPORTED: usize = 3;
/// Places kept per class and file; `doctor` asks for more than are reported.
const PLACES_MAX: usize = 1024;

/// All that was skipped, by file and class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped {
    entries: Vec<Entry>,
    /// The line numbers of places, by file and offset, as far as they are known.
    lines: BTreeMap<(String, u64), u64>,
    /// The guessed layouts of files whose lines are not rows.
    layouts: BTreeMap<String, LayoutGuess>,
}

/// What was skipped in one file for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name of the input.
    pub file: String,
    /// The reason.
    pub class: Class,
    /// The number of rows, or of runs of NULs.
    pub count: u64,
    /// The byte offsets of the first of them, each with details if any are known.
    pub places: Vec<(u64, String)>,
    /// For a damaged archive: the rows it lacks, if the manifest says how many it had.
    pub missing: Option<Missing>,
}

/// The rows that a damaged archive lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// The number of missing rows.
    pub rows: u64,
    /// The number of rows that it had.
    pub of: u64,
}

impl Entry {
    /// How many rows a damaged archive lacks, in words.
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
    /// The places that are reported.
    fn reported(&self) -> impl Iterator<Item = u64> {
        self.places.iter().take(PLACES_REPORTED).map(|(offset, _)| *offset)
    }
}

impl Skipped {
    /// Counts one row, or run of NULs, of `file` at byte `offset`.
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

    /// Sets the line number of `offset` in `file`, counted from 1. Ignored unless the place is
    /// reported.
    pub fn number(&mut self, file: &str, offset: u64, line: u64) {
        let is_reported = |entry: &Entry| entry.file == file && entry.reported().any(|place| place == offset);
        if self.entries.iter().any(is_reported) {
            self.lines.insert((file.to_owned(), offset), line);
        }
    }

    /// The reported places of `file` without a line number, in order.
    pub(crate) fn unnumbered(&self, file: &str) -> Vec<u64> {
        let of_lines = |entry: &&Entry| entry.file == file && entry.class.is_of_lines();
        let places = self.entries.iter().filter(of_lines).flat_map(Entry::reported);
        let mut places: Vec<u64> = places.filter(|at| !self.lines.contains_key(&(file.to_owned(), *at))).collect();
        places.sort_unstable();
        places
    }

    /// Guesses the layout of `file` from a line that is not a row.
    pub fn guess_layout(&mut self, file: &str, line: &[u8]) {
        if self.count_of(file) <= GUESS_LINES_MAX && !self.layouts.contains_key(file) {
            self.layouts.extend(LayoutGuess::of(line).map(|layouts| (file.to_owned(), layouts)));
        }
    }

    fn count_of(&self, file: &str) -> u64 {
        self.entries.iter().filter(|entry| entry.file == file).map(|entry| entry.count).sum()
    }

    /// The number of rows of `file` that were skipped for this reason.
    pub(super) fn count_as(&self, file: &str, class: Class) -> u64 {
        let of_it = |entry: &&Entry| entry.class == class && entry.file == file;
        self.entries.iter().find(of_it).map_or(0, |entry| entry.count)
    }

    /// Whether a whole file could not be read, not only rows in it.
    pub fn has_unread(&self) -> bool {
        self.entries.iter().any(|entry| entry.class == Class::Unreadable)
    }

    /// Whether a line was skipped. A run of NULs is not a line, and a deleted segment has none.
    pub fn has_lines(&self) -> bool {
        self.entries.iter().any(|entry| !matches!(entry.class, Class::Nul | Class::Deleted))
    }

    /// Adds what a later part of the scan skipped.
    pub(crate) fn join(&mut self, later: Skipped) {
        self.lines.extend(later.lines);
        for (file, layouts) in later.layouts {
            self.layouts.entry(file).or_insert(layouts);
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

    /// Whether anything of `file` was skipped.
    pub(crate) fn is_of(&self, file: &str) -> bool {
        self.entries.iter().any(|entry| entry.file == file)
    }

    /// Fails with exit 3 if a file could not be read to its end: it may hold a request, a decision
    /// or a hold. A skipped line decides nothing, since no writer reported it as stored.
    pub fn refuse_unread(&self) -> Result<()> {
        let unread = |entry: &&Entry| matches!(entry.class, Class::BadArchive | Class::Unreadable | Class::Deleted);
        let Some(entry) = self.entries.iter().find(unread) else { return Ok(()) };
        let detail = entry.places.first().map_or("", |(_, detail)| detail);
        Err(Error::io(format!(
            "{}: {}: {detail}; what it says about requests, decisions and holds is not known",
            entry.file,
            entry.class.says()
        ))
        .hint("logbook doctor"))
    }

    /// The number of skipped rows.
    pub fn count(&self) -> u64 {
        self.entries.iter().map(|entry| entry.count).sum()
    }

    /// The entries of damaged archives.
    pub(super) fn damaged_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut().filter(|entry| entry.class == Class::BadArchive)
    }

    /// The entries, by file and class.
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// One line for each file and class: the count, the reason and the first places. A file in
    /// another layout gets one line that says so.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut reported: Vec<&str> = Vec::new();
        for entry in &self.entries {
            let layout = self
                .layouts
                .get(&entry.file)
                .filter(|_| matches!(entry.class, Class::NotJson | Class::NotObject | Class::Torn));
            match layout {
                None => lines.push(self.line(entry)),
                Some(layout) if !reported.contains(&entry.file.as_str()) => {
                    reported.push(&entry.file);
                    lines.push(self.line_of_file(&entry.file, *layout));
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
        if entry.class == Class::Deleted {
            return format!("{}: deleted by retention meanwhile; none of its rows is in the answer", entry.file);
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

    /// One line for each file with rows that are not valid JSON and were read all the same.
    pub fn mended_lines(&self) -> Vec<String> {
        let line = |entry: &Entry| {
            let (count, rows) = (entry.count, if entry.count == 1 { "row is" } else { "rows are" });
            let places = self.places(entry);
            format!("{}: {count} {rows} not JSON throughout{places}; invalid values are read as null", entry.file)
        };
        self.entries.iter().map(line).collect()
    }

    /// The first places of an entry, in words.
    fn places(&self, entry: &Entry) -> String {
        let mut text = String::new();
        for (index, (offset, detail)) in entry.places.iter().take(PLACES_REPORTED).enumerate() {
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
        if entry.count > PLACES_REPORTED as u64 {
            text.push_str(", …");
        }
        text
    }

    fn line_of_file(&self, file: &str, layouts: LayoutGuess) -> String {
        let of_rows = |entry: &&Entry| {
            entry.file == file && matches!(entry.class, Class::NotJson | Class::NotObject | Class::Torn)
        };
        let entries = || self.entries.iter().filter(of_rows);
        let count: u64 = entries().map(|entry| entry.count).sum();
        let first = entries().flat_map(Entry::reported).min();
        let at = first.map_or_else(String::new, |offset| match self.lines.get(&(file.to_owned(), offset)) {
            Some(line) => format!(", the first at line {line}, byte {offset}"),
            None => format!(", the first at byte {offset}"),
        });
        format!("{file}: skipped {count} row{}: not JSON objects{at}; {}", plural(count), layouts.says())
    }
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}
