//! A run in a few named lines: who, what, with what, how long, for whom, what went wrong, who
//! approved it.

use crate::{cell, table};
use logbook_json::Decimal;
use logbook_model::{Kind, Zone};
use logbook_view::Facts;
use logbook_view::record::{Approval, Entry, Record};

/// A fact about a run. Texts are as the rows have them: the writer of a format escapes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The name.
    pub name: &'static str,
    /// The text, one or more lines.
    pub lines: Vec<String>,
}

/// All facts about a run, the most important first.
pub fn facts(record: &Record, zone: &Zone) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut fact = |name: &'static str, lines: Vec<String>| {
        let lines: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        if !lines.is_empty() {
            facts.push(Fact { name, lines });
        }
    };
    about(record, zone, &mut fact);
    outcomes(record, &mut fact);
    afterwards(record, &mut fact);
    facts
}

/// What the run is: its state, who, with what, for whom, and its totals.
fn about(record: &Record, zone: &Zone, fact: &mut impl FnMut(&'static str, Vec<String>)) {
    fact("status", vec![status(record)]);
    fact("blocked on", vec![record.blocked_on()]);
    fact("next", vec![record.next_intent()]);
    fact("task", vec![in_turn(record, "task")]);
    fact(
        "agent",
        vec![joined(&[
            said("", in_turn(record, "agent_id")),
            said("version ", in_turn(record, "agent_version")),
            said("model ", in_turn(record, "model")),
            said("prompt ", in_turn(record, "prompt_version")),
            said("on ", in_turn(record, "host")),
        ])],
    );
    let asked = [
        said("asked by ", in_turn(record, "requester")),
        said("owner ", in_turn(record, "owner")),
        said("parent ", in_turn(record, "parent_run_id")),
        said("turn ", in_turn(record, "turn_id")),
    ];
    fact("for", vec![joined(&asked)]);
    fact("inputs", vec![listed(record, "inputs")]);
    fact("read", vec![listed(record, "input_refs")]);
    fact("tools", vec![listed(record, "tools_available")]);
    fact("permitted", vec![listed(record, "permissions")]);
    fact("time", vec![time(record, zone)]);
    fact("cost", vec![cost(record)]);
    fact("calls", vec![calls(record)]);
}

/// What was decided and produced, and what went wrong.
fn outcomes(record: &Record, fact: &mut impl FnMut(&'static str, Vec<String>)) {
    let rows = &record.rows;
    fact("approvals", record.approvals.iter().map(|approval| decided(approval, rows)).collect());
    // Denied requests are among the approvals.
    let refused = record.denied().filter(|(_, row)| !row.is(Kind::ApprovalDenied));
    fact("denied", refused.map(|(_, row)| with_why(row, &row.text("action"))).collect());
    let policy = record.valid().filter(|(_, row)| row.has("policy") && !row.denies());
    fact(
        "policy",
        policy.map(|(_, row)| with_why(row, &format!("{}: {}", row.text("action"), row.text("policy")))).collect(),
    );
    let answers = record.answers.iter().filter_map(|answer| rows.get(answer.answer));
    fact("answers", answers.map(|row| format!("{}{}: {}", row.name, by(row), row.answer())).collect());
    let artifacts = record.artifacts();
    fact("artifacts", vec![artifacts.into_iter().map(|(artifact, _)| artifact).collect::<Vec<_>>().join(", ")]);
    fact("errors", record.valid().filter(|(_, row)| row.went_wrong()).map(|(_, row)| error(row)).collect());
    fact("retries", record.valid().filter(|(_, row)| row.is_retry()).map(|(_, row)| retry(row)).collect());
}

/// What was said about the run and its rows since, and where the work went.
fn afterwards(record: &Record, fact: &mut impl FnMut(&'static str, Vec<String>)) {
    let escalated = record.valid().filter(|(_, row)| row.has("escalated_to"));
    fact("escalated", escalated.map(|(_, row)| format!("{} to {}", row.name, row.text("escalated_to"))).collect());
    let corrected = record.rows.iter().flat_map(|row| row.amended.iter().map(move |amended| (row, amended)));
    fact(
        "corrected",
        corrected
            .map(|(row, amended)| {
                let by = if amended.agent_id.is_empty() { &amended.by } else { &amended.agent_id };
                format!(
                    "{} {}by {by}{}",
                    row.name,
                    if amended.retracted { "retracted " } else { "" },
                    dash(&amended.reason)
                )
            })
            .collect(),
    );
    let rating =
        record.newest("rating").map(|row| format!("{}{}{}", row.text("rating"), by(row), dash(&row.text("reason"))));
    fact("review", rating.into_iter().collect());
    let evidence = record.valid().filter(|(_, row)| row.has("evidence"));
    fact("evidence", evidence.map(|(_, row)| format!("{} {}", row.name, row.list("evidence").join(", "))).collect());
    fact("state", record.newest("state_version").map(|row| row.text("state_version")).into_iter().collect());
    fact("handed on", record.handoffs().map(|(_, row)| handoff(row)).collect());
    fact("children", vec![record.children.join(", ")]);
}

/// `✓ done · succeeded`
fn status(record: &Record) -> String {
    let open = if record.is_over() { String::new() } else { record.stands("action") };
    joined(&[table::status(&record.stands("status")), record.stands("final_status"), open])
}

/// `atlas-4, then corvid-2 (#9)`
fn in_turn(record: &Record, field: &str) -> String {
    let mut text = String::new();
    for (at, said) in record.said(field).iter().enumerate() {
        let value = logbook_view::record::entry::plain(&said.raw);
        match (at, record.rows.get(said.row)) {
            (0, _) | (_, None) => text.push_str(&value),
            (_, Some(row)) => text.push_str(&format!(", then {value} ({})", row.name)),
        }
    }
    text
}

/// All values of a field, each element once.
fn listed(record: &Record, field: &str) -> String {
    let mut all: Vec<String> = Vec::new();
    for said in record.said(field) {
        for item in logbook_view::record::entry::items(&said.raw) {
            if !all.contains(&item) {
                all.push(item);
            }
        }
    }
    all.join(", ")
}

fn time(record: &Record, zone: &Zone) -> String {
    let at = |row: Option<&Entry>| row.and_then(|row| row.at);
    let (Some(first), Some(last)) = (at(record.rows.first()), at(record.rows.last())) else {
        return String::new();
    };
    let (first_text, last_text) = (cell::time(first, zone), cell::time(last, zone));
    let same_day = first_text.get(..10) == last_text.get(..10);
    let last_text = if same_day { last_text.get(11..).unwrap_or(&last_text) } else { &last_text };
    let mut text =
        format!("{first_text} to {last_text} {}, {}", zone.short_name(last), cell::span(last.ms_since(first)));
    if let Some(waited) = record.sum("wait_ms") {
        let ms = waited.to_string().parse().map_or_else(|_| format!("{waited} ms"), cell::span);
        text.push_str(&format!(", {ms} of it waiting"));
    }
    text
}

fn cost(record: &Record) -> String {
    let amount =
        |field: &str, unit: &str| record.sum(field).map_or_else(String::new, |sum: &Decimal| format!("{sum} {unit}"));
    joined(&[amount("cost_usd", "USD"), amount("tokens_in", "tokens in"), amount("tokens_out", "tokens out")])
}

/// `7: 3 write, 2 read; 1 open`
fn calls(record: &Record) -> String {
    if record.calls.is_empty() {
        return String::new();
    }
    let mut effects: Vec<(String, usize)> = Vec::new();
    for call in &record.calls {
        let effect = call.text(&record.rows, "side_effect");
        match effects.iter_mut().find(|(known, _)| *known == effect) {
            Some((_, count)) => *count += 1,
            None => effects.push((effect, 1)),
        }
    }
    let named = |(effect, count): &(String, usize)| match effect.as_str() {
        "" => format!("{count} unspecified"),
        effect => format!("{count} {effect}"),
    };
    let effects: Vec<String> = effects.iter().map(named).collect();
    let open = record.calls.iter().filter(|call| call.is_open()).count();
    let open = if open > 0 { format!("; {open} open, without a result") } else { String::new() };
    format!("{}: {}{open}", record.calls.len(), effects.join(", "))
}

/// `#4 denied by jonas: write to the shop — not before the audit`
fn decided(approval: &Approval, rows: &[Entry]) -> String {
    let row = |at: Option<usize>| at.and_then(|at| rows.get(at));
    let Some(told) = row(approval.main_row()) else { return String::new() };
    let decision = row(approval.decision);
    let whom = match decision {
        None => told.text("blocked_on"),
        Some(_) => told.text("action"),
    };
    let (by, why) = decision.map_or_else(Default::default, |row| (by(row), dash(&row.text("reason"))));
    format!("{} {}{by}: {whom}{why}", told.name, approval.outcome(rows))
}

fn with_why(row: &Entry, text: &str) -> String {
    format!("{} {text}{}{}", row.name, by(row), dash(&row.text("reason")))
}

/// `#9 draft the notes: overloaded`
fn error(row: &Entry) -> String {
    let error = row.text("error");
    let exit = row.text("tool_call.exit_code");
    let why = match (error.is_empty(), exit.is_empty()) {
        (false, _) => format!(": {error}"),
        (true, false) if exit != "0" => format!(": exit {exit}"),
        (true, _) => String::new(),
    };
    format!("{} {}{why}", row.name, row.text("action"))
}

fn retry(row: &Entry) -> String {
    let mut parts = Vec::new();
    for (words, field) in [
        ("attempt ", "attempt"),
        ("again after ", "retry_of"),
        ("instead of ", "fallback_of"),
        ("owner ", "retry_owner"),
    ] {
        parts.push(said(words, row.text(field)));
    }
    format!("{} {}: {}", row.name, row.text("action"), joined(&parts))
}

/// `#5 to writer: notes.md — the facts are checked`
fn handoff(row: &Entry) -> String {
    let what = row.artifacts().join(", ");
    let what = if what.is_empty() { what } else { format!(": {what}") };
    let reason = row.text("reason");
    format!("{} to {}{what}{}", row.name, row.text("handoff_to"), dash(if reason.is_empty() { "" } else { &reason }))
}

fn by(row: &Entry) -> String {
    said(" by ", row.text("approver"))
}

fn dash(reason: &str) -> String {
    said(" — ", reason.to_owned())
}

fn said(words: &str, text: String) -> String {
    if text.is_empty() { text } else { format!("{words}{text}") }
}

fn joined(parts: &[String]) -> String {
    let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}
