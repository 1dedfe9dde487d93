//! Names, numbers, and the content of every sealed segment against the manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;

use super::chain::{self, Chain};
use super::head;
use super::steps::Steps;
use crate::error::Result;
use crate::format::SegmentName;
use crate::format::manifest::{Covered, Event, Head, Line};
use crate::store::archive::content::{self, Sums, archive_path, raw_path};
use crate::store::archive::manifest;
use crate::store::listing;
use crate::store::os::Os;

/// Something that is not as it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In which file, within the logbook.
    pub file: String,
    /// At which byte (of an archive: of its content, or of the file where it cannot be unpacked).
    pub at: u64,
    /// What.
    pub what: String,
}

/// What a logbook proves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What is not as it was written down, the first break first.
    pub findings: Vec<Finding>,
    /// What is odd, and breaks nothing.
    pub notes: Vec<Finding>,
    /// Segments whose content is what the chain says.
    pub proved: usize,
    /// Their rows and bytes.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Segments that were deleted with a receipt.
    pub deleted: usize,
    /// Sealed, and not covered yet.
    pub uncovered: Vec<String>,
    /// The active segment and its length.
    pub active: Option<(String, u64)>,
    /// Whether a head that was given is one of this logbook.
    pub head: Option<bool>,
}

/// What the chain says of one segment.
#[derive(Default)]
struct Said {
    name: Option<SegmentName>,
    covered: Option<Covered>,
    archive: Option<(u64, String)>,
    deleted: Option<String>,
    /// Some line about it stands behind a break.
    unbound: bool,
}

/// Walks the logbook at `directory`. `told` is called before each segment.
pub fn verify(os: &dyn Os, directory: &Path, given: Option<&Head>, told: &mut dyn FnMut(&str)) -> Result<Verdict> {
    let raw = listing::raw(os, directory)?;
    let archived = listing::archived(os, directory)?;
    // After the names: a line is written before a raw file goes.
    let chain = chain::read(&manifest::read(os, directory)?);
    let mut walk = Walk { os, directory, verdict: Verdict::default(), steps: Steps::default() };
    walk.breaks(&chain);
    walk.doubled()?;
    let mut said: BTreeMap<u64, Said> = BTreeMap::new();
    for (line, unbound) in chain.lines.iter().map(|it| (it, false)).chain(chain.unbound.iter().map(|it| (it, true))) {
        walk.line(&mut said, line, unbound);
    }
    let names: BTreeMap<u64, SegmentName> = archived
        .iter()
        .chain(&raw)
        .copied()
        .chain(said.values().filter_map(|said| said.name))
        .map(|name| (name.number, name))
        .collect();
    walk.gaps(&names);
    let highest = names.keys().last().copied().unwrap_or(0);
    let on_file: BTreeSet<u64> = raw.iter().map(|name| name.number).collect();
    for (number, name) in &names {
        told(&name.to_string());
        let said = said.remove(number).unwrap_or_default();
        if *number == highest && on_file.contains(number) && said.covered.is_none() {
            walk.active(name);
        } else {
            walk.sealed(name, &said);
        }
    }
    let mut verdict = walk.verdict;
    if let Some(given) = given {
        let proved = head::is_of(os, directory, &chain, given);
        verdict.head = Some(proved.is_none());
        verdict.findings.extend(proved);
    }
    Ok(verdict)
}

struct Walk<'w> {
    os: &'w dyn Os,
    directory: &'w Path,
    verdict: Verdict,
    steps: Steps,
}

