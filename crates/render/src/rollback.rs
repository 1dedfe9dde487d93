//! The plan that undoes a run, for people and programs.

use super::safe;
use logbook_format::draft::pairs::shell_word;
use logbook_json as json;
use logbook_view::rollback::{Rollback, Step, Undo};

/// The columns of a step.
pub const COLUMNS: [&str; 7] = ["step", "tool", "side_effect", "outcome", "how", "undo", "action"];

/// A command as it would be typed.
pub fn command_line(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
    safe::escape(&words.join(" ")).into_owned()
}

/// A step: what was done, and below it how it is undone.
pub fn step(step: &Step) -> String {
    let doubt = if step.in_doubt { ", its outcome is unknown" } else { "" };
    let undo = match &step.undo {
        Undo::Command(words) => format!("$ {}", command_line(words)),
        Undo::Procedure(text) => format!("by hand: {}", safe::escape(text)),
        Undo::Impossible(why) => format!("! cannot be undone: {}", safe::escape(why)),
    };
    let head = format!("{}  {} ({}{doubt}): {}", step.name, step.tool, step.side_effect, step.action);
    format!("{}\n    {undo}\n", safe::escape(&head))
}

/// A summary of the plan, in one line.
pub fn sum(plan: &Rollback) -> String {
    let count = |is: fn(&Undo) -> bool| plan.steps.iter().filter(|step| is(&step.undo)).count();
    let parts = [
        (count(|undo| matches!(undo, Undo::Command(_))), "by a command"),
        (count(|undo| matches!(undo, Undo::Procedure(_))), "by hand"),
        (plan.impossible(), "cannot be undone"),
        (plan.undone, "undone already"),
        (plan.failed, "failed and not in the plan"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let all = plan.steps.len();
    let head = format!("{all} side effect{} to undo", if all == 1 { "" } else { "s" });
    if parts.is_empty() { format!("{head}\n") } else { format!("{head}: {}\n", parts.join(", ")) }
}

/// A step as a row with the columns [`COLUMNS`].
pub fn json(step: &Step) -> Vec<u8> {
    let (how, undo) = match &step.undo {
        Undo::Command(words) => ("command", serde_json::to_string(words).unwrap_or_default()),
        Undo::Procedure(text) => ("by hand", String::from_utf8_lossy(&json::quote(text)).into_owned()),
        Undo::Impossible(why) => ("impossible", String::from_utf8_lossy(&json::quote(why)).into_owned()),
    };
    let outcome = if step.in_doubt { "unknown" } else { "done" };
    let texts = [&step.name, &step.tool, &step.side_effect, outcome, how];
    let mut out = b"{".to_vec();
    for (name, value) in COLUMNS.iter().zip(texts) {
        json::quote_into(name, &mut out);
        out.push(b':');
        json::quote_into(value, &mut out);
        out.push(b',');
    }
    out.extend_from_slice(format!("\"undo\":{undo},\"action\":").as_bytes());
    json::quote_into(&step.action, &mut out);
    out.push(b'}');
    out
}
