//! A request for approval: what is asked for, and the call that a decision is bound to.
//!
//! Not here: whether it is decided (`approvals`), how it is shown (`render`).

use super::open_requests::is_expired;
use super::past::text;
use crate::facts::{Facts, FieldSet, Picked};
use logbook_format::digest::is_of_arguments;
use logbook_format::secrets::{MARK_BEGINS, PRIVATE_KEY};
use logbook_json as json;
use logbook_model::{Field, Instant, Verdict};

/// A request for approval. A text that the row does not have is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The name of the row.
    pub name: String,
    /// The run that waits for the decision.
    pub run: String,
    /// The step of the row; 0 if it has none.
    pub step: u64,
    /// What is asked for.
    pub action: String,
    /// The agent that asks.
    pub agent: String,
    /// The task of the run.
    pub task: String,
    /// Why the agent makes the call.
    pub rationale: String,
    /// Why approval is needed.
    pub reason: String,
    /// The rule or contract that requires a decision; `None` if the agent asked by itself.
    pub rule: Option<Rule>,
    /// The tool that would be called.
    pub tool: String,
    /// The MCP server of the tool.
    pub mcp_server: String,
    /// The contract of the call.
    pub contract: String,
    /// The arguments, a raw JSON value.
    pub args: String,
    /// The digest of the arguments, to which the decision is bound.
    pub args_sha256: String,
    /// The scope of its impact.
    pub impact: String,
    /// The side effect.
    pub side_effect: String,
    /// Whether it can be undone; `None` if the row does not say.
    pub reversible: Option<bool>,
    /// The timestamp.
    pub at: Option<Instant>,
    /// When it expires.
    pub expires_at: Option<Instant>,
    /// The decision that counts.
    pub decision: Option<Decision>,
}

/// The rule or contract that requires a decision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// The number of the policy rule, from 1; empty if a contract requires it.
    pub number: String,
    /// The name of the contract; empty if a rule requires it.
    pub contract: String,
    /// The condition that the call meets.
    pub when: String,
    /// Why, if it says so.
    pub why: String,
}

/// How the shown arguments relate to the digest that a decision is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The shown arguments have the digest.
    Exact,
    /// A secret in them was redacted, so that the digest cannot be compared. It was compared before
    /// the row was stored.
    Redacted,
    /// There is a digest, and no arguments are shown.
    Nothing,
    /// There is no digest: a decision is bound to the words of the request only.
    Unbound,
    /// The shown arguments do not have the digest.
    Other,
}

/// A decision on a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Approved, denied or expired.
    pub verdict: Verdict,
    /// The name of its row.
    pub name: String,
    /// The segment and offset of the row; `None` if the row has no place of its own.
    pub place: Option<(u64, u64)>,
    /// Who decided.
    pub by: String,
    /// The reason.
    pub why: String,
    /// The name of the row that acted on the decision: it counts once.
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
    /// The request in a row that has no name yet.
    pub fn of_row(row: &[u8]) -> Option<Request> {
        let mut values = Vec::new();
        json::pick(row, FIELDS.names(), &mut values).ok()?;
        Some(Request::read(String::new(), &Picked::new(&FIELDS, &values)))
    }

    /// The request in the row with this name.
    pub(crate) fn read(name: String, row: &impl Facts) -> Request {
        let said = |of: Field, names: &[&str]| -> Vec<String> {
            let mut members = Vec::new();
            // A value that is not an object has no members.
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

    /// The request with the task and agent of its run, if it has none of its own.
    pub fn with_run(&self, task: &str, agent: &str) -> Request {
        let or = |own: &String, of_run: &str| if own.is_empty() { of_run.to_owned() } else { own.clone() };
        Request { task: or(&self.task, task), agent: or(&self.agent, agent), ..self.clone() }
    }

    /// Whether it is not decided and may still be.
    pub fn is_open(&self, now: Instant) -> bool {
        self.decision.is_none() && !self.is_expired(now)
    }

    /// Whether it is expired.
    pub fn is_expired(&self, now: Instant) -> bool {
        is_expired(self.expires_at, now)
    }

    /// Whether no row has acted on the decision.
    pub fn is_unused(&self) -> bool {
        self.decision.as_ref().is_none_or(|decision| decision.taken_by.is_none())
    }

    /// How the shown arguments relate to the digest.
    pub fn shown(&self) -> Shown {
        match (self.args.is_empty(), self.args_sha256.is_empty()) {
            (_, true) => Shown::Unbound,
            (true, false) => Shown::Nothing,
            (false, false) if is_of_arguments(&self.args_sha256, &self.args) => Shown::Exact,
            (false, false) if self.args.contains(MARK_BEGINS) => Shown::Redacted,
            (false, false) => Shown::Other,
        }
    }

    /// Whether whole lines of the arguments are redacted. Any of them might name a program, so that
    /// nobody can know what would run.
    pub fn hides_lines(&self) -> bool {
        self.args.split(MARK_BEGINS).skip(1).any(|mark| mark.starts_with(PRIVATE_KEY))
    }

    /// Whether an approval of `self` also approves `other`: everything shown about the call is the
    /// same.
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
