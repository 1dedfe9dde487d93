//! A request for approval: what is asked for, and the call that a decision is bound to.
//!
//! Not here: what became of it (`approvals`), how it looks (`render`).

use super::open_requests::is_expired;
use super::past::text;
use crate::facts::{Facts, FieldSet, Picked};
use logbook_format::digest::is_of_arguments;
use logbook_format::secrets::{MARK_BEGINS, PRIVATE_KEY};
use logbook_json as json;
use logbook_model::{Field, Instant, Verdict};

/// A request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The name of its row.
    pub name: String,
    /// The run that waits.
    pub run: String,
    /// The step of its row; 0: it has none.
    pub step: u64,
    /// What is asked for.
    pub action: String,
    /// The agent that asks; empty: it does not say.
    pub agent: String,
    /// What the run is for; empty: it does not say.
    pub task: String,
    /// Why the agent makes the call; empty: it does not say.
    pub rationale: String,
    /// Why it is asked for; empty: it does not say.
    pub reason: String,
    /// What in the logbook asks for a decision; `None`: the agent did.
    pub rule: Option<Rule>,
    /// The tool that would be called; empty: it does not say.
    pub tool: String,
    /// The MCP server that offers it; empty: it does not say.
    pub mcp_server: String,
    /// The contract that the call goes by; empty: none.
    pub contract: String,
    /// The arguments as written, a JSON value; empty: it does not say.
    pub args: String,
    /// The digest of the arguments that the decision is bound to; empty: none.
    pub args_sha256: String,
    /// How much it touches, as written; empty: it does not say.
    pub impact: String,
    /// What it does to the world; empty: it does not say.
    pub side_effect: String,
    /// Whether it can be undone; `None`: it does not say.
    pub reversible: Option<bool>,
    /// When it was made, as it says.
    pub at: Option<Instant>,
    /// From when on no decision counts.
    pub expires_at: Option<Instant>,
    /// What was decided.
    pub decision: Option<Decision>,
}

/// What in the logbook asks for a decision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// The number of the policy rule, from 1; empty: a contract asks.
    pub number: String,
    /// The contract that asks; empty: a rule does.
    pub contract: String,
    /// The condition that the call meets.
    pub when: String,
    /// Why; empty: it does not say.
    pub why: String,
}

/// Whether the arguments that a request shows are those that a decision is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// They have the digest.
    Exact,
    /// A secret in them was redacted, so that the digest cannot be compared. Whoever stored the row
    /// compared it.
    Redacted,
    /// A digest and no arguments.
    Nothing,
    /// There is no digest: nothing but the words of the request.
    Unbound,
    /// They do not have the digest.
    Other,
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

/// The fields that a request is read from.
pub(crate) const FIELDS: FieldSet = FieldSet::of(&[
    Field::RunId,
    Field::Step,
    Field::Timestamp,
    Field::Kind,
    Field::Action,
    Field::AgentId,
    Field::Reason,
    Field::ToolCall,
    Field::ExpiresAt,
    Field::Rationale,
    Field::Policy,
    Field::Task,
]);

impl Request {
    /// The request that the row `text` makes.
    pub fn of_row(row: &[u8]) -> Option<Request> {
        let mut values = Vec::new();
        json::pick(row, FIELDS.names(), &mut values).ok()?;
        Some(Request::read(String::new(), &Picked::new(&FIELDS, &values)))
    }

    /// The request of the row of this name.
    pub(crate) fn read(name: String, row: &impl Facts) -> Request {
        let said = |of: Field, names: &[&str]| -> Vec<String> {
            let mut members = Vec::new();
            // What is no object says nothing.
            let _ = row.raw(of).map(|value| json::pick(value, names, &mut members));
            let shown = |raw: Option<&[u8]>| match raw {
                Some(b"null") | None => String::new(),
                Some(raw) if raw.starts_with(b"\"") => text(Some(raw)),
                Some(raw) => String::from_utf8_lossy(raw).into_owned(),
            };
            (0..names.len()).map(|at| shown(members.get(at).copied().flatten())).collect()
        };
        let call = ["tool", "mcp_server", "contract", "args_sha256", "impact_scope", "side_effect", "reversible"];
        let mut call = said(Field::ToolCall, &call).into_iter();
        let mut member = || call.next().unwrap_or_default();
        let mut args = Vec::new();
        let _ = row.raw(Field::ToolCall).map(|call| json::pick(call, &["args"], &mut args));
        let args = args.first().copied().flatten().filter(|args| *args != b"null");
        let rule = row.raw(Field::Policy).map(|_| {
            let mut members = said(Field::Policy, &["rule", "contract", "when"]).into_iter();
            let mut member = || members.next().unwrap_or_default();
            Rule { number: member(), contract: member(), when: member(), why: row.text(Field::Reason) }
        });
        Request {
            name,
            run: row.text(Field::RunId),
            step: row.step().unwrap_or(0),
            action: row.text(Field::Action),
            agent: row.text(Field::AgentId),
            task: row.text(Field::Task),
            rationale: row.text(Field::Rationale),
            reason: row.text(Field::Reason),
            rule: rule.filter(|rule| !(rule.number.is_empty() && rule.contract.is_empty())),
            tool: member(),
            mcp_server: member(),
            contract: member(),
            args: args.map_or_else(String::new, |raw| String::from_utf8_lossy(raw).into_owned()),
            args_sha256: member(),
            impact: member(),
            side_effect: member(),
            reversible: match member().as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            at: row.at(),
            expires_at: row.expires_at(),
            decision: None,
        }
    }

    /// The same with what its run says where it says nothing itself.
    pub fn with_run(&self, task: &str, agent: &str) -> Request {
        let or = |own: &String, of_run: &str| if own.is_empty() { of_run.to_owned() } else { own.clone() };
        Request { task: or(&self.task, task), agent: or(&self.agent, agent), ..self.clone() }
    }

    /// Whether nobody has decided, and somebody still may.
    pub fn is_open(&self, now: Instant) -> bool {
        self.decision.is_none() && !self.is_over(now)
    }

    /// Whether it is too late for a decision.
    pub fn is_over(&self, now: Instant) -> bool {
        is_expired(self.expires_at, now)
    }

    /// Whether nobody has acted on what was decided.
    pub fn is_unused(&self) -> bool {
        self.decision.as_ref().is_none_or(|decision| decision.taken_by.is_none())
    }

    /// Whether the arguments that it shows are those of its digest.
    pub fn shown(&self) -> Shown {
        match (self.args.is_empty(), self.args_sha256.is_empty()) {
            (_, true) => Shown::Unbound,
            (true, false) => Shown::Nothing,
            (false, false) if is_of_arguments(&self.args_sha256, &self.args) => Shown::Exact,
            (false, false) if self.args.contains(MARK_BEGINS) => Shown::Redacted,
            (false, false) => Shown::Other,
        }
    }

    /// Whether lines of the arguments are hidden, any of which might be a program's name: nobody
    /// can know what would run.
    pub fn hides_lines(&self) -> bool {
        self.args.split(MARK_BEGINS).skip(1).any(|mark| mark.starts_with(PRIVATE_KEY))
    }

    /// Whether a yes to `self` is one to `other`: all that was shown of the call is the same.
    pub fn asks_the_same(&self, other: &Request) -> bool {
        let call = |of: &Request| {
            let texts = [
                &of.run,
                &of.action,
                &of.tool,
                &of.mcp_server,
                &of.contract,
                &of.args,
                &of.args_sha256,
                &of.impact,
                &of.side_effect,
            ];
            (texts.map(String::clone), of.reversible)
        };
        call(self) == call(other)
    }
}
