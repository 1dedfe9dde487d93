//! One summary for each run: where it stands, how many rows it has, how old its
//! newest row is.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::standing;
use crate::json;
use crate::model::{Instant, run_id};
use crate::query::{Place, Row};

/// The fields that the fold reads, in the order that [`Runs::push`] expects.
pub const FIELDS: [&str; 9] =
    ["run_id", "step", "timestamp", "kind", "phase", "status", "action", "next_intent", "blocked_on"];

/// Where one run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The run.
    pub run_id: String,
    /// Of the row that says where it stands; empty when no row does.
    pub phase: String,
    /// Of the same row.
    pub status: String,
    /// Of the same row.
    pub action: String,
    /// Of the same row.
    pub next_intent: String,
    /// Of the same row.
    pub blocked_on: String,
    /// How many rows it has.
    pub rows: u64,
    /// Its highest step; 0 when no row has one.
    pub steps: u64,
    /// When its first row was written, as that row says.
    pub first_at: Option<Instant>,
    /// When its newest row was written, as that row says.
    pub last_at: Option<Instant>,
    /// Where its newest row stands among all rows.
    newest: Place,
}

/// The fold over all rows.
#[derive(Debug, Default)]
pub struct Runs {
    by_id: HashMap<Vec<u8>, usize>,
    summaries: Vec<Summary>,
}

impl Runs {
    /// Takes one row, its fields by [`FIELDS`].
    pub fn push(&mut self, row: &Row<'_>) {
        let text = |at: usize| row.fields[at].and_then(json::decode);
        let Some(id) = text(0).filter(|id| !id.is_empty()) else {
            return;
        };
        let at = match self.by_id.get(&*id) {
            Some(at) => *at,
            None => {
                self.summaries.push(Summary::new(String::from_utf8_lossy(&id).into_owned()));
                self.by_id.insert(id.into_owned(), self.summaries.len() - 1);
                self.summaries.len() - 1
            }
        };
        let summary = &mut self.summaries[at];
        summary.rows += 1;
        summary.newest = row.place;
        let step = row.fields[1].and_then(|raw| std::str::from_utf8(raw).ok()).and_then(|step| step.parse().ok());
        summary.steps = summary.steps.max(step.unwrap_or(0));
        summary.last_at = text(2).and_then(|time| Instant::parse(std::str::from_utf8(&time).ok()?));
        if summary.rows == 1 {
            summary.first_at = summary.last_at;
        }
        if standing::counts(row.fields[3], row.fields[5]) {
            let field =
                |at: usize| text(at).map_or_else(String::new, |text| String::from_utf8_lossy(&text).into_owned());
            summary.phase = field(4);
            summary.status = field(5);
            summary.action = field(6);
            summary.next_intent = field(7);
            summary.blocked_on = field(8);
        }
    }

    /// Says how many rows and steps the run of `row` has, of which only the first,
    /// the newest and the standing row were taken.
    pub fn count(&mut self, row: &Row<'_>, rows: u64, steps: u64) {
        let at = row.fields[0].and_then(json::decode).and_then(|id| self.by_id.get(&*id));
        if let Some(summary) = at.and_then(|at| self.summaries.get_mut(*at)) {
            (summary.rows, summary.steps) = (rows, steps);
        }
    }

    /// All runs but the tool's own: blocked ones first, then running, failed,
    /// without a status, done; in each group the newest first.
    pub fn finish(mut self) -> Vec<Summary> {
        self.summaries.retain(|summary| !run_id::is_reserved(&summary.run_id));
        self.summaries.sort_by_key(|summary| (summary.rank(), Reverse((summary.last_at, summary.newest))));
        self.summaries
    }
}

impl Summary {
    fn new(run_id: String) -> Summary {
        Summary {
            run_id,
            phase: String::new(),
            status: String::new(),
            action: String::new(),
            next_intent: String::new(),
            blocked_on: String::new(),
            rows: 0,
            steps: 0,
            first_at: None,
            last_at: None,
            newest: Place::default(),
        }
    }

    /// Whether it goes on: neither done nor failed.
    pub fn is_open(&self) -> bool {
        !matches!(self.status.as_str(), "done" | "failed")
    }

    fn rank(&self) -> u8 {
        match self.status.as_str() {
            "blocked" => 0,
            "in-progress" => 1,
            "failed" => 2,
            "done" => 4,
            _ => 3,
        }
    }

    /// Milliseconds since its newest row.
    pub fn age_ms(&self, now: Instant) -> Option<i64> {
        self.last_at.map(|last| now.ms_since(last))
    }

    /// The summary as one JSON object, for filters and for `--json`.
    pub fn to_json(&self, now: Instant) -> Vec<u8> {
        let mut out = b"{\"run_id\":".to_vec();
        json::quote_into(&self.run_id, &mut out);
        let texts = [
            ("phase", &self.phase),
            ("status", &self.status),
            ("action", &self.action),
            ("next_intent", &self.next_intent),
            ("blocked_on", &self.blocked_on),
        ];
        for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            out.extend_from_slice(format!(",\"{name}\":").as_bytes());
            json::quote_into(text, &mut out);
        }
        out.extend_from_slice(format!(",\"rows\":{},\"steps\":{}", self.rows, self.steps).as_bytes());
        for (name, at) in [("started_at", self.first_at), ("timestamp", self.last_at)] {
            if let Some(at) = at {
                out.extend_from_slice(format!(",\"{name}\":\"{at}\"").as_bytes());
            }
        }
        if let Some(age) = self.age_ms(now) {
            out.extend_from_slice(format!(",\"age_ms\":{age}").as_bytes());
        }
        out.push(b'}');
        out
    }
}
