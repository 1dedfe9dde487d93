//! The content of every segment against what the manifest says of it.
//!
//! Writers and an archiver may be at work. What contradicts itself is looked at again, until what
//! is said of the segment and its files were the same before they were read and after: then it is
//! not a matter of when who looked.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::claims::Claims;
use super::look::Look;
use super::rows::Rows;
use super::verdict::{Finding, Verdict};
use logbook_format::SegmentName;
use logbook_format::digest::{Digest, Sha256, finished_hex};
use logbook_format::manifest::{Covered, Head, MARK_BYTES};
use logbook_model::error::{Error, Result};
use logbook_store::archive::Times;
use logbook_store::archive::content::{self, Sums, archive_path, raw_path};
use logbook_store::os::Os;

/// How often a segment is looked at that changes all the while.
const LOOKS_MAX: usize = 200;
/// Between two of these looks, after the first few.
const PAUSE_US: u64 = 20_000;

/// How it stands with a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its content is what the chain says.
    Proved,
    /// It is sealed, and the chain does not speak of it yet.
    Uncovered,
    /// It takes rows; this many bytes were there.
    Active(u64),
    /// Its files are gone, and a line tells that it was deleted.
    Deleted,
    /// Something is wrong, or nothing is bound.
    Unproved,
}

/// What came of one segment.
#[derive(Debug)]
pub(crate) struct Judged {
    /// How it stands with it.
    pub standing: Standing,
    /// What is said of it.
    pub claims: Claims,
}

/// What came of each segment, by number.
pub(crate) type Walked = BTreeMap<u64, (SegmentName, Judged)>;

/// A stream that was read: its sums, and the span of times in it.
type Content = (Sums, (Option<String>, Option<String>));

/// Bytes and digest of an archive's file, and its content.
type Packed = io::Result<(u64, String, io::Result<Content>)>;

/// What the files of a segment hold. `None`: there is no such file.
struct Found {
    raw: Option<io::Result<Content>>,
    packed: Option<Packed>,
}

/// Walks the segments.
pub(crate) struct Walk<'w> {
    /// The files.
    pub os: &'w dyn Os,
    /// The logbook.
    pub directory: &'w Path,
    /// What it comes to.
    pub verdict: Verdict,
    /// What rows tell.
    pub rows: Rows,
    /// What is asked of the beginning of one segment.
    pub beginning: Option<Beginning>,
}

/// The first bytes of a segment: of which, how many, and what they come to, where so many are
/// there.
pub(crate) struct Beginning {
    name: SegmentName,
    bytes: u64,
    /// `None`: there is no such segment.
    pub found: Option<Begins>,
}

/// How a segment begins.
pub(crate) enum Begins {
    /// With bytes of this SHA-256.
    With(String),
    /// It has only this many bytes.
    Short(u64),
}

impl Beginning {
    /// Asks for what `head` is about.
    pub(crate) fn of(head: &Head) -> Beginning {
        Beginning { name: head.segment, bytes: head.bytes, found: None }
    }
}

/// Digests the first bytes of what comes by.
struct Prefix {
    left: u64,
    sha256: Sha256,
}

impl Prefix {
    fn take(&mut self, block: &[u8]) {
        let part = &block[..self.left.min(block.len() as u64) as usize];
        self.sha256.update(part);
        self.left -= part.len() as u64;
    }
}

/// Findings and notes about one segment, that count only when it stood still.
#[derive(Default)]
struct Draft {
    findings: Vec<Finding>,
    notes: Vec<Finding>,
}

