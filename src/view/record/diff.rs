//! Two runs beside each other: what they were given, where they part, what only one of them did.

use std::collections::HashMap;

use super::entry::items;
use super::fold::{NEWEST, SAID, SUMS};
use super::{Call, Entry, Record};
use crate::model::{Field, Kind};
use crate::view::facts::Facts;

/// What is said of a run by which no two are alike: what they are called, and where they ran.
const ALWAYS_DIFFERS: [&str; 3] = ["parent_run_id", "turn_id", "host"];

/// One thing in which they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What.
    pub what: String,
    /// What the first has, or only it; empty when it has not.
    pub a: String,
    /// The same of the second.
    pub b: String,
    /// Whether the runs count as different for it: time and cost never are the same.
    pub counts: bool,
}

/// In what `a` and `b` differ.
pub fn diff(a: &Record, b: &Record) -> Vec<Difference> {
    let mut found = Found { list: Vec::new() };
    found.pair("status", a.stands("status"), b.stands("status"));
    for field in NEWEST {
        let text = |record: &Record| record.newest(field).map_or_else(String::new, |row| row.text(field));
        found.pair(field, text(a), text(b));
    }
    for field in SAID.into_iter().filter(|field| !ALWAYS_DIFFERS.contains(field)) {
        match field {
            "tools_available" | "permissions" | "input_refs" => found.sets(field, &all(a, field), &all(b, field)),
            _ => found.pair(field, all(a, field).join(", then "), all(b, field).join(", then ")),
        }
    }
    found.first_parting(a, b);
    found.sets(
        "call",
        &a.calls.iter().map(|call| call_text(a, call)).collect::<Vec<_>>(),
        &b.calls.iter().map(|call| call_text(b, call)).collect::<Vec<_>>(),
    );
    found.counts("side effect", &effects(a), &effects(b));
    found.sets("approval", &approvals(a), &approvals(b));
    let artifacts = |record: &Record| record.artifacts().into_iter().map(|(artifact, _)| artifact).collect::<Vec<_>>();
    found.sets("artifact", &artifacts(a), &artifacts(b));
    let count =
        |record: &Record, holds: fn(&Entry) -> bool| record.valid().filter(|(_, row)| holds(row)).count().to_string();
    found.pair("errors", count(a, Entry::went_wrong), count(b, Entry::went_wrong));
    found.pair("retries", count(a, Entry::is_retry), count(b, Entry::is_retry));
    found.pair("denied", count(a, Entry::denies), count(b, Entry::denies));
    let differ = found.list.len();
    for field in SUMS.map(Field::name) {
        let text = |record: &Record| record.sum(field).map_or_else(String::new, ToString::to_string);
        found.pair(field, text(a), text(b));
    }
    let lasted = |record: &Record| record.lasted_ms().map_or_else(String::new, |ms| ms.to_string());
    found.pair("lasted_ms", lasted(a), lasted(b));
    found.list.iter_mut().skip(differ).for_each(|difference| difference.counts = false);
    found.list
}

struct Found {
    list: Vec<Difference>,
}

impl Found {
    fn pair(&mut self, what: &str, a: String, b: String) {
        if a != b {
            self.list.push(Difference { what: what.to_owned(), a, b, counts: true });
        }
    }

    /// What only one of them has, one line each.
    fn sets(&mut self, what: &str, a: &[String], b: &[String]) {
        let mut left: HashMap<&String, i64> = HashMap::new();
        a.iter().for_each(|item| *left.entry(item).or_default() += 1);
        b.iter().for_each(|item| *left.entry(item).or_default() -= 1);
        for item in a {
            if let Some(count @ 1..) = left.get_mut(item) {
                *count -= 1;
                self.pair(what, item.clone(), String::new());
            }
        }
        for item in b {
            if let Some(count @ ..=-1) = left.get_mut(item) {
                *count += 1;
                self.pair(what, String::new(), item.clone());
            }
        }
    }

    fn counts(&mut self, what: &str, a: &[String], b: &[String]) {
        let mut words: Vec<&String> = a.iter().chain(b).collect();
        words.sort_unstable();
        words.dedup();
        for word in words.into_iter().filter(|word| !word.is_empty()) {
            let count = |of: &[String]| of.iter().filter(|other| *other == word).count().to_string();
            self.pair(&format!("{what} {word}"), count(a), count(b));
        }
    }

    /// The first step in which one did what the other did not.
    fn first_parting(&mut self, a: &Record, b: &Record) {
        let steps = |record: &Record| -> Vec<(String, String)> {
            let rows = record.valid().filter(|(_, row)| !(row.is(Kind::Review) || row.is(Kind::Correction)));
            rows.map(|(_, row)| (row.name.clone(), step(row))).collect()
        };
        let (a, b) = (steps(a), steps(b));
        let parts =
            (0..a.len().max(b.len())).find(|at| a.get(*at).map(|(_, text)| text) != b.get(*at).map(|(_, text)| text));
        if let Some(at) = parts {
            let text = |steps: &[(String, String)]| {
                steps.get(at).map_or_else(|| "(over)".to_owned(), |(name, text)| format!("{name} {text}"))
            };
            self.pair("first step apart", text(&a), text(&b));
        }
    }
}

/// What makes a step the same: all but who, when and what it cost.
fn step(row: &Entry) -> String {
    let fields = [
        "action",
        "status",
        "tool_call.tool",
        "tool_call.args",
        "tool_call.exit_code",
        "error",
        "blocked_on",
        "kind",
        "phase",
    ];
    let parts = fields.iter().map(|field| row.text(field)).filter(|text| !text.is_empty());
    parts.collect::<Vec<_>>().join(" · ")
}

/// All values of a field that is said once, elements of arrays each by itself.
fn all(record: &Record, field: &str) -> Vec<String> {
    record.said(field).iter().flat_map(|said| items(&said.raw)).collect()
}

fn call_text(record: &Record, call: &Call) -> String {
    let text = |member: &str| call.text(&record.rows, member);
    let (args, effect) = (text("args"), text("side_effect"));
    let args = if args.is_empty() { text("args_sha256") } else { args };
    let effect = if effect.is_empty() { effect } else { format!(" ({effect})") };
    format!("{}{effect} {args}", text("tool")).trim_end().to_owned()
}

fn effects(record: &Record) -> Vec<String> {
    record.calls.iter().map(|call| call.text(&record.rows, "side_effect")).collect()
}

/// `denied by nora: mail 41 readers`
fn approvals(record: &Record) -> Vec<String> {
    let rows = &record.rows;
    let approvals = record.approvals.iter().map(|approval| {
        let text = |at: Option<usize>, field: &str| {
            at.and_then(|at| rows.get(at)).map_or_else(String::new, |row| row.text(field))
        };
        let by = text(approval.decision, "approver");
        let by = if by.is_empty() { by } else { format!(" by {by}") };
        format!("{}{by}: {}", approval.outcome(rows), text(approval.told_by(), "action"))
    });
    approvals.collect()
}
