//! Compares the content of every segment with what the manifest says about it.
//!
//! Writers and an archiver may be at work. A segment that contradicts the manifest is read again
//! until its claims and its files are the same before and after the read: then the contradiction is
//! real, not a matter of timing.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::catalog::Catalog;
use super::claims::Claims;
use super::rows::{Oddity, Rows};
use super::verdict::{Finding, Verdict};
use logbook_format::SegmentName;
use logbook_format::digest::{Digest, Sha256, finished_hex};
use logbook_format::manifest::{Covered, Head, MARK_BYTES};
use logbook_model::error::{Error, Result};
use logbook_store::archive::Times;
use logbook_store::archive::content::{self, Sums, archive_path, raw_path};
use logbook_store::os::Os;

/// A segment that keeps changing is read at most this many times.
const READS_MAX: usize = 200;
/// The pause between two reads, after the first few.
const PAUSE_US: u64 = 20_000;

/// The state of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SegmentState {
    /// Its content is what the chain says.
    Proved,
    /// It is sealed, and the chain does not cover it yet.
    Uncovered,
    /// It takes rows; it had this many bytes.
    Active(u64),
    /// Its files are gone, and a line says that it was deleted.
    Deleted,
    /// Something is wrong, or its lines are not bound.
    Unproved,
}

/// The verdict on one segment.
#[derive(Debug)]
pub(crate) struct SegmentVerdict {
    /// Its state.
    pub state: SegmentState,
    /// What the manifest claims about it.
    pub claims: Claims,
}

/// The verdicts on all segments, by number.
pub(crate) type SegmentVerdicts = BTreeMap<u64, (SegmentName, SegmentVerdict)>;

/// The content of a file: its sums, and the first and last timestamp in it.
type Content = (Sums, (Option<String>, Option<String>));

/// The size and digest of the file of an archive, and its content.
type Packed = io::Result<(u64, String, io::Result<Content>)>;

/// The files of a segment. `None`: there is no such file.
struct Found {
    raw: Option<io::Result<Content>>,
    packed: Option<Packed>,
}

/// The walk over the segments.
pub(crate) struct Walk<'w> {
    pub os: &'w dyn Os,
    /// The directory of the logbook.
    pub directory: &'w Path,
    /// The verdict so far.
    pub verdict: Verdict,
    /// What the rows prove.
    pub rows: Rows,
    /// The check of the first bytes of one segment, for a head.
    pub beginning: Option<PrefixCheck>,
}

/// A digest of the first `bytes` bytes of a segment.
pub(crate) struct PrefixCheck {
    name: SegmentName,
    bytes: u64,
    /// The result; `None` if there is no such segment.
    pub found: Option<SegmentPrefix>,
}

/// How a segment begins.
pub(crate) enum SegmentPrefix {
    /// The SHA-256 of the bytes.
    Digest(String),
    /// The segment has only this many bytes.
    Short(u64),
}

impl PrefixCheck {
    /// The check that `head` needs.
    pub(crate) fn of(head: &Head) -> PrefixCheck {
        PrefixCheck { name: head.segment, bytes: head.bytes, found: None }
    }
}

/// Digests the first bytes of a stream.
struct PrefixDigest {
    left: u64,
    sha256: Sha256,
}

impl PrefixDigest {
    fn take(&mut self, block: &[u8]) {
        let part = &block[..self.left.min(block.len() as u64) as usize];
        self.sha256.update(part);
        self.left -= part.len() as u64;
    }
}

/// Findings and notes about one segment. They count only if the segment did not change meanwhile.
#[derive(Default)]
struct SegmentReport {
    findings: Vec<Finding>,
    notes: Vec<Finding>,
}

