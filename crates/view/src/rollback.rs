//! The plan that undoes a run: its side effects in reverse order, and how each is undone.
//!
//! Not here: what a contract is (`cmd::shared::calling::contract`), the commands run
//! (`cmd::decide::rollback`).

use std::collections::HashMap;

use serde_json::Value;

use super::record::{Call, Entry, Record};
use crate::facts::Facts;
use logbook_format::secrets::MARK_BEGINS;
use logbook_model::{Kind, SideEffect};

/// What a contract says of undoing a call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Means {
    /// What the tool does to the world; empty: it does not say.
    pub side_effect: String,
    /// Whether it can be undone, if it says so.
    pub reversible: Option<bool>,
    /// How.
    pub way: Option<Way>,
}

/// How a contract undoes calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// The words of a command with `{args.x}` and `{result.x}` in them.
    Command(Vec<String>),
    /// What a person does.
    Procedure(String),
}

/// How one call is undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// By this command.
    Command(Vec<String>),
    /// By a person, so.
    Procedure(String),
    /// Not at all, and why.
    Impossible(String),
}

/// A side effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The row that began it.
    pub name: String,
    /// What was called.
    pub tool: String,
    /// What it does to the world.
    pub side_effect: String,
    /// What was done, in words.
    pub action: String,
    /// Nobody knows what came of it.
    pub in_doubt: bool,
    /// How it is undone.
    pub undo: Undo,
}

/// The plan that undoes a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rollback {
    /// What is to be undone, the newest first.
    pub steps: Vec<Step>,
    /// How much was undone already.
    pub undone: usize,
    /// Calls that failed: what they did in part is not in the plan.
    pub failed: usize,
}

/// Which contract a call goes by: the one that its rows name, else that of its tool.
pub fn contract_of(call: &Call, rows: &[Entry]) -> String {
    let named = call.text(rows, "contract");
    if named.is_empty() { call.text(rows, "tool") } else { named }
}

impl Rollback {
    /// Of a run, by the contracts of its calls.
    pub fn of(record: &Record, contracts: &HashMap<String, Means>) -> Rollback {
        let rows = &record.rows;
        let undoings = Undoings::of(record);
        let mut plan = Rollback::default();
        for call in record.calls.iter().rev() {
            let Some(row) = call.told_by().and_then(|at| rows.get(at)) else { continue };
            if row.has("undoes") {
                continue;
            }
            let contract = contract_of(call, rows);
            let means = contracts.get(&contract);
            let mut side_effect = call.text(rows, "side_effect");
            if let Some(means) = means.filter(|_| matches!(side_effect.as_str(), "" | "exec")) {
                side_effect.clone_from(&means.side_effect);
            }
            if !SideEffect::of(&side_effect).is_some_and(SideEffect::lasts) {
                continue;
            }
            let name = full_name(record, row);
            let result = call.result.and_then(|at| rows.get(at));
            if undoings.done.contains(&name) {
                plan.undone += 1;
            } else if result.is_some_and(Entry::went_wrong) {
                plan.failed += 1;
            } else {
                let undo = match undoings.in_doubt.get(&name) {
                    Some(by) => Undo::Impossible(format!("{by} began to undo it, and nobody knows what came of that")),
                    None => undo(call, rows, &contract, means),
                };
                plan.steps.push(Step {
                    name,
                    tool: call.text(rows, "tool"),
                    side_effect,
                    action: row.text("action"),
                    in_doubt: result.is_none_or(|row| row.has("tool_call.signal")),
                    undo,
                });
            }
        }
        plan
    }

    /// How many steps nothing undoes.
    pub fn impossible(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step.undo, Undo::Impossible(_))).count()
    }
}

/// What the rows of a run say was undone.
#[derive(Default)]
struct Undoings {
    done: Vec<String>,
    /// And by which row it was begun.
    in_doubt: HashMap<String, String>,
}

