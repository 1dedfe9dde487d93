//! Places that count no more, since their rows stand again elsewhere
//! (`docs/format.md`, Voided places): which of those that are announced are so.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

use super::corrections::{Fates, each_line, number_of};
use super::source::Fate;
use crate::error::Result;
use crate::format::Voiding;
use crate::model::Address;
use crate::query::Place;
use crate::store::index::Place as Stands;
use crate::store::{Input, RowReader};

/// A row that voids a place, if the row that it names stands behind it.
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
    pub fn read(text: &[u8], place: Place) -> Option<Announced> {
        let voiding = Voiding::read(text)?;
        Some(Announced {
            input: place.input,
            offset: place.offset,
            behind: place.offset + text.len() as u64 + 1,
            voiding,
        })
    }
}

/// Those whose row stands behind them, found by reading the inputs that hold any.
pub(super) fn kept_in_inputs(inputs: &[Input], announced: Vec<Announced>) -> Vec<Announced> {
    let mut waiting: HashMap<Place, Announced> = announced
        .into_iter()
        .map(|announced| (Place { input: announced.input, offset: announced.behind }, announced))
        .collect();
    let mut kept = Vec::new();
    for (index, input) in (0u32..).zip(inputs) {
        let mut left = waiting.keys().filter(|place| place.input == index).count();
        if left == 0 {
            continue;
        }
        each_line(input, None, |text, offset| {
            if let Some(announced) = waiting.remove(&Place { input: index, offset }) {
                left -= 1;
                if announced.voiding.is_kept_by(text) {
                    kept.push(announced);
                }
            }
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
    kept
}

/// The same among the segments of a logbook, where rows are read by their place.
pub(super) fn kept_in_segments(
    inputs: &[Input],
    announced: Vec<Announced>,
    reader: &mut RowReader,
) -> Result<Vec<Announced>> {
    let mut kept = Vec::new();
    for announced in announced {
        let Some(segment) = inputs.get(announced.input as usize).and_then(number_of) else { continue };
        if let Some(text) = reader.row(Stands { segment, offset: announced.behind })?
            && announced.voiding.is_kept_by(text)
        {
            kept.push(announced);
        }
    }
    Ok(kept)
}

/// Drops the rows at the places that are voided; gives what each of them is called now.
pub(super) fn drop_rows(inputs: &[Input], kept: &[Announced], fates: &mut Fates) -> HashMap<(u64, u64), Address> {
    let mut renamed = HashMap::new();
    if kept.is_empty() {
        return renamed;
    }
    let mut by_number: HashMap<(Option<&Path>, u64), usize> = HashMap::new();
    for (at, input) in inputs.iter().enumerate() {
        if let Some(number) = number_of(input) {
            by_number.entry((home(input), number)).or_insert(at);
        }
    }
    for announced in kept {
        let voiding = &announced.voiding;
        let Some(input) = inputs.get(announced.input as usize) else { continue };
        // Only what stands before it, and in the same logbook.
        if number_of(input).is_none_or(|own| (voiding.segment, voiding.offset) >= (own, announced.offset)) {
            continue;
        }
        if let Some(at) = by_number.get(&(home(input), voiding.segment)) {
            fates[*at].insert(voiding.offset, Fate::Voided);
            renamed.insert((voiding.segment, voiding.offset), voiding.by.clone());
        }
    }
    renamed
}

/// The directory of a segment that is given as a file; archives stand one deeper.
/// All segments of one snapshot are of one logbook.
fn home(input: &Input) -> Option<&Path> {
    let Input::File(path) = input else { return None };
    let parent = path.parent()?;
    if parent.file_name().is_some_and(|name| name == "archive") { parent.parent() } else { Some(parent) }
}
