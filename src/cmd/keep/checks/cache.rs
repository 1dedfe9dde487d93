//! The files of `cache/`: find those that cannot be used, and rebuild all of them.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Finding, Level};
use crate::cmd::Door;
use crate::cmd::shared::reading::{self, Corrections, runs, test, wording};
use logbook_format::draft::pairs::shell_word;
use logbook_model::error::Result;
use logbook_model::{Status, Zone};
use logbook_query::Query;
use logbook_query::ast::{Form, Op};
use logbook_query::time::Clock;
use logbook_scan::Pruning;
use logbook_store::index::health::{Unusable, clear, unusable};
use logbook_store::index::{CacheKind, summary};
use logbook_store::os_real::REAL;
use logbook_store::{self as store, Location};

/// The kinds of files beside tables.
const KINDS: [CacheKind; 2] = [summary::KIND, runs::KIND];
/// The most names listed per finding.
const NAMES_MAX: usize = 3;

/// Files that cannot be used, by reason.
pub fn faults(directory: &Path, door: &Door<'_>) -> Result<Vec<Finding>> {
    let snapshot = store::snapshot(directory)?;
    let mut by_why: BTreeMap<Unusable, Vec<String>> = BTreeMap::new();
    for (name, why) in unusable(&REAL, directory, &KINDS, &snapshot, (door.clock)().seconds)? {
        by_why.entry(why).or_default().push(name);
    }
    let findings = by_why.into_iter().map(|(why, mut names)| {
        names.sort();
        let (level, words) = match why {
            Unusable::Damaged => (Level::Warning, "damaged, and ignored"),
            Unusable::Outdated => (Level::Note, "about segments that have changed; readers rebuild them"),
            Unusable::Left => (Level::Note, "left by a process that died while writing them"),
            Unusable::Foreign => (Level::Note, "not logbook's"),
        };
        let more = if names.len() > NAMES_MAX { ", …" } else { "" };
        let what = format!("in cache/, {words}: {}{more}", names[..names.len().min(NAMES_MAX)].join(", "));
        let next = match why {
            Unusable::Foreign => {
                format!("ls -l {}", shell_word(&logbook_store::cache::directory(directory).display().to_string()))
            }
            _ => "logbook doctor --fix-cache".to_owned(),
        };
        Finding::new(level, "cache", what).count(names.len() as u64).next(next)
    });
    Ok(findings.collect())
}

/// Removes the files of `cache/` and rebuilds them; touches nothing else. Gives the number of
/// removed files.
pub fn fix(location: &Location, door: &mut Door<'_>) -> Result<usize> {
    let removed = clear(&REAL, &location.path, &KINDS)?;
    // Reading corrections builds the tables.
    store::known_corrections(&location.path)?;
    // The first query that summaries could help builds them.
    let mut query = Query::default();
    reading::require(&mut query, test("status", Op::Equal, Status::Blocked.word(), Form::Quoted));
    let clock = Clock { now: (door.clock)(), zone: Zone::UTC };
    let plan = wording::plain(&query, "", &clock)?;
    let mut pruning = Pruning::new(plan.requirement());
    let found = reading::logbook_at(location, Corrections::Folded, pruning.as_mut())?;
    if let Some(pruning) = pruning {
        pruning.apply(found.inputs.clone(), &found.path, reading::cores());
    }
    runs::keep(&found, door);
    Ok(removed)
}
