//! A record as one JSON object: values as the rows have them, rows by their names.

use super::fold::{NEWEST, SAID, SUMS};
use super::{Answer, Approval, Call, Entry, Record};
use crate::Amended;
use crate::approvals::{Request, Shown};
use crate::facts::Facts;
use logbook_json as json;
use logbook_model::{Field, Kind};

/// A JSON object that is written member by member; empty texts and lists are left out.
pub struct Object {
    text: Vec<u8>,
}

impl Default for Object {
    fn default() -> Object {
        Object { text: b"{".to_vec() }
    }
}

impl Object {
    /// Adds a member with a raw value.
    pub fn raw(&mut self, name: &str, raw: &[u8]) -> &mut Object {
        if self.text.len() > 1 {
            self.text.push(b',');
        }
        json::quote_into(name, &mut self.text);
        self.text.push(b':');
        self.text.extend_from_slice(raw);
        self
    }

    /// Adds a text, unless it is empty.
    pub fn text(&mut self, name: &str, text: &str) -> &mut Object {
        if text.is_empty() { self } else { self.raw(name, &json::quote(text)) }
    }

    /// Adds an array of raw values, unless it is empty.
    pub fn list(&mut self, name: &str, items: impl IntoIterator<Item = Vec<u8>>) -> &mut Object {
        let items: Vec<Vec<u8>> = items.into_iter().collect();
        if items.is_empty() { self } else { self.raw(name, &[b"[", &items.join(&b","[..])[..], b"]"].concat()) }
    }

    /// Closes the object and returns it.
    pub fn end(&mut self) -> Vec<u8> {
        self.text.push(b'}');
        std::mem::take(&mut self.text)
    }
}

impl Record {
    /// The record as a JSON object.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Object::default();
        self.write_said(&mut out);
        self.write_totals(&mut out);
        out.list("children", self.children.iter().map(|child| json::quote(child)));
        out.list("calls", self.calls.iter().map(|call| self.call_json(call)));
        out.list("approvals", self.approvals.iter().map(|approval| self.approval_json(approval)));
        out.list("answers", self.answers.iter().map(|answer| self.answer_json(answer)));
        self.write_events(&mut out);
        out.end()
    }

    /// What the rows say about the run as a whole.
    fn write_said(&self, out: &mut Object) {
        out.text("run_id", &self.run_id);
        for field in ["status", "phase", "action"] {
            out.text(field, &self.stands(field));
        }
        out.text("blocked_on", &self.blocked_on()).text("next_intent", &self.next_intent());
        for field in SAID {
            if let Some(said) = self.said(field).first() {
                out.raw(field, &said.raw);
            }
        }
        let later = SAID.iter().flat_map(|field| self.said(field).iter().skip(1).map(move |said| (field, said)));
        out.list(
            "said_later",
            later.map(|(field, said)| {
                let row = self.rows.get(said.row).map_or("", |row| row.name.as_str());
                Object::default().text("row", row).raw(field, &said.raw).end()
            }),
        );
        out.text("final_status", &self.stands("final_status"));
        for field in NEWEST {
            if let Some(raw) = self.newest(field).and_then(|row| row.raw(field)) {
                out.raw(field, raw);
            }
        }
        if let Some(rating) = self.newest("rating") {
            out.text("rating_reason", &rating.text("reason"));
        }
    }

    /// Counts, times and sums.
    fn write_totals(&self, out: &mut Object) {
        out.raw("rows", self.valid().count().to_string().as_bytes());
        for (name, row) in [("started_at", self.rows.first()), ("timestamp", self.rows.last())] {
            if let Some(at) = row.and_then(|row| row.at) {
                out.text(name, &at.to_string());
            }
        }
        if let Some(ms) = self.lasted_ms() {
            out.raw("lasted_ms", ms.to_string().as_bytes());
        }
        for field in SUMS.map(Field::name) {
            if let Some(total) = self.sum(field) {
                out.raw(field, total.to_string().as_bytes());
            }
        }
    }

    /// Lists of the rows in which something happened.
    fn write_events(&self, out: &mut Object) {
        let rows = |holds: &dyn Fn(&Entry) -> bool, fields: &[&str]| {
            let rows = self.valid().filter(|(_, row)| holds(row));
            rows.map(|(_, row)| {
                let mut out = Object::default();
                out.text("row", &row.name);
                with(&mut out, Some(row), fields);
                out.end()
            })
            .collect::<Vec<_>>()
        };
        out.list("denied", rows(&Entry::denies, &["kind", "action", "approver", "policy", "reason"]));
        out.list("policy", rows(&|row| row.has("policy"), &["action", "policy", "approval_state", "reason"]));
        let handoff = |row: &Entry| row.is(Kind::Handoff) || row.has("handoff_to");
        out.list(
            "handoffs",
            rows(&handoff, &["agent_id", "handoff_to", "artifact_ref", "output_refs", "action", "reason"]),
        );
        out.list(
            "artifacts",
            self.artifacts().into_iter().map(|(artifact, row)| {
                Object::default().text("row", &self.name(Some(row))).text("artifact", &artifact).end()
            }),
        );
        out.list("errors", rows(&Entry::went_wrong, &["action", "status", "error"]));
        let retry = ["action", "attempt", "retry_of", "retry_owner", "fallback_of", "model"];
        out.list("retries", rows(&Entry::is_retry, &retry));
        out.list("escalations", rows(&|row| row.has("escalated_to"), &["action", "escalated_to"]));
        out.list("evidence", rows(&|row| row.has("evidence"), &["evidence"]));
        let corrected = self.rows.iter().flat_map(|row| row.amended.iter().map(move |amended| (row, amended)));
        out.list("corrections", corrected.map(|(row, amended)| correction(row, amended)));
    }

    fn approval_json(&self, approval: &Approval) -> Vec<u8> {
        let row = |at: Option<usize>| at.and_then(|at| self.rows.get(at));
        let (about, decided) = (row(approval.main_row()), row(approval.decision));
        let text = |row: Option<&Entry>, field: &str| row.map_or_else(String::new, |row| row.text(field));
        let mut out = Object::default();
        out.text("request", &self.name(approval.request))
            .text("decision", &self.name(approval.decision))
            .text("outcome", &approval.outcome(&self.rows))
            .text("action", &text(about, "action"))
            .text("approver", &text(decided, "approver"))
            .text("reason", &text(decided, "reason"));
        if let Some(request) = self.request(approval) {
            let mut asked = Object::default();
            request.write_to(&mut asked);
            asked.text("expires_at", &text(about, "expires_at"));
            out.raw("asked", &asked.end());
        }
        out.end()
    }

    fn answer_json(&self, answer: &Answer) -> Vec<u8> {
        let mut out = Object::default();
        out.text("question", &self.name(answer.question)).text("answer", &self.name(Some(answer.answer)));
        with(&mut out, self.rows.get(answer.answer), &["action", "reason", "approver"]);
        out.end()
    }

    /// The name of a row; empty if there is none.
    fn name(&self, row: Option<usize>) -> String {
        row.and_then(|at| self.rows.get(at)).map_or_else(String::new, |row| row.name.clone())
    }

    fn call_json(&self, call: &Call) -> Vec<u8> {
        let mut out = Object::default();
        out.text("intent", &self.name(call.intent)).text("result", &self.name(call.result)).text("id", &call.id);
        for member in ["tool", "mcp_server", "side_effect"] {
            out.text(member, &call.text(&self.rows, member));
        }
        let raw = |field: &str| {
            let mut rows = call.intent.iter().chain(&call.result).filter_map(|at| self.rows.get(*at));
            rows.find_map(|row| row.raw(field))
        };
        for member in ["args", "args_sha256", "reversible", "impact_scope", "exit_code"] {
            if let Some(raw) = raw(&format!("tool_call.{member}")) {
                out.raw(member, raw);
            }
        }
        for field in ["rationale", "error", "duration_ms"] {
            if let Some(raw) = raw(field) {
                out.raw(field, raw);
            }
        }
        out.raw("open", call.is_open().to_string().as_bytes()).end()
    }
}

