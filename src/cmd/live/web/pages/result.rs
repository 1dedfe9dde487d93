//! The output of a query as a table and notes on a page: rows of any shape, laid out as `logbook
//! query` prints them on a terminal.

use hyper::StatusCode;

use crate::cmd::live::web::answer::status_of;
use crate::cmd::live::web::child::{self, ChildOutput};
use crate::cmd::shared::reading::wording::Clauses;
use logbook_json::{self as json, Kind};
use logbook_model::error::{Error, Result};
use logbook_model::{self as model, Zone};
use logbook_query as query;
use logbook_render::web::table::{Column, Status};
use logbook_render::web::{Cell, Link, Table, Text};
use logbook_render::{cell, safe};

/// A query or filter may have at most this size.
pub const TEXT_BYTES_MAX: usize = 4096;
/// At most this many columns, if the query names none.
const COLUMNS_MAX: usize = 24;
/// At most this many characters in a cell.
const CHARACTERS: usize = 600;
/// The columns of whole rows.
const STANDARD: [(&str, &str); 6] = [
    ("time", "tight"),
    ("row", "name"),
    ("phase", "less"),
    ("status", "tight"),
    ("action", "wide"),
    ("next or blocked_on", "wide less"),
];
/// The fields that those columns are made of.
const FIELDS: [&str; 8] = ["timestamp", "run_id", "step", "phase", "status", "action", "next_intent", "blocked_on"];

/// An error as lines.
pub fn problem(error: &Error) -> Vec<Text> {
    Text::lines(&safe::error(error))
}

/// The HTTP status of an error in a query. A query that takes too long or too much memory is the
/// client's error, not the server's.
pub fn status(error: &Error) -> StatusCode {
    let status = status_of(error);
    if status.is_server_error() { StatusCode::UNPROCESSABLE_ENTITY } else { status }
}

/// Rows in these columns, or in the columns that they have.
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

/// Whole rows in the standard columns.
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

/// An error if the output was cut: a program must not take a part for the whole.
pub fn complete(ran: &ChildOutput) -> Result<()> {
    match ran.is_cut {
        false => Ok(()),
        true => Err(Error::usage(format!("the answer is more than {} MiB", child::BYTES_MAX >> 20))
            .hint("a limit, fewer fields, or logbook query")),
    }
}

/// The output of the query `text` in the columns that it names. If it names none and
/// `rows_are_whole`, rows look as on a terminal.
pub fn of_query(caption: &str, rows_are_whole: bool, text: &str, ran: &ChildOutput, zone: &Zone) -> Table {
    let rows: Vec<Vec<u8>> =
        ran.out.split(|byte| *byte == b'\n').filter(|row| !row.is_empty()).map(<[u8]>::to_vec).collect();
    // Parsed and not compiled: compiling may take long, and this process serves other clients too.
    let query = Clauses::default().query(&[text.to_owned()]).map(|(query, _)| query).unwrap_or_default();
    match query::columns(&query) {
        None if rows_are_whole && query.passes_rows_on() => whole(caption, &rows, zone),
        columns => table(caption, &rows, columns.as_deref(), zone),
    }
}

/// The notes below the rows.
pub fn notes(ran: &ChildOutput) -> Vec<Text> {
    let cut = ran.is_cut.then(|| Text::from("There is more; a limit or a filter narrows it.".to_owned()));
    cut.into_iter().chain(ran.notes.iter().map(Text::from)).collect()
}

fn shown(name: &str, raw: Option<&[u8]>, zone: &Zone) -> Cell {
    let text = cell::shown(raw, zone);
    match name {
        "run_id" | "parent_run_id" if !text.is_empty() => Cell::link(&text, Link::run(&text)),
        "status" | "rating" | "approval_state" if Status::of(&text).is_some() => Cell::status(&text),
        _ => Cell { lines: vec![Text::cut(&text, CHARACTERS)], ..Cell::default() },
    }
}

/// The names of the rows' members in order; `value` for a row that is not an object.
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
