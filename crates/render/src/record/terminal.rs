//! A run on a terminal: its facts, then its rows with their times and details. Rows of one call are
//! below its first row.

use std::fmt::Write as _;

use super::facts::Fact;
use crate::safe::escape;
use crate::table::{Look, cut, status};
use crate::{amended, cell};
use logbook_view::record::{Entry, Record};

/// The width of the names of facts.
const NAME_WIDTH: usize = 10;
/// At most this many lines of one fact are shown; the page has them all.
const FACT_LINES_MAX: usize = 6;

/// The facts as text.
pub fn draw_facts(run_id: &str, facts: &[Fact], look: &Look) -> String {
    let mut out = String::new();
    push_line(&mut out, &format!("{:NAME_WIDTH$}  {}", "run", escape(run_id)), look);
    for fact in facts {
        let many = fact.lines.len() > FACT_LINES_MAX;
        let shown = if many { FACT_LINES_MAX - 1 } else { fact.lines.len() };
        for (at, line) in fact.lines.iter().take(shown).enumerate() {
            let name = if at == 0 { fact.name } else { "" };
            push_line(&mut out, &format!("{name:NAME_WIDTH$}  {}", escape(line)), look);
        }
        if many {
            push_line(&mut out, &format!("{:NAME_WIDTH$}  … {} more", "", fact.lines.len() - shown), look);
        }
    }
    out
}

/// The timeline as text.
pub fn draw_timeline(record: &Record, look: &Look) -> String {
    let rows = &record.rows;
    let mut beneath: Vec<Vec<usize>> = vec![Vec::new(); rows.len()];
    let mut order: Vec<usize> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        match row.head.and_then(|head| beneath.get_mut(head)) {
            Some(hanging) => hanging.push(at),
            None => order.push(at),
        }
    }
    let zone = rows.iter().rev().find_map(|row| row.at).map_or_else(String::new, |at| look.zone.short_name(at));
    // A stored row may have any value as its step.
    let width = rows.iter().map(|row| escape(&row.name).chars().count()).max().unwrap_or(0);
    let mut lines = Lines { out: String::new(), look, zone, width, day: String::new() };
    for at in order {
        lines.row(&rows[at], false);
        for hanging in &beneath[at] {
            lines.row(&rows[*hanging], true);
        }
    }
    lines.out
}

struct Lines<'l> {
    out: String,
    look: &'l Look,
    zone: String,
    /// The width of the names.
    width: usize,
    day: String,
}

impl Lines<'_> {
    fn row(&mut self, row: &Entry, hangs: bool) {
        let look = self.look;
        let time = row.at.map_or_else(|| " ".repeat(19), |at| cell::time(at, &look.zone));
        let (date, clock) = time.split_at_checked(10).unwrap_or(("", &time));
        if date != self.day && !date.trim().is_empty() {
            push_line(&mut self.out, &format!("{date} {}", self.zone), look);
            date.clone_into(&mut self.day);
        }
        let since =
            row.since_ms.filter(|ms| ms.abs() >= 1000).map_or_else(String::new, |ms| format!("+{}", cell::span(ms)));
        let (name, width) = (escape(&row.name), self.width);
        let mut line = format!("{clock:>9} {since:>7}  {name:<width$}  {}", if hangs { "└ " } else { "" });
        let indent = line.chars().count();
        line.push_str(&what(row));
        push_line(&mut self.out, &line, look);
        for text in under(row, hangs) {
            push_line(&mut self.out, &format!("{:indent$}{}", "", escape(&text)), look);
        }
        for text in amended::lines(&row.amended, look) {
            push_line(&mut self.out, &format!("{:indent$}{text}", ""), look);
        }
    }
}

/// Status, kind, phase and action of a row, in one safe line.
fn what(row: &Entry) -> String {
    let mut parts = vec![status(&row.text("status"))];
    parts.extend(["kind", "phase", "action"].map(|field| escape(&row.text(field)).into_owned()));
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

/// Details of a row: its call, the outcome, what it waits for, what comes next. `hangs`: it is
/// shown below the row that it is attached to.
pub fn under(row: &Entry, hangs: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let tool = row.text("tool_call.tool");
    if !tool.is_empty() {
        let mut call = format!("tool {tool}");
        let mut add = |before: &str, field: &str, after: &str| {
            let text = row.text(field);
            if !text.is_empty() {
                let _ = write!(call, "{before}{text}{after}");
            }
        };
        add(" (", "tool_call.side_effect", ")");
        add(" exit ", "tool_call.exit_code", "");
        add(" impact ", "tool_call.impact_scope", "");
        if row.text("tool_call.reversible") == "false" {
            call.push_str(" irreversible");
        }
        lines.push(call);
        let args = row.text("tool_call.args");
        if !args.is_empty() && !hangs {
            lines.push(format!("args: {args}"));
        }
    }
    if row.open {
        lines.push("open: no result on file".to_owned());
    }
    let artifacts = row.artifacts().join(", ");
    let waited = row.text("wait_ms").parse().map_or_else(|_| String::new(), cell::span);
    let named = [
        ("handed to", row.text("handoff_to")),
        ("artifact", artifacts),
        ("read", row.list("input_refs").join(", ")),
        ("error", row.text("error")),
        ("policy", row.text("policy")),
        ("by", row.text("approver")),
        ("reason", row.text("reason")),
        ("rationale", row.text("rationale")),
        ("again after", row.text("retry_of")),
        ("instead of", row.text("fallback_of")),
        ("escalated to", row.text("escalated_to")),
        ("rating", row.text("rating")),
        ("waited", waited),
        ("blocked on", row.text("blocked_on")),
        ("next", row.text("next_intent")),
    ];
    lines.extend(named.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name}: {text}")));
    lines
}

/// Adds `line`, cut to the width.
pub(crate) fn push_line(out: &mut String, line: &str, look: &Look) {
    let line = line.trim_end();
    match look.width {
        Some(width) if !look.wrap => out.push_str(&cut(line, usize::from(width))),
        _ => out.push_str(line),
    }
    out.push('\n');
}
