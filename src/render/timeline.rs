//! One run as lines: when, how long after the row before, what, and what is
//! attached to it underneath.

use std::fmt::Write as _;

use super::amended;
use super::cell;
use super::safe::escape;
use super::table::{Look, cut, status};
use crate::view::{Entry, Timeline};

/// The timeline as text.
pub fn draw(timeline: &Timeline, look: &Look) -> String {
    let mut out = String::new();
    let entries = &timeline.entries;
    let zone = entries.iter().rev().find_map(|entry| entry.at).map_or_else(String::new, |at| look.zone.short_name(at));
    // A row on file may say anything for its step.
    let names: Vec<_> = entries.iter().map(|entry| escape(&entry.name)).collect();
    let name_width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut day = String::new();
    for (entry, name) in entries.iter().zip(&names) {
        let time = entry.at.map_or_else(|| " ".repeat(19), |at| cell::time(at, &look.zone));
        let (date, clock) = time.split_at_checked(10).unwrap_or(("", &time));
        if date != day && !date.trim().is_empty() {
            push_line(&mut out, &format!("{date} {zone}"), look);
            date.clone_into(&mut day);
        }
        let since =
            entry.since_ms.filter(|ms| ms.abs() >= 1000).map_or_else(String::new, |ms| format!("+{}", cell::span(ms)));
        let mut line = format!("{clock:>9} {since:>7}  {name:<name_width$}  ");
        let indent = line.chars().count();
        line.push_str(&what(entry));
        push_line(&mut out, &line, look);
        for text in beneath(entry) {
            push_line(&mut out, &format!("{:indent$}{text}", ""), look);
        }
        for text in amended::lines(&entry.amended, look) {
            push_line(&mut out, &format!("{:indent$}{text}", ""), look);
        }
    }
    out
}

fn what(entry: &Entry) -> String {
    let mut parts = Vec::new();
    if !entry.status.is_empty() {
        parts.push(status(&entry.status));
    }
    for text in [&entry.kind, &entry.phase] {
        if !text.is_empty() {
            parts.push(escape(text).into_owned());
        }
    }
    let head = parts.join(" · ");
    match (head.is_empty(), entry.action.is_empty()) {
        (_, true) => head,
        (true, false) => escape(&entry.action).into_owned(),
        (false, false) => format!("{head} · {}", escape(&entry.action)),
    }
}

/// What hangs on a row: its call, artifact, reason, what it waits for, what comes next.
fn beneath(entry: &Entry) -> Vec<String> {
    let mut lines = Vec::new();
    if !entry.tool.is_empty() {
        let mut call = format!("tool {}", entry.tool);
        if !entry.side_effect.is_empty() {
            let _ = write!(call, " ({})", entry.side_effect);
        }
        if !entry.exit_code.is_empty() {
            let _ = write!(call, " exit {}", entry.exit_code);
        }
        lines.push(call);
    }
    let named = [
        ("artifact", &entry.artifact_ref),
        ("reason", &entry.reason),
        ("blocked on", &entry.blocked_on),
        ("next", &entry.next_intent),
    ];
    lines.extend(named.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name}: {text}")));
    lines.iter().map(|line| escape(line).into_owned()).collect()
}

fn push_line(out: &mut String, line: &str, look: &Look) {
    match look.width {
        Some(width) if !look.wrap => out.push_str(&cut(line, usize::from(width))),
        _ => out.push_str(line),
    }
    out.push('\n');
}
