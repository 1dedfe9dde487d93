//! What was sent and what came of it, held against what is on file. The reader
//! here is on purpose the obvious one: split at newlines, `serde_json`, no line
//! of code shared with logbook.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;

use crate::bed::{self, Fate};

/// The members of a row that the trials look at.
#[derive(Deserialize)]
pub struct Line {
    #[serde(default)]
    pub run_id: String,
    pub step: Option<u64>,
    pub timestamp: Option<String>,
    pub action: Option<String>,
    length: Option<u64>,
    pad: Option<String>,
    segment: Option<u64>,
    offset: Option<u64>,
    voids: Option<String>,
    by: Option<String>,
}

/// Where a line begins.
pub type Place = (u64, u64);

/// Archived segments: number, day, path.
fn archived(archive: &Path) -> Vec<(u64, String, std::path::PathBuf)> {
    let names = fs::read_dir(archive).unwrap().map(|entry| entry.unwrap().path());
    names
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_suffix(".jsonl.zst")?.to_owned();
            let (day, number) = name.split_once('.')?;
            Some((number.parse().ok()?, day.to_owned(), path.clone()))
        })
        .collect()
}

/// The segments of the logbook, by number: number, day, path.
pub fn segments(book: &Path) -> Vec<(u64, String, std::path::PathBuf)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(book).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut parts = name.split('.');
        if let (Some(day), Some(number), Some("jsonl"), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        {
            found.push((number.parse().unwrap(), day.to_owned(), path));
        }
    }
    found.sort();
    found
}

/// Calls `each` with every line that has its newline: place, text without it.
pub fn lines(book: &Path, each: &mut dyn FnMut(Place, &[u8])) {
    let raw = segments(book);
    let archive = book.join("archive");
    let mut all: Vec<_> = if archive.is_dir() { archived(&archive) } else { Vec::new() };
    // A number counts once, and the raw file before its archive.
    all.retain(|(number, ..)| raw.iter().all(|(other, ..)| other != number));
    all.extend(raw);
    all.sort();
    for (number, _, path) in all {
        let file = File::open(&path).unwrap();
        let packed = path.extension().is_some_and(|end| end == "zst");
        let plain: Box<dyn Read> = if packed { Box::new(zstd::Decoder::new(file).unwrap()) } else { Box::new(file) };
        let mut file = BufReader::with_capacity(1 << 20, plain);
        let (mut offset, mut text) = (0, Vec::new());
        loop {
            text.clear();
            let read = file.read_until(b'\n', &mut text).unwrap() as u64;
            if text.pop() != Some(b'\n') {
                break;
            }
            let nuls = text.iter().take_while(|byte| **byte == 0).count();
            each((number, offset), &text[nuls..]);
            offset += read;
        }
    }
}

/// What holds beyond "no row lost, none twice, none torn".
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Steps {
    /// 1, 2, 3, … in every run.
    Dense,
    /// A power cut may take rows that nobody was promised.
    Rising,
}

/// All that was sent.
#[derive(Default)]
pub struct Ledger {
    sent: HashMap<String, Fate>,
    /// Rows of one batch: of those, only a first part may be there.
    batches: Vec<(u64, u64, u64)>,
}

/// What is on file.
#[derive(Default)]
pub struct Found {
    pub violations: Vec<String>,
    /// Whole rows, those about the logbook itself included.
    pub rows: u64,
    /// Lines that are no rows: torn, then closed.
    pub torn: u64,
}

impl Ledger {
    pub fn note(&mut self, writer: u64, number: u64, fate: Fate) {
        self.sent.insert(format!("{writer}.{number}"), fate);
    }

    /// Rows `from` up to, not including, `to`.
    pub fn note_batch(&mut self, writer: u64, from: u64, to: u64, fate: Fate) {
        for number in from..to {
            self.note(writer, number, fate);
        }
        self.batches.push((writer, from, to));
    }

    pub fn join(&mut self, other: Ledger) {
        self.sent.extend(other.sent);
        self.batches.extend(other.batches);
    }

