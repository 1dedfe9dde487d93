//! Places that count no more, since their rows stand again elsewhere
//! (`docs/format.md`, Voided places): which of those that are announced are so.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

use super::corrections::{Fates, each_line, number_of};
use super::source::Fate;
use logbook_format::{Voiding, repair};
use logbook_model::Address;
use logbook_model::error::Result;
use logbook_query::Place;
use logbook_store::index::Place as Stands;
use logbook_store::{Input, RowReader};

/// A row that voids a place, if the row that it names stands behind it, and is the one that it
/// voids.
#[derive(Debug)]
pub(super) struct Announced {
    /// The input in which it stands.
    pub input: u32,
    /// Where it begins there.
    pub offset: u64,
    /// Where the row that it names must begin.
    pub behind: u64,
    pub voiding: Voiding,
}

impl Announced {
    /// Reads the row `text`, which stands at `place`.
    pub(crate) fn read(text: &[u8], place: Place) -> Option<Announced> {
        let voiding = Voiding::read(text)?;
        Some(Announced {
            input: place.input,
            offset: place.offset,
            behind: place.offset + text.len() as u64 + 1,
            voiding,
        })
    }
}

/// One that counts, and the input of the place that it voids.
pub(super) struct Kept {
    announced: Announced,
    old: u32,
}

/// Those that count, found by reading the inputs that hold any.
pub(super) fn kept_in_inputs(inputs: &[Input], announced: Vec<Announced>) -> Vec<Kept> {
    let pairs = pairs(inputs, announced);
    // Each row that is wanted is read once, and kept until both of a pair are there.
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
        .filter(|(kept, [old, again])| counts(&kept.announced, row(old), row(again)))
        .map(|(it, _)| it)
        .collect()
}

/// The same among the segments of a logbook, where rows are read by their place.
pub(super) fn kept_in_segments(
    inputs: &[Input],
    announced: Vec<Announced>,
    reader: &mut RowReader,
) -> Result<Vec<Kept>> {
    let mut all = Vec::new();
    for (kept, places) in pairs(inputs, announced) {
        let mut rows = Vec::with_capacity(places.len());
        for place in places {
            let segment = inputs.get(place.input as usize).and_then(number_of);
            let row = match segment {
                // One that cannot be read is missing, as the scan tells.
                Some(segment) => {
                    reader.row(Stands { segment, offset: place.offset }).ok().flatten().map(<[u8]>::to_vec)
                }
                None => None,
            };
            rows.push(row);
        }
        if let [old, again] = &rows[..]
            && counts(&kept.announced, old.as_deref(), again.as_deref())
        {
            all.push(kept);
        }
    }
    Ok(all)
}

/// Whether the place counts no more: the row that is named stands behind, and says what the old one
/// says.
fn counts(announced: &Announced, old: Option<&[u8]>, again: Option<&[u8]>) -> bool {
    again.is_some_and(|again| {
        announced.voiding.is_kept_by(again) && old.is_none_or(|old| repair::is_same_row(old, again))
    })
}

/// Each with the places of the old row, and of the one that stands again; only those that void what
/// stands before them, and in the same logbook.
fn pairs(inputs: &[Input], announced: Vec<Announced>) -> Vec<(Kept, [Place; 2])> {
    if announced.is_empty() {
        return Vec::new();
    }
    let mut by_number: HashMap<(Option<&Path>, u64), u32> = HashMap::new();
    for (at, input) in (0u32..).zip(inputs) {
        if let Some(number) = number_of(input) {
            by_number.entry((home(input), number)).or_insert(at);
        }
    }
    let pair = |announced: Announced| {
        let input = inputs.get(announced.input as usize)?;
        let own = number_of(input)?;
        let (segment, offset) = (announced.voiding.segment, announced.voiding.offset);
        let old = *by_number.get(&(home(input), segment)).filter(|_| (segment, offset) < (own, announced.offset))?;
        let places = [Place { input: old, offset }, Place { input: announced.input, offset: announced.behind }];
        Some((Kept { announced, old }, places))
    };
    announced.into_iter().filter_map(pair).collect()
}

/// Drops the rows at the places that are voided; gives what each of them is called now.
pub(super) fn drop_rows(kept: &[Kept], fates: &mut Fates) -> HashMap<(u64, u64), Address> {
    let mut renamed = HashMap::new();
    for Kept { announced, old } in kept {
        let voiding = &announced.voiding;
        fates[*old as usize].insert(voiding.offset, Fate::Voided);
        renamed.insert((voiding.segment, voiding.offset), voiding.by.clone());
    }
    renamed
}

/// The directory of a segment that is given as a file; archives stand one deeper.
/// All segments of one snapshot are of one logbook.
pub(super) fn home(input: &Input) -> Option<&Path> {
    let Input::File(path) = input else { return None };
    let parent = path.parent()?;
    if parent.file_name().is_some_and(|name| name == "archive") { parent.parent() } else { Some(parent) }
}
