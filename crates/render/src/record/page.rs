//! A run as a page: a title, facts, tables. Texts are as the rows have them; `markdown` and `html`
//! escape them.

use super::facts::{self, Fact};
use super::terminal;
use crate::cell;
use logbook_model::Zone;
use logbook_view::record::{Call, Entry, Record};

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The id of the run, and its task.
    pub title: String,
    /// The facts.
    pub facts: Vec<Fact>,
    /// The tables.
    pub tables: Vec<Table>,
}

/// A table with a title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The title.
    pub title: &'static str,
    /// The names of the columns.
    pub columns: &'static [&'static str],
    /// The cells; a line break in one is a line break on the page.
    pub rows: Vec<Vec<String>>,
}

/// The page of a run.
pub fn page(record: &Record, zone: &Zone) -> Page {
    let task = record.first("task");
    let title = if task.is_empty() { record.run_id.clone() } else { format!("{}: {task}", record.run_id) };
    let calls = record.calls.iter().map(|call| call_cells(record, call)).collect();
    let timeline = record.rows.iter().map(|row| timeline_cells(record, row, zone)).collect();
    let zone_name = record.rows.iter().rev().find_map(|row| row.at).map(|at| zone.short_name(at));
    let mut facts = facts::facts(record, zone);
    if let Some(zone) = zone_name {
        facts.push(Fact { name: "zone", lines: vec![zone] });
    }
    let tables = vec![
        Table {
            title: "Calls",
            columns: &["row", "tool", "side effect", "arguments", "approval", "result"],
            rows: calls,
        },
        Table { title: "Timeline", columns: &["time", "after", "row", "status", "what", "more"], rows: timeline },
    ];
    Page { title, facts, tables: tables.into_iter().filter(|table| !table.rows.is_empty()).collect() }
}

fn call_cells(record: &Record, call: &Call) -> Vec<String> {
    let rows = &record.rows;
    let row = |at: Option<usize>| at.and_then(|at| rows.get(at));
    let text = |member: &str| call.text(rows, member);
    let mut effect = text("side_effect");
    if text("reversible") == "false" {
        effect.push_str(", irreversible");
    }
    let names: Vec<&str> = call.rows.iter().filter_map(|at| rows.get(*at)).map(|row| row.name.as_str()).collect();
    let mut about = record.approvals.iter().filter(|approval| {
        let request = approval.request;
        request.is_some_and(|request| {
            call.rows.contains(&request) || call.rows.first() == rows.get(request).and_then(|row| row.head.as_ref())
        })
    });
    let approval = about.next().map_or_else(String::new, |approval| {
        let by = row(approval.decision).map_or_else(String::new, |row| row.text("approver"));
        let outcome = approval.outcome(rows);
        if by.is_empty() { outcome } else { format!("{outcome} by {by}") }
    });
    let result = match row(call.result) {
        None => "open: no result".to_owned(),
        Some(result) => {
            let parts = [text("exit_code"), result.text("error"), result.artifacts().join(", ")];
            let words = ["exit ", "", ""];
            let parts = parts.iter().zip(words).filter(|(part, _)| !part.is_empty());
            parts.map(|(part, word)| format!("{word}{part}")).collect::<Vec<_>>().join("; ")
        }
    };
    vec![names.join(" "), text("tool"), effect, text("args"), approval, result]
}

fn timeline_cells(record: &Record, row: &Entry, zone: &Zone) -> Vec<String> {
    let head = row.head.and_then(|head| record.rows.get(head));
    let name = head.map_or_else(|| row.name.clone(), |head| format!("{} (of {})", row.name, head.name));
    let what: Vec<String> = ["kind", "phase", "action"].iter().map(|field| row.text(field)).collect();
    let what: Vec<&str> = what.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let mut more = terminal::under(row, head.is_some());
    for amended in &row.amended {
        more.push(crate::amended::line(amended, zone));
    }
    vec![
        row.at.map_or_else(String::new, |at| cell::time(at, zone)),
        row.since_ms.map_or_else(String::new, cell::span),
        name,
        row.text("status"),
        what.join(" · "),
        more.join("\n"),
    ]
}
