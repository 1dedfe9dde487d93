//! The totals of consecutive rows, independent of the rows before them.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use foldhash::fast::RandomState;

use crate::facts::{Facts, FieldSet, Picked};
use crate::runs::run::SUMMED;
use logbook_json::{self as json, Sum};
use logbook_model::{Field, Instant, Says, Status, Zone};
use logbook_query::Row;

/// The fields that are picked of each row.
pub const FIELDS: FieldSet = FieldSet::of(&[
    Field::RunId,
    Field::Timestamp,
    Field::Kind,
    Field::Phase,
    Field::Status,
    Field::BlockedOn,
    Field::AgentId,
    Field::Model,
    Field::CostUsd,
    Field::TokensIn,
    Field::TokensOut,
    Field::RetryOf,
    Field::FallbackOf,
    Field::Attempt,
]);

/// What one agent spent with one model.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spent {
    /// The number of rows.
    pub rows: u64,
    /// `cost_usd`, `tokens_in`, `tokens_out`.
    pub sums: [Sum; 3],
}

/// Counts that do not depend on earlier rows.
#[derive(Debug, Default)]
pub struct Counts {
    /// The number of rows.
    pub rows: u64,
    /// The number of rows that do something again.
    pub retries: u64,
    /// Their smallest and largest timestamp.
    pub times: Option<(Instant, Instant)>,
    /// Rows by status.
    pub statuses: BTreeMap<String, u64>,
    /// Rows by phase.
    pub phases: BTreeMap<String, u64>,
    /// Rows by day in the zone.
    pub days: BTreeMap<NaiveDate, u64>,
}

impl Counts {
    pub(super) fn join(&mut self, later: Counts) {
        self.rows += later.rows;
        self.retries += later.retries;
        let widen =
            |(first, last): (Instant, Instant), (least, most): (Instant, Instant)| (first.min(least), last.max(most));
        self.times = match (self.times, later.times) {
            (Some(mine), Some(more)) => Some(widen(mine, more)),
            (mine, more) => mine.or(more),
        };
        add(&mut self.statuses, later.statuses);
        add(&mut self.phases, later.phases);
        add(&mut self.days, later.days);
    }
}

fn add<K: Ord>(all: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    more.into_iter().for_each(|(key, count)| *all.entry(key).or_default() += count);
}

/// Interned strings.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) all: Vec<String>,
    numbers: HashMap<String, Word, RandomState>,
}

/// The number of an interned string.
pub(super) type Word = u32;

impl Words {
    pub(super) fn number(&mut self, word: &str) -> Word {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = self.all.len() as Word;
        self.all.push(word.to_owned());
        self.numbers.insert(word.to_owned(), number);
        number
    }

    pub(super) fn word(&self, number: Word) -> &str {
        self.all.get(number as usize).map_or("", String::as_str)
    }
}

/// An agent and a model; `None`: as earlier rows of the run say.
pub(super) type By = (Option<Word>, Option<Word>);

/// The totals of consecutive rows.
#[derive(Debug)]
pub struct StatsPart {
    zone: Zone,
    pub(super) counts: Counts,
    pub(super) words: Words,
    /// Their runs, in the order of their first rows.
    pub(super) runs: Vec<(String, RunFacts)>,
    by_name: HashMap<String, usize, RandomState>,
    /// What was spent, by agent and model, if both are known.
    pub(super) spent: HashMap<(Word, Word), Spent, RandomState>,
    /// What was spent by runs whose agent or model is not known yet.
    pub(super) unsaid: Vec<(usize, By, Spent)>,
    /// Rows that may decide the state of their run, in order. Of equal consecutive rows of one run
    /// only the first.
    pub(super) stands: Vec<(usize, StandingRow)>,
}

/// What the rows say about one run.
#[derive(Debug, Default)]
pub(super) struct RunFacts {
    pub(super) agent: Option<Word>,
    pub(super) model: Option<Word>,
    /// The indexes of its last entries in [`StatsPart::unsaid`] and [`StatsPart::stands`].
    unsaid: Option<usize>,
    stood: Option<usize>,
}

/// A row that may decide the state of its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StandingRow {
    pub(super) says: Says,
    pub(super) status: Word,
    /// What the run waits for, if it is blocked.
    pub(super) by: Option<Word>,
    pub(super) at: Option<Instant>,
}

