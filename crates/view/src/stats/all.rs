//! Parts joined in the order of their rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::RandomState;

use super::part::{Counts, Part, Said, Spent, Stood, Word, Words};
use logbook_model::{Instant, Stands, run_id};

/// Time that runs were blocked by one thing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Blocked {
    /// Which runs.
    runs: BTreeSet<String>,
    /// All their times together.
    pub blocked_ms: i64,
}

impl Blocked {
    /// How many runs.
    pub(crate) fn runs(&self) -> usize {
        self.runs.len()
    }
}

/// What all rows come to.
#[derive(Debug, Default)]
pub struct Stats {
    /// What is counted.
    pub counts: Counts,
    pub(super) words: Words,
    runs: Vec<State>,
    by_name: HashMap<String, usize, RandomState>,
    /// By agent and model, where a row that says neither is of those that its run said last.
    pub(super) spent: HashMap<(Word, Word), Spent, RandomState>,
    /// Runs by the status that they stand with.
    pub(super) standing: BTreeMap<String, u64>,
    /// By what was waited for.
    pub(super) blocked: BTreeMap<String, Blocked>,
}

#[derive(Debug)]
struct State {
    run: String,
    agent: Word,
    model: Word,
    stands: Stands<Word>,
    /// Since when and by what it is blocked.
    blocked: Option<(Instant, Word)>,
}

impl Stats {
    /// Takes in the rows that stand behind these.
    pub fn join(&mut self, later: Part) {
        self.counts.join(later.counts);
        let words: Vec<Word> = later.words.all.iter().map(|word| self.words.number(word)).collect();
        let word = |number: Word| words.get(number as usize).copied().unwrap_or_default();
        for ((agent, model), more) in &later.spent {
            self.spent.entry((word(*agent), word(*model))).or_default().join(more);
        }
        let empty = self.words.number("");
        let (places, said): (Vec<usize>, Vec<Said>) =
            later.runs.into_iter().map(|(run, said)| (self.run(run, empty), said)).unzip();
        for (run, (agent, model), more) in &later.unsaid {
            let Some(state) = places.get(*run).and_then(|at| self.runs.get(*at)) else { continue };
            let by = (agent.map_or(state.agent, word), model.map_or(state.model, word));
            self.spent.entry(by).or_default().join(more);
        }
        for (run, Stood { says, status, by, at }) in later.stands {
            let Some(state) = places.get(run).and_then(|at| self.runs.get_mut(*at)) else { continue };
            let by = by.map(word);
            // Unless it goes on to wait for the same.
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

    /// The place of the run with this name, which may be new.
    fn run(&mut self, name: String, empty: Word) -> usize {
        if let Some(at) = self.by_name.get(&name) {
            return *at;
        }
        let at = self.runs.len();
        let state = State { run: name.clone(), agent: empty, model: empty, stands: Stands::default(), blocked: None };
        self.runs.push(state);
        self.by_name.insert(name, at);
        at
    }

    /// No more rows: runs that stand blocked are so until `now`. Gives how many runs there are.
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
    // Clocks that went back took no time away.
    let ms = until.map_or(0, |until| until.ms_since(since).max(0));
    blocked.blocked_ms = blocked.blocked_ms.saturating_add(ms);
}
