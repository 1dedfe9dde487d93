//! Printed rows that no longer have the status of their run: a search for `status=blocked` also
//! finds runs that went on long ago, and a note says how many.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::cmd::Door;
use logbook_json as json;
use logbook_model::Stands;
use logbook_query::{Place, Plan, Row};
use logbook_scan::{self as scan, Source};

/// The newest rows with a status of each run that was read, to compare the printed rows with.
#[derive(Debug, Default)]
pub struct Outdated {
    /// By run: one entry for each part of the input, since parts are read in any order.
    by_run: HashMap<Vec<u8>, Vec<Stands<Place>>>,
}

/// A printed row that has a status: its run, and where it is.
pub(super) type Printed = (Vec<u8>, Place);

impl Outdated {
    /// The fields it needs of each row.
    pub(super) const FIELDS: [&str; 3] = ["run_id", "kind", "status"];
    /// Printed rows beyond this number are not compared.
    pub(super) const ROWS_MAX: usize = 10_000;

    /// The fields of the plan and, if `compares`, those needed here, each once: a field of a row is
    /// picked into one slot. `all` also picks the fields that are usually read only from rows that
    /// pass, for inputs that cannot be read twice.
    pub(super) fn names(plan: &Plan, compares: bool, all: bool) -> Vec<String> {
        let mut names = if compares || all { plan.fields() } else { plan.fields_at_once() }.to_vec();
        for field in Outdated::FIELDS.iter().filter(|_| compares) {
            if !names.iter().any(|name| name == field) {
                names.push((*field).to_owned());
            }
        }
        names
    }

    pub(super) fn push(&mut self, row: &Row<'_>, [run, kind, status]: [usize; 3]) {
        let Some(says) = row.says(kind, status) else { return };
        let Some(run) = row.field(run).and_then(json::decode) else { return };
        match self.by_run.get_mut(&*run) {
            Some(parts) => parts.iter_mut().for_each(|part| {
                part.put(says, row.place);
            }),
            None => {
                let mut part = Stands::default();
                part.put(says, row.place);
                self.by_run.insert(run.into_owned(), vec![part]);
            }
        }
    }

    /// Adds what was read from other rows.
    pub(super) fn join(&mut self, other: Outdated) {
        for (run, rows) in other.by_run {
            self.by_run.entry(run).or_default().extend(rows);
        }
    }

    /// Reads the segments that were pruned for newer rows with a status, no further than the scan
    /// went if it stopped early.
    pub(super) fn read_pruned(&mut self, inputs: &Source, printed: &[Printed], stopped: bool, door: &mut Door<'_>) {
        let Some(first) = printed.iter().map(|(_, place)| place.input).min() else { return };
        let last = printed.iter().map(|(_, place)| place.input).max().filter(|_| stopped);
        let unread = inputs.of_left_out(first..last.unwrap_or(u32::MAX));
        let names = Outdated::FIELDS.map(str::to_owned);
        let mut found = Outdated::default();
        scan::feed(&unread, door.input, &names, false, |row, _, _| {
            found.push(row, [0, 1, 2]);
            ControlFlow::Continue(())
        });
        self.join(found);
    }

    /// A note about the printed rows that are outdated.
    pub(super) fn note(&self, printed: &[Printed]) -> Option<String> {
        // A row after the end of its run does not have its status either.
        let is_outdated = |stands: &Stands<Place>, place: Place| {
            stands.newest().is_some_and(|stood| stood.row > place || (stood.row < place && stands.ended()))
        };
        // Pruned segments lie between the others.
        let stands = |parts: &Vec<Stands<Place>>| {
            let mut parts = parts.clone();
            parts.sort_by_key(|part| part.newest().map(|stood| stood.row));
            parts
                .into_iter()
                .reduce(|mut all, part| {
                    all.join(part);
                    all
                })
                .unwrap_or_default()
        };
        let stands: HashMap<&Vec<u8>, Stands<Place>> =
            self.by_run.iter().map(|(run, parts)| (run, stands(parts))).collect();
        let outdated = printed.iter().filter(|(run, place)| stands.get(run).is_some_and(|it| is_outdated(it, *place)));
        let outdated = outdated.count();
        let of = printed.len();
        (outdated > 0).then(|| {
            format!("{outdated} of these {of} rows are of runs that have moved on; --latest shows their status")
        })
    }
}

/// The run of a row that has a status.
pub(super) fn run_of(text: &[u8]) -> Option<Vec<u8>> {
    let mut values = Vec::new();
    json::pick(text, &["run_id", "status"], &mut values).ok()?;
    values[1]?;
    Some(json::decode(values[0]?)?.into_owned())
}
