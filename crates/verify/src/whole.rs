//! Verifies a whole logbook: the manifest, its segments in order, deletions, rows that were stored
//! again, and a head.

use std::collections::BTreeMap;
use std::path::Path;

use super::catalog::Catalog;
use super::deleted::{self, Deletions};
use super::head;
use super::rows::{Rows, StoredAgain};
use super::segments::{PrefixCheck, SegmentVerdicts, Walk};
use super::verdict::{Finding, HeadVerdict, Verdict};
use logbook_format::manifest::Head;
use logbook_format::{body, repair};
use logbook_model::Address;
use logbook_model::error::Result;
use logbook_store::Place;
use logbook_store::archived::each_sealed_block;
use logbook_store::listing;
use logbook_store::os::Os;
use logbook_store::row;

/// Gaps and missing receipts may be the work of an archiver just now: they are looked at again at
/// most this many times.
const REFRESHES_MAX: usize = 20;
/// Segments that appear while others are read are read too, in at most this many rounds.
const ROUNDS_MAX: usize = 4;

/// Verifies the logbook at `directory`, with the head `given` if there is one. `on_segment` is
/// called with the name of each segment before it is read. Fails if a directory or the manifest
/// cannot be read, or if a segment keeps changing.
pub fn verify(
    os: &dyn Os,
    directory: &Path,
    given: Option<&Head>,
    on_segment: &mut dyn FnMut(&str),
) -> Result<Verdict> {
    let mut catalog = Catalog::take(os, directory)?;
    for _ in 0..REFRESHES_MAX {
        if catalog.gaps().is_empty() {
            break;
        }
        catalog.refresh()?;
    }
    let gaps = catalog.gaps();
    let beginning = given.map(PrefixCheck::of);
    let mut walk = Walk { os, directory, verdict: Verdict::default(), rows: Rows::default(), beginning };
    report_doubled_numbers(&mut walk)?;
    let mut segments: SegmentVerdicts = BTreeMap::new();
    let highest = catalog.names().last_key_value().map_or(0, |(number, _)| *number);
    for _ in 0..ROUNDS_MAX {
        let names = catalog.names();
        for (number, name) in names.iter().filter(|(number, _)| !segments.contains_key(number)).collect::<Vec<_>>() {
            on_segment(&name.to_string());
            let judged = walk.segment(&mut catalog, name)?;
            segments.insert(*number, (*name, judged));
        }
        catalog.refresh()?;
        if catalog.names().keys().all(|number| segments.contains_key(number)) {
            break;
        }
    }
    let mut deletions = receipts(&mut walk, &mut catalog, &segments, highest)?;
    let Walk { mut verdict, rows, beginning, .. } = walk;
    let breaks: Vec<Finding> =
        catalog.chain.breaks.iter().map(|(at, how)| Finding::new(None, "manifest.jsonl", *at, how)).collect();
    verdict.findings.splice(0..0, breaks);
    verdict
        .notes
        .extend(catalog.chain.unfinished.iter().map(|(at, how)| Finding::new(None, "manifest.jsonl", *at, how)));
    report_gaps(&mut verdict, &gaps, &segments, &rows);
    verdict.findings.append(&mut deletions.findings);
    verdict.notes.append(&mut deletions.notes);
    let name =
        |number: u64| segments.get(&number).map_or_else(|| format!("segment {number:06}"), |(it, _)| it.to_string());
    let (findings, notes) = judge_stored_again(os, directory, &rows.stored_again, &name);
    verdict.findings.extend(findings);
    verdict.notes.extend(notes);
    if let Some(given) = given {
        let (held, findings) = head::judge(given, beginning.and_then(|it| it.found), &catalog, &segments, &deletions);
        verdict.findings.extend(findings);
        verdict.head = Some(doubt(held, given, &verdict.findings));
    }
    verdict.deleted = deletions.deleted.into_values().map(|deleted| deleted.gone).collect();
    Ok(verdict)
}

/// Finds the receipts of segments that are gone. Each was stored before the line that names it. If
/// it is not found, its own segment may have been deleted since, which a later line says.
fn receipts(
    walk: &mut Walk<'_>,
    catalog: &mut Catalog<'_>,
    segments: &SegmentVerdicts,
    highest: u64,
) -> Result<Deletions> {
    let mut deletions = Deletions::default();
    for _ in 0..REFRESHES_MAX {
        let lines = catalog.chain.digests.len();
        catalog.refresh()?;
        read_behind(walk, catalog, highest);
        deletions = deleted::judge(segments, catalog.all_claims(), &walk.rows);
        if deletions.findings.is_empty() || catalog.chain.digests.len() == lines {
            break;
        }
    }
    Ok(deletions)
}

