//! A run, and below it what it started and handed on: agent → agent → tool → file.

use std::collections::{HashMap, HashSet};

use super::{Call, Record};

/// Children are followed at most this many levels down.
pub const LEVELS_MAX: usize = 32;

/// One line of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Levels below the run at the top.
    pub depth: usize,
    /// The id of the run, or the name of a row of the run above.
    pub name: String,
    /// The status of a run; empty for other lines.
    pub status: String,
    /// The description.
    pub text: String,
}

/// A line or run that is still to be written.
enum Next {
    Run(String),
    Line(Node),
}

/// The tree below `run`, with each run once. `records` has the runs to follow.
pub fn tree(run: &str, records: &HashMap<String, Record>) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    // A stack, the next one last. Its depth is bounded by the levels that were read.
    let mut open = vec![(0, Next::Run(run.to_owned()))];
    while let Some((depth, next)) = open.pop() {
        let run = match next {
            Next::Line(node) => {
                nodes.push(Node { depth, ..node });
                continue;
            }
            Next::Run(run) => run,
        };
        let line = |text: &str| Node { depth, name: run.clone(), status: String::new(), text: text.to_owned() };
        let Some(record) = records.get(&run) else {
            nodes.push(line("… not followed further"));
            continue;
        };
        if !seen.insert(run.clone()) {
            nodes.push(line("(see above)"));
            continue;
        }
        let texts = [record.first("agent_id"), record.first("task")];
        let texts: Vec<&str> = texts.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
        nodes.push(Node { status: record.stands("status"), ..line(&texts.join(" · ")) });
        let below = below(record, records);
        open.extend(below.into_iter().rev().map(|(deeper, next)| (depth + deeper, next)));
    }
    nodes
}

/// What belongs below a run: its calls that changed something and its handoffs in their order, then
/// its other children. With the depth of each below the run.
fn below(record: &Record, records: &HashMap<String, Record>) -> Vec<(usize, Next)> {
    let mut found: Vec<(usize, Vec<(usize, Next)>)> = Vec::new();
    for call in &record.calls {
        let Some(first) = call.rows.first() else { continue };
        let files = files(call, record);
        let effect = call.text(&record.rows, "side_effect");
        if files.is_empty() && matches!(effect.as_str(), "" | "none" | "read") {
            continue;
        }
        let mut lines = vec![(1, line(record, *first, call_text(call, record, &effect)))];
        lines.extend(files.into_iter().map(|file| (2, line(record, *first, format!("→ {file}")))));
        found.push((*first, lines));
    }
    let mut children: Vec<&String> = record.children.iter().collect();
    for (at, row) in record.handoffs() {
        let to = row.text("handoff_to");
        let artifacts = row.artifacts().join(", ");
        let what = if artifacts.is_empty() { artifacts } else { format!(" with {artifacts}") };
        let mut lines = vec![(1, line(record, at, format!("handed to {to}{what}")))];
        // Children run by this agent belong below its handoff.
        let of_agent = |child: &&String| records.get(*child).is_some_and(|child| child.first("agent_id") == to);
        let (taken, others) = children.into_iter().partition(of_agent);
        children = others;
        let taken: Vec<&String> = taken;
        lines.extend(taken.into_iter().map(|child| (2, Next::Run(child.clone()))));
        found.push((at, lines));
    }
    found.sort_by_key(|(at, _)| *at);
    let mut below: Vec<(usize, Next)> = found.into_iter().flat_map(|(_, lines)| lines).collect();
    below.extend(children.into_iter().map(|child| (1, Next::Run(child.clone()))));
    below
}

fn line(record: &Record, row: usize, text: String) -> Next {
    let name = record.rows.get(row).map_or_else(String::new, |row| row.name.clone());
    Next::Line(Node { depth: 0, name, status: String::new(), text })
}

fn call_text(call: &Call, record: &Record, effect: &str) -> String {
    let tool = call.text(&record.rows, "tool");
    let effect = if effect.is_empty() { String::new() } else { format!(" ({effect})") };
    let result = call.result.and_then(|at| record.rows.get(at));
    let end = match result {
        None => " open: no result",
        Some(result) if result.went_wrong() => " failed",
        Some(_) => "",
    };
    format!("tool {tool}{effect}{end}")
}

/// The artifacts of a call, as its rows say; else the path in its arguments.
fn files(call: &Call, record: &Record) -> Vec<String> {
    let rows = call.rows.iter().filter_map(|at| record.rows.get(*at));
    let mut files: Vec<String> = Vec::new();
    for file in rows.flat_map(|row| row.artifacts()) {
        if !files.contains(&file) {
            files.push(file);
        }
    }
    if files.is_empty() && call.wrote(&record.rows) {
        let args = call.main_row().and_then(|at| record.rows.get(at)).and_then(|row| row.raw("tool_call.args"));
        let mut picked = Vec::new();
        if let Some(args) = args
            && logbook_json::pick(args, &["path", "file"], &mut picked).is_ok()
        {
            files.extend(picked.into_iter().flatten().map(super::entry::plain));
        }
    }
    files
}
