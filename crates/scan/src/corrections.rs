//! The corrections among inputs, known before a scan begins: a first pass that
//! looks only at lines that could be correction rows, and, if there are any, a
//! second one for the rows that they are about. Rows that void a place are found
//! by the same pass (`voided`).

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::path::Path;

use regex::bytes::Regex;

use super::pieces::each_line;
use super::source::{Corrected, Fate, Fates, Source, segment_number};
use super::voided::{self, Announced, Kept};
use logbook_format::Correction;
use logbook_format::corrections::{Target, is_correction, step_of};
use logbook_json as json;
use logbook_model::error::Result;
use logbook_model::{Address, Kind};
use logbook_query::Place;
use logbook_store::{self as store, Input, RowReader, Snapshot};

/// Runs that rows are looked for by their literal names; beyond, every row is read.
const RUNS_MAX: usize = 64;

/// Rows that could correct or void another: the words as JSON writes them, and how their
/// letters and those of `kind` begin when they are written as escapes.
fn could_be() -> Option<Regex> {
    Regex::new(&format!(r#""{}"|"voids"|\\u00[67]"#, Kind::Correction.word())).ok()
}

/// `inputs` with the corrections among their rows folded in. Streams,
/// which can be read once only, must have been taken in ([`Input::Held`]).
/// What cannot be read is left to the scan to tell.
pub fn fold(inputs: Vec<Input>) -> Source {
    fold_until(inputs, Place { input: u32::MAX, offset: u64::MAX })
}

/// The same as it was known at the row `until`: rows behind it say nothing of others.
pub fn fold_until(inputs: Vec<Input>, until: Place) -> Source {
    let mut told = Told::of(&inputs);
    let could_be = could_be();
    for (index, input) in (0u32..).zip(&inputs) {
        each_line(input, could_be.as_ref(), |text, offset| {
            let place = Place { input: index, offset };
            if place > until {
                return ControlFlow::Break(());
            }
            told.row(input, text, place);
            ControlFlow::Continue(())
        });
    }
    let kept = voided::kept_in_inputs(&inputs, std::mem::take(&mut told.announced));
    told.settle(inputs, &kept)
}

/// The same for the segments of `snapshot`, the logbook at `directory`: from what
/// the store knows of its corrections, without a pass over all rows.
pub fn fold_known(directory: &Path, snapshot: &Snapshot) -> Result<Source> {
    let inputs: Vec<Input> = snapshot.segments.iter().cloned().map(Input::Segment).collect();
    let Some(places) = store::known_corrections(directory)? else {
        return Ok(fold(inputs));
    };
    let mut reader = RowReader::new(snapshot);
    let mut told = Told::of(&inputs);
    for place in places {
        // A segment that came after the snapshot is not read either.
        let mut numbered = (0u32..).zip(&inputs);
        let Some((index, input)) = numbered.find(|(_, input)| segment_number(input) == Some(place.segment)) else {
            continue;
        };
        let here = Place { input: index, offset: place.offset };
        match reader.row(place) {
            Ok(Some(text)) => told.row(input, text, here),
            Ok(None) => {}
            // It is missing as others are: its segment is read, whatever else is known of it, and
            // so the damage told.
            Err(_) => drop(told.fates[index as usize].insert(place.offset, Fate::Correction)),
        }
    }
    let kept = voided::kept_in_segments(&inputs, std::mem::take(&mut told.announced), &mut reader)?;
    Ok(told.settle(inputs, &kept))
}

/// What rows say about other rows.
struct Told {
    corrections: Vec<(Place, Correction)>,
    announced: Vec<Announced>,
    fates: Fates,
}

impl Told {
    fn of(inputs: &[Input]) -> Told {
        Told { corrections: Vec::new(), announced: Vec::new(), fates: vec![BTreeMap::new(); inputs.len()] }
    }

    /// Takes in the row at `place`, if it says something about another one.
    fn row(&mut self, input: &Input, text: &[u8], place: Place) {
        let mut values = Vec::new();
        if json::pick(text, &["kind", "voids"], &mut values).is_err() {
            return;
        }
        if is_correction(values[0]) {
            self.fates[place.input as usize].insert(place.offset, Fate::Correction);
            let read = Correction::read(text, || name_by_place(input, place.offset));
            self.corrections.extend(read.map(|correction| (place, correction)));
        } else if values[1].is_some() {
            self.announced.extend(Announced::read(text, place));
        }
    }

    /// `inputs` with all that folded in. What is voided says nothing, and what was
    /// said of it is said of the row that stands again.
    fn settle(mut self, inputs: Vec<Input>, kept: &[Kept]) -> Source {
        let renamed = voided::drop_rows(kept, &mut self.fates);
        let mut corrections = Vec::new();
        for (place, mut correction) in self.corrections {
            if self.fates[place.input as usize].get(&place.offset) == Some(&Fate::Voided) {
                continue;
            }
            if let Address::Place { segment, offset } = correction.target
                && let Some(now) = renamed.get(&(segment, offset))
            {
                correction.target = now.clone();
            }
            corrections.push(correction);
        }
        if !corrections.is_empty() {
            resolve(&inputs, corrections, &mut self.fates);
        }
        Source::folded(inputs, self.fates)
    }
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
    let mut rows: BTreeMap<Place, (Target, Vec<u8>)> = BTreeMap::new();
    let mut missing = by_step.len() + by_place.len();
    for (index, input) in (0u32..).zip(inputs) {
        if missing == 0 {
            break;
        }
        let number = segment_number(input);
        each_line(input, literal.as_ref(), |text, offset| {
            let mut values = Vec::new();
            if json::pick(text, &["run_id", "step"], &mut values).is_err() {
                return ControlFlow::Continue(());
            }
            let place = Place { input: index, offset };
            if fates[index as usize].get(&offset) == Some(&Fate::Voided) {
                return ControlFlow::Continue(());
            }
            let mut named = |slot: Option<&mut Option<Place>>| {
                if let Some(slot) = slot.filter(|slot| slot.is_none()) {
                    *slot = Some(place);
                    missing -= 1;
                    let mut told = Vec::new();
                    if json::pick(text, &Target::FIELDS, &mut told).is_ok() {
                        rows.insert(place, (Target::of(&told), text.to_vec()));
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
        let Some((_, row)) = rows.get(&place).filter(|(target, _)| target.takes(&correction)) else { continue };
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

/// The name of a correcting row that has no step.
fn name_by_place(input: &Input, offset: u64) -> String {
    match segment_number(input) {
        Some(segment) => Address::Place { segment, offset }.to_string(),
        None => format!("{}:{offset}", input.name()),
    }
}
