//! Leaves segments that cannot hold an answer out of a source before it is read. This is the one
//! place where what a query requires meets the summaries of segments.
//!
//! A sealed segment (or archive) is left out if the store has its summary, checked against the
//! file, and if it has no skipped line and no row that is corrected, corrects another, or was
//! stored again elsewhere. A missing summary is made, on all cores, unless it could not be stored.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::source::{LeftOut, Source};
use super::summarize::summarize;
use logbook_model::Instant;
use logbook_query::{Field, MayHold, Requirement};
use logbook_store::index::summary::KIND;
use logbook_store::index::{CacheDraft, Identity, Summary};
use logbook_store::os_real::REAL;
use logbook_store::{Input, Segment};

/// The segments that need not be read, as far as they are known.
#[derive(Debug)]
pub struct Pruning {
    requirement: Requirement,
    /// By segment number: why it is left out; `None`: it is read.
    verdicts: BTreeMap<u64, Option<LeftOut>>,
}

impl Pruning {
    /// For a query that requires `requirement` of a row; `None` if that rules out nothing.
    pub fn new(requirement: Requirement) -> Option<Pruning> {
        (requirement != Requirement::Nothing).then_some(Pruning { requirement, verdicts: BTreeMap::new() })
    }

    /// Adds the summary of the segment with this number.
    pub fn know(&mut self, number: u64, summary: &Summary) {
        self.verdicts.insert(number, verdict(&self.requirement, summary));
    }

    /// Leaves the segments of the logbook at `directory` that cannot match out of `source`.
    /// Segments without a summary are read to make one, by up to `threads` threads.
    pub fn apply(mut self, source: Source, directory: &Path, threads: usize) -> Source {
        let candidates: Vec<(u32, &Segment)> = (0u32..)
            .zip(source.iter())
            .filter(|(at, _)| source.fates(*at).is_none())
            .filter_map(|(at, input)| match input {
                Input::Segment(segment) if segment.sealed => Some((at, segment)),
                _ => None,
            })
            .collect();
        let unknown = candidates.iter().map(|(_, segment)| *segment);
        let unknown: Vec<&Segment> = unknown.filter(|segment| !self.verdicts.contains_key(&segment.number)).collect();
        let made = make(&self.requirement, directory, &unknown, threads);
        self.verdicts.extend(made);
        let left_out = candidates.iter().filter_map(|(at, segment)| {
            let verdict = self.verdicts.get_mut(&segment.number)?;
            Some((*at, verdict.take()?))
        });
        let left_out = left_out.collect();
        source.without(left_out)
    }
}

/// Makes the summaries of `segments`, stores them in `cache/`, and returns the verdicts.
fn make(
    requirement: &Requirement,
    directory: &Path,
    segments: &[&Segment],
    threads: usize,
) -> Vec<(u64, Option<LeftOut>)> {
    let next = AtomicUsize::new(0);
    // Where nothing can be kept, every query would read every segment twice.
    let stop = AtomicBool::new(false);
    let made = Mutex::new(Vec::new());
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let Some(segment) = segments.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
            let Some(identity) = Identity::of_segment(&REAL, segment) else { continue };
            let Some(draft) = CacheDraft::begin(&REAL, directory, KIND, identity) else {
                return stop.store(true, Ordering::Relaxed);
            };
            let summary = summarize(Input::Segment((*segment).clone()));
            // The file was changed while it was read.
            if Identity::of_segment(&REAL, segment) != Some(identity) {
                continue;
            }
            draft.finish(&summary.encode());
            let verdict = verdict(requirement, &summary);
            made.lock().unwrap_or_else(PoisonError::into_inner).push((segment.number, verdict));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(segments.len()) {
            let builder = std::thread::Builder::new();
            // If a thread cannot be started, the others do its work.
            let _ = builder.spawn_scoped(scope, work);
        }
        work();
    });
    made.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn verdict(requirement: &Requirement, summary: &Summary) -> Option<LeftOut> {
    // Bad lines are reported whatever the query asks.
    let unmet = if summary.damaged { None } else { requirement.unmet(&Summarized(summary)) }?;
    Some(LeftOut { rows: summary.rows, times: summary.times, why: why(unmet, summary) })
}

/// A summary as a query looks at it.
struct Summarized<'a>(&'a Summary);

impl MayHold for Summarized<'_> {
    fn may_hold_time(&self, from: Bound<Instant>, to: Bound<Instant>) -> bool {
        let overlaps = |(first, last): (Instant, Instant)| {
            let begins = match from {
                Bound::Included(from) => last >= from,
                Bound::Excluded(from) => last > from,
                Bound::Unbounded => true,
            };
            let ends = match to {
                Bound::Included(to) => first <= to,
                Bound::Excluded(to) => first < to,
                Bound::Unbounded => true,
            };
            begins && ends
        };
        self.0.odd_times || self.0.times.is_some_and(overlaps)
    }

    fn may_hold_word(&self, field: Field, words: &[Box<[u8]>]) -> bool {
        let [status, phase, kind] = &self.0.words;
        let field = match field {
            Field::Run => return self.0.odd_runs || words.iter().any(|run| self.0.runs.may_hold(run)),
            Field::Status => status,
            Field::Phase => phase,
            Field::Kind => kind,
        };
        let Some(seen) = &field.seen else { return true };
        field.odd || words.iter().any(|word| seen.binary_search(word).is_ok())
    }
}

/// What no row of the segment has, in a few words.
fn why(unmet: &Requirement, summary: &Summary) -> String {
    match (unmet, summary.times) {
        (Requirement::Time(..), Some((first, last))) => format!("its times are {first} to {last}"),
        (Requirement::Time(..), None) => "no row has a time".to_owned(),
        (Requirement::Words(field, words), _) => match &words[..] {
            [word] => format!("no row has {} {}", field.name(), String::from_utf8_lossy(word)),
            _ => format!("no row has such a {}", field.name()),
        },
        _ => "no row can pass".to_owned(),
    }
}
