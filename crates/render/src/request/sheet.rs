//! Everything that a request says, as named lines, and what is dangerous about it.

use super::arguments::{self, Line};
use crate::cell;
use crate::record::page::Table;
use crate::safe::escape;
use logbook_model::{Instant, Zone};
use logbook_view::approvals::{Request, Shown};

/// A named text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The name.
    pub name: &'static str,
    /// The text, one or more lines.
    pub lines: Vec<Line>,
}

/// A request as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The name of the request.
    pub name: String,
    /// The id of its run.
    pub run: String,
    /// What is asked for.
    pub action: String,
    /// Warnings, shown in red.
    pub dangers: Vec<String>,
    /// Everything else except the arguments.
    pub items: Vec<Item>,
    /// The exact arguments.
    pub arguments: Vec<Line>,
    /// Whether it cannot be undone.
    pub is_irreversible: bool,
    /// Whether lines of arguments were left out.
    pub is_cut: bool,
}

/// The sheet of `request`, with at most `arguments_max` lines of arguments.
pub fn sheet(request: &Request, now: Instant, zone: &Zone, arguments_max: usize) -> Sheet {
    let mut items = Vec::new();
    let mut item = |name: &'static str, text: &str| {
        if !text.is_empty() {
            items.push(Item { name, lines: lines(text) });
        }
    };
    let joined = |parts: [&str; 2], between: &str| {
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(between)
    };
    item("run", &request.run);
    item("task", &request.task);
    item("agent", &request.agent);
    item("rationale", &request.rationale);
    item("tool", &joined([&request.tool, &request.mcp_server], " of MCP server "));
    item("contract", &request.contract);
    item("side effect", &request.side_effect);
    item("impact", &request.impact);
    item("reversible", if request.reversible == Some(true) { "yes" } else { "" });
    item("asked by", &asked_by(request));
    item(if request.rule.is_some() { "because" } else { "reason" }, &request.reason);
    let asked = request.at.map(|at| format!("{} ago", cell::span(now.ms_since(at))));
    item("asked", &asked.unwrap_or_default());
    let expires = request
        .expires_at
        .map(|at| format!("in {} ({} {})", cell::span(at.ms_since(now)), cell::time(at, zone), zone.short_name(at)));
    item("expires", expires.as_deref().unwrap_or("never"));
    item("request", &request.name);
    item("sha256", &request.args_sha256);
    let mut arguments = if request.args.is_empty() { Vec::new() } else { arguments::lines(&request.args) };
    let mut dangers = Vec::new();
    let is_irreversible = request.reversible == Some(false);
    if is_irreversible {
        dangers.push("IRREVERSIBLE: it cannot be undone".to_owned());
    }
    dangers.extend(match request.shown() {
        Shown::Nothing => Some("arguments not shown: only their SHA-256 is known".to_owned()),
        Shown::Other => {
            Some("the arguments shown are not those of the SHA-256: it is not known what would run".to_owned())
        }
        Shown::Redacted => Some("a secret in the arguments is hidden".to_owned()),
        Shown::Exact | Shown::Unbound => None,
    });
    let is_cut = arguments.len() > arguments_max;
    if is_cut {
        let rest = arguments.len() - arguments_max;
        arguments.truncate(arguments_max);
        dangers.push(format!("{rest} more lines of arguments are not shown here"));
    }
    Sheet {
        name: escape(&request.name).into_owned(),
        run: escape(&request.run).into_owned(),
        action: escape(&request.action).into_owned(),
        dangers,
        items,
        arguments,
        is_irreversible,
        is_cut,
    }
}

/// What requires the decision: a rule of the policy, a contract, or the agent itself.
pub fn asked_by(request: &Request) -> String {
    let Some(rule) = &request.rule else { return "the agent".to_owned() };
    let number = Some(format!("policy rule {}", rule.number)).filter(|_| !rule.number.is_empty());
    let contract = Some(format!("contract {}", rule.contract)).filter(|_| !rule.contract.is_empty());
    let who = [number, contract].into_iter().flatten().collect::<Vec<_>>().join(" and ");
    if rule.when.is_empty() { who } else { format!("{who}: {}", rule.when) }
}

/// A text, line by line.
fn lines(text: &str) -> Vec<Line> {
    let gutter = |at| if at == 0 { "" } else { "│ " };
    let line = |(at, text)| Line { gutter: gutter(at).to_owned(), text: escape(text).into_owned() };
    text.split('\n').enumerate().map(line).collect()
}

/// Open requests as a table for the page of a run; `None` if there are none.
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
