//! The plan that undoes a run: its side effects in reverse order, and how to undo each.
//!
//! Not here: what a contract is (`cmd::shared::calling::contract`), running the commands
//! (`cmd::decide::rollback`).

use std::collections::HashMap;

use serde_json::Value;

use super::record::{Call, Entry, Record};
use crate::facts::Facts;
use logbook_format::secrets::MARK_BEGINS;
use logbook_model::{Kind, SideEffect};

/// What a contract says about undoing a call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UndoRule {
    /// The side effect of the tool; empty if it does not say.
    pub side_effect: String,
    /// Whether it can be undone, if the contract says so.
    pub reversible: Option<bool>,
    /// How it is undone, if the contract says so.
    pub method: Option<UndoMethod>,
}

/// How a contract undoes calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoMethod {
    /// A command, with the placeholders `{args.x}` and `{result.x}` in its words.
    Command(Vec<String>),
    /// Instructions for a person.
    Procedure(String),
}

/// How one call is undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// By this command.
    Command(Vec<String>),
    /// By a person, with these instructions.
    Procedure(String),
    /// Not at all, for this reason.
    Impossible(String),
}

/// A side effect to undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The name of the row that began the call.
    pub name: String,
    /// The tool.
    pub tool: String,
    /// The side effect.
    pub side_effect: String,
    /// The action.
    pub action: String,
    /// The outcome of the call is unknown.
    pub in_doubt: bool,
    /// How it is undone.
    pub undo: Undo,
}

/// The plan that undoes a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rollback {
    /// The steps, the newest side effect first.
    pub steps: Vec<Step>,
    /// The number of side effects that are undone already.
    pub undone: usize,
    /// The number of failed calls. What they did in part is not in the plan.
    pub failed: usize,
}

/// The contract of a call: the one that its rows name, else the one with the name of its tool.
pub fn contract_of(call: &Call, rows: &[Entry]) -> String {
    let named = call.text(rows, "contract");
    if named.is_empty() { call.text(rows, "tool") } else { named }
}

impl Rollback {
    /// The plan for `record`; `contracts` has what the contracts of its calls say.
    pub fn of(record: &Record, contracts: &HashMap<String, UndoRule>) -> Rollback {
        let rows = &record.rows;
        let undoings = Undoings::of(record);
        let mut plan = Rollback::default();
        for call in record.calls.iter().rev() {
            let Some(row) = call.main_row().and_then(|at| rows.get(at)) else { continue };
            if row.has("undoes") {
                continue;
            }
            let contract = contract_of(call, rows);
            let rule = contracts.get(&contract);
            let mut side_effect = call.text(rows, "side_effect");
            if let Some(rule) = rule.filter(|_| matches!(side_effect.as_str(), "" | "exec")) {
                side_effect.clone_from(&rule.side_effect);
            }
            if !SideEffect::of(&side_effect).is_some_and(SideEffect::is_lasting) {
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
                    Some(by) => Undo::Impossible(format!("{by} began to undo it, and the outcome is unknown")),
                    None => undo(call, rows, &contract, rule),
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

    /// The number of steps that cannot be undone.
    pub fn impossible(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step.undo, Undo::Impossible(_))).count()
    }
}

/// What the rows of a run say about undone calls.
#[derive(Default)]
struct Undoings {
    done: Vec<String>,
    /// Calls that somebody began to undo, with the name of the row that says so.
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
                // A call that was not made is stored as a note too.
                kind @ (Kind::Step | Kind::Note) if !(row.went_wrong() || kind == Kind::Note && row.has_call()) => {
                    found.done.push(undoes);
                }
                _ => {}
            }
        }
        found
    }
}

/// The name of a row with its run.
fn full_name(record: &Record, row: &Entry) -> String {
    if row.name.starts_with('#') { format!("{}{}", record.run_id, row.name) } else { row.name.clone() }
}

fn undo(call: &Call, rows: &[Entry], contract: &str, rule: Option<&UndoRule>) -> Undo {
    if call.text(rows, "reversible") == "false" {
        return Undo::Impossible("the call says so".to_owned());
    }
    let Some(rule) = rule else {
        return Undo::Impossible(format!("there is no contract {contract:?} that says how"));
    };
    match (&rule.method, rule.reversible) {
        (_, Some(false)) => Undo::Impossible(format!("contract {contract:?} says so")),
        (None, _) => Undo::Impossible(format!("contract {contract:?} does not say how")),
        (Some(UndoMethod::Procedure(text)), _) => Undo::Procedure(text.clone()),
        (Some(UndoMethod::Command(words)), _) => {
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

/// The values of placeholders.
struct Values {
    args: Option<Value>,
    result: Option<Value>,
}

impl Values {
    /// The word with all placeholders replaced. Fails with a reason if one has no value.
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
        let found = root.as_ref().ok_or_else(|| format!("{{{placeholder}}}: it was not stored"))?;
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
            () if text.contains(MARK_BEGINS) => Err(format!("{{{placeholder}}}: it was a secret, which is not stored")),
            () if text.contains('\0') => Err(format!("{{{placeholder}}}: it contains a NUL")),
            () => Ok(text),
        }
    }
}

/// The text before the next placeholder, its name, and the text behind it. Other braces are text.
pub fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let is_ours = |inner: &str| ["args", "result"].contains(&inner.split('.').next().unwrap_or_default());
    text.match_indices('{').find_map(|(at, _)| {
        let (inner, after) = text[at + 1..].split_once('}')?;
        is_ours(inner).then(|| (&text[..at], inner, after))
    })
}
