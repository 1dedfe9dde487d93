//! Which rows touched a file: run, step, agent, call, and who allowed it. The rows of one call are
//! one touch.

use std::collections::HashMap;

use super::Entry;
use super::json::Object;
use super::paths::WantedFile;
use crate::facts::{Facts, FieldSet};
use crate::open_requests::is_in_time;
use crate::pairing::Pairing;
use logbook_model::{Field, Instant, Kind};

/// The fields that decide whether a row matters.
pub const FIELDS: FieldSet = FieldSet::of(&[Field::Kind, Field::ArtifactRef, Field::OutputRefs, Field::ToolCall]);
/// The columns of the result.
pub const COLUMNS: [&str; 9] =
    ["timestamp", "row", "agent_id", "tool", "side_effect", "approval", "action", "status", "path"];

/// The columns of the result in a table.
pub const SHORT_COLUMNS: [&str; 6] = ["time", "row", "agent", "call", "approval", "action"];

/// One touch of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    /// The timestamp of its newest row.
    pub at: Option<Instant>,
    /// The name of its first row, with the run.
    pub row: String,
    /// The id of the run.
    pub run_id: String,
    /// The agent.
    pub agent_id: String,
    /// The tool.
    pub tool: String,
    /// The side effect of the call.
    pub side_effect: String,
    /// Who allowed or refused the call, if somebody was asked.
    pub approval: String,
    /// The action.
    pub action: String,
    /// The status of its newest row.
    pub status: String,
    /// The path as the row spells it.
    pub path: String,
}

/// The fold over the rows that matter, in order.
pub struct Blame<'w> {
    wanted: &'w WantedFile,
    /// The touches, each with the number of its newest row and the id of its call.
    touches: Vec<(usize, String, Touch)>,
    /// Touches of calls that were requested and not begun, by run and id.
    asked: HashMap<(String, String), usize>,
    /// Touches of calls that were begun, by run.
    begun: HashMap<String, Pairing<usize>>,
    /// Requests by name, with the decisions on them.
    requests: HashMap<String, Request>,
    /// The agent of each run.
    agents: HashMap<String, String>,
    rows: usize,
}

struct Request {
    /// The run and id of the call.
    call: (String, String),
    expires_at: Option<Instant>,
    /// The decision, and who made it.
    outcome: Option<String>,
}

/// Whether a row touches the file, decides something, or names the agent of a run.
pub fn matters(row: &impl Facts, wanted: &WantedFile) -> bool {
    let kind = row.kind();
    let is_within = |value: &[u8]| wanted.within(value).is_some();
    kind.is_of_approval()
        || kind == Kind::RunStart
        || [Field::ArtifactRef, Field::OutputRefs].into_iter().filter_map(|field| row.raw(field)).any(is_within)
        || row.raw(Field::ToolCall).and_then(args).is_some_and(is_within)
}

fn args(call: &[u8]) -> Option<&[u8]> {
    let mut picked = Vec::new();
    logbook_json::pick(call, &["args"], &mut picked).ok()?;
    picked[0]
}

