//! Files of `cache/` held against the rows that they tell of. Each has a checksum, which says that
//! it is as somebody wrote it; whether it is true only the rows say. One that is not changes
//! answers, and what may be done.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Finding, Level};
use crate::cmd::shared::reading::cores;
use crate::cmd::shared::reading::runs::{self, Folded};
use logbook_model::error::Result;
use logbook_scan::{self as scan, How, Part, Source, Threads};
use logbook_store::index::kept::{self, Kept};
use logbook_store::index::proof::false_tables;
use logbook_store::index::{Kind, summary};
use logbook_store::os::Os;
use logbook_store::os_real::REAL;
use logbook_store::snapshot::Form;
use logbook_store::{self as store, Input, Segment};
use logbook_view::runs::{FIELDS, Runs, says};

/// A file of `cache/` that says what is not so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lie {
    name: String,
}

impl Lie {
    /// The file, within the logbook.
    pub fn file(&self) -> String {
        format!("cache/{}", self.name)
    }

    /// What is wrong with it.
    pub fn what(&self) -> String {
        "does not say what the rows say, and changes answers: logbook doctor --fix-cache makes it anew".to_owned()
    }
}

/// As `doctor` tells of them.
pub fn faults(directory: &Path) -> Result<Vec<Finding>> {
    let told = found(directory)?.into_iter().map(|lie| {
        let place = vec![(lie.file(), 0)];
        let what = "a file of cache/ does not say what the rows say, and changes answers";
        Finding::new(Level::Damage, "false_cache", what).at(place).next("logbook doctor --fix-cache")
    });
    Ok(told.collect())
}

/// Those of the logbook at `directory` that readers and writers would go by.
pub fn found(directory: &Path) -> Result<Vec<Lie>> {
    let mut names = false_tables(&REAL, directory, cores())?;
    names.extend(store::false_list(&REAL, directory)?.map(str::to_owned));
    names.extend(of_segments(directory, &store::snapshot(directory)?.segments));
    Ok(names.into_iter().map(|name| Lie { name }).collect())
}

/// Those about one segment each, which threads share out among them.
fn of_segments(directory: &Path, segments: &[Segment]) -> Vec<String> {
    // The largest task is at most one segment, and the active one is cut up among all.
    let tasks: Vec<(&Segment, Kind)> =
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
            // What cannot be started is done by the others.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_unstable();
    found.into_iter().map(|(_, name)| name).collect()
}

/// Whether queries would go by a summary of `segment` that is not that of its rows.
fn is_false_summary(directory: &Path, segment: &Segment) -> bool {
    let kept = || kept::load_whole(&REAL, directory, summary::KIND, segment).filter(|_| segment.sealed);
    let Some((said, identity)) = kept() else { return false };
    // Only one that ends with a line has a summary.
    let ends = segment.form != Form::Plain || identity.bytes() == segment.bytes;
    let is_true = ends && scan::summarize(Input::Segment(segment.clone())).encode() == said.payload();
    // Something may have happened to it meanwhile.
    !is_true && kept().is_some_and(|after| after == (said, identity)) && is_here(segment)
}

/// Whether `runs` would go by what is kept of `segment`, and that is not what its rows say.
fn are_false_runs(directory: &Path, segment: &Segment) -> bool {
    let kept = || kept::load_of(&REAL, directory, runs::KIND, segment);
    let Some((said, bytes)) = kept() else { return false };
    let part = match segment.form {
        Form::Plain => Segment { bytes, ..segment.clone() },
        _ => segment.clone(),
    };
    !is_what_rows_say(directory, part, &said) && kept().is_some_and(|(after, _)| after == said) && is_here(segment)
}

fn is_what_rows_say(directory: &Path, part: Segment, said: &Kept) -> bool {
    let names = FIELDS.to_names();
    // Of a sealed segment one of those that are at work already.
    let count = if part.sealed { 1 } else { cores() };
    let threads = Threads { count, stack_bytes: None, begun: &|| {} };
    let how = How { directory, names: &names, strict: false, cached: false, threads };
    let source = Source::as_written(vec![Input::Segment(part)]);
    let (parts, scanned) = scan::folded::<Folded>(source, &mut std::io::empty(), how);
    let mut all = Runs::default();
    for (_, part) in parts {
        if let Part::Read(read) = part {
            all.join(read.0);
        }
    }
    // Nothing is kept of a segment with a line that is skipped.
    scanned.skipped.count() == 0 && says(said.payload(), 0, &all)
}

fn is_here(segment: &Segment) -> bool {
    REAL.stat_path(&segment.path).is_ok()
}
