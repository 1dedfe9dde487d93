//! The records of runs, from their gathered rows.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use super::gather::GatheredRow;
use super::{Found, Reading, address};
use crate::cmd::Door;
use crate::cmd::shared::reading::gather;
use logbook_model::Address;
use logbook_model::error::{Error, Exit, Result};
use logbook_query::Place;
use logbook_render::cell;
use logbook_scan::{self as scan, Scanned, Source};
use logbook_view::{self as view, Amended, Record};

/// The value of a field of a row as text.
pub fn text_of(row: &[u8], field: &str) -> String {
    let mut values = Vec::new();
    let picked = logbook_json::pick(row, &[field], &mut values);
    picked.map_or_else(|_| String::new(), |()| cell::plain(values[0]))
}

/// The records of `runs`, from `rows`. Rows of other runs that name one of them as their parent
/// make those its children. A run without rows has no record.
pub fn records_among(runs: &[String], inputs: &Source, rows: &[GatheredRow]) -> HashMap<String, Record> {
    type Rows<'r> = Vec<(Place, &'r [u8], Vec<Amended>)>;
    let mut own: HashMap<&str, (Rows<'_>, Vec<String>)> =
        runs.iter().map(|run| (run.as_str(), <_>::default())).collect();
    let mut known: HashSet<(String, String)> = HashSet::new();
    for GatheredRow { place, text } in rows {
        let (run, parent) = (text_of(text, "run_id"), text_of(text, "parent_run_id"));
        if let Some((rows, _)) = own.get_mut(run.as_str()) {
            let corrected = inputs.corrected(*place);
            let amended = corrected.map_or_else(Vec::new, amendments);
            rows.push((*place, text, amended));
        }
        if run != parent
            && let Some((_, children)) = own.get_mut(parent.as_str())
            && known.insert((parent, run.clone()))
        {
            children.push(run);
        }
    }
    // Retracted rows are part of the record.
    for (place, taken) in inputs.retracted() {
        if let Some((rows, _)) = own.get_mut(text_of(&taken.row, "run_id").as_str()) {
            rows.push((place, &taken.row, amendments(taken)));
        }
    }
    let records = own.into_iter().filter(|(_, (rows, _))| !rows.is_empty()).map(|(run, (mut rows, children))| {
        rows.sort_by_key(|(place, ..)| *place);
        let rows = rows.into_iter().map(|(place, text, amended)| (text, address(inputs, place), amended));
        (run.to_owned(), Record::of(run, rows, children))
    });
    records.collect()
}

fn amendments(row: &scan::Corrected) -> Vec<Amended> {
    view::amended(&row.row, &row.corrections)
}

/// A row of a run as corrected, its address, and its corrections.
pub type RunRow = (Vec<u8>, Option<Address>, Vec<Amended>);

/// The rows of `run` in order: the gathered `rows`, and those that were retracted.
pub fn rows(run: &str, inputs: &Source, rows: Vec<GatheredRow>) -> Vec<RunRow> {
    let read =
        rows.into_iter().map(|GatheredRow { place, text }| (place, text, inputs.corrected(place).map(amendments)));
    let taken = inputs.retracted().filter(|(_, taken)| text_of(&taken.row, "run_id") == run);
    let taken = taken.map(|(place, taken)| (place, taken.row.clone(), Some(amendments(taken))));
    let mut all: Vec<_> = read.chain(taken).collect();
    all.sort_by_key(|(place, ..)| *place);
    all.into_iter().map(|(place, text, amended)| (text, address(inputs, place), amended.unwrap_or_default())).collect()
}

/// The record of `run` alone.
pub fn record(run: &str, inputs: &Source, rows: &[GatheredRow]) -> Option<Record> {
    records_among(&[run.to_owned()], inputs, rows).remove(run)
}

/// Reads the records of `runs` in one scan. A run without rows has no record.
pub fn records(
    runs: &[String],
    reading: &Reading,
    door: &mut Door<'_>,
) -> Result<(Found, HashMap<String, Record>, Scanned)> {
    let (found, rows, scanned) = gather::rows_of(runs, reading, door)?;
    let records = records_among(runs, &found.inputs, &rows);
    Ok((found, records, scanned))
}

/// The error that the run, or the step of it, does not exist, with the nearest one as a hint.
/// `command` is what was typed before the run.
pub fn no_such_run(command: &str, run: &str, step: Option<u64>, inputs: &Source, door: &mut Door<'_>) -> Error {
    let mut runs: HashMap<String, u64> = HashMap::new();
    scan::feed(inputs, door.input, &["run_id".to_owned()], false, |row, _, _| {
        *runs.entry(cell::plain(row.field(0))).or_default() += 1;
        ControlFlow::Continue(())
    });
    if let (Some(rows), Some(step)) = (runs.get(run), step) {
        return Error::new(Exit::No, format!("run {run:?} has {rows} rows, none of them is step {step}"))
            .hint(format!("logbook show {run}"));
    }
    let error = Error::new(Exit::No, format!("no run {run:?} among {} runs", runs.len()));
    match logbook_model::error::nearest(run, runs.keys().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean `logbook {command} {near}`?")),
        None => error.hint("logbook runs --all"),
    }
}

/// The address that `run` and `step` give, or `run` alone as `RUN#STEP` or `@SEGMENT:OFFSET`.
pub fn row_address(run: &str, step: Option<u64>) -> Option<Address> {
    match step {
        Some(step) => Some(Address::Step { run_id: run.to_owned(), step }),
        None => Address::parse(run),
    }
}
