//! What one thread of a scan does with its rows to answer a query, and what it hands on.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::outdated::Outdated;
use logbook_json::bits::RowValidator;
use logbook_json::{self as json, Limits};
use logbook_query::eval::path::Path;
use logbook_query::{Fold, Held, Out, Place, Plan, Row};
use logbook_scan::{self as scan, Task};
use logbook_view as view;

/// Results are handed on once they have this size.
const RESULTS_BYTES: usize = 1 << 20;

/// At most this many rows are read for the names of their fields: the first if every field of the
/// query was seen, else the second.
const SAMPLE_ROWS: usize = 100;
const SAMPLE_ROWS_MAX: usize = 1000;

/// At most this many failures of a jq program are reported one by one.
pub(super) const FAULTS_REPORTED_MAX: u64 = 3;

/// The work of each thread.
pub(super) struct Job<'p> {
    pub plan: &'p Plan,
    /// The slots of run, kind and status among the fields, if printed rows are compared with newer
    /// ones.
    pub status_slots: Option<[usize; 3]>,
    /// The first failure of a jq program ends the scan.
    pub strict: bool,
    /// Results are only counted.
    pub counts: bool,
    /// Fields of the query that no row may have.
    pub doubted: &'p [Path],
    /// Note the fields of some rows, since the input cannot be read twice.
    pub samples: bool,
}

/// A row that was accepted by its frame but is not valid JSON inside, and why.
pub type Mended = (Place, String);

/// The result of consecutive rows.
#[derive(Default)]
pub(super) struct Part {
    /// What the stages of the plan hold back until the end.
    pub held: Held,
    /// Rows to print.
    pub results: Results,
    /// For each doubted field, whether a row has it.
    pub seen: Vec<bool>,
    /// Some of those are not seen yet.
    unseen: bool,
    /// Fields of the sampled rows.
    pub sample: view::Fields,
    sampled: usize,
    pub outdated: Outdated,
    /// The number of rows on which a jq program failed, and its messages on the first of them.
    pub faults: u64,
    pub first_faults: Vec<(Option<Place>, String)>,
    pub mended: Vec<Mended>,
}

/// The row as valid JSON. If it has to be mended, that is added to `mended`.
pub fn as_json<'t>(text: &'t [u8], place: Place, mended: &mut Vec<Mended>) -> Cow<'t, [u8]> {
    match json::validate(text, Limits::GRAMMAR) {
        Ok(()) => text.into(),
        Err(fault) => {
            mended.push((place, scan::not_json(&fault).1));
            json::mend(text).into()
        }
    }
}

/// Rows and their places in one buffer.
#[derive(Debug, Default)]
pub(super) struct Results {
    text: Vec<u8>,
    ends: Vec<(usize, Option<Place>)>,
}

impl Results {
    fn push(&mut self, text: &[u8], place: Option<Place>) {
        self.text.extend_from_slice(text);
        self.ends.push((self.text.len(), place));
    }

    /// The rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Option<Place>)> {
        let mut from = 0;
        self.ends.iter().map(move |(end, place)| (&self.text[std::mem::replace(&mut from, *end)..*end], *place))
    }
}

impl<'p> Task for Job<'p> {
    type Part = (Fold<'p>, Part, RowValidator);
    type Done = Part;

    fn begin(&self) -> Self::Part {
        let seen = vec![false; self.doubted.len()];
        let part = Part { unseen: !seen.is_empty(), seen, ..Part::default() };
        (Fold::new(self.plan), part, RowValidator::default())
    }

    fn end(&self, (fold, part, _): Self::Part) -> Part {
        Part { held: fold.into_held(), ..part }
    }

    fn is_order_free(&self) -> bool {
        self.plan.is_order_free() && self.status_slots.is_none()
    }

    fn block_ends(&self, (fold, ..): &mut Self::Part, block: &[u8], offset: u64) {
        fold.block_ends(block, offset);
    }

    fn so_far(&self, (_, part, _): &mut Self::Part) -> Option<Part> {
        let results = std::mem::take(&mut part.results);
        (!results.ends.is_empty()).then(|| Part { results, ..Part::default() })
    }

    fn row(
        &self,
        (fold, part, judge): &mut Self::Part,
        row: &Row<'_>,
        more: &mut dyn FnMut(Part) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Part { results, seen, unseen, outdated, faults, first_faults, mended, sample, sampled, .. } = part;
        if *unseen {
            for (seen, path) in seen.iter_mut().zip(self.doubted) {
                *seen = *seen || path.is_present(row);
            }
            *unseen = seen.contains(&false);
        }
        if self.samples && *sampled < if *unseen { SAMPLE_ROWS_MAX } else { SAMPLE_ROWS } {
            *sampled += 1;
            sample.push(row.text);
        }
        if let Some(slots) = self.status_slots {
            outdated.push(row, slots);
        }
        let whole = self.plan.passes_rows_on();
        let flow = fold.push(
            row,
            &mut Out {
                sink: &mut |text, place| {
                    match place.filter(|_| whole && !self.counts && !judge.is_valid(text)) {
                        Some(place) => results.push(&as_json(text, place, mended), Some(place)),
                        None => results.push(if self.counts { b"" } else { text }, place),
                    }
                    // Here, since one jq program may print without end.
                    if results.text.len() >= RESULTS_BYTES {
                        return more(Part { results: std::mem::take(results), ..Part::default() });
                    }
                    ControlFlow::Continue(())
                },
                fault: &mut |place, message| {
                    *faults += 1;
                    if *faults <= FAULTS_REPORTED_MAX {
                        first_faults.push((place, message.to_owned()));
                    }
                },
            },
        );
        if self.strict && *faults > 0 { ControlFlow::Break(()) } else { flow }
    }
}
