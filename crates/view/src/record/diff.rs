//! Two runs compared: their inputs, the first step in which they differ, how much happened, what
//! only one of them did.

use std::collections::{HashMap, HashSet};

use super::entry::items;
use super::fold::{SAID, SUMS};
use super::{Call, Entry, Record};
use crate::facts::Facts;
use logbook_format::rows::what_was_judged;
use logbook_model::{Field, Kind};

/// Fields that are listed first, even if they are equal.
const FIRST: [&str; 4] = ["task", "model", "prompt_version", "tools_available"];
/// Fields that always differ: ids and the host.
const ALWAYS_DIFFERS: [&str; 3] = ["parent_run_id", "turn_id", "host"];

/// A difference, or a value that is listed although it is equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What is compared.
    pub what: String,
    /// The value of the first run; empty if it has none.
    pub a: String,
    /// The value of the second run.
    pub b: String,
    /// Whether it makes the runs count as different. Time and cost do not: they always differ.
    pub counts: bool,
    /// Whether the values are equal.
    pub is_same: bool,
}

/// The differences between `a` and `b`, the most important first.
pub fn diff(a: &Record, b: &Record) -> Vec<Difference> {
    let mut found = Found { list: Vec::new() };
    FIRST.iter().for_each(|field| found.given(field, a, b));
    let (steps_of_a, steps_of_b) = (steps(a), steps(b));
    found.first_different_step(&steps_of_a, &steps_of_b);
    for field in ["status", "final_status"] {
        found.pair(field, a.stands(field), b.stands(field));
    }
    for field in ["rating", "state_version"] {
        let text = |record: &Record| record.newest(field).map_or_else(String::new, |row| row.text(field));
        found.pair(field, text(a), text(b));
    }
    let rest = SAID.iter().filter(|field| !FIRST.contains(field) && !ALWAYS_DIFFERS.contains(field));
    rest.for_each(|field| found.given(field, a, b));
    found.pair("steps", steps_of_a.len().to_string(), steps_of_b.len().to_string());
    for ((what, of_a), (_, of_b)) in a.counts(None).into_iter().zip(b.counts(None)) {
        found.pair(what, of_a.to_string(), of_b.to_string());
    }
    let retries = |record: &Record| record.valid().filter(|(_, row)| row.is_retry()).count().to_string();
    found.pair("retries", retries(a), retries(b));
    found.counts("side effect", &effects(a), &effects(b));
    found.sets("approval", &approvals(a), &approvals(b));
    let artifacts = |record: &Record| record.artifacts().into_iter().map(|(artifact, _)| artifact).collect::<Vec<_>>();
    found.sets("artifact", &artifacts(a), &artifacts(b));
    let calls = |record: &Record| record.calls.iter().map(|call| call_text(record, call)).collect::<Vec<_>>();
    found.sets("call", &calls(a), &calls(b));
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
    fn push(&mut self, what: &str, a: String, b: String, is_same: bool) {
        self.list.push(Difference { what: what.to_owned(), a, b, counts: !is_same, is_same });
    }

    fn pair(&mut self, what: &str, a: String, b: String) {
        if a != b {
            self.push(what, a, b, false);
        }
    }

    /// Compares a field of the start of a run. Of lists, only the elements that one of them lacks
    /// are listed.
    fn given(&mut self, field: &str, a: &Record, b: &Record) {
        let (of_a, of_b) = (all(a, field), all(b, field));
        let only = |of: &[String], other: &[String]| -> Vec<String> {
            of.iter().filter(|item| !other.contains(item)).cloned().collect()
        };
        let same = of_a == of_b;
        let (of_a, of_b) = match field {
            "tools_available" | "permissions" | "input_refs" if !same => {
                (only(&of_a, &of_b).join(", "), only(&of_b, &of_a).join(", "))
            }
            "tools_available" => (of_a.join(", "), of_b.join(", ")),
            _ => (of_a.join(", then "), of_b.join(", then ")),
        };
        if !same {
            self.pair(field, of_a, of_b);
        } else if FIRST.contains(&field) && !of_a.is_empty() {
            self.push(field, of_a, of_b, true);
        }
    }

    /// Lists what only one of them has, one difference each.
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

    /// Finds the first step that differs.
    fn first_different_step(&mut self, a: &[Step], b: &[Step]) {
        let apart = (0..a.len().max(b.len())).find(|at| match (a.get(*at), b.get(*at)) {
            (Some(a), Some(b)) => !a.is_like(b),
            _ => true,
        });
        let Some(at) = apart else { return };
        let (a, b) = (a.get(at), b.get(at));
        let text = |step: Option<&Step>| step.map_or_else(|| "(nothing more)".to_owned(), Step::text);
        self.push("first step apart", text(a), text(b), false);
        // Listed separately, since the actions of both may be equal.
        if let (Some(a), Some(b)) = (a, b) {
            self.pair("its tool", a.tool.clone(), b.tool.clone());
            self.pair("its arguments", a.args.clone(), b.args.clone());
        }
    }
}

