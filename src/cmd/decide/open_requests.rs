//! The list of open requests, oldest first, each with all that a person needs to decide.

use std::collections::HashMap;

use super::rows;
use crate::cmd::Door;
use crate::cmd::shared::writing::{OpenLogbook, Scope};
use logbook_format::draft::pairs::shell_word;
use logbook_json as json;
use logbook_model::error::{Exit, Result};
use logbook_model::{Address, Field, Instant, Kind};
use logbook_render::{Format, Look, cell, request as shown};
use logbook_view::approvals::{KINDS, Request};
use logbook_view::facts::{Facts, FieldSet};
use logbook_view::record::json::Object;
use logbook_view::{Approvals, Past};

/// The columns of the list.
const COLUMNS: [&str; 13] = [
    "request",
    "age",
    "run",
    "task",
    "agent",
    "what",
    "rationale",
    "side_effect",
    "impact",
    "reversible",
    "asked_by",
    "expires",
    "args",
];
/// The most lines of arguments shown per request.
const ARGUMENTS_MAX: usize = 100;

/// Lists the open requests.
pub fn list(logbook: &OpenLogbook, output: Option<&str>, door: &mut Door<'_>) -> Result<Exit> {
    let (approvals, _) = logbook.fold(Scope::Kinds(&KINDS), door, Approvals::default)?;
    let now = door.now()?;
    let format = rows::format(output, door)?;
    let look = door.look()?;
    let mut open: Vec<Request> = approvals.open(now).into_iter().cloned().collect();
    if open.iter().any(|request| request.task.is_empty() || request.agent.is_empty()) {
        let (starts, _) = logbook.fold(Scope::Kinds(&[Kind::RunStart]), door, Starts::default)?;
        for request in &mut open {
            if let Some((task, agent)) = starts.0.get(&request.run) {
                *request = request.with_run(task, agent);
            }
        }
    }
    match format {
        Format::Table => cards(&open, now, &look, door)?,
        _ => print_rows(&open, now, format, look, door)?,
    }
    if open.is_empty() && door.err.is_terminal() {
        door.note("nothing waits for approval");
    }
    Ok(Exit::Done)
}

/// Task and agent of each run, from its `run.start` row. Requests of older versions do not have
/// them.
#[derive(Default)]
struct Starts(HashMap<String, (String, String)>);

impl Past for Starts {
    const FIELDS: FieldSet = FieldSet::of(&[Field::RunId, Field::Task, Field::AgentId]);

    fn push(&mut self, row: &impl Facts, _: &Address) {
        let [run, task, agent] = [Field::RunId, Field::Task, Field::AgentId].map(|field| row.text(field));
        self.0.entry(run).or_insert((task, agent));
    }
}

/// One request after the other, in full.
fn cards(open: &[Request], now: Instant, look: &Look, door: &mut Door<'_>) -> Result<()> {
    for request in open {
        let sheet = shown::sheet(request, now, &look.zone, ARGUMENTS_MAX);
        door.out.drawn(&shown::card(&sheet, look))?;
        let name = shell_word(&request.name);
        door.out.line(&format!("  decide: logbook approve {name}, or logbook deny {name} --why '…'"))?;
        if sheet.is_cut {
            door.out.line(&format!("  all of it: logbook show {name}"))?;
        }
        door.out.line("")?;
    }
    Ok(())
}

fn print_rows(open: &[Request], now: Instant, format: Format, look: Look, door: &mut Door<'_>) -> Result<()> {
    match format {
        Format::Json | Format::Jsonl => {
            rows::print(format, None, look, open.iter().map(|request| Ok(object(request, now))), door)
        }
        _ => {
            let lines = open.iter().map(|request| Ok(cells(request, now, format == Format::Markdown)));
            rows::print(format, Some(&COLUMNS), look, lines, door)
        }
    }
}

/// A request as a JSON object.
fn object(request: &Request, now: Instant) -> Vec<u8> {
    let mut out = Object::default();
    out.text("request", &request.name);
    if let Some(at) = request.at {
        out.raw("age_ms", now.ms_since(at).to_string().as_bytes());
    }
    if let Some(at) = request.expires_at {
        out.raw("expires_ms", at.ms_since(now).to_string().as_bytes());
    }
    request.write_to(&mut out);
    out.end()
}

/// A request as a row of a table. Durations are for people with `as_table`, else in milliseconds.
fn cells(request: &Request, now: Instant, as_table: bool) -> Vec<u8> {
    let span =
        |ms: Option<i64>| ms.map_or_else(String::new, |ms| if as_table { cell::span(ms) } else { ms.to_string() });
    let reversible = request.reversible.map_or_else(String::new, |reversible| reversible.to_string());
    let values = [
        request.name.clone(),
        span(request.at.map(|at| now.ms_since(at))),
        request.run.clone(),
        request.task.clone(),
        request.agent.clone(),
        request.action.clone(),
        request.rationale.clone(),
        request.side_effect.clone(),
        request.impact.clone(),
        reversible,
        shown::asked_by(request),
        span(request.expires_at.map(|at| at.ms_since(now))),
        request.args.clone(),
    ];
    let mut out = json::Object::new();
    COLUMNS.iter().zip(&values).for_each(|(name, value)| _ = out.text(name, value));
    out.end()
}