    /// Reads the whole logbook and says what is wrong with it.
    pub fn judge(&self, book: &Path, steps: Steps) -> Found {
        let mut found = Found::default();
        let mut places: HashMap<String, Vec<Place>> = HashMap::new();
        let mut order: Vec<(Place, String, Option<u64>, String)> = Vec::new();
        let (mut repaired, mut voided) = (HashSet::new(), HashSet::new());
        let mut bad: Vec<(Place, String)> = Vec::new();
        let mut wrong = Vec::new();
        // The place that the line before voids, if this one is the row of that name.
        let mut announced: Option<(Place, String)> = None;
        lines(book, &mut |place, text| {
            let before = announced.take();
            let Ok(line) = serde_json::from_slice::<Line>(text) else {
                bad.push((place, String::from_utf8_lossy(&text[..text.len().min(60)]).into_owned()));
                return;
            };
            found.rows += 1;
            if let Some((place, by)) = before
                && line.step.is_some_and(|step| format!("{}#{step}", line.run_id) == by)
            {
                voided.insert(place);
            }
            if line.run_id == "_logbook" {
                if let (Some(segment), Some(offset)) = (line.segment, line.offset) {
                    repaired.insert((segment, offset));
                }
                announced = line.voids.as_deref().and_then(address).zip(line.by);
                return;
            }
            let key = line.action.clone().unwrap_or_default();
            if !self.sent.contains_key(&key) {
                wrong.push(format!("@{}:{}: a row that nobody sent: {key:?}", place.0, place.1));
                return;
            }
            if !is_whole(&line, &key) {
                wrong.push(format!("@{}:{}: row {key} is not as it was sent", place.0, place.1));
            }
            places.entry(key.clone()).or_default().push(place);
            order.push((place, line.run_id, line.step, key));
        });
        found.violations = wrong;
        found.torn = bad.len() as u64;
        for (at, (place, text)) in bad.iter().enumerate() {
            // The repair row itself may have been torn, and was then closed in turn.
            let next_is_repair = bad.get(at + 1).is_some_and(|(_, next)| next.starts_with("{\"run_id\":\"_logbook\""));
            if !repaired.contains(place) && !next_is_repair {
                let here = format!("@{}:{}", place.0, place.1);
                found.violations.push(format!("{here}: a broken line that no repair row tells of: {text:?}"));
            }
        }
        order.retain(|(place, ..)| !voided.contains(place));
        self.judge_fates(&places, &voided, &mut found.violations);
        judge_order(&order, steps, &mut found.violations);
        found
    }

    fn judge_fates(&self, places: &HashMap<String, Vec<Place>>, voided: &HashSet<Place>, violations: &mut Vec<String>) {
        let count = |key: &str| {
            places.get(key).map_or(0, |places| places.iter().filter(|place| !voided.contains(place)).count())
        };
        for (key, fate) in &self.sent {
            match (fate, count(key)) {
                (Fate::Stored, 0) => violations.push(format!("row {key}: acknowledged and lost")),
                (Fate::Absent, 1..) => {
                    violations.push(format!("row {key}: there, though it was said not to be stored"))
                }
                (_, 2..) => violations.push(format!("row {key}: there {} times: {:?}", count(key), places.get(key))),
                _ => {}
            }
        }
        for (writer, from, to) in &self.batches {
            let there = (*from..*to).map(|number| count(&format!("{writer}.{number}")) > 0).collect::<Vec<bool>>();
            let first = there.iter().take_while(|there| **there).count();
            if there[first..].contains(&true) {
                violations.push(format!("batch {writer}.{from}..{to}: rows after the first missing one are there"));
            }
        }
    }
}

/// In order for each writer; steps rise in each run, and are dense.
fn judge_order(order: &[(Place, String, Option<u64>, String)], steps: Steps, violations: &mut Vec<String>) {
    let mut numbers: HashMap<&str, u64> = HashMap::new();
    let mut last: HashMap<&str, u64> = HashMap::new();
    for (place, run, step, key) in order {
        let here = format!("@{}:{}", place.0, place.1);
        let (writer, number) = key.split_once('.').unwrap();
        let number: u64 = number.parse().unwrap();
        if let Some(before) = numbers.insert(writer, number)
            && number <= before
        {
            violations.push(format!("{here}: row {key} stands after {writer}.{before}"));
        }
        let before = last.get(run.as_str()).copied().unwrap_or(0);
        match step {
            None => violations.push(format!("{here}: row {key} has no step")),
            Some(step) if *step <= before || (steps == Steps::Dense && *step != before + 1) => {
                violations.push(format!("{here}: row {key} of {run} has step {step} after {before}"));
            }
            Some(_) => {}
        }
        last.insert(run, step.unwrap_or(before));
    }
}

fn is_whole(line: &Line, key: &str) -> bool {
    let Some((writer, number)) = key.split_once('.') else { return false };
    let (Ok(writer), Ok(number)) = (writer.parse(), number.parse()) else { return false };
    let letter = bed::letter(writer, number);
    let pad = line.pad.as_deref().unwrap_or("").as_bytes();
    line.run_id == format!("w-{writer}")
        && line.length == Some(pad.len() as u64)
        && !pad.is_empty()
        && pad.iter().all(|byte| *byte == letter)
}

/// `@SEGMENT:OFFSET`.
fn address(text: &str) -> Option<Place> {
    let (segment, offset) = text.strip_prefix('@')?.split_once(':')?;
    Some((segment.parse().ok()?, offset.parse().ok()?))
}

/// How many rows logbook itself sees, and what it said on the way.
pub fn counted_by_logbook(book: &Path) -> Result<u64, String> {
    let mut command = bed::logbook(book, &["query", "--count"]);
    command.stdout(std::process::Stdio::piped());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    text.parse().map_err(|_| format!("query --count: {text:?}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}
