//! Requests for approval and what became of them: the first valid decision by position counts, once.

use std::collections::HashMap;

use super::past::{Past, name, text};
use crate::json;
use crate::model::{Address, Instant};

/// How a request was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Approved,
    /// No.
    Denied,
    /// Nobody decided in time.
    Expired,
}

impl Verdict {
    /// Its word, as `approval_state` has it.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Approved => "approved",
            Verdict::Denied => "denied",
            Verdict::Expired => "expired",
        }
    }
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What it says.
    pub verdict: Verdict,
    /// The name of its row.
    pub name: String,
    /// Where that row stands: `None`, if it has no place of its own.
    pub place: Option<(u64, u64)>,
    /// Who decided.
    pub by: String,
    /// Why.
    pub why: String,
    /// The name of the row that acted on it: it counts once.
    pub taken_by: Option<String>,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The name of its row.
    pub name: String,
    /// Its key, if it was given one.
    pub id: String,
    /// The run that waits.
    pub run: String,
    /// What is asked for.
    pub action: String,
    /// The agent that asks.
    pub agent: String,
    /// The tool that would be called; empty: it does not say.
    pub tool: String,
    /// The arguments as written, a JSON value; empty: it does not say.
    pub args: String,
    /// Why it is asked for; empty: it does not say.
    pub reason: String,
    /// The digest of the arguments that the decision is bound to; empty: none.
    pub args_sha256: String,
    /// How much it touches, as written; empty: it does not say.
    pub impact: String,
    /// What it does to the world; empty: it does not say.
    pub side_effect: String,
    /// When it was made, as it says.
    pub at: Option<Instant>,
    /// From when on no decision counts.
    pub expires_at: Option<Instant>,
    /// What was decided.
    pub decision: Option<Decision>,
}

impl Request {
    /// Whether nobody has decided, and somebody still may.
    pub fn is_open(&self, now: Instant) -> bool {
        self.decision.is_none() && !self.is_over(now)
    }

    /// Whether it is too late for a decision.
    pub fn is_over(&self, now: Instant) -> bool {
        self.expires_at.is_some_and(|expires_at| now >= expires_at)
    }
}

/// All requests, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approvals {
    /// The requests.
    pub all: Vec<Request>,
    by_name: HashMap<String, usize>,
}

/// The kinds of the rows that requests and decisions are.
pub const KINDS: [&str; 4] = ["approval.requested", "approval.approved", "approval.denied", "approval.expired"];

impl Approvals {
    /// The request with this name or key: the newest, where a key stands twice.
    pub fn find(&self, name: &str) -> Option<&Request> {
        let by_id = || self.all.iter().rev().find(|request| !request.id.is_empty() && request.id == name);
        self.by_name.get(name).and_then(|at| self.all.get(*at)).or_else(by_id)
    }

    fn answered(&mut self, answers: &str) -> Option<&mut Request> {
        self.by_name.get(answers).copied().and_then(|at| self.all.get_mut(at))
    }
}

impl Past for Approvals {
    const FIELDS: &'static [&'static str] = &[
        "run_id",
        "step",
        "kind",
        "timestamp",
        "id",
        "action",
        "agent_id",
        "answers",
        "approver",
        "reason",
        "tool_call",
        "expires_at",
    ];

    fn push(&mut self, fields: &[Option<&[u8]>], place: &Address) {
        let kind = text(fields[2]);
        let instant = |at: usize| Instant::parse(&text(fields[at]));
        let verdict = match kind.as_str() {
            "approval.requested" => None,
            "approval.approved" => Some(Verdict::Approved),
            "approval.denied" => Some(Verdict::Denied),
            "approval.expired" => Some(Verdict::Expired),
            "call.intent" | "note" if fields[7].is_some() => {
                let by = name(fields[0], fields[1], place);
                if let Some(decision) = self.answered(&text(fields[7])).and_then(|request| request.decision.as_mut()) {
                    decision.taken_by.get_or_insert(by);
                }
                return;
            }
            _ => return,
        };
        let own = name(fields[0], fields[1], place);
        let Some(verdict) = verdict else {
            let mut members = Vec::new();
            // What is no object says nothing.
            let _ = fields[10].map(|call| {
                json::pick(call, &["args_sha256", "impact_scope", "side_effect", "tool", "args"], &mut members)
            });
            let member = |at: usize| members.get(at).copied().flatten();
            let impact = match member(1) {
                Some(raw) if raw.starts_with(b"\"") => text(Some(raw)),
                raw => raw.map_or_else(String::new, |raw| String::from_utf8_lossy(raw).into_owned()),
            };
            // Of two rows that claim one name the first owns it.
            self.by_name.entry(own.clone()).or_insert(self.all.len());
            self.all.push(Request {
                name: own,
                id: text(fields[4]),
                run: text(fields[0]),
                action: text(fields[5]),
                agent: text(fields[6]),
                tool: text(member(3)),
                args: member(4).map_or_else(String::new, |raw| String::from_utf8_lossy(raw).into_owned()),
                reason: text(fields[9]),
                args_sha256: text(member(0)),
                impact,
                side_effect: text(member(2)),
                at: instant(3),
                expires_at: instant(11),
                decision: None,
            });
            return;
        };
        let decided_at = instant(3);
        let (by, why) = (text(fields[8]), text(fields[9]));
        let place = match place {
            Address::Place { segment, offset } => Some((*segment, *offset)),
            Address::Step { .. } => None,
        };
        if let Some(request) = self.answered(&text(fields[7]))
            && request.decision.is_none()
            && (verdict == Verdict::Expired || decided_at.is_none_or(|at| !request.is_over(at)))
        {
            request.decision = Some(Decision { verdict, name: own, place, by, why, taken_by: None });
        }
    }
}
