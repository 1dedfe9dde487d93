//! The totals of all rows, from parts joined in order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::RandomState;

use super::part::{Counts, RunFacts, Spent, StandingRow, StatsPart, Word, Words};
use logbook_model::{Instant, Stands, run_id};

/// How long runs were blocked by one thing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Blocked {
    runs: BTreeSet<String>,
    /// The sum of their times.
    pub blocked_ms: i64,
}

impl Blocked {
    /// The number of runs.
    pub(crate) fn runs(&self) -> usize {
        self.runs.len()
    }
}

/// The totals of all rows.
#[derive(Debug, Default)]
pub struct Stats {
    /// The counts.
    pub counts: Counts,
    pub(super) words: Words,
    runs: Vec<RunState>,
    by_name: HashMap<String, usize, RandomState>,
    /// What was spent, by agent and model. A row without them counts for the last ones of its run.
    pub(super) spent: HashMap<(Word, Word), Spent, RandomState>,
    /// The number of runs by status.
    pub(super) standing: BTreeMap<String, u64>,
    /// Blocked times, by what was waited for.
    pub(super) blocked: BTreeMap<String, Blocked>,
}

#[derive(Debug)]
struct RunState {
    run: String,
    agent: Word,
    model: Word,
    stands: Stands<Word>,
    /// The time since which it is blocked, and by what.
    blocked: Option<(Instant, Word)>,
}

impl Stats {
    /// Adds the totals of the next rows.
    pub fn join(&mut self, later: StatsPart) {
        self.counts.join(later.counts);
        let words: Vec<Word> = later.words.all.iter().map(|word| self.words.number(word)).collect();
        let word = |number: Word| words.get(number as usize).copied().unwrap_or_default();
        for ((agent, model), more) in &later.spent {
            self.spent.entry((word(*agent), word(*model))).or_default().join(more);
        }
        let empty = self.words.number("");
        let (places, said): (Vec<usize>, Vec<RunFacts>) =
            later.runs.into_iter().map(|(run, said)| (self.run(run, empty), said)).unzip();
        for (run, (agent, model), more) in &later.unsaid {
            let Some(state) = places.get(*run).and_then(|at| self.runs.get(*at)) else { continue };
            let by = (agent.map_or(state.agent, word), model.map_or(state.model, word));
            self.spent.entry(by).or_default().join(more);
        }
        for (run, StandingRow { says, status, by, at }) in later.stands {
            let Some(state) = places.get(run).and_then(|at| self.runs.get_mut(*at)) else { continue };
            let by = by.map(word);
            // If it still waits for the same, the time goes on.
            if state.stands.put(says, word(status)) && state.blocked.map(|(_, by)| by) != by {
                let was = std::mem::replace(&mut state.blocked, at.zip(by));
                add_blocked(&mut self.blocked, &self.words, &state.run, was, at);
            }
        }
        for (at, said) in places.into_iter().zip(said) {
            let Some(state) = self.runs.get_mut(at) else { continue };
            state.agent = said.agent.map_or(state.agent, word);
            state.model = said.model.map_or(state.model, word);
        }
    }

    /// The index of the run with this id, which may be new.
    fn run(&mut self, name: String, empty: Word) -> usize {
        if let Some(at) = self.by_name.get(&name) {
            return *at;
        }
        let at = self.runs.len();
        let state =
            RunState { run: name.clone(), agent: empty, model: empty, stands: Stands::default(), blocked: None };
        self.runs.push(state);
        self.by_name.insert(name, at);
        at
    }

    /// Call after the last row. Blocked runs are blocked until `now`. Returns the number of runs.
    pub fn finish(&mut self, now: Instant) -> usize {
        let mut count = 0;
        for state in self.runs.iter_mut().filter(|state| !run_id::is_reserved(&state.run)) {
            count += 1;
            if let Some(stood) = state.stands.newest() {
                *self.standing.entry(self.words.word(stood.row).to_owned()).or_default() += 1;
            }
            add_blocked(&mut self.blocked, &self.words, &state.run, state.blocked.take(), Some(now));
        }
        count
    }
}

fn add_blocked(
    all: &mut BTreeMap<String, Blocked>,
    words: &Words,
    run: &str,
    was: Option<(Instant, Word)>,
    until: Option<Instant>,
) {
    let Some((since, by)) = was else { return };
    let blocked = all.entry(words.word(by).to_owned()).or_default();
    blocked.runs.insert(run.to_owned());
    // A clock that was set back does not subtract time.
    let ms = until.map_or(0, |until| until.ms_since(since).max(0));
    blocked.blocked_ms = blocked.blocked_ms.saturating_add(ms);
}
