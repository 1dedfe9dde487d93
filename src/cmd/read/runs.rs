//! `logbook runs`: all runs with their status, active ones first, children below their parents.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use unicode_width::UnicodeWidthStr;

use super::branches::{self, Name};
use crate::cmd::Door;
use crate::cmd::shared::guard::Bounds;
use crate::cmd::shared::reading::wording::{self, Clauses};
use crate::cmd::shared::reading::{self, Corrections, Reading, mismatches, require, runs, test};
use logbook_json as json;
use logbook_model::error::{Error, Exit, Result, nearest};
use logbook_model::{Field, Status, option_ms, run_id};
use logbook_query::ast::{Expr, Form, Op};
use logbook_query::eval::doubts::Doubts;
use logbook_query::text::arguments;
use logbook_query::{Query, time};
use logbook_render::table::{Column, Cut};
use logbook_render::{self as render, Format, Rows, cell};
use logbook_view::runs::{Cards, Tree, json as run_json};

/// Examples for the help.
pub const EXAMPLES: &str =
    "  logbook runs --blocked\n  logbook runs 'wrote=true and cost_usd>1' --since yesterday --sort -cost_usd";

/// Finished runs older than this are shown only with `--all`.
pub const RECENT_MS: i64 = 24 * 3_600_000;

/// Arguments of `runs`.
#[derive(clap::Args)]
pub struct Runs {
    /// Names of runs, or a filter on any field of -o json and on age, as 'cost_usd>1 and
    /// wrote=true'
    #[arg(value_name = "RUN|FILTER")]
    filter: Vec<String>,
    /// Only blocked runs
    #[arg(long)]
    blocked: bool,
    /// Only runs in progress
    #[arg(long)]
    running: bool,
    /// Only failed runs
    #[arg(long)]
    failed: bool,
    /// Include old finished runs
    #[arg(long)]
    all: bool,
    /// Only open runs without a new row for this long, as 2h
    #[arg(long, value_name = "DURATION")]
    silent: Option<String>,
    /// At most this many
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<String>,
    /// List runs flat, not below their parents
    #[arg(long)]
    flat: bool,
    /// Sort by these fields, without the tree; -FIELD is greatest first
    #[arg(long, value_name = "FIELD,…", allow_hyphen_values = true)]
    sort: Option<String>,
    #[command(flatten)]
    bounds: Bounds,
    #[command(flatten)]
    reading: Reading,
}

/// `logbook runs`
pub fn run(args: Runs, door: &mut Door<'_>) -> Result<Exit> {
    let clock = args.reading.clock(door)?;
    let format = args.reading.format(door)?;
    let look = args.reading.look(door, clock.zone);
    let clauses = Clauses { limit: args.limit.clone(), sort: args.sort.clone(), ..Clauses::default() };
    let named = names(&args.filter);
    let filter: &[String] = if named.is_some() { &[] } else { &args.filter };
    let (mut query, text) = clauses.query(filter)?;
    args.narrow(&mut query, &clock)?;
    if let Some(names) = &named {
        let of = |name: &String| test(Field::RunId.name(), Op::Equal, name, Form::Quoted);
        require(&mut query, Expr::Or(names.iter().map(of).collect()));
    }
    let guarded = wording::guarded(&query, &text, &clock, BTreeMap::new(), args.bounds.watch()?)?;
    let plan = guarded.plan();

    let corrections = Corrections::wanted(&args.reading, &Query::default());
    let mut found = reading::logbook_for(door, &args.reading, corrections, None)?;
    let (mut parts, mut scanned) = runs::read(&mut found, &args.reading, door);
    let runs = parts.runs();
    if let Some(missing) = named.iter().flatten().find(|name| !runs.iter().any(|run| run.run_id == name.as_str())) {
        let error = Error::new(Exit::No, format!("no run is called {missing:?}"));
        let near = nearest(missing, runs.iter().map(|run| &*run.run_id));
        return Err(error.hint(match near {
            Some(name) => format!("did you mean {name}? logbook runs {name}"),
            None => format!("logbook runs --all; for runs that do something: logbook runs 'task*={missing}'"),
        }));
    }
    let tree = Tree::of(&runs);

    let asked = args.asks();
    let recent = clock.now.plus_ms(-RECENT_MS);
    let hidden = if asked || args.all { 0 } else { runs.iter().filter(|run| run.is_old(recent)).count() };

    let as_table = matches!(format, Format::Table | Format::Markdown);
    let plain = as_table && plan.columns().is_none();
    let columns = plan.columns().map_or_else(|| run_json::FIELDS.map(str::to_owned).to_vec(), <[String]>::to_vec);
    if plain && door.out.is_terminal() && !asked && format == Format::Table && !runs.is_empty() {
        let cards = Cards::of(&runs, found.night.last(clock.now, &clock.zone), recent);
        door.out.drawn(&render::cards::draw(&cards, &look))?;
    }
    let mut failed = None;
    let mut doubts = Doubts::default();
    let mut rows = Rows::new(format, Some(columns), look.clone(), false);
    let mut kept: Vec<(usize, Vec<u8>)> = Vec::new();
    let wanted = runs.iter().enumerate().filter(|(_, run)| asked || args.all || !run.is_old(recent));
    guarded.evaluate(|plan, _| {
        doubts = runs::ask(wanted, &tree, clock.now, plan, &mut |row, at| {
            match at.filter(|_| plain) {
                Some(at) => kept.push((at, row.to_vec())),
                None => {
                    if let Err(error) = rows.push(row, None, &mut door.out) {
                        failed = Some(error);
                        return ControlFlow::Break(());
                    }
                }
            }
            ControlFlow::Continue(())
        });
        Ok(())
    })?;
    let notes = mismatches::notes(guarded.plan(), &doubts);
    drop(guarded);
    // Sorted runs keep their order.
    let shown: Vec<usize> = kept.iter().map(|(at, _)| *at).collect();
    let order = if args.flat || args.sort.is_some() { branches::flat(&shown) } else { branches::of(&shown, &tree) };
    if plain {
        let names: Vec<Name> =
            order.iter().map(|branch| branches::name(branch, &runs[shown[branch.at]], &tree, &shown)).collect();
        rows = Rows::shaped(format, shapes(&names), look);
        for (branch, name) in order.iter().zip(&names) {
            if let Err(error) = rows.push(&for_table(&kept[branch.at].1, &name.text), None, &mut door.out) {
                failed = Some(error);
                break;
            }
        }
    }
    failed.map_or(Ok(()), Err).and_then(|()| rows.finish(&mut door.out)).map_err(|error| Error::output(&error))?;
    notes.iter().for_each(|note| door.note(note));
    let exit = reading::note_skipped(door, &mut scanned, &found.segments(), args.reading.strict);
    if rows.written() == 0 && door.err.is_terminal() {
        door.note(format_args!("no run matches, of {}", runs.len()));
    }
    if hidden > 0 && door.err.is_terminal() {
        let s = if hidden == 1 { "" } else { "s" };
        door.note(format_args!("{hidden} finished run{s} older than a day not shown; --all shows them"));
    }
    Ok(exit)
}

