//! The page of all runs: cards, a filter, the list of runs and two plots. As JSON it is what
//! `logbook runs -o json` prints.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

use super::result::{self, TEXT_BYTES_MAX};
use crate::cmd::live::board::Board;
use crate::cmd::live::web::answer::{Answer, Kind};
use crate::cmd::live::web::child::{self, ChildOutput};
use crate::cmd::live::web::params::Params;
use crate::cmd::live::web::site::Site;
use crate::cmd::read::branches;
use crate::cmd::read::runs::RECENT_MS;
use crate::cmd::shared::reading::runs;
use crate::cmd::shared::reading::wording::{self, Clauses};
use logbook_json as json;
use logbook_model::Instant;
use logbook_model::error::{Error, Result};
use logbook_query::{self as query, Query};
use logbook_render::web::pages::{Card, Exact, RunsPage};
use logbook_render::web::plot::Value;
use logbook_render::web::table::Status;
use logbook_render::web::{Cell, Link, Plot, Tab, Table, Text};
use logbook_render::{Format, Look, Output, Rows, cell};
use logbook_view::runs::{Cards, Run, Tree, json as run_json, what_now};

/// At most this many runs on one page.
const SHOWN_MAX: usize = 200;
/// At most this many of the things that runs wait for.
const BLOCKERS_MAX: usize = 8;
/// At most this many characters in a cell.
const CELL_CHARACTERS: usize = 200;
/// The number of hours in the plot of rows.
const HOURS: i64 = 48;

pub fn page(site: &Site, params: &Params, kind: Kind) -> Result<Answer> {
    let (filter, all) = (params.get("filter"), !params.get("all").is_empty());
    let asks = all || !filter.trim().is_empty();
    let query = read(filter);
    // Before the board is locked, since this may take long.
    let beside = match &query {
        Ok(query) if !query.is_plain() => {
            Some(child::run(&site.context, &params.canceller, &arguments(filter, kind), usize::MAX))
        }
        _ => None,
    };
    if let (Some(ran), Kind::Json) = (&beside, kind) {
        let ran = ran.as_ref().map_err(Clone::clone)?;
        return result::complete(ran).map(|()| Answer::ok(Kind::Json, ran.out.clone()));
    }
    let board = site.board();
    let found = match (query, beside) {
        (Err(error), _) => Err(error),
        (Ok(query), Some(ran)) => ran.map(|ran| Found::beside(&query, &ran, &board)),
        (Ok(query), None) => Found::here(&query, filter, site, &board, asks),
    };
    if kind == Kind::Json {
        return json(site, &board, &found?);
    }
    let now = site.context.now();
    let counts = board.cards(now);
    let mut page = RunsPage {
        frame: site.live_frame(&board, "Runs", Tab::Runs),
        cards: cards(&board, &counts, now),
        blockers: Vec::new(),
        plots: plots(&board, site),
        filter: Exact(filter.to_owned()),
        all,
        problem: Vec::new(),
        table: Table::default(),
        notes: Vec::new(),
    };
    let mut twin = Link::to("/runs.json");
    for (name, value) in [("filter", filter), ("all", params.get("all"))] {
        twin = if value.is_empty() { twin } else { twin.with(name, value) };
    }
    page.frame.twin = Some(twin);
    let mut blockers = counts.blocked_on;
    blockers.retain(|(what, _)| !what.is_empty());
    page.blockers = blockers.iter().take(BLOCKERS_MAX).map(|(what, count)| (Text::cut(what, 80), *count)).collect();
    match found {
        Ok(found) => {
            fill(&mut page, &board, site, found, asks);
            Ok(Answer::page(&page))
        }
        Err(error) => {
            page.problem = result::problem(&error);
            Ok(Answer::page(&page).with_status(result::status(&error)))
        }
    }
}

/// Whether the time that a filter takes is proportional to the number of runs, whatever it says.
/// Other filters run in their own process, which can be killed.
pub fn is_plain(filter: &str) -> bool {
    read(filter).map_or(true, |query| query.is_plain())
}

/// The filter as a query.
fn read(filter: &str) -> Result<Query> {
    if filter.len() > TEXT_BYTES_MAX {
        return Err(Error::usage("the filter is too long"));
    }
    let texts = if filter.trim().is_empty() { Vec::new() } else { vec![filter.to_owned()] };
    let (query, _) = Clauses::default().query(&texts)?;
    if wording::reads_files(&query) {
        return Err(Error::usage("the filter names a file (in @…), which is not allowed here"));
    }
    Ok(query)
}

fn arguments(filter: &str, kind: Kind) -> Vec<String> {
    let format = if kind == Kind::Json { "json" } else { "jsonl" };
    vec!["runs".to_owned(), format!("--output={format}"), "--".to_owned(), filter.to_owned()]
}

