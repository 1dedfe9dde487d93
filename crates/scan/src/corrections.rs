//! Finds the corrections in inputs before a scan begins. A first pass looks only at lines that
//! could be correction rows. If there are any, a second pass finds the rows that they correct. Rows
//! that void a place are found by the same first pass (`voided`).

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::path::Path;

use regex::bytes::Regex;

use super::pieces::each_line;
use super::source::{Corrected, Fate, Fates, Source, segment_number};
use super::voided::{self, Confirmed, VoidClaim};
use logbook_format::Correction;
use logbook_format::corrections::{Target, is_correction, step_of};
use logbook_json as json;
use logbook_model::error::Result;
use logbook_model::{Address, Kind};
use logbook_query::Place;
use logbook_store::{self as store, Input, RowReader, Snapshot};

/// The second pass searches for at most this many run ids; with more, it reads every row.
const RUNS_MAX: usize = 64;

/// A pattern for rows that could correct or void another: the two words as JSON writes them, and
/// the escapes by which their letters, and those of `kind`, could be spelled.
fn could_be() -> Option<Regex> {
    Regex::new(&format!(r#""{}"|"voids"|\\u00[67]"#, Kind::Correction.word())).ok()
}

/// A source of `inputs` with the corrections in them. Streams, which can be read only once, must be
/// held in memory already ([`Input::Held`]). What cannot be read is left to the scan to report.
pub fn fold(inputs: Vec<Input>) -> Source {
    fold_until(inputs, Place { input: u32::MAX, offset: u64::MAX })
}

/// Like [`fold`], as of the row `until`: later rows correct nothing.
pub fn fold_until(inputs: Vec<Input>, until: Place) -> Source {
    let mut statements = Statements::of(&inputs);
    let could_be = could_be();
    for (index, input) in (0u32..).zip(&inputs) {
        each_line(input, could_be.as_ref(), |text, offset| {
            let place = Place { input: index, offset };
            if place > until {
                return ControlFlow::Break(());
            }
            statements.row(input, text, place);
            ControlFlow::Continue(())
        });
    }
    let confirmed = voided::confirm_in_inputs(&inputs, std::mem::take(&mut statements.void_claims));
    statements.settle(inputs, &confirmed)
}

/// Like [`fold`] for the segments of `snapshot`, of the logbook at `directory`. The corrections
/// come from the index, without a pass over all rows. Fails if the index cannot be read.
pub fn fold_known(directory: &Path, snapshot: &Snapshot) -> Result<Source> {
    let inputs: Vec<Input> = snapshot.segments.iter().cloned().map(Input::Segment).collect();
    let Some(places) = store::known_corrections(directory)? else {
        return Ok(fold(inputs));
    };
    let mut reader = RowReader::new(snapshot);
    let mut statements = Statements::of(&inputs);
    for place in places {
        // The index may know a segment that is newer than the snapshot.
        let mut numbered = (0u32..).zip(&inputs);
        let Some((index, input)) = numbered.find(|(_, input)| segment_number(input) == Some(place.segment)) else {
            continue;
        };
        let here = Place { input: index, offset: place.offset };
        match reader.row(place) {
            Ok(Some(text)) => statements.row(input, text, here),
            Ok(None) => {}
            // Marking the row makes the scan read its segment, whatever a summary says, and report
            // the damage.
            Err(_) => drop(statements.fates[index as usize].insert(place.offset, Fate::Correction)),
        }
    }
    let confirmed = voided::confirm_in_segments(&inputs, std::mem::take(&mut statements.void_claims), &mut reader)?;
    Ok(statements.settle(inputs, &confirmed))
}

/// What rows say about other rows, before it is resolved.
struct Statements {
    corrections: Vec<(Place, Correction)>,
    void_claims: Vec<VoidClaim>,
    fates: Fates,
}

impl Statements {
    fn of(inputs: &[Input]) -> Statements {
        Statements { corrections: Vec::new(), void_claims: Vec::new(), fates: vec![BTreeMap::new(); inputs.len()] }
    }

    /// Adds the row at `place`, if it corrects or voids another.
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
            self.void_claims.extend(VoidClaim::read(text, place));
        }
    }

    /// Resolves everything into a source. A voided row corrects nothing, and a correction of a
    /// voided row applies to the row that was stored again.
    fn settle(mut self, inputs: Vec<Input>, confirmed: &[Confirmed]) -> Source {
        let renamed = voided::drop_rows(confirmed, &mut self.fates);
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

/// Finds the rows that `corrections` are about. Of two rows with one name, the first by position
/// owns it.
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
                    let mut fields = Vec::new();
                    if json::pick(text, &Target::FIELDS, &mut fields).is_ok() {
                        rows.insert(place, (Target::of(&fields), text.to_vec()));
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

/// A pattern for lines of these runs: their ids as JSON writes them, or any escape. `None` if it
/// would skip nothing.
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

/// The name of a correction row without a step.
fn name_by_place(input: &Input, offset: u64) -> String {
    match segment_number(input) {
        Some(segment) => Address::Place { segment, offset }.to_string(),
        None => format!("{}:{offset}", input.name()),
    }
}
