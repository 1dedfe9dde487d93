//! Open requests as a table of the page of a run.

use super::arguments::Line;
use super::sheet::{Sheet, sheet};
use crate::record::page::Table;
use logbook_model::{Instant, Zone};
use logbook_view::approvals::Request;

/// The table; `None`: nothing is open.
pub fn table(requests: impl Iterator<Item = Request>, now: Instant, zone: &Zone) -> Option<Table> {
    let rows: Vec<Vec<String>> = requests.map(|request| cells(sheet(&request, now, zone, usize::MAX))).collect();
    let columns = &["request", "what", "about", "arguments"];
    (!rows.is_empty()).then_some(Table { title: "Open requests", columns, rows })
}

fn cells(sheet: Sheet) -> Vec<String> {
    let line = |line: &Line| format!("{}{}", line.gutter, line.text);
    let about = sheet.items.iter().map(|item| {
        let lines: Vec<String> = item.lines.iter().map(line).collect();
        format!("{}: {}", item.name, lines.join("\n"))
    });
    let dangers = sheet.dangers.iter().map(|danger| format!("! {danger}"));
    let about: Vec<String> = dangers.chain(about).collect();
    let arguments: Vec<String> = sheet.arguments.iter().map(line).collect();
    vec![sheet.name, sheet.action, about.join("\n"), arguments.join("\n")]
}