/// The runs that `words` name; `None` if one of the words is a condition.
fn names(words: &[String]) -> Option<Vec<String>> {
    let is_name = |word: &String| {
        run_id::fault(word).is_none()
            && !arguments::is_query_text(word)
            && !word.contains(|letter: char| letter.is_whitespace() || "=<>~^*,()\"'$|&".contains(letter))
    };
    (!words.is_empty() && words.iter().all(is_name)).then(|| words.to_vec())
}

impl Runs {
    /// Whether the flags ask for certain runs; then old ones are included.
    fn asks(&self) -> bool {
        let reading = &self.reading;
        self.blocked
            || self.running
            || self.failed
            || self.silent.is_some()
            || !self.filter.is_empty()
            || reading.run.is_some()
            || reading.since.is_some()
            || reading.until.is_some()
    }

    /// The flags as conditions beside the filter.
    fn narrow(&self, query: &mut Query, clock: &time::Clock) -> Result<()> {
        self.reading.narrow(query, clock)?;
        let status = |status: Status| test("status", Op::Equal, status.word(), Form::Quoted);
        let flags =
            [(Status::Blocked, self.blocked), (Status::InProgress, self.running), (Status::Failed, self.failed)];
        let mut wanted: Vec<Expr> = flags.into_iter().filter(|(_, on)| *on).map(|(word, _)| status(word)).collect();
        match wanted.len() {
            0 => {}
            1 => require(query, wanted.remove(0)),
            _ => require(query, Expr::Or(wanted)),
        }
        if let Some(silent) = &self.silent {
            let ms = option_ms("--silent", silent)?;
            require(query, test("age_ms", Op::GreaterEqual, &ms.to_string(), Form::Bare));
            require(query, Expr::Not(Box::new(Expr::Or(vec![status(Status::Done), status(Status::Failed)]))));
        }
        Ok(())
    }
}

/// The columns of the table.
const TABLE: [&str; 7] = ["status", "age", "agent", "task", "what now", "cost", "run"];

/// An id of at most this many columns is never cut.
const ID_COLUMNS: usize = 12;

/// The shapes of the columns. Task and `what now` are cut last.
fn shapes(names: &[Name]) -> Vec<Column> {
    let id = names.iter().map(|name| name.branch + (name.text.width() - name.branch).min(ID_COLUMNS)).max();
    TABLE
        .iter()
        .map(|title| {
            let (right, cut, rank) = match *title {
                "age" => (true, Cut::Never, 2),
                "agent" => (false, Cut::FirstTo(6), 0),
                "task" => (false, Cut::To(10), 4),
                "what now" => (false, Cut::To(12), 4),
                "cost" => (true, Cut::Never, 1),
                "run" => (false, Cut::To(id.unwrap_or(ID_COLUMNS)), 3),
                _ => (false, Cut::Never, 4),
            };
            Column { title: (*title).to_owned(), right, cut, rank, status: *title == "status" }
        })
        .collect()
}

/// The row of a run in the table, with `name` in the column of runs.
fn for_table(run: &[u8], name: &str) -> Vec<u8> {
    let mut values = Vec::new();
    let fields = ["status", "age_ms", "agent_id", "task", "what_now", "cost_usd_with_children", "held"];
    if json::pick(run, &fields, &mut values).is_err() {
        return run.to_vec();
    }
    let text = |at: usize| cell::plain(values[at]);
    let status = if values[6] == Some(b"true") { "held".to_owned() } else { text(0) };
    let age = text(1).parse().map_or_else(|_| String::new(), cell::span);
    let cells = [status, age, text(2), text(3), text(4), cell::cost(&text(5)), name.to_owned()];
    let mut out = json::Object::new();
    TABLE.iter().zip(cells).for_each(|(title, value)| _ = out.text(title, &value));
    out.end()
}
