//! `logbook runs`: where each run stands, active ones first.

use crate::cmd::reading::{self, Reading, test};
use crate::cmd::{Door, query};
use crate::error::{Error, Exit, Result};
use crate::json;
use crate::model::Instant;
use crate::query::ast::{Expr, Form, Op};
use crate::query::time;
use crate::render::{Format, Rows, cell};
use crate::scan;
use crate::view::runs::FIELDS;
use crate::view::{self, Summary};

/// Examples shown in the help.
pub const EXAMPLES: &str = "  logbook runs --blocked\n  logbook runs 'steps>20 and status=in-progress' --silent 2h";

/// Finished runs older than this are shown only with `--all`, in milliseconds.
const RECENT_MS: i64 = 24 * 3_600_000;

/// Arguments of `runs`.
#[derive(clap::Args)]
pub struct Runs {
    /// A filter on the runs: run_id phase status action next_intent blocked_on rows steps age_ms, and age>2h
    #[arg(value_name = "FILTER", allow_hyphen_values = true)]
    filter: Vec<String>,
    /// Blocked runs
    #[arg(long)]
    blocked: bool,
    /// Runs in progress
    #[arg(long)]
    running: bool,
    /// Failed runs
    #[arg(long)]
    failed: bool,
    /// Finished runs too, however old
    #[arg(long)]
    all: bool,
    /// Open runs without a row for at least this long, as 2h
    #[arg(long, value_name = "DURATION")]
    silent: Option<String>,
    /// At most this many
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<u64>,
    #[command(flatten)]
    reading: Reading,
}

/// `logbook runs`
pub fn run(args: Runs, door: &mut Door<'_>) -> Result<Exit> {
    let clock = args.reading.clock(door)?;
    let format = args.reading.format(door)?;
    let mut query = query::text_query(&args.filter)?;
    query.and(args.conditions(&clock)?);
    query.limit = args.limit.or(query.limit);
    let plan = query::compiled(&query, &clock, &Default::default())?;

    let inputs = reading::logbook(door, args.reading.dir.as_deref())?;
    let names: Vec<String> = FIELDS.iter().map(|name| (*name).to_owned()).collect();
    let mut fold = view::Runs::default();
    let scanned = scan::feed(&inputs, door.input, &names, args.reading.strict, |row, _, _| {
        fold.push(row);
        std::ops::ControlFlow::Continue(())
    });
    let summaries = fold.finish();
    let total = summaries.len();

    let asked = args.blocked || args.running || args.failed || args.all || args.silent.is_some() || !args.filter.is_empty();
    let old = |summary: &Summary| !summary.is_open() && summary.age_ms(clock.now).is_none_or(|age| age > RECENT_MS);
    let hidden = if asked { 0 } else { summaries.iter().filter(|summary| old(summary)).count() };
    let shown: Vec<Vec<u8>> =
        summaries.iter().filter(|summary| asked || !old(summary)).map(|summary| summary.to_json(clock.now)).collect();

    let look = args.reading.look(door, clock.zone);
    let as_table = matches!(format, Format::Table | Format::Markdown);
    let plain = plan.columns().is_none();
    let columns = if as_table && plain { Some(TABLE.iter().map(|name| (*name).to_owned()).collect()) } else { plan.columns() };
    let columns = columns.or_else(|| (!as_table).then(|| CSV.iter().map(|name| (*name).to_owned()).collect()));
    let mut rows = Rows::new(format, columns, look, false);
    let mut failed = None;
    query::run_over(&plan, &shown, &mut |row| {
        let line = if as_table && plain { for_table(row) } else { row.to_vec() };
        match rows.push(&line, None, door.out) {
            Ok(()) => std::ops::ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                std::ops::ControlFlow::Break(())
            }
        }
    });
    failed.map_or(Ok(()), Err).and_then(|()| rows.finish(door.out)).map_err(|error| Error::output(&error))?;
    let exit = reading::tell_skipped(door, &scanned, args.reading.strict);
    if rows.written() == 0 && door.err_is_terminal {
        door.note(format_args!("no run matches, of {total}"));
    }
    if hidden > 0 && door.err_is_terminal {
        let s = if hidden == 1 { "" } else { "s" };
        door.note(format_args!("{hidden} finished run{s} older than a day not shown; --all shows them"));
    }
    Ok(exit)
}

impl Runs {
    fn conditions(&self, clock: &time::Clock) -> Result<Vec<Expr>> {
        let mut conditions = self.reading.conditions(clock)?;
        let wanted: Vec<&str> = [("blocked", self.blocked), ("in-progress", self.running), ("failed", self.failed)]
            .into_iter()
            .filter_map(|(status, wanted)| wanted.then_some(status))
            .collect();
        let mut tests: Vec<Expr> = wanted.iter().map(|status| test("status", Op::Equal, status, Form::Quoted)).collect();
        match tests.len() {
            0 => {}
            1 => conditions.append(&mut tests),
            _ => conditions.push(Expr::Or(tests)),
        }
        if let Some(silent) = &self.silent {
            let ms = time::duration_ms(silent).map_err(|why| Error::usage(format!("--silent: {why}")).hint("as --silent 2h"))?;
            conditions.push(test("age_ms", Op::GreaterEqual, &ms.to_string(), Form::Bare));
            let finished = ["done", "failed"].map(|status| test("status", Op::Equal, status, Form::Quoted));
            conditions.push(Expr::Not(Box::new(Expr::Or(finished.to_vec()))));
        }
        Ok(conditions)
    }
}

/// The columns of the table, and of csv.
const TABLE: [&str; 7] = ["run", "status", "phase", "steps", "age", "action", "next or blocked_on"];
const CSV: [&str; 11] = [
    "run_id", "phase", "status", "action", "next_intent", "blocked_on", "rows", "steps", "started_at", "timestamp", "age_ms",
];

/// A summary as the row of the table.
fn for_table(summary: &[u8]) -> Vec<u8> {
    let mut values = Vec::new();
    let names = ["run_id", "status", "phase", "rows", "age_ms", "action", "next_intent", "blocked_on"];
    if json::pick(summary, &names, &mut values).is_err() {
        return summary.to_vec();
    }
    let text = |at: usize| cell::plain(values[at]);
    let age = text(4).parse().map_or_else(|_| String::new(), cell::span);
    let next = if text(1) == "blocked" && values[7].is_some() { text(7) } else { text(6) };
    let cells = [text(0), text(1), text(2), text(3), age, text(5), next];
    let mut out = b"{".to_vec();
    for (at, (name, value)) in TABLE.iter().zip(cells).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        json::quote_into(name, &mut out);
        out.push(b':');
        if *name == "steps" { out.extend_from_slice(value.as_bytes()) } else { json::quote_into(&value, &mut out) }
    }
    out.push(b'}');
    out
}

/// How old something is, for messages.
pub fn age(at: Instant, now: Instant) -> String {
    cell::span(now.ms_since(at))
}