impl StatsPart {
    /// Without any rows yet; days are those of `zone`.
    pub fn new(zone: Zone) -> StatsPart {
        StatsPart {
            zone,
            counts: Counts::default(),
            words: Words::default(),
            runs: Vec::new(),
            by_name: HashMap::default(),
            spent: HashMap::default(),
            unsaid: Vec::new(),
            stands: Vec::new(),
        }
    }

    /// Adds a row, its fields by [`FIELDS`].
    pub fn push(&mut self, row: &Row<'_>) {
        let says = FIELDS.slot(Field::Kind).zip(FIELDS.slot(Field::Status));
        let says = says.and_then(|(kind, status)| row.says(kind, status));
        let row = Picked::new(&FIELDS, row.fields);
        let text =
            |field: Field| row.chars(field).map(|text| json::lossy(&text).into_owned()).filter(|text| !text.is_empty());
        let counts = &mut self.counts;
        counts.rows += 1;
        let at = row.at();
        if let Some(at) = at {
            counts.times = Some(counts.times.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
            if let Some(local) = self.zone.to_local(at) {
                *counts.days.entry(local.date_naive()).or_default() += 1;
            }
        }
        if let Some(phase) = text(Field::Phase) {
            *counts.phases.entry(phase).or_default() += 1;
        }
        let status = text(Field::Status).map(|status| {
            let number = self.words.number(&status);
            *counts.statuses.entry(status).or_default() += 1;
            number
        });
        counts.retries += u64::from(row.is_retry());
        let [agent, model] =
            [Field::AgentId, Field::Model].map(|field| text(field).map(|name| self.words.number(&name)));
        let Some(run) = text(Field::RunId) else {
            let empty = self.words.number("");
            let by = (agent.unwrap_or(empty), model.unwrap_or(empty));
            return self.spent.entry(by).or_default().add(&row);
        };
        let run = self.run(run);
        let Some((_, said)) = self.runs.get_mut(run) else { return };
        said.agent = agent.or(said.agent);
        said.model = model.or(said.model);
        let by = (said.agent, said.model);
        match by {
            (Some(agent), Some(model)) => self.spent.entry((agent, model)).or_default().add(&row),
            _ => match said.unsaid.and_then(|at| self.unsaid.get_mut(at)).filter(|(_, known, _)| *known == by) {
                Some((_, _, spent)) => spent.add(&row),
                None => {
                    let mut spent = Spent::default();
                    spent.add(&row);
                    said.unsaid = Some(self.unsaid.len());
                    self.unsaid.push((run, by, spent));
                }
            },
        }
        if let (Some(status), Some(says)) = (status, says) {
            let waits = row.status() == Some(Status::Blocked);
            let by = waits.then(|| self.words.number(&row.text(Field::BlockedOn)));
            let stood = StandingRow { says, status, by, at };
            if !said.stood.and_then(|at| self.stands.get(at)).is_some_and(|(_, last)| last.holds_for(&stood)) {
                said.stood = Some(self.stands.len());
                self.stands.push((run, stood));
            }
        }
    }

    /// The index of the run with this id, which may be new.
    fn run(&mut self, name: String) -> usize {
        if let Some(at) = self.by_name.get(&name) {
            return *at;
        }
        let at = self.runs.len();
        self.runs.push((name.clone(), RunFacts::default()));
        self.by_name.insert(name, at);
        at
    }
}

impl Spent {
    fn add(&mut self, row: &Picked<'_>) {
        self.rows += 1;
        for (sum, field) in self.sums.iter_mut().zip(SUMMED) {
            row.add_to(sum, field);
        }
    }

    pub(super) fn join(&mut self, more: &Spent) {
        self.rows += more.rows;
        self.sums.iter_mut().zip(&more.sums).for_each(|(sum, more)| sum.merge(more));
    }
}

impl StandingRow {
    /// Whether a row that says `next` changes nothing after this one.
    fn holds_for(&self, next: &StandingRow) -> bool {
        let timed = self.by.is_none() || self.at.is_some();
        timed && (self.says, self.status, self.by) == (next.says, next.status, next.by)
    }
}
