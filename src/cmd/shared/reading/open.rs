//! Opening a logbook to read it: its segments, the corrections among their rows, its settings.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::flags::Reading;
use super::skipped;
use crate::cmd::Door;
use logbook_json as json;
use logbook_model::error::Result;
use logbook_model::{Address, Field, Kind, Night, Vocabulary};
use logbook_query::ast::{Expr, Op, Operand, Right, Test};
use logbook_query::{Place, Query};
use logbook_scan::{self as scan, Pruning, Scanned, Source, corrections};
use logbook_store::{self as store, Input, Location, Purpose, Settings, Snapshot};
use logbook_view::facts::{Facts, FieldSet, Picked};

/// The number of threads that this process may run at a time.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

/// A logbook that was opened for reading.
pub struct Found {
    /// Its directory.
    pub path: PathBuf,
    /// Its segments, as they were when it was opened.
    pub snapshot: Snapshot,
    /// The rows of the segments, with their corrections.
    pub inputs: Source,
    /// The words that its config declares.
    pub vocabulary: Vocabulary,
    /// The hours of the night, in which nobody watches.
    pub night: Night,
}

impl Found {
    /// The rows of the segments as they were written.
    pub fn segments(&self) -> Source {
        Corrections::AsWritten.of(self.snapshot.segments.iter().cloned().map(Input::Segment).collect())
    }
}

/// How corrections are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corrections {
    /// Applied to the rows that they correct, and not shown as rows.
    Folded,
    /// Applied and also shown, since the query asks for their kind.
    Shown,
    /// Not applied: they are rows like others.
    AsWritten,
}

impl Corrections {
    /// The rows of `inputs`, with corrections read this way.
    pub fn of(self, inputs: Vec<Input>) -> Source {
        match self {
            Corrections::AsWritten => Source::as_written(inputs),
            _ => corrections::fold(inputs).with_corrections(self == Corrections::Shown),
        }
    }

    /// How the flags and the kinds that `query` asks for want corrections to be read.
    pub fn wanted(reading: &Reading, query: &Query) -> Corrections {
        match reading.as_written {
            true => Corrections::AsWritten,
            false if query.filter.as_ref().is_some_and(asks_for_corrections) => Corrections::Shown,
            false => Corrections::Folded,
        }
    }
}

/// Whether a condition asks for rows of the kind `correction`.
fn asks_for_corrections(condition: &Expr) -> bool {
    let mut open = vec![condition];
    while let Some(expr) = open.pop() {
        match expr {
            Expr::And(all) | Expr::Or(all) => open.extend(all),
            Expr::Test(Test { left: Operand::Path(path), op: Op::Equal | Op::In, right, .. })
                if path.keys == ["kind"] =>
            {
                let named = match right {
                    Right::One(one) => std::slice::from_ref(one),
                    Right::List(list) => list,
                    Right::File(..) => &[],
                };
                if named.iter().any(|literal| Kind::named(&literal.text) == Kind::Correction) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// Opens the logbook that `dir`, the environment or the working directory names.
pub fn logbook(door: &Door<'_>, dir: Option<&Path>, corrections: Corrections) -> Result<Found> {
    logbook_at(&store::locate(dir, &door.env, Purpose::Read)?, corrections, None)
}

/// Opens the logbook that the flags name. `pruning` gets the summaries of its segments.
pub fn logbook_for(
    door: &mut Door<'_>,
    reading: &Reading,
    corrections: Corrections,
    pruning: Option<&mut Pruning>,
) -> Result<Found> {
    let location = store::locate(reading.dir.as_deref(), &door.env, Purpose::Read)?;
    let snapshot = snapshot(&location, pruning)?;
    let mut wrong = Vec::new();
    let settings = store::config::for_reading(&location.path, &door.env, &mut wrong);
    skipped::note_config_errors(&wrong, door);
    found(location, snapshot, corrections, !reading.no_cache, settings)
}

/// Opens the logbook at `location`. `pruning` gets the summaries of its segments.
pub fn logbook_at(location: &Location, corrections: Corrections, pruning: Option<&mut Pruning>) -> Result<Found> {
    let settings = store::config::settings(&store::os_real::REAL, &location.path)?;
    found(location.clone(), snapshot(location, pruning)?, corrections, true, settings)
}

fn snapshot(location: &Location, pruning: Option<&mut Pruning>) -> Result<Snapshot> {
    match pruning {
        Some(pruning) => store::snapshot_with_summaries(&location.path, &mut |number, summary| {
            pruning.know(number, &summary);
        }),
        None => store::snapshot(&location.path),
    }
}

fn found(
    location: Location,
    snapshot: Snapshot,
    corrections: Corrections,
    cached: bool,
    settings: Settings,
) -> Result<Found> {
    let inputs = match corrections {
        Corrections::Folded | Corrections::Shown if cached => {
            corrections::fold_known(&location.path, &snapshot)?.with_corrections(corrections == Corrections::Shown)
        }
        _ => corrections.of(snapshot.segments.iter().cloned().map(Input::Segment).collect()),
    };
    Ok(Found { path: location.path, snapshot, inputs, vocabulary: settings.vocabulary, night: settings.night })
}

/// Whether the environment or the working directory names a logbook.
pub fn is_logbook_here(door: &Door<'_>) -> bool {
    store::locate(None, &door.env, Purpose::Read).is_ok()
}

/// The address of a row by its place; `None` if it is not a row of a logbook.
pub fn address(inputs: &[Input], place: Place) -> Option<Address> {
    match inputs.get(place.input as usize)? {
        Input::Segment(segment) => Some(Address::Place { segment: segment.number, offset: place.offset }),
        _ => None,
    }
}

/// Finds the row with this address, as it was written. If several have the address, the first
/// counts. Rows that are not valid JSON or are superseded are skipped.
pub fn find(
    inputs: &Source,
    address: &Address,
    strict: bool,
    door: &mut Door<'_>,
) -> (Option<(Place, Vec<u8>)>, Scanned) {
    let mut found = None;
    const FIELDS: FieldSet = FieldSet::of(&[Field::RunId, Field::Step]);
    let names = FIELDS.to_names();
    let written = Source::as_written(inputs.to_vec());
    let scanned = scan::feed(&written, door.input, &names, strict, |row, _, _| {
        let named = match address {
            Address::Place { .. } => self::address(inputs, row.place).as_ref() == Some(address),
            Address::Step { run_id, step } => {
                let row = Picked::new(&FIELDS, row.fields);
                row.step() == Some(*step) && row.chars(Field::RunId).is_some_and(|run| *run == *run_id.as_bytes())
            }
        };
        if named && !inputs.is_voided(row.place) && json::validate(row.text, json::Limits::GRAMMAR).is_ok() {
            found = Some((row.place, row.text.to_vec()));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    (found, scanned)
}
