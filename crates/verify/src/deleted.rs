//! Deletions and their receipts (`docs/format.md`, Retention). A line of the manifest that says
//! that a segment was deleted counts only with the row that it names: that row must be on file, and
//! name the segment with the digest that the chain covered. How well the row itself is proved is
//! said beside it.

use std::collections::BTreeMap;

use super::claims::{Claims, Link};
use super::rows::Rows;
use super::segments::{Standing, Walked};
use super::verdict::{Finding, Gone};
use logbook_format::SegmentName;
use logbook_store::index::Place;

/// A segment that is gone by a deletion that counts.
#[derive(Debug)]
pub(crate) struct Deleted {
    /// Which.
    pub name: SegmentName,
    /// What is told of it.
    pub gone: Gone,
    /// The line that says so.
    pub link: Link,
    /// Where its receipt stands; `None`: that is gone, too.
    pub receipt: Option<Place>,
}

/// What came of all deletions.
#[derive(Debug, Default)]
pub(crate) struct Deletions {
    /// Those that count, by number.
    pub deleted: BTreeMap<u64, Deleted>,
    /// Segments that are gone, or said to be, without a receipt.
    pub findings: Vec<Finding>,
    /// How well receipts are proved, where they are not.
    pub notes: Vec<Finding>,
}

/// Holds what the walk found gone against the receipts among the rows. `claims`: what is said by
/// now.
pub(crate) fn judge(walked: &Walked, claims: &BTreeMap<u64, Claims>, rows: &Rows) -> Deletions {
    let mut all = Deletions::default();
    // By number, also those that were read before they were deleted.
    let mut counting: BTreeMap<u64, Deleted> = BTreeMap::new();
    // The newest first: the receipt of an older one may have been in a segment that was deleted
    // later.
    for (number, claims) in claims.iter().rev().filter(|(_, claims)| !claims.deleted.is_empty()) {
        let Some(name) = claims.name else { continue };
        let known = walked.get(number).map(|(_, judged)| judged);
        let is_gone = known.is_some_and(|judged| judged.standing == Standing::Deleted);
        let was_said = known.is_some_and(|judged| !judged.claims.deleted.is_empty());
        match deletion(&name, claims, rows, &counting) {
            Ok(deleted) => drop(counting.insert(*number, deleted)),
            Err(what) if is_gone => all.findings.push(Finding::new(*number, name.to_string(), 0, what)),
            Err(_) => {}
        }
        if was_said && !is_gone {
            all.notes.push(still_here(&name, claims, counting.get(number)));
        }
    }
    counting.retain(|number, _| walked.get(number).is_some_and(|(_, judged)| judged.standing == Standing::Deleted));
    all.deleted = counting;
    all.findings.reverse();
    all.notes.reverse();
    all.tell(walked);
    all
}

/// The deletion of `name` that counts, or why none does.
fn deletion(
    name: &SegmentName,
    claims: &Claims,
    rows: &Rows,
    later: &BTreeMap<u64, Deleted>,
) -> Result<Deleted, String> {
    let Some((covered, _)) = &claims.covered else { return Err("is gone, and no receipt tells why".to_owned()) };
    let mut why = String::new();
    for claim in &claims.deleted {
        let deleted = |receipt: Option<Place>| {
            let (segment, receipt_name) = (name.to_string(), claim.receipt.clone());
            let gone = Gone { segment, rows: covered.rows, receipt: receipt_name };
            Deleted { name: *name, gone, link: claim.link, receipt }
        };
        if claim.link.is_none() {
            why = format!("is gone, and the line that says that {} tells of it is not of the chain", claim.receipt);
            continue;
        }
        let named: Vec<_> = rows.receipts.iter().filter(|(_, receipt)| receipt.name == claim.receipt).collect();
        // It was written after the segment was sealed.
        let telling =
            named.iter().find(|(place, receipt)| place.segment > name.number && receipt.records(name, &covered.sha256));
        if let Some((place, _)) = telling {
            return Ok(deleted(Some(*place)));
        }
        if !named.is_empty() {
            why = format!("is gone, and {} does not tell of it, or of another content", claim.receipt);
        } else if stood_in_deleted(&claim.receipt, name, rows, later) {
            return Ok(deleted(None));
        } else {
            why = format!("is gone, and the row that is to tell of it, {}, is not here", claim.receipt);
        }
    }
    Err(why)
}

/// Whether the row `receipt` can have stood in a segment that was deleted after `name` was: between
/// the rows of the logbook's own run that have the steps around its own.
fn stood_in_deleted(receipt: &str, name: &SegmentName, rows: &Rows, later: &BTreeMap<u64, Deleted>) -> bool {
    let Some(step) = receipt.strip_prefix("_logbook#").and_then(|step| step.parse::<u64>().ok()) else { return false };
    if rows.own.contains_key(&step) {
        return false;
    }
    let from = rows.own.range(..step).next_back().map_or(0, |(_, segment)| *segment).max(name.number);
    let to = rows.own.range(step..).next().map_or(u64::MAX, |(_, segment)| *segment);
    later.keys().any(|segment| *segment > name.number && (from..=to).contains(segment))
}

/// The note about a segment that a line says was deleted, and that is here.
fn still_here(name: &SegmentName, claims: &Claims, deleted: Option<&Deleted>) -> Finding {
    let what = match (deleted, claims.deleted.first()) {
        (Some(deleted), _) => {
            format!("is deleted by {}, but still here; logbook archive finishes that", deleted.gone.receipt)
        }
        (None, claim) => {
            let receipt = claim.map_or("", |claim| &claim.receipt);
            format!("a line says that it was deleted, and {receipt} does not tell of that: it is here, and counts")
        }
    };
    Finding::new(name.number, name.to_string(), 0, what)
}

impl Deletions {
    /// Notes how well receipts are proved.
    fn tell(&mut self, walked: &Walked) {
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
                    format!("{by} stood in a segment that was deleted later"),
                ));
                continue;
            };
            let known = walked.get(&place.segment);
            let file = known.map_or_else(|| format!("segment {:06}", place.segment), |(name, _)| name.to_string());
            let why = match known.map(|(_, judged)| &judged.standing) {
                Some(Standing::Proved) => continue,
                Some(Standing::Active(_)) | None => "its segment is not sealed yet",
                Some(Standing::Uncovered) => "its segment is not covered yet",
                Some(Standing::Deleted | Standing::Unproved) => "its segment is not what the chain says",
            };
            notes.push(Finding::new(None, file, place.offset, format!("{by} is not proved: {why}")));
        }
        self.notes.append(&mut notes);
    }
}
