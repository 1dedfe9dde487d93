//! What a logbook comes to: rows and runs, by status, phase, day, agent and model; how long runs were blocked, and by what.
//!
//! Each thread makes a [`Part`] of the rows that it reads. Parts are joined in the order of their rows, so that what an
//! earlier row says (who works in a run, where it stands) is known by then.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::runs::run::SUMMED;
use crate::json::{self, Sum};
use crate::model::{Field, Instant, Says, Stands, Status, Zone, run_id};
use crate::query::Row;
use crate::view::facts::{Facts, FieldSet, Picked};

/// The fields that the fold reads.
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
pub struct Spent {
    /// Rows.
    pub rows: u64,
    /// `cost_usd`, `tokens_in`, `tokens_out`.
    pub sums: [Sum; 3],
}

/// Time that runs were blocked by one thing.
#[derive(Debug, Clone, Default)]
pub struct Blocked {
    /// Which runs.
    runs: BTreeSet<String>,
    /// All their times together.
    pub blocked_ms: i64,
}

impl Blocked {
    /// How many runs.
    pub fn runs(&self) -> usize {
        self.runs.len()
    }
}

/// What rows come to, whatever stood before them.
#[derive(Debug, Default)]
pub struct Counts {
    /// How many rows.
    pub rows: u64,
    /// How many do something again.
    pub retries: u64,
    /// Their least and greatest time.
    pub times: Option<(Instant, Instant)>,
    /// Rows by status.
    pub statuses: BTreeMap<String, u64>,
    /// Rows by phase.
    pub phases: BTreeMap<String, u64>,
    /// Rows by day in the zone.
    pub days: BTreeMap<NaiveDate, u64>,
}

