//! A whole logbook: the manifest, its segments in order, what was deleted, what stands again, and a
//! head.

use std::collections::BTreeMap;
use std::path::Path;

use super::deleted::{self, Deletions};
use super::look::Look;
use super::rows::Rows;
use super::segments::{Beginning, Walk, Walked};
use super::verdict::{Finding, HeadVerdict, Verdict};
use super::{again, head};
use logbook_format::manifest::Head;
use logbook_model::error::Result;
use logbook_store::Place;
use logbook_store::archived::each_sealed_block;
use logbook_store::listing;
use logbook_store::os::Os;

/// How often is looked again at what an archiver may just have changed: gaps, and receipts that are
/// not found.
const LOOKS_MAX: usize = 20;
/// Segments that came while others were read are read too, at most this many times.
const ROUNDS_MAX: usize = 4;

/// Walks the logbook at `directory`. `told` is called before each segment.
pub fn verify(os: &dyn Os, directory: &Path, given: Option<&Head>, told: &mut dyn FnMut(&str)) -> Result<Verdict> {
    let mut look = Look::take(os, directory)?;
    for _ in 0..LOOKS_MAX {
        if look.gaps().is_empty() {
            break;
        }
        look.again()?;
    }
    let gaps = look.gaps();
    let beginning = given.map(Beginning::of);
    let mut walk = Walk { os, directory, verdict: Verdict::default(), rows: Rows::default(), beginning };
    doubled(&mut walk)?;
    let mut walked: Walked = BTreeMap::new();
    let highest = look.names().last_key_value().map_or(0, |(number, _)| *number);
    for _ in 0..ROUNDS_MAX {
        let names = look.names();
        for (number, name) in names.iter().filter(|(number, _)| !walked.contains_key(number)).collect::<Vec<_>>() {
            told(&name.to_string());
            let judged = walk.segment(&mut look, name)?;
            walked.insert(*number, (*name, judged));
        }
        look.again()?;
        if look.names().keys().all(|number| walked.contains_key(number)) {
            break;
        }
    }
    let mut deletions = receipts(&mut walk, &mut look, &walked, highest)?;
    let Walk { mut verdict, rows, beginning, .. } = walk;
    let breaks: Vec<Finding> =
        look.chain.breaks.iter().map(|(at, how)| Finding::new(None, "manifest.jsonl", *at, how)).collect();
    verdict.findings.splice(0..0, breaks);
    verdict.notes.extend(look.chain.unsaid.iter().map(|(at, how)| Finding::new(None, "manifest.jsonl", *at, how)));
    tell_gaps(&mut verdict, &gaps, &walked, &rows);
    verdict.findings.append(&mut deletions.findings);
    verdict.notes.append(&mut deletions.notes);
    let name =
        |number: u64| walked.get(&number).map_or_else(|| format!("segment {number:06}"), |(it, _)| it.to_string());
    let (findings, notes) = again::judge(os, directory, &rows.again, &name);
    verdict.findings.extend(findings);
    verdict.notes.extend(notes);
    if let Some(given) = given {
        let (held, findings) = head::judge(given, beginning.and_then(|it| it.found), &look, &walked, &deletions);
        verdict.findings.extend(findings);
        verdict.head = Some(doubt(held, given, &verdict.findings));
    }
    verdict.deleted = deletions.deleted.into_values().map(|deleted| deleted.gone).collect();
    Ok(verdict)
}

/// Finds the receipts of what is gone. Each was on file before the line that names it; where it is
/// not found, the segment that it stood in may have been deleted since, which a later line tells.
fn receipts(walk: &mut Walk<'_>, look: &mut Look<'_>, walked: &Walked, highest: u64) -> Result<Deletions> {
    let mut deletions = Deletions::default();
    for _ in 0..LOOKS_MAX {
        let lines = look.chain.digests.len();
        look.again()?;
        read_behind(walk, look, highest);
        deletions = deleted::judge(walked, look.all_claims(), &walk.rows);
        if deletions.findings.is_empty() || look.chain.digests.len() == lines {
            break;
        }
    }
    Ok(deletions)
}

/// What may be said of a head behind what was found: behind a break nothing is said to hold.
fn doubt(held: HeadVerdict, given: &Head, findings: &[Finding]) -> HeadVerdict {
    let about = |finding: &Finding| finding.segment.is_some_and(|segment| segment <= given.segment.number);
    match held {
        _ if findings.iter().any(about) => HeadVerdict::Broken,
        HeadVerdict::Broken => HeadVerdict::Broken,
        _ if !findings.is_empty() => HeadVerdict::Doubted,
        held => held,
    }
}

fn doubled(walk: &mut Walk<'_>) -> Result<()> {
    for names in listing::doubled(walk.os, walk.directory)? {
        let first = names.first().map_or_else(String::new, ToString::to_string);
        for name in names.iter().skip(1) {
            let what = format!("has the number of {first}: one of them was put here");
            walk.verdict.findings.push(Finding::new(name.number, name.to_string(), 0, what));
        }
    }
    Ok(())
}

/// Takes in receipts that were stored while the segments were read: behind what was read, in those
/// from `highest` on.
fn read_behind(walk: &mut Walk<'_>, look: &Look<'_>, highest: u64) {
    for (number, name) in look.names().range(highest..) {
        let from = walk.rows.ends.get(number).copied().unwrap_or(0);
        let rows = &mut walk.rows;
        // What cannot be read any more was deleted meanwhile.
        let _ = each_sealed_block(walk.os, walk.directory, name, from, |at, block| {
            rows.take_receipts(Place { segment: *number, offset: at }, block);
        });
    }
}

/// Numbers that no segment has: those that a writer found missing, and said so, are no news.
fn tell_gaps(verdict: &mut Verdict, gaps: &[(u64, u64)], walked: &Walked, rows: &Rows) {
    for (from, to) in gaps {
        let Some((number, (name, _))) = walked.range(to + 1..).next() else { continue };
        let which = match from == to {
            true => format!("segment {from:06} is missing"),
            false => format!("segments {from:06} to {to:06} are missing"),
        };
        let is_told =
            rows.missing.iter().any(|(teller, missing)| teller == number && missing.from <= *from && *to <= missing.to);
        if is_told {
            let what = format!("{which} before it, as its first writer says: a copy of a logbook at work, or a loss");
            verdict.notes.push(Finding::new(*number, name.to_string(), 0, what));
        } else {
            let what = format!("{which} before it, and no receipt tells why");
            verdict.findings.push(Finding::new(*number, name.to_string(), 0, what));
        }
    }
}
