//! The rows of one run in order, with the time between them.

use crate::json;
use crate::model::{Address, Instant};
use crate::query::Row;
use crate::view::Amended;

/// The fields that the fold reads, in the order that [`Timeline::push`] expects.
pub const FIELDS: [&str; 12] = [
    "run_id",
    "step",
    "timestamp",
    "kind",
    "phase",
    "status",
    "action",
    "next_intent",
    "blocked_on",
    "artifact_ref",
    "tool_call",
    "reason",
];

/// One run, step by step.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// The run.
    pub run_id: String,
    /// Its rows in file order.
    pub entries: Vec<Entry>,
}

/// One row of a timeline; texts are empty when the row has not the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `#3`, or the row's place when it has no step.
    pub name: String,
    /// When.
    pub at: Option<Instant>,
    /// Milliseconds since the row before; `None` for the first and where a time is missing.
    pub since_ms: Option<i64>,
    /// Row kind; empty for a plain step.
    pub kind: String,
    /// Phase.
    pub phase: String,
    /// Status.
    pub status: String,
    /// What was done.
    pub action: String,
    /// What comes next.
    pub next_intent: String,
    /// What is needed to go on.
    pub blocked_on: String,
    /// What was produced.
    pub artifact_ref: String,
    /// The tool that was called.
    pub tool: String,
    /// Its side effect.
    pub side_effect: String,
    /// How it exited.
    pub exit_code: String,
    /// Why a decision.
    pub reason: String,
    /// What was corrected in it.
    pub amended: Vec<Amended>,
}

impl Timeline {
    /// What was corrected in the row taken last.
    pub fn amended(&mut self, amended: Vec<Amended>) {
        if let Some(entry) = self.entries.last_mut() {
            entry.amended = amended;
        }
    }

    /// Takes one row of the run, its fields by [`FIELDS`]; `place` names it when it has no step.
    pub fn push(&mut self, row: &Row<'_>, place: Option<Address>) {
        let text = |raw: Option<&[u8]>| match raw {
            None | Some(b"null") => String::new(),
            Some(raw) => match json::decode(raw) {
                Some(text) => String::from_utf8_lossy(&text).into_owned(),
                None => String::from_utf8_lossy(raw).into_owned(),
            },
        };
        let field = |at: usize| text(row.fields[at]);
        if self.run_id.is_empty() {
            self.run_id = field(0);
        }
        let at = Instant::parse(&field(2));
        let before = self.entries.last().and_then(|entry| entry.at);
        let mut call = Vec::new();
        if json::pick(row.fields[10].unwrap_or(b"{}"), &["tool", "side_effect", "exit_code"], &mut call).is_err() {
            call = vec![None; 3];
        }
        let step = field(1);
        let name = if step.is_empty() {
            place.map_or_else(String::new, |place| place.to_string())
        } else {
            format!("#{step}")
        };
        self.entries.push(Entry {
            name,
            at,
            since_ms: at.zip(before).map(|(at, before)| at.ms_since(before)),
            kind: field(3),
            phase: field(4),
            status: field(5),
            action: field(6),
            next_intent: field(7),
            blocked_on: field(8),
            artifact_ref: field(9),
            tool: text(call[0]),
            side_effect: text(call[1]),
            exit_code: text(call[2]),
            reason: field(11),
            amended: Vec::new(),
        });
    }
}
