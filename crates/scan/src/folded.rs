//! A fold over all rows, of which a part is known from `cache/`: what the rows of each sealed
//! segment came to, and those of the first bytes of the active one. Only the rest is read, on all
//! cores, and what was made of it is kept in its turn.
//!
//! Not here: what is folded (whoever calls says that), what the files are (`store::index::kept`).
//!
//! Read is a segment with a row that is corrected, corrects, or stands again elsewhere, and one
//! with a line that is skipped: lines that are no rows are told, whatever is asked.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::ops::ControlFlow;
use std::path::Path;

use super::parallel::{Task, Threads, in_parallel};
use super::scan::{Scanned, Wanted};
use super::source::{LeftOut, Source};
use logbook_query::Row;
use logbook_store::index::kept::load_of;
use logbook_store::index::{Draft, Identity, Kept, Kind};
use logbook_store::os_real::REAL;
use logbook_store::{Input, Segment};

/// The active segment's part is kept anew when so many bytes stand behind it.
const LAG_BYTES_MAX: u64 = 1 << 20;

/// A fold over rows whose results can be joined and kept.
pub trait Fold: Default + Send {
    /// The files that keep it.
    const KIND: Kind;
    /// Takes in the next row.
    fn row(&mut self, row: &Row<'_>);
    /// Takes in what rows came to that stand right behind these.
    fn join(&mut self, later: Self);
    /// Whether this was kept by [`Fold::keep`]: a checksum says only that it is as it was written.
    fn is_kept(payload: &[u8]) -> bool;
    /// What is to be kept: of these rows, and of those before them that `before` is about. `None`:
    /// that is none of ours.
    fn keep(&self, before: Option<&[u8]>) -> Option<Vec<u8>>;
}

/// What some rows came to that stand together.
#[derive(Debug)]
pub enum Part<F> {
    /// As it was kept.
    Kept(Kept),
    /// As it was read.
    Read(F),
}

/// How a fold is to be made.
#[derive(Clone, Copy)]
pub struct How<'h> {
    /// The logbook.
    pub directory: &'h Path,
    /// The fields that are read.
    pub names: &'h [String],
    /// Every row is judged whole.
    pub strict: bool,
    /// What `cache/` knows counts.
    pub cached: bool,
    /// Threads.
    pub threads: Threads<'h>,
}

/// What the rows of `source` come to, in order, each part with the number of the input that it is
/// of.
pub fn folded<F: Fold>(source: Source, stdin: &mut dyn BufRead, how: How<'_>) -> (Vec<(u32, Part<F>)>, Scanned) {
    let (known, source) = if how.cached { known::<F>(source, how.directory) } else { (BTreeMap::new(), source) };
    let identities: Vec<Option<Identity>> = match how.cached {
        true => (0u32..).zip(source.iter()).map(|(at, input)| keepable(&source, at, input)).collect(),
        false => Vec::new(),
    };
    let wanted = Wanted { names: how.names, strict: how.strict, ..Wanted::default() };
    let mut read: BTreeMap<u32, F> = BTreeMap::new();
    let scanned =
        in_parallel(&source, stdin, wanted, how.threads, &Job(std::marker::PhantomData::<fn() -> F>), |part| {
            if let Some((input, fold)) = part {
                match read.get_mut(&input) {
                    Some(known) => known.join(fold),
                    None => drop(read.insert(input, fold)),
                }
            }
            ControlFlow::Continue(())
        });
    for (at, input) in source.iter().enumerate() {
        let Some(identity) = identities.get(at).copied().flatten() else { continue };
        let at = at as u32;
        if let (Input::Segment(segment), Some(fold)) = (input, read.get(&at))
            && !scanned.skipped.is_of(&input.name())
            && identity_of(segment) == Some(identity)
            && let Some(payload) = fold.keep(known.get(&at).map(Kept::payload))
            && let Some(draft) = Draft::begin(&REAL, how.directory, F::KIND, identity)
        {
            draft.finish(&payload);
        }
    }
    let mut parts: Vec<(u32, Part<F>)> = known.into_iter().map(|(at, kept)| (at, Part::Kept(kept))).collect();
    parts.extend(read.into_iter().map(|(at, fold)| (at, Part::Read(fold))));
    // Stable: what was kept of an input stands before what was read of it.
    parts.sort_by_key(|(at, _)| *at);
    (parts, scanned)
}

/// What is known of segments, and `source` without the rows that it is of.
fn known<F: Fold>(source: Source, directory: &Path) -> (BTreeMap<u32, Kept>, Source) {
    let (mut known, mut whole, mut begins) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (at, input) in (0u32..).zip(source.iter()) {
        if let Input::Segment(segment) = input
            && source.fates(at).is_none()
            && let Some((kept, bytes)) = load_of(&REAL, directory, F::KIND, segment)
            && F::is_kept(kept.payload())
        {
            known.insert(at, kept);
            if bytes == segment.bytes || segment.sealed {
                whole.insert(at, LeftOut::default());
            } else {
                begins.insert(at, bytes);
            }
        }
    }
    (known, source.without(whole).beginning_at(begins))
}

/// What input `at`, which is to be read, is to be kept under; `None`: it is not, or not anew.
fn keepable(source: &Source, at: u32, input: &Input) -> Option<Identity> {
    let Input::Segment(segment) = input else { return None };
    if source.left_out(at).is_some() || source.fates(at).is_some() {
        return None;
    }
    let lags = segment.bytes.saturating_sub(source.begins(at)) >= LAG_BYTES_MAX;
    if segment.sealed || lags { identity_of(segment) } else { None }
}

fn identity_of(segment: &Segment) -> Option<Identity> {
    match segment.sealed {
        true => Identity::of_segment(&REAL, segment),
        false => Identity::of_start(&REAL, segment, segment.bytes),
    }
}

struct Job<F>(std::marker::PhantomData<fn() -> F>);

impl<F: Fold> Task for Job<F> {
    type Part = Option<(u32, F)>;
    type Done = Option<(u32, F)>;

    fn begin(&self) -> Option<(u32, F)> {
        None
    }

    fn row(
        &self,
        part: &mut Option<(u32, F)>,
        row: &Row<'_>,
        _: &mut dyn FnMut(Option<(u32, F)>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        // All rows of a piece are of one input.
        part.get_or_insert_with(|| (row.place.input, F::default())).1.row(row);
        ControlFlow::Continue(())
    }

    fn joins(&self) -> bool {
        true
    }

    fn so_far(&self, _: &mut Option<(u32, F)>) -> Option<Option<(u32, F)>> {
        None
    }

    fn end(&self, part: Option<(u32, F)>) -> Option<(u32, F)> {
        part
    }
}
