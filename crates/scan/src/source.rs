//! What a scan reads: inputs in order, and the fate of the rows that do not read as they were
//! written.
//!
//! Every scan takes a `Source`, so that no command can forget the corrections.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::Path;

use super::layout::Layout;
use logbook_format::{Correction, SegmentName};
use logbook_model::Instant;
use logbook_query::Place;
use logbook_store::Input;

/// Inputs, and the corrections found in them.
#[derive(Debug, Clone, Default)]
pub struct Source {
    inputs: Vec<Input>,
    /// The rows with a fate of each input, by offset. Empty: all rows read as written.
    fates: Vec<BTreeMap<u64, Fate>>,
    shows_corrections: bool,
    left_out: BTreeMap<u32, LeftOut>,
    /// The offsets at which inputs begin to be read, for those that do not begin at 0.
    begins: BTreeMap<u32, u64>,
    layout: Layout,
}

/// An input that is not read because none of its rows can match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// The number of its rows.
    pub rows: u64,
    /// The smallest and the largest of their timestamps.
    pub times: Option<(Instant, Instant)>,
    /// Why it cannot match, for a person.
    pub why: String,
}

/// What happens to a row when it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is a correction: passed over, unless corrections are asked for.
    Correction,
    /// It was corrected: its corrected form is read.
    Corrected(Corrected),
    /// It was stored again elsewhere: passed over here.
    Voided,
}

/// The rows with a fate of each input, by offset.
pub(super) type Fates = Vec<BTreeMap<u64, Fate>>;

/// A row that was corrected or retracted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrected {
    /// The row as it was written.
    pub row: Vec<u8>,
    /// Its corrections, in order.
    pub corrections: Vec<Correction>,
}

impl Corrected {
    /// Whether it was retracted: such a row is passed over.
    pub fn is_retracted(&self) -> bool {
        self.corrections.iter().any(|correction| correction.retract)
    }
}

impl Source {
    /// A source whose rows are read as they were written.
    pub fn as_written(inputs: Vec<Input>) -> Source {
        Source { inputs, ..Source::default() }
    }

    /// The same source with another layout.
    pub fn laid_out(self, layout: Layout) -> Source {
        Source { layout, ..self }
    }

    /// The layout of the inputs.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The inputs that can be read a second time, as they were written: for questions beside the
    /// answer, such as "did you mean".
    pub fn again(&self) -> Source {
        let inputs = self.inputs.iter().filter(|input| !input.is_once()).cloned().collect();
        Source::as_written(inputs).laid_out(self.layout)
    }

    /// Sets whether correction rows are handed on too.
    pub fn with_corrections(mut self, shown: bool) -> Source {
        self.shows_corrections = shown;
        self
    }

    /// The corrections of the row at `place`, if it was corrected.
    pub fn corrected(&self, place: Place) -> Option<&Corrected> {
        match self.fates.get(place.input as usize)?.get(&place.offset)? {
            Fate::Corrected(corrected) => Some(corrected),
            Fate::Correction | Fate::Voided => None,
        }
    }

    /// Whether the row at `place` no longer counts because it was stored again elsewhere.
    pub fn is_voided(&self, place: Place) -> bool {
        let fates = self.fates.get(place.input as usize);
        fates.and_then(|fates| fates.get(&place.offset)) == Some(&Fate::Voided)
    }

    /// The retracted rows, in order, with their places. No scan hands them on.
    pub fn retracted(&self) -> impl Iterator<Item = (Place, &Corrected)> {
        (0u32..).zip(&self.fates).flat_map(|(input, fates)| {
            fates.iter().filter_map(move |(offset, fate)| match fate {
                Fate::Corrected(row) if row.is_retracted() => Some((Place { input, offset: *offset }, row)),
                _ => None,
            })
        })
    }

    pub(super) fn folded(inputs: Vec<Input>, fates: Vec<BTreeMap<u64, Fate>>) -> Source {
        let none = fates.iter().all(BTreeMap::is_empty);
        Source { inputs, fates: if none { Vec::new() } else { fates }, ..Source::default() }
    }

    /// Why the input is not read; `None` if it is.
    pub fn left_out(&self, input: u32) -> Option<&LeftOut> {
        self.left_out.get(&input)
    }

    /// All inputs that are not read, with their numbers.
    pub fn all_left_out(&self) -> impl Iterator<Item = (u32, &LeftOut)> {
        self.left_out.iter().map(|(input, left_out)| (*input, left_out))
    }

    /// A source of the inputs in `among` that this one leaves out. Each keeps its number.
    pub fn of_left_out(&self, among: std::ops::Range<u32>) -> Source {
        let others = (0u32..).zip(&self.inputs).map(|(input, _)| input);
        let others = others.filter(|input| !(among.contains(input) && self.left_out.contains_key(input)));
        let left_out = others.map(|input| (input, LeftOut::default())).collect();
        Source { inputs: self.inputs.clone(), left_out, layout: self.layout, ..Source::default() }
    }

    /// The same source of which only the input `which` is read.
    pub fn only(&self, which: u32) -> Source {
        let others = (0u32..).zip(&self.inputs).map(|(input, _)| input).filter(|input| *input != which);
        Source { left_out: others.map(|input| (input, LeftOut::default())).collect(), ..self.clone() }
    }

    pub(super) fn without(self, left_out: BTreeMap<u32, LeftOut>) -> Source {
        Source { left_out, ..self }
    }

    /// The same source with inputs read from these offsets on, each the start of a line of a plain
    /// file.
    pub(super) fn beginning_at(self, begins: BTreeMap<u32, u64>) -> Source {
        Source { begins, ..self }
    }

    /// The offset at which the input begins to be read.
    pub(super) fn begins(&self, input: u32) -> u64 {
        self.begins.get(&input).copied().unwrap_or(0)
    }

    pub(super) fn shows_corrections(&self) -> bool {
        self.shows_corrections
    }

    /// The rows of the input with a fate, by offset; `None` if there are none.
    pub(super) fn fates(&self, input: u32) -> Option<&BTreeMap<u64, Fate>> {
        self.fates.get(input as usize).filter(|fates| !fates.is_empty())
    }
}

impl Deref for Source {
    type Target = [Input];

    fn deref(&self) -> &[Input] {
        &self.inputs
    }
}

/// The segment number of an input, also of a segment that is given as a file.
pub(super) fn segment_number(input: &Input) -> Option<u64> {
    match input {
        Input::Segment(segment) => Some(segment.number),
        Input::File(path) => {
            let name = path.file_name()?.to_str()?;
            let name = name.strip_suffix(".zst").unwrap_or(name);
            SegmentName::parse(name.as_bytes()).map(|name| name.number)
        }
        Input::Stdin | Input::Pipe(_) | Input::Held(..) => None,
    }
}

/// The logbook of a segment that is given as a file; archives are one directory deeper. `None` for
/// the segments of a snapshot, which are all of one logbook.
pub(super) fn logbook_of(input: &Input) -> Option<&Path> {
    let Input::File(path) = input else { return None };
    let parent = path.parent()?;
    if parent.file_name().is_some_and(|name| name == "archive") { parent.parent() } else { Some(parent) }
}