/// The runs that a filter finds.
struct Found {
    /// Their numbers on the board, in order, if the filter passes whole runs on.
    runs: Vec<usize>,
    /// The rows that it makes of them otherwise.
    made: Vec<Vec<u8>>,
    columns: Option<Vec<String>>,
    /// The filter sorts them.
    is_sorted: bool,
    notes: Vec<Text>,
}

impl Found {
    fn of(query: &Query) -> Found {
        let (columns, is_sorted) = (query::columns(query), !query.sort_by.is_empty());
        Found { runs: Vec::new(), made: Vec::new(), columns, is_sorted, notes: Vec::new() }
    }

    /// Evaluates a plain filter in this process.
    fn here(query: &Query, filter: &str, site: &Site, board: &Board, asks: bool) -> Result<Found> {
        let plan = wording::plain(query, filter, &site.context.clock())?;
        let mut found = Found::of(query);
        if *query == Query::default() {
            // All runs, unfiltered.
            found.runs.extend(wanted(board, site, asks).map(|(number, _)| number));
            return Ok(found);
        }
        runs::ask(wanted(board, site, asks), &board.tree(), site.context.now(), &plan, &mut |row, number| {
            match number.filter(|_| found.columns.is_none()) {
                Some(number) => found.runs.push(number),
                None => found.made.push(row.to_vec()),
            }
            ControlFlow::Continue(())
        });
        Ok(found)
    }

    /// Reads what `logbook runs` printed in its own process.
    fn beside(query: &Query, ran: &ChildOutput, board: &Board) -> Found {
        let mut found = Found::of(query);
        for row in ran.out.split(|byte| *byte == b'\n').filter(|row| !row.is_empty()) {
            if found.columns.is_some() {
                found.made.push(row.to_vec());
                continue;
            }
            let mut values = Vec::new();
            let _ = json::pick(row, &["run_id"], &mut values);
            let run = cell::plain(values.first().copied().flatten());
            // A run that began meanwhile is not on the board yet.
            found.runs.extend(board.number(&run));
        }
        found.notes = result::notes(ran);
        found
    }
}

/// The runs that `logbook runs` shows.
fn wanted<'b>(board: &'b Board, site: &Site, asks: bool) -> impl Iterator<Item = (usize, &'b Run<'static>)> + use<'b> {
    let recent = site.context.now().plus_ms(-RECENT_MS);
    board.runs().filter(move |(_, run)| asks || !run.is_old(recent))
}

fn json(site: &Site, board: &Board, found: &Found) -> Result<Answer> {
    let columns = found.columns.clone().unwrap_or_else(|| run_json::FIELDS.map(str::to_owned).to_vec());
    let look = Look { width: None, colour: false, zone: site.context.zone, terminal: false, wrap: false };
    let mut rows = Rows::new(Format::Json, Some(columns), look, false);
    let mut text = Vec::new();
    let mut out = Output::new(&mut text, false);
    let (tree, now) = (board.tree(), site.context.now());
    let by_number = by_number(board, &found.runs);
    let mut row = Vec::new();
    for number in &found.runs {
        row.clear();
        if let Some(run) = by_number.get(number) {
            run_json::write(run, &tree, *number, now, &mut row);
            rows.push(&row, None, &mut out).map_err(|error| Error::output(&error))?;
        }
    }
    let made = found.made.iter().try_for_each(|row| rows.push(row, None, &mut out));
    made.and_then(|()| rows.finish(&mut out)).map_err(|error| Error::output(&error))?;
    Ok(Answer::ok(Kind::Json, text))
}

fn by_number<'b>(board: &'b Board, numbers: &[usize]) -> BTreeMap<usize, &'b Run<'static>> {
    let numbers: HashSet<usize> = numbers.iter().copied().collect();
    board.runs().filter(|(number, _)| numbers.contains(number)).collect()
}

/// Fills in the table of runs and the notes below it.
fn fill(page: &mut RunsPage, board: &Board, site: &Site, found: Found, asks: bool) {
    let Found { runs: shown, made, columns, is_sorted, notes } = found;
    let (tree, now) = (board.tree(), site.context.now());
    let count = shown.len().max(made.len());
    if columns.is_none() {
        let mut order = if is_sorted { branches::flat(&shown) } else { branches::of(&shown, &tree) };
        page.table = Table::new(
            "Runs",
            &[
                ("status", "tight"),
                ("age", "number"),
                ("agent", "short less"),
                ("task", "wide"),
                ("what now", "wide"),
                ("cost", "number less"),
                ("run", "name"),
            ],
        );
        order.truncate(SHOWN_MAX);
        let numbers: Vec<usize> = order.iter().map(|branch| shown[branch.at]).collect();
        let by_number = by_number(board, &numbers);
        for branch in &order {
            let number = shown[branch.at];
            if let Some(run) = by_number.get(&number) {
                let name = branches::name(branch, run, &tree, &shown);
                page.table.rows.push(cells(run, &name.text, &tree, number, now));
            }
        }
    } else {
        page.table = result::table("Runs", &made[..count.min(SHOWN_MAX)], columns.as_deref(), &site.context.zone);
    }
    if count > SHOWN_MAX {
        page.notes.push(Text::from(format!("The first {SHOWN_MAX} of {count}; a filter narrows them.")));
    }
    page.notes.extend(notes);
    let hidden = board.runs().len() - wanted(board, site, asks).count();
    if hidden > 0 {
        let s = if hidden == 1 { "" } else { "s" };
        page.notes.push(Text::from(format!("{hidden} finished run{s} older than a day not shown.")));
    }
}