impl Walk<'_> {
    /// Judges the segment `name`. Fails if it changed during every read.
    pub(crate) fn segment(&mut self, catalog: &mut Catalog<'_>, name: &SegmentName) -> Result<SegmentVerdict> {
        let mut odd = None;
        for nth in 0..READS_MAX {
            if nth > 3 {
                self.os.pause(PAUSE_US);
            }
            let claims = catalog.claims(name.number);
            let is_active = catalog.is_active(name);
            let stats = catalog.stats(name);
            let found = self.read(name, odd.is_none());
            if odd.is_none() && (found.raw.is_some() || found.packed.is_some()) {
                odd = Some(self.rows.finish());
            }
            let mut report = SegmentReport::default();
            let covered_number = catalog.covered_number();
            let (state, changed) = self.judge(&mut report, name, &claims, &found, is_active, covered_number);
            let moved = !report.findings.is_empty() && {
                catalog.read_manifest()?;
                catalog.claims(name.number) != claims || catalog.stats(name) != stats
            };
            if moved {
                continue;
            }
            self.verdict.findings.append(&mut report.findings);
            self.verdict.notes.append(&mut report.notes);
            self.report_oddities(name, odd.unwrap_or_default(), changed);
            self.count(name, &claims, &state);
            return Ok(SegmentVerdict { state, claims });
        }
        Err(Error::io(format!("{name} changes all the time while it is read; it cannot be verified"))
            .hint("logbook verify   # again"))
    }

    fn count(&mut self, name: &SegmentName, claims: &Claims, state: &SegmentState) {
        match (state, &claims.covered) {
            (SegmentState::Proved, Some((covered, _))) => {
                self.verdict.proved += 1;
                self.verdict.rows += covered.rows;
                self.verdict.bytes += covered.bytes;
            }
            (SegmentState::Uncovered, _) => self.verdict.uncovered.push(name.to_string()),
            (SegmentState::Active(bytes), _) => self.verdict.active = Some((name.to_string(), *bytes)),
            _ => {}
        }
    }

    /// Reads both files of a segment. `fresh`: its rows are added to [`Walk::rows`].
    fn read(&mut self, name: &SegmentName, fresh: bool) -> Found {
        if fresh {
            self.rows.begin(name.number);
        }
        let rows = &mut self.rows;
        let asked = self.beginning.as_ref().filter(|asked| asked.name == *name).map_or(0, |asked| asked.bytes);
        let prefix = || PrefixDigest { left: asked, sha256: Sha256::new() };
        let mut times = Times::default();
        let mut raw_prefix = prefix();
        let raw = content::open(self.os, &raw_path(self.directory, name)).and_then(|mut reader| {
            content::sum(&mut reader, |block| {
                times.take(block);
                raw_prefix.take(block);
                if fresh {
                    rows.take(block);
                }
            })
        });
        let raw = existing(raw.map(|sums| (sums, times.span())));
        // If both files exist, the rows of the raw file count, and those of the archive that are
        // behind them.
        let mut skip = match &raw {
            Some(Ok((sums, _))) => sums.bytes,
            _ => 0,
        };
        let rows = &mut self.rows;
        let mut times = Times::default();
        let mut packed_prefix = prefix();
        let packed = content::sum_packed(self.os, &archive_path(self.directory, name), |block| {
            times.take(block);
            packed_prefix.take(block);
            let rest = &block[skip.min(block.len() as u64) as usize..];
            skip -= (block.len() - rest.len()) as u64;
            if fresh && !rest.is_empty() {
                rows.take(rest);
            }
        });
        let packed =
            existing(packed.map(|(bytes, sha256, sums)| (bytes, sha256, sums.map(|sums| (sums, times.span())))));
        if let Some(beginning) = self.beginning.as_mut().filter(|asked| asked.name == *name) {
            // The prefix of the raw file, unless the archive is longer.
            let (raw_bytes, packed_bytes) = (bytes_of(raw.as_ref()), bytes_of(packed_content(packed.as_ref())));
            let (prefix, bytes) =
                if packed_bytes > raw_bytes { (packed_prefix, packed_bytes) } else { (raw_prefix, raw_bytes) };
            beginning.found = bytes.map(|bytes| match prefix.left {
                0 => SegmentPrefix::Digest(finished_hex(prefix.sha256)),
                _ => SegmentPrefix::Short(bytes),
            });
        }
        Found { raw, packed }
    }

    /// The state of a segment, and whether its content was changed.
    fn judge(
        &self,
        report: &mut SegmentReport,
        name: &SegmentName,
        claims: &Claims,
        found: &Found,
        is_active: bool,
        covered_number: u64,
    ) -> (SegmentState, bool) {
        let file = name.to_string();
        let mut find = |what: &str| report.findings.push(Finding::new(name.number, &file, 0, what));
        claims.wrong.iter().for_each(|what| find(what));
        let Some((covered, link)) = &claims.covered else {
            return (judge_uncovered(report, name, found, is_active, covered_number), false);
        };
        if found.raw.is_none() && found.packed.is_none() {
            if !claims.deleted.is_empty() {
                return (SegmentState::Deleted, false);
            }
            let file = if claims.archive.is_some() { format!("archive/{}", name.archive()) } else { file };
            report.findings.push(Finding::new(name.number, file, 0, "is gone, and no receipt says why"));
            return (SegmentState::Unproved, false);
        }
        let changed = self.compare_files(report, name, claims, covered, found);
        let proved = report.findings.is_empty() && link.is_some() && !claims.unbound;
        (if proved { SegmentState::Proved } else { SegmentState::Unproved }, changed)
    }

    /// Reports how the files of a covered segment differ from what was covered. Returns whether the
    /// content of a file was changed.
    fn compare_files(
        &self,
        report: &mut SegmentReport,
        name: &SegmentName,
        claims: &Claims,
        covered: &Covered,
        found: &Found,
    ) -> bool {
        let mut changed = false;
        let packed_holds = matches!(&found.packed, Some(Ok((_, _, Ok((sums, _))))) if matches_covered(sums, covered));
        let mut raw_holds = false;
        match &found.raw {
            Some(Ok((sums, span))) if matches_covered(sums, covered) => {
                raw_holds = true;
                compare_line(report, name, sums, span, covered);
            }
            // The raw file was copied while it grew, and the archive later: nothing is lost.
            Some(Ok((sums, _))) if packed_holds && self.is_beginning(name, sums) => {
                let what = "is the beginning of its archive, which counts; logbook archive removes it";
                report.notes.push(Finding::new(name.number, name.to_string(), 0, what));
            }
            Some(Ok((sums, _))) => {
                changed = true;
                report.findings.push(difference(name, &name.to_string(), sums, covered));
            }
            Some(Err(error)) => {
                report.findings.push(Finding::new(name.number, name.to_string(), 0, error.to_string()));
            }
            None => {}
        }
        compare_archive(report, name, claims, covered, found, raw_holds) || changed
    }

    /// Whether the archive of `name` begins with the content of a raw file with these `sums`.
    fn is_beginning(&self, name: &SegmentName, sums: &Sums) -> bool {
        let beginning = content::open_packed(self.os, &archive_path(self.directory, name))
            .and_then(|reader| content::sum(&mut reader.take(sums.bytes), |_| {}));
        beginning.is_ok_and(|beginning| (beginning.bytes, &beginning.sha256) == (sums.bytes, &sums.sha256))
    }

    /// Reports the oddities of a segment: as findings if it was changed, otherwise as notes.
    fn report_oddities(&mut self, name: &SegmentName, odd: Vec<(u64, Oddity)>, changed: bool) {
        for (at, oddity) in odd {
            let finding = Finding::new(name.number, name.to_string(), at, oddity.to_string());
            match oddity {
                _ if changed => self.verdict.findings.push(finding),
                Oddity::Gap { .. } => {}
                _ => self.verdict.notes.push(finding),
            }
        }
    }
}

