//! The page of one run: its record, as `show` prints it. As JSON it is what `logbook show --record`
//! prints.

use super::cards::{self, Lack};
use crate::cmd::live::board::Board;
use crate::cmd::live::web::answer::{Answer, Kind};
use crate::cmd::live::web::params::Params;
use crate::cmd::live::web::site::Site;
use crate::cmd::shared::reading::{Corrections, Reading, gather, logbook_for, run_record};
use logbook_model::error::{Error, Exit, Result, nearest};
use logbook_query::Query;
use logbook_render::record::{self, page as record_page};
use logbook_render::web::pages::{Exact, FactLines, Forms, RunPage};
use logbook_render::web::table::Column;
use logbook_render::web::{Cell, Frame, Link, Tab, Table, Text};
use logbook_view::Record;

/// A run with more rows is not shown here.
const ROWS_MAX: u64 = 20_000;
/// At most this many rows of each table, the newest, unless `all` is given.
const SHOWN_MAX: usize = 200;
/// At most this many characters in a cell.
const CHARACTERS: usize = 2000;

pub fn page(site: &Site, params: &Params, kind: Kind) -> Result<Answer> {
    let id = params.get("id");
    let (rows, read_at) = {
        let board = site.board();
        (board.run(id).map(|run| run.rows).ok_or_else(|| unknown(id, &board))?, board.read_at())
    };
    if rows > ROWS_MAX {
        return Err(Error::usage(format!("run {id:?} has {rows} rows, and a page shows at most {ROWS_MAX}"))
            .hint(format!("logbook show {}", logbook_format::draft::pairs::shell_word(id))));
    }
    if kind == Kind::Json {
        let record = record(site, id)?.ok_or_else(|| gone(id))?;
        return Ok(Answer::ok(Kind::Json, [&record.to_json()[..], b"\n"].concat()));
    }
    // The board knows the children, so that not all rows need to be read for them.
    let mut record = site.run_rows.record(&site.context, id, read_at)?.ok_or_else(|| gone(id))?;
    let board = site.board();
    let mut children: Vec<(usize, String)> = board
        .runs()
        .filter(|(_, run)| run.parent() == id && run.run_id != id)
        .map(|(number, run)| (number, run.run_id.clone().into_owned()))
        .collect();
    children.sort();
    record.children = children.into_iter().map(|(_, run)| run).collect();
    Ok(Answer::page(&drawn(site, &board, &record, params)))
}

fn drawn(site: &Site, board: &Board, record: &Record, params: &Params) -> RunPage {
    let now = site.context.now();
    let lack = Lack::of(params);
    let id = &record.run_id;
    let run = board.run(id);
    let hold = board.holds().held.get(id);
    let drawn = record_page(record, &site.context.zone);
    let all = !params.get("all").is_empty();
    let mut notes = Vec::new();
    let mut tables = Vec::new();
    for table in &drawn.tables {
        let from = if all { 0 } else { table.rows.len().saturating_sub(SHOWN_MAX) };
        if from > 0 {
            let count = table.rows.len();
            notes.push(Text::from(format!("{}: the newest {SHOWN_MAX} of {count}.", table.title)));
        }
        tables.push(Table {
            caption: Text::from(table.title),
            is_plain: true,
            columns: table
                .columns
                .iter()
                .map(|title| Column { title: Text::from(*title), class: class(title) })
                .collect(),
            rows: table.rows[from..].iter().map(|row| cells(row, table.columns)).collect(),
        });
    }
    let frame = site.live_frame(board, id, Tab::Runs);
    RunPage {
        frame: Frame {
            events: Some(Link::to("/events").with("run", id)),
            generation: site.version_of(board, id),
            twin: Some(Link::to("/run.json").with("id", id)),
            ..frame
        },
        forms: Forms { run: Exact(id.clone()), done: cards::done(params, board) },
        name: Text::from(id),
        task: Text::from(record.first("task")),
        stands: Cell::status(&record.stands("status")),
        requests: board
            .open_requests(now)
            .filter(|request| request.run == *id)
            .map(|request| cards::request(request, site, board, &lack))
            .collect(),
        questions: run
            .filter(|run| cards::is_question(board, run, now))
            .map(|run| cards::question(run, now))
            .into_iter()
            .collect(),
        held: hold.map(|hold| cards::held(id, hold)).into_iter().collect(),
        may_be_held: hold.is_none() && !record.is_over(),
        facts: drawn.facts.iter().map(|fact| lines(fact, record)).collect(),
        tables,
        notes,
    }
}

/// A fact, with links to the runs in it.
fn lines(fact: &record::Fact, record: &Record) -> FactLines {
    let lines = match fact.name {
        "children" => record.children.iter().map(|child| Cell::link(child, Link::run(child))).collect(),
        "for" if !record.first("parent_run_id").is_empty() => {
            let parent = record.first("parent_run_id");
            let text = fact.lines.iter().map(|line| Cell::text(line));
            text.chain([Cell::link(&parent, Link::run(&parent))]).collect()
        }
        _ => {
            fact.lines.iter().map(|line| Cell { lines: vec![Text::cut(line, CHARACTERS)], ..Cell::default() }).collect()
        }
    };
    FactLines { name: Text::from(fact.name), lines }
}

fn cells(row: &[String], columns: &[&str]) -> Vec<Cell> {
    let cell = |(text, column): (&String, &&str)| match *column {
        "status" => Cell::status(text),
        _ => Cell { lines: text.lines().map(|line| Text::cut(line, CHARACTERS)).collect(), ..Cell::default() },
    };
    row.iter().zip(columns).map(cell).collect()
}

fn class(title: &str) -> &'static str {
    match title {
        "time" | "row" | "status" | "tool" => "tight",
        "after" | "side effect" | "approval" => "tight less",
        "more" | "arguments" | "result" => "wide less",
        _ => "wide",
    }
}

/// The record with its children, from all rows.
fn record(site: &Site, id: &str) -> Result<Option<Record>> {
    let runs = [id.to_owned()];
    let reading = Reading { dir: Some(site.context.location.path.clone()), ..Reading::default() };
    let (record, _) = site.context.command(|door| {
        let plan = gather::plan_of(&runs, true, &reading, door)?;
        let found = logbook_for(door, &reading, Corrections::wanted(&reading, &Query::default()), None)?;
        let (rows, _) = gather::passing(&found.inputs, &plan, &runs, false, door);
        Ok(run_record::record(id, &found.inputs, &rows))
    })?;
    Ok(record)
}

fn unknown(id: &str, board: &Board) -> Error {
    let error = Error::new(Exit::No, format!("no run {id:?} among {} runs", board.runs().len()));
    let near = nearest(id, board.runs().map(|(_, run)| &*run.run_id));
    match near {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error,
    }
}

fn gone(id: &str) -> Error {
    Error::new(Exit::No, format!("run {id:?} has no rows any more"))
}