/// What a run did in one step or call, without who, when and at what cost.
#[derive(Default)]
struct Step {
    name: String,
    action: String,
    tool: String,
    args: String,
    /// The outcome; empty if all went well.
    end: String,
}

impl Step {
    fn is_like(&self, other: &Step) -> bool {
        (&self.action, &self.tool, &self.args, &self.end) == (&other.action, &other.tool, &other.args, &other.end)
    }

    /// `#3 run tests (exit 1)`
    fn text(&self) -> String {
        let did = if self.action.is_empty() { &self.tool } else { &self.action };
        let end = if self.end.is_empty() { String::new() } else { format!(" ({})", self.end) };
        format!("{} {did}{end}", self.name)
    }
}

/// The steps of a run: each call once, where it began, and each request with its decision. The
/// beginning and end of the run and notes about it are left out.
fn steps(record: &Record) -> Vec<Step> {
    let calls: HashMap<usize, &Call> =
        record.calls.iter().filter_map(|call| Some((*call.rows.first()?, call))).collect();
    let of_calls: HashSet<usize> = record.calls.iter().flat_map(|call| call.rows.iter().copied()).collect();
    let asked: HashMap<usize, String> = record
        .approvals
        .iter()
        .filter_map(|approval| Some((approval.request?, approval.outcome(&record.rows))))
        .collect();
    let step = |(at, row): (usize, &Entry)| {
        let mut step = Step { name: row.name.clone(), action: row.text("action"), ..Step::default() };
        match (calls.get(&at), row.kind()) {
            (Some(call), _) => {
                let told = call.main_row().and_then(|at| record.rows.get(at)).unwrap_or(row);
                step.action = told.text("action");
                (step.tool, step.args) = call_texts(record, call);
                step.end = call_end(record, call);
            }
            _ if of_calls.contains(&at) => return None,
            (_, Kind::ApprovalRequested) => step.end = asked.get(&at).cloned().unwrap_or_default(),
            (_, Kind::PolicyDecision) if row.denies() => {
                step.action = what_was_judged(&step.action).to_owned();
                step.end = "refused".to_owned();
            }
            (_, kind @ (Kind::Answer | Kind::Hold | Kind::Release)) => {
                step.action = format!("{}: {}", kind.word(), row.text("reason"));
            }
            (_, Kind::Step | Kind::Other | Kind::Handoff) if row.went_wrong() => step.end = "failed".to_owned(),
            (_, Kind::Step | Kind::Other | Kind::Handoff) => step.end = row.text("blocked_on"),
            _ => return None,
        }
        Some(step)
    };
    record.valid().filter_map(step).collect()
}

/// The outcome of a call; empty if all went well.
fn call_end(record: &Record, call: &Call) -> String {
    let exit = call.text(&record.rows, "exit_code");
    let went_wrong = call.result.and_then(|at| record.rows.get(at)).is_some_and(Entry::went_wrong);
    match exit.as_str() {
        _ if !call.is_made(&record.rows) => "refused".to_owned(),
        "" | "0" if went_wrong => "failed".to_owned(),
        "" | "0" if call.is_open() => "no result".to_owned(),
        "" | "0" => String::new(),
        exit => format!("exit {exit}"),
    }
}

/// All values of a field of [`SAID`], elements of arrays each by itself.
fn all(record: &Record, field: &str) -> Vec<String> {
    record.said(field).iter().flat_map(|said| items(&said.raw)).collect()
}

/// The tool with its side effect, and the arguments.
fn call_texts(record: &Record, call: &Call) -> (String, String) {
    let text = |member: &str| call.text(&record.rows, member);
    let (args, effect) = (text("args"), text("side_effect"));
    let args = if args.is_empty() { text("args_sha256") } else { args };
    let effect = if effect.is_empty() { effect } else { format!(" ({effect})") };
    (format!("{}{effect}", text("tool")), args)
}

fn call_text(record: &Record, call: &Call) -> String {
    let (tool, args) = call_texts(record, call);
    format!("{tool} {args}").trim_end().to_owned()
}

fn effects(record: &Record) -> Vec<String> {
    let made = record.calls.iter().filter(|call| call.is_made(&record.rows));
    made.map(|call| call.text(&record.rows, "side_effect")).collect()
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
        format!("{}{by}: {}", approval.outcome(rows), text(approval.main_row(), "action"))
    });
    approvals.collect()
}