/// Reports how the archive of a covered segment differs from what was covered. Returns whether its
/// content was changed. `raw_holds`: the raw file is there, as it was covered.
fn compare_archive(
    report: &mut SegmentReport,
    name: &SegmentName,
    claims: &Claims,
    covered: &Covered,
    found: &Found,
    raw_holds: bool,
) -> bool {
    let archive = format!("archive/{}", name.archive());
    let mut find = |what: String| report.findings.push(Finding::new(name.number, &archive, 0, what));
    let (packed, recorded) = match (&found.packed, &claims.archive) {
        (None, Some(_)) if claims.deleted.is_empty() => {
            find("is gone, and no receipt says why".to_owned());
            return false;
        }
        (None, _) => return false,
        // The archive is not finished; the raw file is still there.
        (Some(_), None) if raw_holds => return false,
        (Some(packed), recorded) => (packed, recorded),
    };
    match packed {
        Err(error) => find(error.to_string()),
        Ok((.., Err(error))) => find(format!("cannot be unpacked to its end: {error}")),
        Ok((bytes, sha256, Ok((sums, span)))) if matches_covered(sums, covered) => {
            compare_line(report, name, sums, span, covered);
            let finding = |what| Finding::new(name.number, &archive, 0, what);
            match recorded {
                Some(recorded) if *recorded == (*bytes, sha256.clone()) => {}
                // An archiver that made it again died before it wrote the line; the raw file is
                // there.
                Some(_) if raw_holds => {
                    report.notes.push(finding("is not the file that the manifest names, but has the same content"));
                }
                Some(_) => {
                    let what = "the file was changed, though it unpacks to the right content";
                    report.findings.push(finding(what));
                }
                // The archive is newer than the manifest, as in a copy. Its content was covered
                // before.
                None => report.notes.push(finding(
                    "no line of the manifest says that it was archived; its content is as covered, and logbook head adds the line",
                )),
            }
        }
        Ok((.., Ok((sums, _)))) => {
            report.findings.push(difference(name, &archive, sums, covered));
            return true;
        }
    }
    false
}

