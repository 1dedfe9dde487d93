//! What a person asks first: how many runs are at work, blocked and by what, failed, and what was
//! done over night.

use std::collections::BTreeMap;

use super::run::Run;
use logbook_model::Instant;

/// How many of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cards {
    /// In progress.
    pub running: u64,
    /// Blocked.
    pub blocked: u64,
    /// What they wait for, what most wait for first.
    pub blocked_on: Vec<(String, u64)>,
    /// Failed, newest row at or after `recent`.
    pub failed: u64,
    /// Done, newest row in the night.
    pub done_overnight: u64,
}

impl Cards {
    /// Those of `runs`. `night`: its beginning and its end; `recent`: failures before that are not
    /// counted.
    pub fn of<'r, 'a: 'r>(
        runs: impl IntoIterator<Item = &'r Run<'a>>,
        night: (Instant, Instant),
        recent: Instant,
    ) -> Cards {
        let mut cards = Cards::default();
        let mut blockers: BTreeMap<&str, u64> = BTreeMap::new();
        for run in runs {
            match run.status() {
                "in-progress" => cards.running += 1,
                "blocked" => {
                    cards.blocked += 1;
                    *blockers.entry(run.blocked_on()).or_default() += 1;
                }
                "failed" => cards.failed += u64::from(run.last_at.is_some_and(|at| at >= recent)),
                "done" => {
                    cards.done_overnight += u64::from(run.last_at.is_some_and(|at| at >= night.0 && at < night.1));
                }
                _ => {}
            }
        }
        cards.blocked_on = blockers.into_iter().map(|(what, count)| (what.to_owned(), count)).collect();
        cards.blocked_on.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        cards
    }
}
