//! What one thread does with rows for a query's answer, and what it hands on.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::answer::{FAULTS_TOLD, Moved};
use logbook_json::bits::RowJudge;
use logbook_json::{self as json, Limits};
use logbook_query::eval::path::Path;
use logbook_query::{Fold, Held, Out, Place, Plan, Row};
use logbook_scan::{self as scan, Task};
use logbook_view as view;

/// Results that are kept before they are handed on, bytes.
const RESULTS_BYTES: usize = 1 << 20;

/// How many rows are looked at for the fields that occur; more, while a field that is asked for was
/// not met.
const SAMPLED_ALWAYS: usize = 100;
const SAMPLED_MAX: usize = 1000;

/// The plan at work.
pub(super) struct Job<'p> {
    pub plan: &'p Plan,
    /// Where run, kind and status stand among the fields, if the reader is to be told of runs that
    /// moved on.
    pub wonder: Option<[usize; 3]>,
    /// The first fault of a jq program ends the work.
    pub strict: bool,
    /// The results are only counted.
    pub counts: bool,
    /// Fields of which it is asked whether some row has them.
    pub doubted: &'p [Path],
    /// Some rows are looked at for the fields that occur: they cannot be read again.
    pub samples: bool,
}

/// What came of some rows that stand together.
#[derive(Default)]
pub(super) struct Part {
    /// What the stages of the plan held back.
    pub held: Held,
    /// Rows that go out.
    pub results: Results,
    /// Which of the doubted fields some row had.
    pub seen: Vec<bool>,
    /// Some of them were not met so far.
    unseen: bool,
    /// Fields that occur.
    pub sample: view::Fields,
    sampled: usize,
    pub moved: Moved,
    /// Rows on which a jq program failed, and what it said on the first.
    pub faults: u64,
    pub faults_told: Vec<(Option<Place>, String)>,
    /// Rows that passed by their frame and are not JSON throughout, and why.
    pub mended: Vec<(Place, String)>,
}

/// A row as it is put out, always as JSON. Adds to the account what was not JSON.
pub fn put_out<'t>(text: &'t [u8], place: Place, mended: &mut Vec<(Place, String)>) -> Cow<'t, [u8]> {
    match json::validate(text, Limits::GRAMMAR) {
        Ok(()) => text.into(),
        Err(fault) => {
            mended.push((place, scan::not_json(&fault).1));
            json::mend(text).into()
        }
    }
}

/// Rows with their places, in one piece of memory.
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
    type Part = (Fold<'p>, Part, RowJudge);
    type Done = Part;

    fn begin(&self) -> Self::Part {
        let seen = vec![false; self.doubted.len()];
        let part = Part { unseen: !seen.is_empty(), seen, ..Part::default() };
        (self.plan.fold(), part, RowJudge::default())
    }

    fn end(&self, (fold, part, _): Self::Part) -> Part {
        Part { held: fold.into_held(), ..part }
    }

    fn is_order_free(&self) -> bool {
        self.plan.is_order_free() && self.wonder.is_none()
    }

    fn block_ends(&self, (fold, ..): &mut Self::Part, block: &[u8]) {
        fold.block_ends(block);
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
        let Part { results, seen, unseen, moved, faults, faults_told, mended, sample, sampled, .. } = part;
        if *unseen {
            for (seen, path) in seen.iter_mut().zip(self.doubted) {
                *seen = *seen || path.is_present(row);
            }
            *unseen = seen.contains(&false);
        }
        if self.samples && *sampled < if *unseen { SAMPLED_MAX } else { SAMPLED_ALWAYS } {
            *sampled += 1;
            sample.push(row.text);
        }
        if let Some(slots) = self.wonder {
            moved.push(row, slots);
        }
        let whole = self.plan.passes_rows_on();
        let flow = fold.push(
            row,
            &mut Out {
                sink: &mut |text, place| {
                    match place.filter(|_| whole && !self.counts && !judge.is_good(text)) {
                        Some(place) => results.push(&put_out(text, place, mended), Some(place)),
                        None => results.push(if self.counts { b"" } else { text }, place),
                    }
                    // Also amid the outputs of a program that never ends.
                    if results.text.len() >= RESULTS_BYTES {
                        return more(Part { results: std::mem::take(results), ..Part::default() });
                    }
                    ControlFlow::Continue(())
                },
                fault: &mut |place, message| {
                    *faults += 1;
                    if *faults <= FAULTS_TOLD {
                        faults_told.push((place, message.to_owned()));
                    }
                },
            },
        );
        if self.strict && *faults > 0 { ControlFlow::Break(()) } else { flow }
    }
}
