//! The files of `cache/`: those that cannot be used, and all of them made anew.

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
use logbook_store::index::{Kind, summary};
use logbook_store::listing::cache_directory;
use logbook_store::os_real::REAL;
use logbook_store::{self as store, Location};

/// What is in there beside tables.
const KINDS: [Kind; 2] = [summary::KIND, runs::KIND];
/// Names of one sort that are told.
const TOLD_MAX: usize = 3;

/// Files that cannot be used, by why.
pub fn faults(directory: &Path, door: &Door<'_>) -> Result<Vec<Finding>> {
    let snapshot = store::snapshot(directory)?;
    let mut by_why: BTreeMap<Unusable, Vec<String>> = BTreeMap::new();
    for (name, why) in unusable(&REAL, directory, &KINDS, &snapshot, (door.clock)().seconds)? {
        by_why.entry(why).or_default().push(name);
    }
    let told = by_why.into_iter().map(|(why, mut names)| {
        names.sort();
        let (level, words) = match why {
            Unusable::Damaged => (Level::Warning, "damaged, and passed over"),
            Unusable::Outdated => (Level::Note, "about segments that are no more as they were; readers make them anew"),
            Unusable::Left => (Level::Note, "left by somebody who died while making them"),
            Unusable::Foreign => (Level::Note, "none of logbook's"),
        };
        let more = if names.len() > TOLD_MAX { ", …" } else { "" };
        let what = format!("in cache/, {words}: {}{more}", names[..names.len().min(TOLD_MAX)].join(", "));
        let next = match why {
            Unusable::Foreign => format!("ls -l {}", shell_word(&cache_directory(directory).display().to_string())),
            _ => "logbook doctor --fix-cache".to_owned(),
        };
        Finding::new(level, "cache", what).count(names.len() as u64).next(next)
    });
    Ok(told.collect())
}

/// Takes the files of `cache/` away and makes them anew, and touches nothing else. Gives how many
/// were taken away.
pub fn fix(location: &Location, door: &mut Door<'_>) -> Result<usize> {
    let gone = clear(&REAL, &location.path, &KINDS)?;
    // The tables, by asking what stands in them.
    store::known_corrections(&location.path)?;
    // Summaries are made by the first query that they could help.
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
    Ok(gone)
}
