//! A fold over all rows whose results are partly known from `cache/`: the result of each sealed
//! segment, and of the first bytes of the active one. Only the rest is read, on all cores, and its
//! results are cached in turn.
//!
//! Not here: what is folded (the caller defines it), the cache files
//! (`store::index::segment_cache`).
//!
//! A segment is read in full if a row in it is corrected, corrects another or was stored again
//! elsewhere, or if a line of it is skipped: bad lines are reported whatever is asked.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::ops::ControlFlow;
use std::path::Path;

use super::parallel::{Task, Threads, in_parallel};
use super::scan::{Scanned, Wanted};
use super::source::{LeftOut, Source};
use logbook_query::Row;
use logbook_store::cache::CacheFile;
use logbook_store::index::segment_cache::load_of;
use logbook_store::index::{CacheDraft, CacheKind, Identity};
use logbook_store::os_real::REAL;
use logbook_store::{Input, Segment};

/// The result of the active segment is cached again when it has grown by this much.
const LAG_BYTES_MAX: u64 = 1 << 20;

/// A fold over rows whose results can be joined and cached.
pub trait Fold: Default + Send {
    /// The kind of its cache files.
    const KIND: CacheKind;
    /// Adds the next row.
    fn row(&mut self, row: &Row<'_>);
    /// Adds the results of the rows right behind these.
    fn join(&mut self, later: Self);
    /// Whether [`Fold::encode`] of this version wrote the payload. The checksum proves only that
    /// the file is unchanged.
    fn is_valid(payload: &[u8]) -> bool;
    /// The payload for the cache: the results of these rows, joined to those in `before` if there
    /// are any. `None` if another version wrote `before`.
    fn encode(&self, before: Option<&[u8]>) -> Option<Vec<u8>>;
}

/// The result of consecutive rows.
#[derive(Debug)]
pub enum FoldPart<F> {
    /// Read from the cache.
    Cached(CacheFile),
    /// Made from rows.
    Read(F),
}

/// How a fold is made.
#[derive(Clone, Copy)]
pub struct FoldOptions<'h> {
    /// The directory of the logbook.
    pub directory: &'h Path,
    /// The fields that are picked of each row.
    pub names: &'h [String],
    /// Every row is validated in full.
    pub strict: bool,
    /// Use the results in `cache/`.
    pub cached: bool,
    /// The threads to use.
    pub threads: Threads<'h>,
}

/// Folds the rows of `source`. Returns the results in order, each with the number of its input, and
/// what was read.
pub fn cached_fold<F: Fold>(
    source: Source,
    stdin: &mut dyn BufRead,
    options: FoldOptions<'_>,
) -> (Vec<(u32, FoldPart<F>)>, Scanned) {
    let (known, source) =
        if options.cached { load_known::<F>(source, options.directory) } else { (BTreeMap::new(), source) };
    let identities: Vec<Option<Identity>> = match options.cached {
        true => (0u32..).zip(source.iter()).map(|(at, input)| cache_identity(&source, at, input)).collect(),
        false => Vec::new(),
    };
    let wanted = Wanted { names: options.names, strict: options.strict, ..Wanted::default() };
    let mut read: BTreeMap<u32, F> = BTreeMap::new();
    let scanned =
        in_parallel(&source, stdin, wanted, options.threads, &Job(std::marker::PhantomData::<fn() -> F>), |part| {
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
            && let Some(payload) = fold.encode(known.get(&at).map(CacheFile::payload))
            && let Some(draft) = CacheDraft::begin(&REAL, options.directory, F::KIND, identity)
        {
            draft.finish(&payload);
        }
    }
    let mut parts: Vec<(u32, FoldPart<F>)> =
        known.into_iter().map(|(at, cached)| (at, FoldPart::Cached(cached))).collect();
    parts.extend(read.into_iter().map(|(at, fold)| (at, FoldPart::Read(fold))));
    // The sort is stable: the cached part of an input stays before the part that was read.
    parts.sort_by_key(|(at, _)| *at);
    (parts, scanned)
}

/// Loads cached results. Returns them by input, and `source` without the rows that they cover.
fn load_known<F: Fold>(source: Source, directory: &Path) -> (BTreeMap<u32, CacheFile>, Source) {
    let (mut known, mut whole, mut begins) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (at, input) in (0u32..).zip(source.iter()) {
        if let Input::Segment(segment) = input
            && source.fates(at).is_none()
            && let Some((cached, bytes)) = load_of(&REAL, directory, F::KIND, segment)
            && F::is_valid(cached.payload())
        {
            known.insert(at, cached);
            if bytes == segment.bytes || segment.sealed {
                whole.insert(at, LeftOut::default());
            } else {
                begins.insert(at, bytes);
            }
        }
    }
    (known, source.without(whole).beginning_at(begins))
}

/// The identity under which the result of input `at` is cached; `None` if it is not cached, or not
/// again.
fn cache_identity(source: &Source, at: u32, input: &Input) -> Option<Identity> {
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
        // All rows of a piece are from one input.
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
