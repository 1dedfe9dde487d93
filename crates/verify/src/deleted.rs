//! Deletions and their receipts (`docs/format.md`, Retention). A line of the manifest that says
//! that a segment was deleted counts only with the row that it names. That row must be on file, and
//! name the segment with the digest that the chain covers. A note says if the row itself is not
//! proved.

use std::collections::BTreeMap;

use super::claims::{Claims, LineIndex};
use super::rows::Rows;
use super::segments::{SegmentState, SegmentVerdicts};
use super::verdict::{DeletedSegment, Finding};
use logbook_format::SegmentName;
use logbook_store::Place;

/// A segment that is gone by a deletion that counts.
#[derive(Debug)]
pub(crate) struct Deleted {
    pub name: SegmentName,
    /// What is reported about it.
    pub gone: DeletedSegment,
    /// The index of the line that says so.
    pub link: LineIndex,
    /// The place of its receipt; `None` if the receipt is gone too.
    pub receipt: Option<Place>,
}

/// The verdict on all deletions.
#[derive(Debug, Default)]
pub(crate) struct Deletions {
    /// The deletions that count, by segment number.
    pub deleted: BTreeMap<u64, Deleted>,
    /// Segments that are gone without a receipt.
    pub findings: Vec<Finding>,
    /// Receipts that are not proved.
    pub notes: Vec<Finding>,
}

/// Compares the segments that are gone with the receipts among the rows. `claims` are the current
/// ones, which may be newer than those in `segments`.
pub(crate) fn judge(segments: &SegmentVerdicts, claims: &BTreeMap<u64, Claims>, rows: &Rows) -> Deletions {
    let mut all = Deletions::default();
    // By number, with those that were read before they were deleted.
    let mut counting: BTreeMap<u64, Deleted> = BTreeMap::new();
    // The newest first: the receipt of an older segment may have been in a segment that was deleted
    // later.
    for (number, claims) in claims.iter().rev().filter(|(_, claims)| !claims.deleted.is_empty()) {
        let Some(name) = claims.name else { continue };
        let known = segments.get(number).map(|(_, judged)| judged);
        let is_gone = known.is_some_and(|judged| judged.state == SegmentState::Deleted);
        let is_claimed = known.is_some_and(|judged| !judged.claims.deleted.is_empty());
        match deletion(&name, claims, rows, &counting) {
            Ok(deleted) => drop(counting.insert(*number, deleted)),
            Err(what) if is_gone => all.findings.push(Finding::new(*number, name.to_string(), 0, what)),
            Err(_) => {}
        }
        if is_claimed && !is_gone {
            all.notes.push(still_here(&name, claims, counting.get(number)));
        }
    }
    counting.retain(|number, _| segments.get(number).is_some_and(|(_, judged)| judged.state == SegmentState::Deleted));
    all.deleted = counting;
    all.findings.reverse();
    all.notes.reverse();
    all.note_unproved(segments);
    all
}

/// The deletion of `name` that counts, or why none does.
fn deletion(
    name: &SegmentName,
    claims: &Claims,
    rows: &Rows,
    later: &BTreeMap<u64, Deleted>,
) -> Result<Deleted, String> {
    let Some((covered, _)) = &claims.covered else { return Err("is gone, and no receipt says why".to_owned()) };
    let mut why = String::new();
    for claim in &claims.deleted {
        let deleted = |receipt: Option<Place>| {
            let (segment, receipt_name) = (name.to_string(), claim.receipt.clone());
            let gone = DeletedSegment { segment, rows: covered.rows, receipt: receipt_name };
            Deleted { name: *name, gone, link: claim.link, receipt }
        };
        if claim.link.is_none() {
            why = format!("is gone, and the line that names {} as its receipt is not part of the chain", claim.receipt);
            continue;
        }
        let named: Vec<_> = rows.receipts.iter().filter(|(_, receipt)| receipt.name == claim.receipt).collect();
        // A receipt is written after its segment was sealed.
        let telling =
            named.iter().find(|(place, receipt)| place.segment > name.number && receipt.records(name, &covered.sha256));
        if let Some((place, _)) = telling {
            return Ok(deleted(Some(*place)));
        }
        if !named.is_empty() {
            why = format!("is gone, and {} is not a receipt for it, or for other content", claim.receipt);
        } else if was_in_deleted(&claim.receipt, name, rows, later) {
            return Ok(deleted(None));
        } else {
            why = format!("is gone, and its receipt, {}, is not here", claim.receipt);
        }
    }
    Err(why)
}

/// Whether the row `receipt` may have been in a segment that was deleted after `name` was: in one
/// between the rows of the run `_logbook` with the next lower and the next higher step.
fn was_in_deleted(receipt: &str, name: &SegmentName, rows: &Rows, later: &BTreeMap<u64, Deleted>) -> bool {
    let Some(step) = receipt.strip_prefix("_logbook#").and_then(|step| step.parse::<u64>().ok()) else { return false };
    if rows.own.contains_key(&step) {
        return false;
    }
    let from = rows.own.range(..step).next_back().map_or(0, |(_, segment)| *segment).max(name.number);
    let to = rows.own.range(step..).next().map_or(u64::MAX, |(_, segment)| *segment);
    later.keys().any(|segment| *segment > name.number && (from..=to).contains(segment))
}

/// The note about a segment that is here although a line says that it was deleted.
fn still_here(name: &SegmentName, claims: &Claims, deleted: Option<&Deleted>) -> Finding {
    let what = match (deleted, claims.deleted.first()) {
        (Some(deleted), _) => {
            format!("was deleted by {}, but is still here; logbook archive removes it", deleted.gone.receipt)
        }
        (None, claim) => {
            let receipt = claim.map_or("", |claim| &claim.receipt);
            format!("a line says that it was deleted, but {receipt} is not a receipt for it: it is here, and counts")
        }
    };
    Finding::new(name.number, name.to_string(), 0, what)
}

impl Deletions {
    /// Notes the receipts that are not proved.
    fn note_unproved(&mut self, segments: &SegmentVerdicts) {
        let mut by_receipt: BTreeMap<&str, (Option<Place>, usize)> = BTreeMap::new();
        for deleted in self.deleted.values() {
            by_receipt.entry(&deleted.gone.receipt).or_insert((deleted.receipt, 0)).1 += 1;
        }
        let mut notes = Vec::new();
        for (receipt, (place, count)) in by_receipt {
            let s = if count == 1 { " was" } else { "s were" };
            let by = format!("{receipt}, by which {count} segment{s} deleted,");
            let Some(place) = place else {
                notes.push(Finding::new(
                    None,
                    "manifest.jsonl",
                    0,
                    format!("{by} was in a segment that was deleted later"),
                ));
                continue;
            };
            let known = segments.get(&place.segment);
            let file = known.map_or_else(|| format!("segment {:06}", place.segment), |(name, _)| name.to_string());
            let why = match known.map(|(_, judged)| &judged.state) {
                Some(SegmentState::Proved) => continue,
                Some(SegmentState::Active(_)) | None => "its segment is not sealed yet",
                Some(SegmentState::Uncovered) => "its segment is not covered yet",
                Some(SegmentState::Deleted | SegmentState::Unproved) => "its segment is not what the chain says",
            };
            notes.push(Finding::new(None, file, place.offset, format!("{by} is not proved: {why}")));
        }
        self.notes.append(&mut notes);
    }
}