impl Counts {
    fn join(&mut self, later: Counts) {
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

/// By agent and model; `None`: as the run said before.
type SpentBy = BTreeMap<(Option<String>, Option<String>), Spent>;

/// Rows that stand together.
#[derive(Debug)]
pub struct Part {
    zone: Zone,
    counts: Counts,
    runs: HashMap<String, Said>,
    /// What rows without a run spent.
    spent: SpentBy,
}

/// What they say of one run.
#[derive(Debug, Default)]
struct Said {
    agent: Option<String>,
    model: Option<String>,
    spent: SpentBy,
    /// Rows that may say where it stands; of equal ones that follow each other the first.
    stands: Vec<Stood>,
}

/// A row that may say where its run stands.
#[derive(Debug)]
struct Stood {
    says: Says,
    status: String,
    /// What it waits for, if it is blocked.
    by: Option<String>,
    at: Option<Instant>,
}

impl Part {
    /// No rows yet; days are those of `zone`.
    pub fn new(zone: Zone) -> Part {
        Part { zone, counts: Counts::default(), runs: HashMap::new(), spent: SpentBy::new() }
    }

    /// Takes in one row, its fields by [`FIELDS`].
    pub fn push(&mut self, row: &Row<'_>) {
        let says = FIELDS.slot(Field::Kind).zip(FIELDS.slot(Field::Status));
        let says = says.and_then(|(kind, status)| row.says(kind, status));
        let row = Picked::new(&FIELDS, row.fields);
        let text = |field: Field| Some(row.text(field)).filter(|text| !text.is_empty());
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
        let status = text(Field::Status);
        if let Some(status) = &status {
            *counts.statuses.entry(status.clone()).or_default() += 1;
        }
        counts.retries += u64::from(row.is_retry());
        let spend = |spent: &mut SpentBy, names: (Option<String>, Option<String>)| {
            let spent = spent.entry(names).or_default();
            spent.rows += 1;
            for (sum, field) in spent.sums.iter_mut().zip(SUMMED) {
                row.add_to(sum, field);
            }
        };
        let Some(run) = text(Field::RunId) else {
            let names = (text(Field::AgentId).unwrap_or_default(), text(Field::Model).unwrap_or_default());
            return spend(&mut self.spent, (Some(names.0), Some(names.1)));
        };
        let said = self.runs.entry(run).or_default();
        for (field, known) in [(Field::AgentId, &mut said.agent), (Field::Model, &mut said.model)] {
            if let Some(name) = text(field) {
                *known = Some(name);
            }
        }
        spend(&mut said.spent, (said.agent.clone(), said.model.clone()));
        if let (Some(status), Some(says)) = (status, says) {
            let by = (row.status() == Some(Status::Blocked)).then(|| row.text(Field::BlockedOn));
            let stood = Stood { says, status, by, at };
            if !said.stands.last().is_some_and(|last| last.holds_for(&stood)) {
                said.stands.push(stood);
            }
        }
    }
}

impl Stood {
    /// Whether a row that says `next` changes nothing behind this one.
    fn holds_for(&self, next: &Stood) -> bool {
        let timed = self.by.is_none() || self.at.is_some();
        timed && (self.says, &self.status, &self.by) == (next.says, &next.status, &next.by)
    }
}

/// What all rows come to.
#[derive(Debug, Default)]
pub struct Stats {
    runs: HashMap<String, State>,
    /// What is counted.
    pub counts: Counts,
    /// By agent and model, where a row that says neither is of those that its run said last.
    pub spent: BTreeMap<(String, String), Spent>,
    /// Runs by the status that they stand with.
    pub standing: BTreeMap<String, u64>,
    /// By what was waited for.
    pub blocked: BTreeMap<String, Blocked>,
}

#[derive(Debug, Default)]
struct State {
    agent: String,
    model: String,
    stands: Stands<String>,
    /// Since when and by what it is blocked.
    blocked: Option<(Instant, String)>,
}

impl Stats {
    /// Takes in the rows that stand behind these.
    pub fn join(&mut self, later: Part) {
        self.counts.join(later.counts);
        spend(&mut self.spent, later.spent, &State::default());
        for (run, said) in later.runs {
            if !self.runs.contains_key(&run) {
                self.runs.insert(run.clone(), State::default());
            }
            let Some(state) = self.runs.get_mut(&run) else { continue };
            spend(&mut self.spent, said.spent, state);
            for (known, name) in [(&mut state.agent, said.agent), (&mut state.model, said.model)] {
                if let Some(name) = name {
                    *known = name;
                }
            }
            for Stood { says, status, by, at } in said.stands {
                // Unless it goes on to wait for the same.
                if state.stands.put(says, status) && state.blocked.as_ref().map(|(_, by)| by) != by.as_ref() {
                    add_blocked(&mut self.blocked, &run, state.blocked.take(), at);
                    state.blocked = at.zip(by);
                }
            }
        }
    }

    /// No more rows: runs that stand blocked are so until `now`. Gives how many runs there are.
    pub fn finish(&mut self, now: Instant) -> usize {
        let mut count = 0;
        for (run, state) in self.runs.iter_mut().filter(|(run, _)| !run_id::is_reserved(run)) {
            count += 1;
            if let Some(stood) = state.stands.newest() {
                *self.standing.entry(stood.row.clone()).or_default() += 1;
            }
            add_blocked(&mut self.blocked, run, state.blocked.take(), Some(now));
        }
        count
    }
}

/// Adds what a run spent that stood at `state` before.
fn spend(all: &mut BTreeMap<(String, String), Spent>, more: SpentBy, state: &State) {
    for ((agent, model), more) in more {
        let names = (agent.unwrap_or_else(|| state.agent.clone()), model.unwrap_or_else(|| state.model.clone()));
        let spent = all.entry(names).or_default();
        spent.rows += more.rows;
        spent.sums.iter_mut().zip(&more.sums).for_each(|(sum, more)| sum.merge(more));
    }
}

fn add_blocked(all: &mut BTreeMap<String, Blocked>, run: &str, was: Option<(Instant, String)>, until: Option<Instant>) {
    let Some((since, by)) = was else { return };
    let blocked = all.entry(by).or_default();
    blocked.runs.insert(run.to_owned());
    // Clocks that went back took no time away.
    let ms = until.map_or(0, |until| until.ms_since(since).max(0));
    blocked.blocked_ms = blocked.blocked_ms.saturating_add(ms);
}

/// One table of what the fold came to: a title, and rows as JSON objects with these members.
#[derive(Debug, Clone)]
pub struct Table {
    /// The name of its list in JSON.
    pub name: &'static str,
    /// The members of each row.
    pub columns: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<u8>>,
}

impl Stats {
    /// All tables, in the order that they are shown in.
    pub fn tables(&self) -> Vec<Table> {
        // A run stands with the status of one of the rows.
        let statuses = self.counts.statuses.iter().map(|(status, rows)| {
            let runs = self.standing.get(status).copied().unwrap_or_default();
            vec![quoted(status), whole(*rows), whole(runs)]
        });
        let phases = self.counts.phases.iter().map(|(phase, rows)| vec![quoted(phase), whole(*rows)]);
        let days = self.counts.days.iter().map(|(day, rows)| vec![quoted(&day.to_string()), whole(*rows)]);
        let mut blocked: Vec<_> = self.blocked.iter().collect();
        blocked.sort_by_key(|(_, blocked)| std::cmp::Reverse(blocked.blocked_ms));
        let blocked = blocked.into_iter().map(|(by, blocked)| {
            vec![quoted(by), whole(blocked.runs() as u64), blocked.blocked_ms.to_string().into_bytes()]
        });
        let spent = self.spent.iter().map(|((agent, model), spent)| {
            let sums =
                spent.sums.iter().map(|sum| sum.total().map_or(b"null".to_vec(), |sum| sum.to_string().into_bytes()));
            [named(agent), named(model), whole(spent.rows)].into_iter().chain(sums).collect()
        });
        vec![
            table("statuses", &["status", "rows", "runs"], statuses),
            table("phases", &["phase", "rows"], phases),
            table("days", &["day", "rows"], days),
            table("spent", &["agent_id", "model", "rows", "cost_usd", "tokens_in", "tokens_out"], spent),
            table("blocked", &["blocked_on", "runs", "blocked_ms"], blocked),
        ]
    }
}

fn table(name: &'static str, columns: &[&'static str], rows: impl Iterator<Item = Vec<Vec<u8>>>) -> Table {
    let row = |cells: Vec<Vec<u8>>| {
        let mut row = Vec::new();
        for (column, cell) in columns.iter().zip(cells) {
            row.push(if row.is_empty() { b'{' } else { b',' });
            json::quote_into(column, &mut row);
            row.push(b':');
            row.extend_from_slice(&cell);
        }
        row.push(b'}');
        row
    };
    Table { name, columns: columns.to_vec(), rows: rows.map(row).collect() }
}

fn quoted(text: &str) -> Vec<u8> {
    json::quote(text)
}

/// A name that may be missing.
fn named(text: &str) -> Vec<u8> {
    Some(text).filter(|text| !text.is_empty()).map_or(b"null".to_vec(), json::quote)
}

fn whole(number: u64) -> Vec<u8> {
    number.to_string().into_bytes()
}
