//! What a logbook comes to: rows and runs, by status, phase, day, agent and model; how long runs were blocked, and by what.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::runs::run::SUMMED;
use crate::json::{self, Sum};
use crate::model::{Field, Instant, Stands, Status, Zone, run_id};
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

/// Rows with one status, and runs that stand there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Rows.
    pub rows: u64,
    /// Runs.
    pub runs: u64,
}

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

/// The fold over all rows.
#[derive(Debug)]
pub struct Stats {
    zone: Zone,
    runs: HashMap<String, State>,
    /// How many rows.
    pub rows: u64,
    /// How many do something again.
    pub retries: u64,
    /// Their least and greatest time.
    pub times: Option<(Instant, Instant)>,
    /// By status.
    pub statuses: BTreeMap<String, Count>,
    /// Rows by phase.
    pub phases: BTreeMap<String, u64>,
    /// Rows by day in the zone.
    pub days: BTreeMap<NaiveDate, u64>,
    /// By agent and model, where a row that says neither is of those that its run said last.
    pub spent: BTreeMap<(String, String), Spent>,
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
    /// Nothing yet; days are those of `zone`.
    pub fn new(zone: Zone) -> Stats {
        Stats {
            zone,
            runs: HashMap::new(),
            rows: 0,
            retries: 0,
            times: None,
            statuses: BTreeMap::new(),
            phases: BTreeMap::new(),
            days: BTreeMap::new(),
            spent: BTreeMap::new(),
            blocked: BTreeMap::new(),
        }
    }

    /// Takes in one row, its fields by [`FIELDS`].
    pub fn push(&mut self, row: &Row<'_>) {
        let says = FIELDS.slot(Field::Kind).zip(FIELDS.slot(Field::Status));
        let says = says.and_then(|(kind, status)| row.says(kind, status));
        let row = Picked::new(&FIELDS, row.fields);
        let text = |field: Field| Some(row.text(field)).filter(|text| !text.is_empty());
        self.rows += 1;
        let at = row.at();
        if let Some(at) = at {
            self.times = Some(self.times.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
            if let Some(local) = self.zone.to_local(at) {
                *self.days.entry(local.date_naive()).or_default() += 1;
            }
        }
        if let Some(phase) = text(Field::Phase) {
            *self.phases.entry(phase).or_default() += 1;
        }
        let status = text(Field::Status);
        if let Some(status) = &status {
            self.statuses.entry(status.clone()).or_default().rows += 1;
        }
        self.retries += u64::from(row.is_retry());
        let unnamed = &mut State::default();
        let run = text(Field::RunId);
        let state = match &run {
            Some(run) => self.runs.entry(run.clone()).or_default(),
            None => unnamed,
        };
        for (field, known) in [(Field::AgentId, &mut state.agent), (Field::Model, &mut state.model)] {
            if let Some(said) = text(field) {
                *known = said;
            }
        }
        let spent = self.spent.entry((state.agent.clone(), state.model.clone())).or_default();
        spent.rows += 1;
        for (sum, field) in spent.sums.iter_mut().zip(SUMMED) {
            row.add_to(sum, field);
        }
        if let (Some(status), Some(run), Some(says)) = (status, run, says) {
            if !state.stands.put(says, status) {
                return;
            }
            let by = (row.status() == Some(Status::Blocked)).then(|| row.text(Field::BlockedOn));
            // Unless it goes on to wait for the same.
            if state.blocked.as_ref().map(|(_, by)| by) != by.as_ref() {
                add_blocked(&mut self.blocked, &run, state.blocked.take(), at);
                state.blocked = at.zip(by);
            }
        }
    }

    /// No more rows: runs that stand blocked are so until `now`. Gives how many runs there are.
    pub fn finish(&mut self, now: Instant) -> usize {
        let mut count = 0;
        for (run, state) in self.runs.iter_mut().filter(|(run, _)| !run_id::is_reserved(run)) {
            count += 1;
            if let Some(stood) = state.stands.newest() {
                self.statuses.entry(stood.row.clone()).or_default().runs += 1;
            }
            add_blocked(&mut self.blocked, run, state.blocked.take(), Some(now));
        }
        count
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
        let statuses = self.statuses.iter();
        let statuses = statuses.map(|(status, count)| vec![quoted(status), whole(count.rows), whole(count.runs)]);
        let phases = self.phases.iter().map(|(phase, rows)| vec![quoted(phase), whole(*rows)]);
        let days = self.days.iter().map(|(day, rows)| vec![quoted(&day.to_string()), whole(*rows)]);
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
