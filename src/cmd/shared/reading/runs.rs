//! All runs of a logbook, from `cache/` and the rows that it does not cover, and queries over them:
//! what `runs` and reports over runs share.

use std::io::BufRead;
use std::ops::ControlFlow;
use std::path::Path;

use super::{Found, Reading, cores};
use crate::cmd::Door;
use logbook_json as json;
use logbook_model::Instant;
use logbook_query::eval::doubts::Doubts;
use logbook_query::{Out, Place, Plan, Row};
use logbook_scan::{self as scan, FoldOptions, FoldPart, Scanned, Source, Threads};
use logbook_store::index::CacheKind;
use logbook_view::facts::Picked;
use logbook_view::runs::{FIELDS, Run, Runs, Tree, is_packed, json as run_json, unpack};

/// Cache files with runs. The magic is "lbrun" and the version of the layout, which every change of
/// the layout must raise.
pub const KIND: CacheKind = CacheKind { extension: "runs", magic: 0x0007_6e75_7262_6c00, bytes_max: 64 << 20 };

/// The runs of some rows, as a scan folds and caches them.
#[derive(Default)]
pub struct Folded(pub Runs<'static>);

impl scan::Fold for Folded {
    const KIND: CacheKind = KIND;

    fn row(&mut self, row: &Row<'_>) {
        self.0.push(row.text, &Picked::new(&FIELDS, row.fields), row.place);
    }

    fn join(&mut self, later: Folded) {
        self.0.join(later.0);
    }

    fn is_valid(payload: &[u8]) -> bool {
        is_packed(payload)
    }

    fn encode(&self, before: Option<&[u8]>) -> Option<Vec<u8>> {
        let Some(before) = before else { return Some(self.0.pack()) };
        let mut all = Runs::default();
        if !unpack(before, 0, &mut all) {
            return None;
        }
        all.join(self.0.clone());
        Some(all.pack())
    }
}

/// What was read, before the runs are joined.
pub struct Parts(Vec<(u32, FoldPart<Folded>)>);

/// Reads the runs of `found`.
pub fn read(found: &mut Found, reading: &Reading, door: &mut Door<'_>) -> (Parts, Scanned) {
    let source = std::mem::take(&mut found.inputs);
    read_from(source, &found.path, reading, door.input)
}

/// Reads the runs of `source`, which is in the logbook at `directory`.
pub fn read_from(source: Source, directory: &Path, reading: &Reading, input: &mut dyn BufRead) -> (Parts, Scanned) {
    let cached = !reading.no_cache && !reading.strict;
    let names = FIELDS.to_names();
    let (parts, scanned) = scan::cached_fold(source, input, how(directory, &names, reading.strict, cached));
    (Parts(parts), scanned)
}

/// Adds what `cache/` lacks about the runs of `found`.
pub fn keep(found: &Found, door: &mut Door<'_>) {
    let names = FIELDS.to_names();
    let how = how(&found.path, &names, false, true);
    let _ = scan::cached_fold::<Folded>(found.inputs.clone(), door.input, how);
}

fn how<'h>(directory: &'h Path, names: &'h [String], strict: bool, cached: bool) -> FoldOptions<'h> {
    FoldOptions {
        directory,
        names,
        strict,
        cached,
        threads: Threads { count: cores(), stack_bytes: None, begun: &|| {} },
    }
}

impl Parts {
    /// The runs, in the order in which they are shown.
    pub fn runs(&mut self) -> Vec<Run<'_>> {
        let mut runs = Runs::default();
        for (input, part) in &mut self.0 {
            match part {
                FoldPart::Cached(kept) => drop(unpack(kept.payload(), *input, &mut runs)),
                FoldPart::Read(read) => runs.join(std::mem::take(&mut read.0)),
            }
        }
        runs.finish()
    }
}

/// Receives a result and, if it is a run, the number of the run. A break ends the query.
pub type Sink<'s> = dyn FnMut(&[u8], Option<usize>) -> ControlFlow<()> + 's;

/// Runs `plan` over `runs` as JSON objects, each with its number in the list that `tree` was made
/// of. Gives the values that could not be compared.
pub fn ask<'r, 'a: 'r>(
    runs: impl Iterator<Item = (usize, &'r Run<'a>)>,
    tree: &Tree,
    now: Instant,
    plan: &Plan,
    sink: &mut Sink<'_>,
) -> Doubts {
    let mut out = Out {
        sink: &mut |row, place| sink(row, place.and_then(|place| usize::try_from(place.offset).ok())),
        // Programs over runs are only in conditions. A run on which one fails does not pass.
        fault: &mut |_, _| {},
    };
    let mut fold = logbook_query::Fold::new(plan);
    let mut text = Vec::new();
    for (at, run) in runs {
        text.clear();
        run_json::write(run, tree, at, now, &mut text);
        // Made anew for each run, since its slices borrow from `text`.
        let mut fields = Vec::with_capacity(plan.fields().len());
        let place = Place { input: 0, offset: at as u64 };
        if json::pick(&text, plan.fields(), &mut fields).is_ok()
            && fold.push(&Row { text: &text, fields: &fields, place, in_block: false }, &mut out).is_break()
        {
            break;
        }
    }
    fold.finish(&mut out).doubts
}
