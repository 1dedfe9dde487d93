//! What a person asks first: how many runs are running, blocked and by what, failed, and were done
//! overnight.

use std::collections::BTreeMap;

use super::run::Run;
use logbook_model::Instant;

/// The number of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cards {
    /// Runs in progress.
    pub running: u64,
    /// Blocked runs.
    pub blocked: u64,
    /// What blocked runs wait for, with the number of runs, the most frequent first.
    pub blocked_on: Vec<(String, u64)>,
    /// Failed runs whose newest row is not older than `recent`.
    pub failed: u64,
    /// Finished runs whose newest row is from the night.
    pub done_overnight: u64,
}

impl Cards {
    /// The cards of `runs`. `night`: its beginning and end. `recent`: earlier failures are not
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
