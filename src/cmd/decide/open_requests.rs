//! The open requests, oldest first: how long they wait, and what waits for them.

use crate::cmd::Door;
use crate::cmd::writing::{About, Desk};
use crate::error::{Error, Exit, Result};
use crate::json;
use crate::render::{Format, Look, Rows, cell};
use crate::view::Approvals;
use crate::view::approvals::{KINDS, Request};

/// What is listed.
const COLUMNS: [&str; 8] = ["request", "age", "run", "what", "side_effect", "impact", "agent", "expires"];

/// Lists what is open.
pub fn list(desk: &Desk, output: Option<&str>, door: &mut Door<'_>) -> Result<Exit> {
    let mut approvals = Approvals::default();
    desk.look(About::Kinds(&KINDS), door, &mut approvals)?;
    let now = door.now()?;
    let format = match output {
        Some(name) => Format::parse(name)?,
        None if door.out.is_terminal() => Format::Table,
        None => Format::Jsonl,
    };
    let look = Look {
        width: door.out.is_terminal().then_some(door.columns),
        colour: false,
        zone: door.zone(false, None)?,
        terminal: door.out.is_terminal(),
        wrap: false,
    };
    let as_table = matches!(format, Format::Table | Format::Markdown);
    let mut rows = Rows::new(format, Some(COLUMNS.map(str::to_owned).to_vec()), look, false);
    let mut open = 0;
    for request in approvals.all.iter().filter(|request| request.is_open(now)) {
        open += 1;
        rows.push(&line(request, now, as_table), None, &mut door.out).map_err(|error| Error::output(&error))?;
    }
    rows.finish(&mut door.out).map_err(|error| Error::output(&error))?;
    if open == 0 && door.err.is_terminal() {
        door.note("nothing waits for approval");
    }
    Ok(Exit::Done)
}

fn line(request: &Request, now: crate::model::Instant, as_table: bool) -> Vec<u8> {
    let age = request.at.map(|at| now.ms_since(at));
    let expires = request.expires_at.map(|at| at.ms_since(now));
    let span = |ms: Option<i64>| ms.map_or_else(String::new, cell::span);
    let exact = |ms: Option<i64>| ms.map_or_else(String::new, |ms| ms.to_string());
    let shown = |ms| if as_table { span(ms) } else { exact(ms) };
    let values = [
        request.name.clone(),
        shown(age),
        request.run.clone(),
        request.action.clone(),
        request.side_effect.clone(),
        request.impact.clone(),
        request.agent.clone(),
        shown(expires),
    ];
    let mut out = b"{".to_vec();
    for (name, value) in COLUMNS.iter().zip(&values).filter(|(_, value)| !value.is_empty()) {
        if out.len() > 1 {
            out.push(b',');
        }
        // For a program the unit stands in the name.
        let unit = if matches!(*name, "age" | "expires") && !as_table { "_ms" } else { "" };
        json::quote_into(&format!("{name}{unit}"), &mut out);
        out.push(b':');
        match unit {
            "" => json::quote_into(value, &mut out),
            _ => out.extend_from_slice(value.as_bytes()),
        }
    }
    if !as_table {
        // What exactly is asked for.
        let texts = [("tool", &request.tool), ("reason", &request.reason), ("args_sha256", &request.args_sha256)];
        let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
        let args = Some(("args", request.args.clone().into_bytes())).filter(|(_, raw)| !raw.is_empty());
        for (name, raw) in texts.map(|(name, text)| (name, json::quote(text))).chain(args) {
            out.push(b',');
            json::quote_into(name, &mut out);
            out.push(b':');
            out.extend_from_slice(&raw);
        }
    }
    out.push(b'}');
    out
}
