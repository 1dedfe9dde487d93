//! Compare the files of `cache/` with the rows. The checksum of such a file proves that it is as it
//! was written, not that it is true. A false one changes answers, and what gates allow.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Finding, Level};
use crate::cmd::shared::reading::cores;
use crate::cmd::shared::reading::runs::{self, Folded};
use logbook_model::error::Result;
use logbook_scan::{self as scan, FoldOptions, FoldPart, Source, Threads};
use logbook_store::cache::CacheFile;
use logbook_store::index::proof::false_tables;
use logbook_store::index::{CacheKind, segment_cache, summary};
use logbook_store::os::Os;
use logbook_store::os_real::REAL;
use logbook_store::snapshot::Form;
use logbook_store::{self as store, Input, Segment};
use logbook_view::runs::{FIELDS, Runs, says};

/// A file of `cache/` that contradicts the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FalseFile {
    name: String,
}

impl FalseFile {
    /// Its path within the logbook.
    pub fn path(&self) -> String {
        format!("cache/{}", self.name)
    }

    pub fn what(&self) -> String {
        "contradicts the rows, and changes answers: logbook doctor --fix-cache rebuilds it".to_owned()
    }
}

/// The findings of `doctor`.
pub fn faults(directory: &Path) -> Result<Vec<Finding>> {
    let findings = find(directory)?.into_iter().map(|file| {
        let place = vec![(file.path(), 0)];
        let what = "a file of cache/ contradicts the rows, and changes answers";
        Finding::new(Level::Damage, "false_cache", what).at(place).next("logbook doctor --fix-cache")
    });
    Ok(findings.collect())
}

/// The false files that readers and writers of the logbook at `directory` would use.
pub fn find(directory: &Path) -> Result<Vec<FalseFile>> {
    let mut names = false_tables(&REAL, directory, cores())?;
    names.extend(store::false_list(&REAL, directory)?.map(str::to_owned));
    names.extend(of_segments(directory, &store::snapshot(directory)?.segments));
    Ok(names.into_iter().map(|name| FalseFile { name }).collect())
}

/// The false files about one segment each. Threads share the segments.
fn of_segments(directory: &Path, segments: &[Segment]) -> Vec<String> {
    // A task is one segment; the active one is cut up among all threads.
    let tasks: Vec<(&Segment, CacheKind)> =
        segments.iter().flat_map(|segment| [(segment, summary::KIND), (segment, runs::KIND)]).collect();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((segment, kind)) = tasks.get(at) else { return };
            let is_false = match *kind == runs::KIND {
                true => are_false_runs(directory, segment),
                false => is_false_summary(directory, segment),
            };
            if is_false {
                let name = format!("{:06}.{}", segment.number, kind.extension);
                found.lock().unwrap_or_else(PoisonError::into_inner).push((at, name));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..cores().min(tasks.len()) {
            // If a thread does not start, the others do its work.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_unstable();
    found.into_iter().map(|(_, name)| name).collect()
}

/// Whether queries would use a summary of `segment` that contradicts its rows.
fn is_false_summary(directory: &Path, segment: &Segment) -> bool {
    let load = || segment_cache::load_whole(&REAL, directory, summary::KIND, segment).filter(|_| segment.sealed);
    let Some((stored, identity)) = load() else { return false };
    // Only a segment that ends with a newline has a summary.
    let ends = segment.form != Form::Plain || identity.bytes() == segment.bytes;
    let is_true = ends && scan::summarize(Input::Segment(segment.clone())).encode() == stored.payload();
    // The segment or its summary may have changed meanwhile.
    !is_true && load().is_some_and(|after| after == (stored, identity)) && exists(segment)
}

/// Whether `runs` would use a fold of `segment` that contradicts its rows.
fn are_false_runs(directory: &Path, segment: &Segment) -> bool {
    let load = || segment_cache::load_of(&REAL, directory, runs::KIND, segment);
    let Some((stored, bytes)) = load() else { return false };
    let part = match segment.form {
        Form::Plain => Segment { bytes, ..segment.clone() },
        _ => segment.clone(),
    };
    !matches_rows(directory, part, &stored) && load().is_some_and(|(after, _)| after == stored) && exists(segment)
}

fn matches_rows(directory: &Path, part: Segment, stored: &CacheFile) -> bool {
    let names = FIELDS.to_names();
    // A sealed segment is checked by one of the running threads.
    let count = if part.sealed { 1 } else { cores() };
    let threads = Threads { count, stack_bytes: None, begun: &|| {} };
    let how = FoldOptions { directory, names: &names, strict: false, cached: false, threads };
    let source = Source::as_written(vec![Input::Segment(part)]);
    let (parts, scanned) = scan::cached_fold::<Folded>(source, &mut std::io::empty(), how);
    let mut all = Runs::default();
    for (_, part) in parts {
        if let FoldPart::Read(read) = part {
            all.join(read.0);
        }
    }
    // A segment with a skipped line has no file in `cache/`.
    scanned.skipped.count() == 0 && says(stored.payload(), 0, &all)
}

fn exists(segment: &Segment) -> bool {
    REAL.stat_path(&segment.path).is_ok()
}