impl Walk<'_> {
    /// Judges the segment `name`. Errors: it changed at every look.
    pub(crate) fn segment(&mut self, look: &mut Look<'_>, name: &SegmentName) -> Result<Judged> {
        let mut odd = None;
        for nth in 0..LOOKS_MAX {
            if nth > 3 {
                self.os.pause(PAUSE_US);
            }
            let claims = look.claims(name.number);
            let is_active = look.is_active(name);
            let sight = look.sight(name);
            let found = self.read(name, odd.is_none());
            if odd.is_none() && (found.raw.is_some() || found.packed.is_some()) {
                odd = Some(self.rows.finish());
            }
            let mut draft = Draft::default();
            let covered_number = look.covered_number();
            let (standing, changed) = self.judge(&mut draft, name, &claims, &found, (is_active, covered_number));
            let moved = !draft.findings.is_empty() && {
                look.read_manifest()?;
                look.claims(name.number) != claims || look.sight(name) != sight
            };
            if moved {
                continue;
            }
            self.verdict.findings.append(&mut draft.findings);
            self.verdict.notes.append(&mut draft.notes);
            self.tell_odd(name, odd.unwrap_or_default(), changed);
            self.count(name, &claims, &standing);
            return Ok(Judged { standing, claims });
        }
        Err(Error::io(format!("{name} changes all the time while it is looked at; nothing can be said of it"))
            .hint("logbook verify   # again"))
    }

    fn count(&mut self, name: &SegmentName, claims: &Claims, standing: &Standing) {
        match (standing, &claims.covered) {
            (Standing::Proved, Some((covered, _))) => {
                self.verdict.proved += 1;
                self.verdict.rows += covered.rows;
                self.verdict.bytes += covered.bytes;
            }
            (Standing::Uncovered, _) => self.verdict.uncovered.push(name.to_string()),
            (Standing::Active(bytes), _) => self.verdict.active = Some((name.to_string(), *bytes)),
            _ => {}
        }
    }

    /// Reads both files of a segment to their ends. `fresh`: its rows are taken in.
    fn read(&mut self, name: &SegmentName, fresh: bool) -> Found {
        if fresh {
            self.rows.begin(name.number);
        }
        let rows = &mut self.rows;
        let asked = self.beginning.as_ref().filter(|asked| asked.name == *name).map_or(0, |asked| asked.bytes);
        let prefix = || Prefix { left: asked, sha256: Sha256::new() };
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
        let raw = there(raw.map(|sums| (sums, times.span())));
        // The rows of a raw file count, where both are there, and what its archive has behind them.
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
        let packed = there(packed.map(|(bytes, sha256, sums)| (bytes, sha256, sums.map(|sums| (sums, times.span())))));
        if let Some(beginning) = self.beginning.as_mut().filter(|asked| asked.name == *name) {
            // That of the raw file, unless its archive holds more.
            let (raw_bytes, packed_bytes) = (bytes_of(raw.as_ref()), bytes_of(packed_content(packed.as_ref())));
            let (prefix, bytes) =
                if packed_bytes > raw_bytes { (packed_prefix, packed_bytes) } else { (raw_prefix, raw_bytes) };
            beginning.found = bytes.map(|bytes| match prefix.left {
                0 => Begins::With(finished_hex(prefix.sha256)),
                _ => Begins::Short(bytes),
            });
        }
        Found { raw, packed }
    }

    /// How it stands with a segment, and whether its content was changed.
    fn judge(
        &self,
        draft: &mut Draft,
        name: &SegmentName,
        claims: &Claims,
        found: &Found,
        (is_active, covered_number): (bool, u64),
    ) -> (Standing, bool) {
        let file = name.to_string();
        let mut find = |what: &str| draft.findings.push(Finding::new(name.number, &file, 0, what));
        claims.wrong.iter().for_each(|what| find(what));
        let Some((covered, link)) = &claims.covered else {
            let standing = match (&found.raw, &found.packed) {
                (Some(Err(error)), _) => {
                    find(&error.to_string());
                    Standing::Unproved
                }
                (Some(Ok(_)), _) if name.number < covered_number => {
                    find("was not there when segments behind it were covered: it was put in");
                    Standing::Unproved
                }
                (Some(Ok((sums, _))), _) if is_active => Standing::Active(sums.bytes),
                (Some(Ok(_)), _) => Standing::Uncovered,
                (None, Some(_)) => {
                    let what = "the manifest does not know this archive: lines were cut off, or it was put here";
                    let archive = format!("archive/{}", name.archive());
                    draft.findings.push(Finding::new(name.number, archive, 0, what));
                    Standing::Unproved
                }
                (None, None) => {
                    find("was here a moment ago, and is gone: nothing tells why");
                    Standing::Unproved
                }
            };
            return (standing, false);
        };
        if found.raw.is_none() && found.packed.is_none() {
            if !claims.deleted.is_empty() {
                return (Standing::Deleted, false);
            }
            let file = if claims.archive.is_some() { format!("archive/{}", name.archive()) } else { file };
            draft.findings.push(Finding::new(name.number, file, 0, "is gone, and no receipt tells why"));
            return (Standing::Unproved, false);
        }
        let changed = self.compare_files(draft, name, claims, covered, found);
        let proved = draft.findings.is_empty() && link.is_some() && !claims.unbound;
        (if proved { Standing::Proved } else { Standing::Unproved }, changed)
    }

    /// Tells how the files of a covered segment differ from what was covered; gives whether the
    /// content of one does.
    fn compare_files(
        &self,
        draft: &mut Draft,
        name: &SegmentName,
        claims: &Claims,
        covered: &Covered,
        found: &Found,
    ) -> bool {
        let archive = format!("archive/{}", name.archive());
        let mut changed = false;
        let packed_holds = matches!(&found.packed, Some(Ok((_, _, Ok((sums, _))))) if is(sums, covered));
        let mut raw_holds = false;
        match &found.raw {
            Some(Ok((sums, span))) if is(sums, covered) => {
                raw_holds = true;
                compare_line(draft, name, sums, span, covered);
            }
            // A copy was made while it grew, and the archive was copied later: nothing is lost.
            Some(Ok((sums, _))) if packed_holds && self.is_beginning(name, sums) => {
                let what = "is the beginning of its archive, which counts; logbook archive takes it away";
                draft.notes.push(Finding::new(name.number, name.to_string(), 0, what));
            }
            Some(Ok((sums, _))) => {
                changed = true;
                draft.findings.push(difference(name, &name.to_string(), sums, covered));
            }
            Some(Err(error)) => {
                draft.findings.push(Finding::new(name.number, name.to_string(), 0, error.to_string()));
            }
            None => {}
        }
        let mut find = |what: String| draft.findings.push(Finding::new(name.number, &archive, 0, what));
        let (packed, said) = match (&found.packed, &claims.archive) {
            (None, Some(_)) if claims.deleted.is_empty() => {
                find("is gone, and no receipt tells why".to_owned());
                return changed;
            }
            (None, _) => return changed,
            // Half made, with the raw file still there.
            (Some(_), None) if raw_holds => return changed,
            (Some(packed), said) => (packed, said),
        };
        match packed {
            Err(error) => find(error.to_string()),
            Ok((.., Err(error))) => find(format!("cannot be unpacked to its end: {error}")),
            Ok((bytes, sha256, Ok((sums, span)))) if is(sums, covered) => {
                compare_line(draft, name, sums, span, covered);
                let finding = |what| Finding::new(name.number, &archive, 0, what);
                match said {
                    Some(said) if *said == (*bytes, sha256.clone()) => {}
                    // Whoever made it anew died before saying so; the raw file is there.
                    Some(_) if raw_holds => {
                        draft.notes.push(finding("is another file than the manifest says, and holds the same"));
                    }
                    Some(_) => {
                        let what = "the file was changed, though it unpacks to what it should";
                        draft.findings.push(finding(what));
                    }
                    // As in a copy whose manifest is older. What it holds was covered before.
                    None => draft.notes.push(finding(
                        "no line of the manifest says that it was archived; it holds what was covered, and logbook head says so",
                    )),
                }
            }
            Ok((.., Ok((sums, _)))) => {
                changed = true;
                draft.findings.push(difference(name, &archive, sums, covered));
            }
        }
        changed
    }

    /// Whether the archive of `name` begins with what a raw file holds that came to `sums`.
    fn is_beginning(&self, name: &SegmentName, sums: &Sums) -> bool {
        let beginning = content::open_packed(self.os, &archive_path(self.directory, name))
            .and_then(|reader| content::sum(&mut reader.take(sums.bytes), |_| {}));
        beginning.is_ok_and(|beginning| (beginning.bytes, &beginning.sha256) == (sums.bytes, &sums.sha256))
    }

    /// What is odd in the rows of a segment: part of the finding where it was changed, a note
    /// elsewhere.
    fn tell_odd(&mut self, name: &SegmentName, odd: Vec<(u64, String)>, changed: bool) {
        for (at, what) in odd {
            let told = Finding::new(name.number, name.to_string(), at, what);
            if changed {
                self.verdict.findings.push(told);
            } else if !told.what.ends_with("missing") {
                // Rows may be numbered by their writer: a gap alone is none.
                self.verdict.notes.push(told);
            }
        }
    }
}

fn packed_content(packed: Option<&Packed>) -> Option<&io::Result<Content>> {
    packed?.as_ref().ok().map(|(_, _, content)| content)
}

/// How many bytes a file holds that was read to its end.
fn bytes_of(content: Option<&io::Result<Content>>) -> Option<u64> {
    content?.as_ref().ok().map(|(sums, _)| sums.bytes)
}

fn is(sums: &Sums, covered: &Covered) -> bool {
    (sums.bytes, &sums.sha256) == (covered.bytes, &covered.sha256)
}

/// What else the line says of content that is as it was covered.
fn compare_line(
    draft: &mut Draft,
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
        let what = format!("its line of the manifest says another {field} than its content has");
        draft.findings.push(Finding::new(name.number, name.to_string(), 0, what));
    }
}

/// How content differs from what was covered.
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

/// `None`: there is no such file.
fn there<T>(result: io::Result<T>) -> Option<io::Result<T>> {
    match result {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => None,
        other => Some(other),
    }
}
