//! The corrections among inputs, known before a scan begins: a first pass that
//! looks only at lines that could be correction rows, and, if there are any, a
//! second one for the rows that they are about.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

use regex::bytes::Regex;

use super::reader::is_whole;
use super::rows::for_each_row_with;
use super::skipped::Skipped;
use super::source::{Corrected, Fate, Source};
use crate::error::Result;
use crate::format::corrections::{is_correction, is_target, step_of};
use crate::format::{Correction, SegmentName};
use crate::json;
use crate::model::Address;
use crate::query::Place;
use crate::store::{self, Input, RowReader, Snapshot};

/// The word as JSON writes it, and how its letters and those of `kind` begin
/// when they are written as escapes.
const COULD_BE: &str = r#""correction"|\\u00[67]"#;
/// Runs that rows are looked for by their literal names; beyond, every row is read.
const RUNS_MAX: usize = 64;

/// `inputs` with the corrections among their rows folded in. Standard input,
/// which can be read once only, must have been taken in ([`Input::Held`]).
/// What cannot be read is left to the scan to tell.
pub fn fold(inputs: Vec<Input>) -> Source {
    let (corrections, mut fates) = gather(&inputs);
    if corrections.iter().any(|list| !list.is_empty()) {
        resolve(&inputs, corrections.into_iter().flatten().collect(), &mut fates);
    }
    Source::folded(inputs, fates)
}

/// The same for the segments of `snapshot`, the logbook at `directory`: from what
/// the store knows of its corrections, without a pass over all rows.
pub fn fold_known(directory: &Path, snapshot: &Snapshot) -> Result<Source> {
    let inputs: Vec<Input> = snapshot.segments.iter().cloned().map(Input::Segment).collect();
    let Some(places) = store::known_corrections(directory)? else {
        return Ok(fold(inputs));
    };
    let mut reader = RowReader::new(snapshot);
    let mut corrections = Vec::new();
    let mut fates = vec![BTreeMap::new(); inputs.len()];
    for place in places {
        // A segment that came after the snapshot is not read either.
        let Some(at) = inputs.iter().position(|input| number_of(input) == Some(place.segment)) else { continue };
        let Some(text) = reader.row(place)? else { continue };
        let mut values = Vec::new();
        if json::pick(text, &["kind"], &mut values).is_ok() && is_correction(values[0]) {
            fates[at].insert(place.offset, Fate::Correction);
            corrections.extend(Correction::read(text, || name_by_place(&inputs[at], place.offset)));
        }
    }
    if !corrections.is_empty() {
        resolve(&inputs, corrections, &mut fates);
    }
    Ok(Source::folded(inputs, fates))
}

type Fates = Vec<BTreeMap<u64, Fate>>;

fn gather(inputs: &[Input]) -> (Vec<Vec<Correction>>, Fates) {
    let could_be = Regex::new(COULD_BE).ok();
    let mut corrections = vec![Vec::new(); inputs.len()];
    let mut fates = vec![BTreeMap::new(); inputs.len()];
    for (at, input) in inputs.iter().enumerate() {
        each_line(input, could_be.as_ref(), |text, offset| {
            let mut values = Vec::new();
            if json::pick(text, &["kind"], &mut values).is_ok() && is_correction(values[0]) {
                fates[at].insert(offset, Fate::Correction);
                corrections[at].extend(Correction::read(text, || name_by_place(input, offset)));
            }
            ControlFlow::Continue(())
        });
    }
    (corrections, fates)
}