/// The state of a segment that no line covers.
fn judge_uncovered(
    report: &mut SegmentReport,
    name: &SegmentName,
    found: &Found,
    is_active: bool,
    covered_number: u64,
) -> SegmentState {
    let mut find = |file: String, what: &str| {
        report.findings.push(Finding::new(name.number, file, 0, what));
        SegmentState::Unproved
    };
    match (&found.raw, &found.packed) {
        (Some(Err(error)), _) => find(name.to_string(), &error.to_string()),
        (Some(Ok(_)), _) if name.number < covered_number => {
            find(name.to_string(), "was not there when later segments were covered: it was inserted")
        }
        (Some(Ok((sums, _))), _) if is_active => SegmentState::Active(sums.bytes),
        (Some(Ok(_)), _) => SegmentState::Uncovered,
        (None, Some(_)) => find(
            format!("archive/{}", name.archive()),
            "the manifest does not mention this archive: lines were cut off, or it was added",
        ),
        (None, None) => find(name.to_string(), "was here a moment ago and is gone: nothing says why"),
    }
}

fn packed_content(packed: Option<&Packed>) -> Option<&io::Result<Content>> {
    packed?.as_ref().ok().map(|(_, _, content)| content)
}

/// The size of a file, if it was read to its end.
fn bytes_of(content: Option<&io::Result<Content>>) -> Option<u64> {
    content?.as_ref().ok().map(|(sums, _)| sums.bytes)
}

fn matches_covered(sums: &Sums, covered: &Covered) -> bool {
    (sums.bytes, &sums.sha256) == (covered.bytes, &covered.sha256)
}

/// Compares the rest of the line with content that is as it was covered.
fn compare_line(
    report: &mut SegmentReport,
    name: &SegmentName,
    sums: &Sums,
    (first_at, last_at): &(Option<String>, Option<String>),
    covered: &Covered,
) {
    let said = [
        ("rows", sums.rows == covered.rows),
        ("marks", sums.marks == covered.marks),
        ("first_at", *first_at == covered.first_at),
        ("last_at", *last_at == covered.last_at),
    ];
    for (field, _) in said.iter().filter(|(_, same)| !same) {
        let what = format!("the manifest records another {field} than its content has");
        report.findings.push(Finding::new(name.number, name.to_string(), 0, what));
    }
}

/// The finding about content that is not as it was covered.
fn difference(name: &SegmentName, file: &str, sums: &Sums, covered: &Covered) -> Finding {
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
    Finding::new(name.number, file, at, format!("{what}{rows}: the change is in the MiB that begins here"))
}

/// The byte of the first MiB whose mark differs.
fn first_difference(one: &str, other: &str) -> u64 {
    let marks = |text: &str| text.as_bytes().chunks(16).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (one, other) = (marks(one), marks(other));
    let same = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
    (same * MARK_BYTES) as u64
}

/// `None` if there is no such file.
fn existing<T>(result: io::Result<T>) -> Option<io::Result<T>> {
    match result {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => None,
        other => Some(other),
    }
}