impl Walk<'_> {
    fn find(&mut self, file: impl Into<String>, at: u64, what: impl Into<String>) {
        self.verdict.findings.push(Finding { file: file.into(), at, what: what.into() });
    }

    fn note(&mut self, file: impl Into<String>, at: u64, what: impl Into<String>) {
        self.verdict.notes.push(Finding { file: file.into(), at, what: what.into() });
    }

    fn breaks(&mut self, chain: &Chain) {
        for (at, how) in &chain.breaks {
            self.find("manifest.jsonl", *at, how);
        }
    }

    fn doubled(&mut self) -> Result<()> {
        for names in listing::doubled(self.os, self.directory)? {
            for name in names.iter().skip(1) {
                let first = names.first().map_or_else(String::new, ToString::to_string);
                self.find(name.to_string(), 0, format!("has the number of {first}: one of them was put here"));
            }
        }
        Ok(())
    }

    /// Takes in what a line of the manifest says.
    fn line(&mut self, said: &mut BTreeMap<u64, Said>, line: &Line, unbound: bool) {
        let entry = said.entry(line.segment.number).or_default();
        entry.unbound |= unbound;
        let other = entry.name.replace(line.segment).is_some_and(|name| name != line.segment);
        let mut what = other.then_some("the manifest has two names for one number");
        match &line.event {
            Event::Covered(covered) if entry.covered.is_none() => entry.covered = Some(covered.clone()),
            Event::Covered(_) => what = Some("the manifest covers it twice"),
            Event::Archived { archive_bytes, archive_sha256 } => {
                entry.archive = Some((*archive_bytes, archive_sha256.clone()));
            }
            Event::Deleted { receipt, .. } => entry.deleted = Some(receipt.clone()),
        }
        if entry.covered.is_none() {
            what = Some("the manifest tells of it before it is covered");
        }
        if let Some(what) = what {
            self.find(line.segment.to_string(), 0, what);
        }
    }

    fn gaps(&mut self, names: &BTreeMap<u64, SegmentName>) {
        let mut expected = 1;
        for (number, name) in names {
            if *number > expected {
                let which = match number - expected {
                    1 => format!("segment {expected:06} is missing"),
                    _ => format!("segments {expected:06} to {:06} are missing", number - 1),
                };
                self.find(name.to_string(), 0, format!("{which} before it, and no receipt tells why"));
            }
            expected = number + 1;
        }
    }

    fn active(&mut self, name: &SegmentName) {
        let path = raw_path(self.directory, name);
        let mut bytes = 0;
        let read = content::open(self.os, &path).and_then(|mut reader| {
            content::sum(&mut reader, |block| {
                bytes += block.len() as u64;
                self.steps.take(block);
            })
        });
        if let Err(error) = read {
            self.find(name.to_string(), 0, error.to_string());
        }
        self.odd(name, false);
        self.verdict.active = Some((name.to_string(), bytes));
    }

    fn sealed(&mut self, name: &SegmentName, said: &Said) {
        let (raw, packed) = (raw_path(self.directory, name), archive_path(self.directory, name));
        let steps = &mut self.steps;
        let raw_sums = there(
            content::open(self.os, &raw).and_then(|mut reader| content::sum(&mut reader, |block| steps.take(block))),
        );
        // The rows of a raw file count, where both are there.
        let alone = raw_sums.is_none();
        let steps = &mut self.steps;
        let packed_sums = there(content::sum_packed(self.os, &packed, |block| {
            if alone {
                steps.take(block);
            }
        }));
        let archive_name = format!("archive/{}", name.archive());
        let before = self.verdict.findings.len();
        let Some(covered) = &said.covered else {
            self.odd(name, false);
            match (&raw_sums, &packed_sums) {
                (Some(_), _) => self.verdict.uncovered.push(name.to_string()),
                (None, Some(_)) => self.find(
                    archive_name,
                    0,
                    "the manifest does not know this archive: lines were cut off, or it was put here",
                ),
                (None, None) => {}
            }
            return;
        };
        if let Some(receipt) = &said.deleted {
            self.odd(name, false);
            self.verdict.deleted += 1;
            if raw_sums.is_some() || packed_sums.is_some() {
                self.note(
                    name.to_string(),
                    0,
                    format!("is deleted by {receipt}, but still here; logbook archive finishes that"),
                );
            }
            return;
        }
        let mut changed = false;
        match &raw_sums {
            Some(Ok(sums)) => changed |= self.compare(&name.to_string(), sums, covered),
            Some(Err(error)) => self.find(name.to_string(), 0, error.to_string()),
            None => {}
        }
        match (&packed_sums, &said.archive) {
            (Some(Err(error)), _) => self.find(&archive_name, 0, error.to_string()),
            (Some(Ok((bytes, sha256, unpacked))), archive) => {
                let as_said = archive.as_ref().is_none_or(|said| *said == (*bytes, sha256.clone()));
                match unpacked {
                    Err(error) if raw_sums.is_none() || archive.is_some() => {
                        self.find(&archive_name, 0, format!("cannot be unpacked to its end: {error}"));
                    }
                    Ok(sums) if raw_sums.is_none() || archive.is_some() => {
                        changed |= self.compare(&archive_name, sums, covered)
                    }
                    // Half made, with the raw file still there.
                    _ => {}
                }
                if !as_said && self.verdict.findings.len() == before {
                    self.find(&archive_name, 0, "the file was changed, though it unpacks to what it should");
                }
                if archive.is_none() && raw_sums.is_none() {
                    self.find(
                        &archive_name,
                        0,
                        "no line of the manifest says that it was archived: lines were cut off",
                    );
                }
            }
            (None, Some(_)) => self.find(&archive_name, 0, "is gone, and no receipt tells why"),
            (None, None) if raw_sums.is_none() => self.find(name.to_string(), 0, "is gone, and no receipt tells why"),
            (None, None) => {}
        }
        self.odd(name, changed);
        if self.verdict.findings.len() == before && !said.unbound {
            self.verdict.proved += 1;
            self.verdict.rows += covered.rows;
            self.verdict.bytes += covered.bytes;
        }
    }

    /// Tells how content differs from what was covered; gives whether it does.
    fn compare(&mut self, file: &str, sums: &Sums, covered: &Covered) -> bool {
        if sums.sha256 == covered.sha256 && sums.bytes == covered.bytes {
            return false;
        }
        let at = first_difference(&sums.marks, &covered.marks).min(sums.bytes);
        let what = match sums.bytes.cmp(&covered.bytes) {
            std::cmp::Ordering::Less => format!("{} bytes are missing", covered.bytes - sums.bytes),
            std::cmp::Ordering::Greater => format!("{} bytes too many", sums.bytes - covered.bytes),
            std::cmp::Ordering::Equal => "its content was changed".to_owned(),
        };
        let rows = match (sums.rows, covered.rows) {
            (now, then) if now != then => format!(", {now} lines instead of {then}"),
            _ => String::new(),
        };
        self.find(file, at, format!("{what}{rows}: the change is in the MiB that begins here"));
        true
    }

    /// What is odd in the rows of a segment: part of the finding where it was changed, a note elsewhere.
    fn odd(&mut self, name: &SegmentName, changed: bool) {
        for (at, what) in self.steps.finish() {
            if changed {
                self.find(name.to_string(), at, what);
            } else if !what.ends_with("missing") {
                // Rows may be numbered by their writer: a gap alone is none.
                self.note(name.to_string(), at, what);
            }
        }
    }
}

/// The byte of the first MiB whose mark differs.
fn first_difference(one: &str, other: &str) -> u64 {
    let marks = |text: &str| text.as_bytes().chunks(16).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (one, other) = (marks(one), marks(other));
    let same = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
    (same * crate::format::manifest::MARK_BYTES) as u64
}

/// `None`: there is no such file.
fn there<T>(result: std::io::Result<T>) -> Option<std::io::Result<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        other => Some(other),
    }
}