/// Finds the rows that `corrections` are about: of two that claim one name the
/// first by position owns it.
fn resolve(inputs: &[Input], corrections: Vec<Correction>, fates: &mut Fates) {
    let mut by_step: HashMap<(String, u64), Option<Place>> = HashMap::new();
    let mut by_place: HashMap<(u64, u64), Option<Place>> = HashMap::new();
    for correction in &corrections {
        match &correction.target {
            Address::Step { run_id, step } => drop(by_step.insert((run_id.clone(), *step), None)),
            Address::Place { segment, offset } => drop(by_place.insert((*segment, *offset), None)),
        }
    }
    let literal = if by_place.is_empty() { literal_runs(&by_step) } else { None };
    let mut rows: BTreeMap<Place, Vec<u8>> = BTreeMap::new();
    let mut missing = by_step.len() + by_place.len();
    for (index, input) in (0u32..).zip(inputs) {
        if missing == 0 {
            break;
        }
        let number = number_of(input);
        each_line(input, literal.as_ref(), |text, offset| {
            let mut values = Vec::new();
            if json::pick(text, &["run_id", "step", "kind"], &mut values).is_err() {
                return ControlFlow::Continue(());
            }
            let place = Place { input: index, offset };
            let mut named = |slot: Option<&mut Option<Place>>| {
                if let Some(slot) = slot.filter(|slot| slot.is_none()) {
                    *slot = Some(place);
                    missing -= 1;
                    if is_target(values[2]) {
                        rows.insert(place, text.to_vec());
                    }
                }
            };
            named(number.and_then(|number| by_place.get_mut(&(number, offset))));
            if let (Some(run), Some(step)) = (values[0].and_then(json::decode), step_of(values[1])) {
                named(by_step.get_mut(&(String::from_utf8_lossy(&run).into_owned(), step)));
            }
            if missing == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
    for correction in corrections {
        let place = match &correction.target {
            Address::Step { run_id, step } => by_step.get(&(run_id.clone(), *step)),
            Address::Place { segment, offset } => by_place.get(&(*segment, *offset)),
        };
        let Some(place) = place.copied().flatten() else { continue };
        let Some(row) = rows.get(&place) else { continue };
        let fate = fates[place.input as usize]
            .entry(place.offset)
            .or_insert_with(|| Fate::Corrected(Corrected { row: row.clone(), corrections: Vec::new() }));
        if let Fate::Corrected(corrected) = fate {
            corrected.corrections.push(correction);
        }
    }
}

/// Lines that could be of one of these runs: their names as JSON writes them,
/// or with any escape. `None` when that would not spare anything.
fn literal_runs(wanted: &HashMap<(String, u64), Option<Place>>) -> Option<Regex> {
    let mut runs: Vec<&str> = wanted.keys().map(|(run, _)| run.as_str()).collect();
    runs.sort_unstable();
    runs.dedup();
    if runs.len() > RUNS_MAX || runs.iter().any(|run| run.contains(['"', '\\', char::REPLACEMENT_CHARACTER])) {
        return None;
    }
    let runs: Vec<String> = runs.into_iter().map(|run| format!("\"{}\"", regex::escape(run))).collect();
    Regex::new(&format!(r"{}|\\[u/]", runs.join("|"))).ok()
}

/// Calls `each` with the rows of `input` that hold `literal`, and where they begin.
fn each_line(input: &Input, literal: Option<&Regex>, mut each: impl FnMut(&[u8], u64) -> ControlFlow<()>) {
    let Ok(Some(mut reader)) = input.open() else { return };
    let reader: &mut dyn Read = &mut *reader;
    let find = |text: &[u8]| literal.map_or(Some(0), |literal| literal.find(text).map(|found| found.start()));
    // What is skipped is told by the scan that follows.
    let mut skipped = Skipped::default();
    let _: io::Result<u64> =
        for_each_row_with(reader, "", &mut skipped, is_whole, find, |text, offset, _| each(text, offset));
}

/// The number of a segment, also of one that is given as a file.
fn number_of(input: &Input) -> Option<u64> {
    match input {
        Input::Segment(segment) => Some(segment.number),
        Input::File(path) => {
            let name = path.file_name()?.to_str()?;
            let name = name.strip_suffix(".zst").unwrap_or(name);
            SegmentName::parse(name.as_bytes()).map(|name| name.number)
        }
        Input::Stdin | Input::Held(_) => None,
    }
}

/// The name of a correcting row that has no step.
fn name_by_place(input: &Input, offset: u64) -> String {
    match number_of(input) {
        Some(segment) => Address::Place { segment, offset }.to_string(),
        None => format!("{}:{offset}", input.name()),
    }
}