impl Undoings {
    fn of(record: &Record) -> Undoings {
        let mut found = Undoings::default();
        for (at, row) in record.rows.iter().enumerate().filter(|(_, row)| row.has("undoes") && !row.is_retracted()) {
            let undoes = row.text("undoes");
            match row.kind() {
                Kind::CallIntent => {
                    let call = record.calls.iter().find(|call| call.intent == Some(at));
                    match call.and_then(|call| call.result).and_then(|at| record.rows.get(at)) {
                        Some(result) if result.went_wrong() => {}
                        Some(result) if !result.has("tool_call.signal") => found.done.push(undoes),
                        _ => drop(found.in_doubt.insert(undoes, full_name(record, row))),
                    }
                }
                // A call that was not made is a note too.
                kind @ (Kind::Step | Kind::Note) if !(row.went_wrong() || kind == Kind::Note && row.has_call()) => {
                    found.done.push(undoes);
                }
                _ => {}
            }
        }
        found
    }
}

/// The name by which a row is known outside its run.
fn full_name(record: &Record, row: &Entry) -> String {
    if row.name.starts_with('#') { format!("{}{}", record.run_id, row.name) } else { row.name.clone() }
}

fn undo(call: &Call, rows: &[Entry], contract: &str, means: Option<&Means>) -> Undo {
    if call.text(rows, "reversible") == "false" {
        return Undo::Impossible("the call says so".to_owned());
    }
    let Some(means) = means else {
        return Undo::Impossible(format!("there is no contract {contract:?} that says how"));
    };
    match (&means.way, means.reversible) {
        (_, Some(false)) => Undo::Impossible(format!("contract {contract:?} says so")),
        (None, _) => Undo::Impossible(format!("contract {contract:?} does not say how")),
        (Some(Way::Procedure(text)), _) => Undo::Procedure(text.clone()),
        (Some(Way::Command(words)), _) => {
            let value = |member: &str| {
                let raw = call.rows.iter().find_map(|at| rows.get(*at)?.raw(&format!("tool_call.{member}")));
                raw.and_then(|raw| serde_json::from_slice(raw).ok())
            };
            let values = Values { args: value("args"), result: value("result") };
            match words.iter().map(|word| values.fill(word)).collect() {
                Ok(words) => Undo::Command(words),
                Err(why) => Undo::Impossible(why),
            }
        }
    }
}

/// What a template is filled with.
struct Values {
    args: Option<Value>,
    result: Option<Value>,
}

impl Values {
    /// The word with all placeholders filled in. Errors: why one cannot be.
    fn fill(&self, word: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = word;
        while let Some((before, placeholder, after)) = next_placeholder(rest) {
            out.push_str(before);
            out.push_str(&self.value(placeholder)?);
            rest = after;
        }
        Ok(out + rest)
    }

    fn value(&self, placeholder: &str) -> Result<String, String> {
        let (root, path) = placeholder.split_once('.').unwrap_or((placeholder, ""));
        let root = if root == "args" { &self.args } else { &self.result };
        let found = root.as_ref().ok_or_else(|| format!("{{{placeholder}}}: it was not kept"))?;
        let member = |value: &'_ Value, name: &str| match value {
            Value::Array(_) => name.parse::<usize>().ok().and_then(|at| value.get(at)).cloned(),
            _ => value.get(name).cloned(),
        };
        let found =
            path.split('.').filter(|name| !name.is_empty()).try_fold(found.clone(), |it, name| member(&it, name));
        let text = match found {
            None | Some(Value::Null) => return Err(format!("{{{placeholder}}}: the call has no such value")),
            Some(Value::String(text)) => text,
            Some(other) => other.to_string(),
        };
        match () {
            () if text.contains(MARK_BEGINS) => {
                Err(format!("{{{placeholder}}}: a secret stood there, which was not kept"))
            }
            () if text.contains('\0') => Err(format!("{{{placeholder}}}: a NUL stands in it")),
            () => Ok(text),
        }
    }
}

/// Text before it, what stands in its braces, text behind it. Other braces are text.
pub fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let is_ours = |inner: &str| ["args", "result"].contains(&inner.split('.').next().unwrap_or_default());
    text.match_indices('{').find_map(|(at, _)| {
        let (inner, after) = text[at + 1..].split_once('}')?;
        is_ours(inner).then(|| (&text[..at], inner, after))
    })
}