impl<'w> Blame<'w> {
    /// Without any rows yet.
    pub fn new(wanted: &'w WantedFile) -> Blame<'w> {
        Blame {
            wanted,
            touches: Vec::new(),
            asked: HashMap::new(),
            begun: HashMap::new(),
            requests: HashMap::new(),
            agents: HashMap::new(),
            rows: 0,
        }
    }

    /// Adds the next row.
    pub fn push(&mut self, row: &Entry) {
        self.rows += 1;
        let (run_id, kind) = (row.text("run_id"), row.kind());
        let name = if row.name.starts_with('#') { format!("{run_id}{}", row.name) } else { row.name.clone() };
        let agent = row.text("agent_id");
        if !agent.is_empty() {
            self.agents.entry(run_id.clone()).or_insert(agent.clone());
        }
        let key = (run_id.clone(), row.text("tool_call.id"));
        if kind == Kind::ApprovalRequested {
            let asked = Request { call: key.clone(), expires_at: row.expires_at(), outcome: None };
            self.requests.entry(name.clone()).or_insert(asked);
        }
        if let Some(verdict) = kind.verdict()
            && let Some(request) = self.requests.get_mut(&row.text("answers"))
            && request.call.0 == run_id
            && is_in_time(request.expires_at, verdict, row.at)
        {
            let by = row.text("approver");
            let by = if by.is_empty() { by } else { format!(" by {by}") };
            request.outcome.get_or_insert(format!("{}{by}", verdict.word()));
        }
        let id = row.call().and_then(|call| call.id).map(|id| id.into_owned());
        let known = self.known(kind, &key, id.as_deref());
        let refs = ["artifact_ref", "output_refs", "tool_call.args"];
        let Some(path) = refs.iter().find_map(|field| self.wanted.within(row.raw(field)?)) else { return };
        if let Some((newest, _, touch)) = known.and_then(|at| self.touches.get_mut(at)) {
            *newest = self.rows;
            touch.at = row.at.or(touch.at);
            for (field, text) in [("status", &mut touch.status), ("tool_call.side_effect", &mut touch.side_effect)] {
                if row.has(field) {
                    *text = row.text(field);
                }
            }
            return;
        }
        match kind {
            Kind::ApprovalRequested if id.is_some() => drop(self.asked.insert(key.clone(), self.touches.len())),
            Kind::CallIntent => {
                self.begun.entry(run_id.clone()).or_default().intent(id.as_deref(), self.touches.len());
            }
            _ => {}
        }
        let touch = Touch {
            at: row.at,
            row: name,
            run_id,
            agent_id: agent,
            tool: row.text("tool_call.tool"),
            side_effect: row.text("tool_call.side_effect"),
            approval: String::new(),
            action: row.text("action"),
            status: row.text("status"),
            path,
        };
        self.touches.push((self.rows, key.1, touch));
    }

    /// The touch that a row of a known call belongs to: for a result that of its intent; for an
    /// intent or a repeated request that of the request; for other rows that of the call they are
    /// about.
    fn known(&mut self, kind: Kind, key: &(String, String), id: Option<&[u8]>) -> Option<usize> {
        let id = Some(id?);
        match kind {
            Kind::CallResult => self.begun.get_mut(&key.0)?.result(id),
            Kind::CallIntent => {
                let asked = self.asked.remove(key)?;
                self.begun.entry(key.0.clone()).or_default().intent(id, asked);
                Some(asked)
            }
            Kind::Step | Kind::Other => None,
            _ => self.asked.get(key).or_else(|| self.begun.get(&key.0)?.newest(id)).copied(),
        }
    }

    /// All touches, the newest first.
    pub fn finish(self) -> Vec<Touch> {
        let mut approvals: HashMap<(String, String), String> = HashMap::new();
        for request in self.requests.into_values().filter(|request| !request.call.1.is_empty()) {
            let outcome = request.outcome.unwrap_or_else(|| "asked".to_owned());
            let call = request.call;
            // A decision wins over an open request.
            let known = approvals.entry(call).or_insert_with(|| outcome.clone());
            if known == "asked" {
                *known = outcome;
            }
        }
        let mut touches = self.touches;
        touches.sort_by_key(|(newest, ..)| std::cmp::Reverse(*newest));
        let filled = touches.into_iter().map(|(_, id, mut touch)| {
            if touch.agent_id.is_empty() {
                touch.agent_id = self.agents.get(&touch.run_id).cloned().unwrap_or_default();
            }
            touch.approval = approvals.get(&(touch.run_id.clone(), id)).cloned().unwrap_or_default();
            touch
        });
        filled.collect()
    }
}

impl Touch {
    /// As a row with the columns [`COLUMNS`].
    pub fn to_json(&self) -> Vec<u8> {
        let at = self.at.map_or_else(String::new, |at| at.to_string());
        object(
            &COLUMNS,
            &[
                &at,
                &self.row,
                &self.agent_id,
                &self.tool,
                &self.side_effect,
                &self.approval,
                &self.action,
                &self.status,
                &self.path,
            ],
        )
    }

    /// As a row with the columns [`SHORT_COLUMNS`].
    pub fn to_short_json(&self) -> Vec<u8> {
        let at = self.at.map_or_else(String::new, |at| at.to_string());
        let call = match (self.tool.is_empty(), self.side_effect.is_empty()) {
            (false, false) => format!("{} ({})", self.tool, self.side_effect),
            _ => self.tool.clone(),
        };
        object(&SHORT_COLUMNS, &[&at, &self.row, &self.agent_id, &call, &self.approval, &self.action])
    }
}

fn object(names: &[&str], values: &[&String]) -> Vec<u8> {
    let mut out = Object::default();
    for (name, value) in names.iter().zip(values) {
        out.text(name, value);
    }
    out.end()
}