fn with(out: &mut Object, row: Option<&Entry>, fields: &[&str]) {
    for field in fields {
        if let Some(raw) = row.and_then(|row| row.raw(field)) {
            out.raw(field, raw);
        }
    }
}

fn correction(row: &Entry, amended: &Amended) -> Vec<u8> {
    let mut out = Object::default();
    out.text("row", &row.name).text("by", &amended.by).text("agent_id", &amended.agent_id);
    if amended.retracted {
        out.raw("retract", b"true");
    }
    let changes = amended.changes.iter().map(|(field, old, new)| {
        let mut change = Object::default();
        change.text("field", field);
        for (name, value) in [("before", old), ("after", new)] {
            if let Some(value) = value {
                change.raw(name, value.as_bytes());
            }
        }
        change.end()
    });
    out.list("changes", changes).text("reason", &amended.reason).end()
}

impl Request {
    /// Adds everything that a person must know to decide to `out`, except the name and times.
    pub fn write_to(&self, out: &mut Object) {
        out.text("run", &self.run).text("what", &self.action);
        out.text("task", &self.task).text("agent", &self.agent).text("rationale", &self.rationale);
        out.text("tool", &self.tool).text("mcp_server", &self.mcp_server).text("contract", &self.contract);
        out.text("side_effect", &self.side_effect).text("impact", &self.impact);
        if let Some(reversible) = self.reversible {
            out.raw("reversible", if reversible { b"true" } else { b"false" });
        }
        if let Some(rule) = &self.rule {
            let mut said = Object::default();
            said.text("number", &rule.number).text("contract", &rule.contract);
            said.text("when", &rule.when).text("why", &rule.why);
            out.raw("rule", &said.end());
        }
        out.text("reason", &self.reason).text("args_sha256", &self.args_sha256);
        out.text("args_shown", self.args_word());
        if !self.args.is_empty() {
            out.raw("args", self.args.as_bytes());
        }
    }

    /// How the shown arguments relate to the digest, as a word.
    fn args_word(&self) -> &'static str {
        match self.shown() {
            Shown::Exact => "exact",
            Shown::Redacted => "redacted",
            Shown::Nothing => "not_shown",
            Shown::Other => "others",
            Shown::Unbound if self.args.is_empty() => "no_arguments",
            Shown::Unbound => "without_digest",
        }
    }
}
