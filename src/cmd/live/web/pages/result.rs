//! Rows of any shape as a table, as `logbook query` prints them on a terminal.

use hyper::StatusCode;

use crate::cmd::live::web::answer::status_of;
use logbook_json::{self as json, Kind};
use logbook_model::error::Error;
use logbook_model::{self as model, Zone};
use logbook_render::web::table::{Column, Status};
use logbook_render::web::{Cell, Link, Table, Text};
use logbook_render::{cell, safe};

/// Columns of rows that name none.
const COLUMNS_MAX: usize = 24;
/// Characters of one cell.
const CHARACTERS: usize = 600;
/// What a table shows of whole rows.
const STANDARD: [(&str, &str); 6] = [
    ("time", "tight"),
    ("row", "name"),
    ("phase", "less"),
    ("status", "tight"),
    ("action", "wide"),
    ("next or blocked_on", "wide less"),
];
/// The fields that those are made of.
const FIELDS: [&str; 8] = ["timestamp", "run_id", "step", "phase", "status", "action", "next_intent", "blocked_on"];

/// A failure, line by line.
pub fn problem(error: &Error) -> Vec<Text> {
    Text::lines(&safe::error(error))
}

/// With which status it is said. What took too long or too much was asked for, and is no failure of
/// the server.
pub fn status(error: &Error) -> StatusCode {
    let status = status_of(error);
    if status.is_server_error() { StatusCode::UNPROCESSABLE_ENTITY } else { status }
}

/// Rows with these columns, or with those that they have.
pub fn table(caption: &str, rows: &[Vec<u8>], columns: Option<&[String]>, zone: &Zone) -> Table {
    let own;
    let names = match columns {
        Some(columns) => columns,
        None => {
            own = names(rows);
            &own
        }
    };
    let fields: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut numbers = vec![true; fields.len()];
    let mut table = Table { caption: Text::from(caption), ..Table::default() };
    for row in rows {
        let mut values = Vec::new();
        if json::pick(row, &fields, &mut values).is_err() || json::kind(row) != Some(Kind::Object) {
            values = vec![None; fields.len()];
            if let Some(first) = values.first_mut() {
                *first = Some(json::trim(row));
            }
        }
        for (number, value) in numbers.iter_mut().zip(&values) {
            *number &= value.is_none_or(cell::is_number);
        }
        table.rows.push(fields.iter().zip(&values).map(|(name, value)| shown(name, *value, zone)).collect());
    }
    let column = |(name, number): (&String, bool)| Column {
        title: Text::from(name),
        class: if number && !rows.is_empty() { "number" } else { "" },
    };
    table.columns = names.iter().zip(numbers).map(column).collect();
    table
}

/// Whole rows.
pub fn whole(caption: &str, rows: &[Vec<u8>], zone: &Zone) -> Table {
    let mut table = Table::new(caption, &STANDARD);
    for row in rows {
        let mut values = Vec::new();
        if json::pick(row, &FIELDS, &mut values).is_err() {
            continue;
        }
        let text = |at: usize| cell::plain(values[at].filter(|raw| *raw != b"null"));
        let cut = |text: &str| Cell { lines: vec![Text::cut(text, CHARACTERS)], ..Cell::default() };
        let (run, step) = (text(1), text(2));
        let name = if step.is_empty() { run.clone() } else { format!("{run}#{step}") };
        let name = if run.is_empty() { cut(&name) } else { Cell::link(&name, Link::run(&run)) };
        let next = if model::Status::of(&text(4)) == Some(model::Status::Blocked) && !text(7).is_empty() {
            text(7)
        } else {
            text(6)
        };
        table.rows.push(vec![
            Cell::text(&cell::shown(values[0], zone)),
            name,
            cut(&text(3)),
            Cell::status(&text(4)),
            cut(&text(5)),
            cut(&next),
        ]);
    }
    table
}

fn shown(name: &str, raw: Option<&[u8]>, zone: &Zone) -> Cell {
    let text = cell::shown(raw, zone);
    match name {
        "run_id" | "parent_run_id" if !text.is_empty() => Cell::link(&text, Link::run(&text)),
        "status" | "rating" | "approval_state" if Status::of(&text).is_some() => Cell::status(&text),
        _ => Cell { lines: vec![Text::cut(&text, CHARACTERS)], ..Cell::default() },
    }
}

/// The names of the rows' members, as they come; of what is no object, `value`.
fn names(rows: &[Vec<u8>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for row in rows {
        if json::kind(row) != Some(Kind::Object) {
            if names.is_empty() {
                names.push("value".to_owned());
            }
            continue;
        }
        for member in json::Members::new(row).flatten() {
            let name = String::from_utf8_lossy(&member.name()).into_owned();
            if names.len() < COLUMNS_MAX && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}
