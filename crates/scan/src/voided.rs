//! Voided places: rows that no longer count because they were stored again elsewhere
//! (`docs/format.md`, Voided places). A claim that a row is void counts only after a check.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

use super::pieces::each_line;
use super::source::{Fate, Fates, logbook_of, segment_number};
use logbook_format::{Voiding, repair};
use logbook_model::Address;
use logbook_model::error::Result;
use logbook_query::Place;
use logbook_store::Place as SegmentPlace;
use logbook_store::{Input, RowReader};

/// A row that claims to void a place. It counts if the next row is the one it names and says the
/// same as the row at the voided place.
#[derive(Debug)]
pub(super) struct VoidClaim {
    /// The input of the claim.
    pub input: u32,
    /// The offset of the claim.
    pub offset: u64,
    /// The offset behind the claim, where the row that it names must begin.
    pub behind: u64,
    pub voiding: Voiding,
}

impl VoidClaim {
    /// Reads the row `text` at `place`.
    pub(crate) fn read(text: &[u8], place: Place) -> Option<VoidClaim> {
        let voiding = Voiding::read(text)?;
        Some(VoidClaim {
            input: place.input,
            offset: place.offset,
            behind: place.offset + text.len() as u64 + 1,
            voiding,
        })
    }
}

/// A claim that counts, and the input of the place that it voids.
pub(super) struct Confirmed {
    claim: VoidClaim,
    old: u32,
}

/// The claims that count, found by reading the inputs that hold any.
pub(super) fn confirm_in_inputs(inputs: &[Input], claims: Vec<VoidClaim>) -> Vec<Confirmed> {
    let pairs = pairs(inputs, claims);
    // Each wanted row is read once, and kept until both rows of a pair are there.
    let mut wanted: HashMap<Place, Option<Vec<u8>>> =
        pairs.iter().flat_map(|(_, places)| *places).map(|place| (place, None)).collect();
    for (index, input) in (0u32..).zip(inputs) {
        let mut left = wanted.keys().filter(|place| place.input == index).count();
        if left == 0 {
            continue;
        }
        each_line(input, None, |text, offset| {
            if let Some(row) = wanted.get_mut(&Place { input: index, offset }) {
                *row = Some(text.to_vec());
                left -= 1;
            }
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
    let row = |place: &Place| wanted.get(place).and_then(Option::as_deref);
    pairs
        .into_iter()
        .filter(|(confirmed, [old, again])| counts(&confirmed.claim, row(old), row(again)))
        .map(|(it, _)| it)
        .collect()
}

/// Like [`confirm_in_inputs`] for the segments of a logbook, where rows are read by place.
pub(super) fn confirm_in_segments(
    inputs: &[Input],
    claims: Vec<VoidClaim>,
    reader: &mut RowReader,
) -> Result<Vec<Confirmed>> {
    let mut all = Vec::new();
    for (confirmed, places) in pairs(inputs, claims) {
        let mut rows = Vec::with_capacity(places.len());
        for place in places {
            let segment = inputs.get(place.input as usize).and_then(segment_number);
            let row = match segment {
                // A row that cannot be read counts as missing; the scan reports it.
                Some(segment) => {
                    reader.row(SegmentPlace { segment, offset: place.offset }).ok().flatten().map(<[u8]>::to_vec)
                }
                None => None,
            };
            rows.push(row);
        }
        if let [old, again] = &rows[..]
            && counts(&confirmed.claim, old.as_deref(), again.as_deref())
        {
            all.push(confirmed);
        }
    }
    Ok(all)
}

/// Whether the claim counts: the named row is behind it and says what the old row says.
fn counts(claim: &VoidClaim, old: Option<&[u8]>, again: Option<&[u8]>) -> bool {
    again.is_some_and(|again| claim.voiding.is_kept_by(again) && old.is_none_or(|old| repair::is_same_row(old, again)))
}

/// Each claim with the places of the old row and of the row stored again. Only claims about earlier
/// places of the same logbook.
fn pairs(inputs: &[Input], claims: Vec<VoidClaim>) -> Vec<(Confirmed, [Place; 2])> {
    if claims.is_empty() {
        return Vec::new();
    }
    let mut by_number: HashMap<(Option<&Path>, u64), u32> = HashMap::new();
    for (at, input) in (0u32..).zip(inputs) {
        if let Some(number) = segment_number(input) {
            by_number.entry((logbook_of(input), number)).or_insert(at);
        }
    }
    let pair = |claim: VoidClaim| {
        let input = inputs.get(claim.input as usize)?;
        let own = segment_number(input)?;
        let (segment, offset) = (claim.voiding.segment, claim.voiding.offset);
        let old = *by_number.get(&(logbook_of(input), segment)).filter(|_| (segment, offset) < (own, claim.offset))?;
        let places = [Place { input: old, offset }, Place { input: claim.input, offset: claim.behind }];
        Some((Confirmed { claim, old }, places))
    };
    claims.into_iter().filter_map(pair).collect()
}

/// Marks the rows at voided places. Returns the new address of each.
pub(super) fn drop_rows(confirmed: &[Confirmed], fates: &mut Fates) -> HashMap<(u64, u64), Address> {
    let mut renamed = HashMap::new();
    for Confirmed { claim, old } in confirmed {
        let voiding = &claim.voiding;
        fates[*old as usize].insert(voiding.offset, Fate::Voided);
        renamed.insert((voiding.segment, voiding.offset), voiding.by.clone());
    }
    renamed
}