/// The verdict on a head in view of all findings: with any finding it does not hold.
fn doubt(held: HeadVerdict, given: &Head, findings: &[Finding]) -> HeadVerdict {
    let about = |finding: &Finding| finding.segment.is_some_and(|segment| segment <= given.segment.number);
    match held {
        _ if findings.iter().any(about) => HeadVerdict::Broken,
        HeadVerdict::Broken => HeadVerdict::Broken,
        _ if !findings.is_empty() => HeadVerdict::Doubted,
        held => held,
    }
}

fn report_doubled_numbers(walk: &mut Walk<'_>) -> Result<()> {
    for names in listing::doubled(walk.os, walk.directory)? {
        let first = names.first().map_or_else(String::new, ToString::to_string);
        for name in names.iter().skip(1) {
            let what = format!("has the same number as {first}: one of them was added");
            walk.verdict.findings.push(Finding::new(name.number, name.to_string(), 0, what));
        }
    }
    Ok(())
}

/// Adds receipts that were stored while the segments were read: those behind what was read, in
/// segments from `highest` on.
fn read_behind(walk: &mut Walk<'_>, catalog: &Catalog<'_>, highest: u64) {
    for (number, name) in catalog.names().range(highest..) {
        let from = walk.rows.ends.get(number).copied().unwrap_or(0);
        let rows = &mut walk.rows;
        // A segment that cannot be read any more was deleted meanwhile.
        let _ = each_sealed_block(walk.os, walk.directory, name, from, |at, block| {
            rows.take_receipts(Place { segment: *number, offset: at }, block);
        });
    }
}

/// Reports numbers that no segment has. A gap that a writer found and recorded is only a note.
fn report_gaps(verdict: &mut Verdict, gaps: &[(u64, u64)], segments: &SegmentVerdicts, rows: &Rows) {
    for (from, to) in gaps {
        let Some((number, (name, _))) = segments.range(to + 1..).next() else { continue };
        let which = match from == to {
            true => format!("segment {from:06} is missing"),
            false => format!("segments {from:06} to {to:06} are missing"),
        };
        let is_reported =
            rows.missing.iter().any(|(teller, missing)| teller == number && missing.from <= *from && *to <= missing.to);
        if is_reported {
            let what = format!("{which} before it, as its first writer says: a copy of a logbook in use, or a loss");
            verdict.notes.push(Finding::new(*number, name.to_string(), 0, what));
        } else {
            let what = format!("{which} before it, and no receipt says why");
            verdict.findings.push(Finding::new(*number, name.to_string(), 0, what));
        }
    }
}

/// Findings and notes about rows that were stored again (`docs/format.md`, Voided places). Each
/// must be the row that it voids. Otherwise it replaces an older row with another, which no writer
/// does.
fn judge_stored_again(
    os: &dyn Os,
    directory: &Path,
    all: &[StoredAgain],
    name: &dyn Fn(u64) -> String,
) -> (Vec<Finding>, Vec<Finding>) {
    let (mut findings, mut notes) = (Vec::new(), Vec::new());
    for again in all {
        let old = Place { segment: again.voiding.segment, offset: again.voiding.offset };
        let about = |place: Place| Address::Place { segment: place.segment, offset: place.offset }.to_string();
        let (Ok(Some(before)), Ok(Some(now))) = (row(os, directory, old), row(os, directory, again.place)) else {
            // One of the two rows is gone, so that nothing is replaced.
            continue;
        };
        let here =
            |what: String| Finding::new(again.repair.segment, name(again.repair.segment), again.repair.offset, what);
        if old >= again.repair {
            continue;
        }
        if !repair::is_same_row(&before, &now) {
            findings.push(here(format!(
                "a repair row voids {} and replaces it with another row, {}: no writer does that, and readers ignore it",
                about(old),
                again.voiding.by
            )));
        } else if !body::same(&before, &now, false) {
            notes.push(here(format!(
                "{} was stored again by a retry; it was at {}, with another timestamp",
                again.voiding.by,
                about(old)
            )));
        }
    }
    (findings, notes)
}