fn cells(run: &Run<'_>, name: &str, tree: &Tree, number: usize, now: Instant) -> Vec<Cell> {
    let short = |text: &str| Cell { lines: vec![Text::cut(text, CELL_CHARACTERS)], ..Cell::default() };
    let cost = tree.cost_with_children(number).unwrap_or(&run.sums[0]).total();
    let cost = cost.map_or_else(|_| String::new(), |cost| cell::cost(&cost.to_string()));
    vec![
        Cell::status(if run.is_held() { "held" } else { run.status() }),
        Cell::text(&run.age_ms(now).map_or_else(String::new, cell::span)),
        short(run.agent()),
        short(run.task()),
        short(what_now(run)),
        Cell::text(&cost),
        Cell { lines: vec![Text::cut(name, CELL_CHARACTERS)], link: Some(Link::run(&run.run_id)), status: None },
    ]
}

fn cards(board: &Board, cards: &Cards, now: Instant) -> Vec<Card> {
    let open = board.open_requests(now).count();
    let filtered = |filter: &str| Some(Link::to("/runs").with("filter", filter));
    let card =
        |word: &str, count: String, what, link| Card { status: Status::of(word), count: Text::from(count), what, link };
    let cost = board.cost_today().total().map_or_else(|_| "too wide".to_owned(), |cost| cost.to_string());
    vec![
        card("in-progress", cards.running.to_string(), "running", filtered("status=in-progress")),
        card("blocked", cards.blocked.to_string(), "blocked", filtered("status=blocked")),
        card("failed", cards.failed.to_string(), "failed in 24h", filtered("status=failed and age<24h")),
        card("done", cards.done_overnight.to_string(), "completed overnight", None),
        card("", open.to_string(), "open requests", Some(Link::to("/approvals"))),
        card("", cost, "USD today", None),
    ]
}

/// The plots of rows by hour and of costs by day.
fn plots(board: &Board, site: &Site) -> Vec<Plot> {
    let activity = board.activity();
    let local =
        |at, format: &str| site.context.zone.to_local(at).map_or_else(String::new, |at| at.format(format).to_string());
    let hours = activity.hours(HOURS, site.context.now());
    let rows: u64 = hours.iter().map(|(_, rows)| rows).sum();
    let most = hours.iter().max_by_key(|(_, rows)| rows).filter(|(_, rows)| *rows > 0);
    let most = most.map_or_else(String::new, |(at, rows)| format!(", at most {rows} (from {})", local(*at, "%H:%M")));
    let values: Vec<Value> = hours
        .iter()
        .enumerate()
        .map(|(at, (begin, rows))| Value {
            size: *rows as f64,
            label: format!("{}: {rows}", local(*begin, "%m-%d %H:%M")),
            tick: if at % 12 == 0 || at + 1 == hours.len() { local(*begin, "%H:%M") } else { String::new() },
        })
        .collect();
    let by_hour = Plot::bars("Rows an hour", format!("{rows} in {HOURS} hours{most}"), &values);

    let days: Vec<(String, String)> = activity
        .days()
        .iter()
        .map(|(begin, sum)| (local(*begin, "%m-%d"), sum.total().map_or_else(|_| String::new(), |sum| sum.to_string())))
        .collect();
    let mut all = logbook_json::Sum::default();
    activity.days().iter().for_each(|(_, sum)| all.merge(sum));
    let all = all.total().map_or_else(|_| "too wide".to_owned(), |all| all.to_string());
    let values: Vec<Value> = days
        .iter()
        .enumerate()
        .map(|(at, (day, cost))| Value {
            size: cost.parse().unwrap_or(0.0),
            label: format!("{day}: {cost} USD"),
            tick: if at % 4 == 0 || at + 1 == days.len() { day.clone() } else { String::new() },
        })
        .collect();
    vec![by_hour, Plot::bars("Cost a day, USD", format!("{all} in {} days", days.len()), &values)]
}
