//! `logbook runs`: where each run stands, active ones first.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::cmd::Door;
use crate::cmd::reading::wording::{self, Clauses};
use crate::cmd::reading::{self, Corrections, Found, Reading, require, test};
use crate::error::{Error, Exit, Result};
use crate::json;
use crate::query::ast::{Expr, Form, Op};
use crate::query::{Out, Place, Query, Row, time};
use crate::render::{Format, Rows, cell};
use crate::scan::{self, Scanned};
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
    #[arg(value_name = "FILTER")]
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
    limit: Option<String>,
    /// Sort by these fields of the runs; -FIELD is greatest first
    #[arg(long, value_name = "FIELD,…", allow_hyphen_values = true)]
    sort: Option<String>,
    #[command(flatten)]
    reading: Reading,
}

/// `logbook runs`
pub fn run(args: Runs, door: &mut Door<'_>) -> Result<Exit> {
    let clock = args.reading.clock(door)?;
    let format = args.reading.format(door)?;
    let clauses = Clauses { limit: args.limit.clone(), sort: args.sort.clone(), ..Clauses::default() };
    let (mut query, text) = clauses.query(&args.filter)?;
    args.narrow(&mut query, &clock)?;
    let plan = wording::compiled(&query, &text, &clock, BTreeMap::new())?;

    let corrections = Corrections::wanted(&args.reading, &Query::default());
    let found = reading::logbook_for(door, &args.reading, corrections, None)?;
    let (summaries, scanned) = summaries(&args, &found, door)?;
    let total = summaries.len();

    let asked =
        args.blocked || args.running || args.failed || args.all || args.silent.is_some() || !args.filter.is_empty();
    let old = |summary: &Summary| !summary.is_open() && summary.age_ms(clock.now).is_none_or(|age| age > RECENT_MS);
    let hidden = if asked { 0 } else { summaries.iter().filter(|summary| old(summary)).count() };
    let shown: Vec<Vec<u8>> =
        summaries.iter().filter(|summary| asked || !old(summary)).map(|summary| summary.to_json(clock.now)).collect();

    let look = args.reading.look(door, clock.zone);
    let as_table = matches!(format, Format::Table | Format::Markdown);
    let plain = plan.columns().is_none();
    let columns = if as_table && plain {
        Some(TABLE.iter().map(|name| (*name).to_owned()).collect())
    } else {
        plan.columns().map(<[String]>::to_vec)
    };
    let columns = columns.or_else(|| (!as_table).then(|| CSV.iter().map(|name| (*name).to_owned()).collect()));
    let mut rows = Rows::new(format, columns, look, false);
    let mut failed = None;
    let mut out = Out {
        sink: &mut |row, _| {
            let line = if as_table && plain { for_table(row) } else { row.to_vec() };
            match rows.push(&line, None, door.out) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        },
        // There are no programs on runs but those in the filter, and a run they fail on is left out.
        fault: &mut |_, _| {},
    };
    let mut chosen = plan.fold();
    let mut fields = Vec::new();
    for (offset, text) in (0..).zip(&shown) {
        let place = Place { input: 0, offset };
        if json::pick(text, plan.fields(), &mut fields).is_ok()
            && chosen.push(&Row { text, fields: &fields, place }, &mut out).is_break()
        {
            break;
        }
    }
    chosen.finish(&mut out);
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

/// Where each run stands: from what the store knows, else from a scan of all rows.
fn summaries(args: &Runs, found: &Found, door: &mut Door<'_>) -> Result<(Vec<Summary>, Scanned)> {
    if !args.reading.strict && !args.reading.no_cache && !found.inputs.is_corrected() {
        let mut fold = view::Runs::default();
        let known = scan::known_runs(&found.path, &found.snapshot, &FIELDS, |row, counts| {
            fold.push(row);
            if let Some(counts) = counts {
                fold.count(row, counts.rows, counts.steps);
            }
        })?;
        if known {
            return Ok((fold.finish(), Scanned::default()));
        }
    }
    let names = FIELDS.map(str::to_owned);
    let mut fold = view::Runs::default();
    let scanned = scan::feed(&found.inputs, door.input, &names, args.reading.strict, |row, _, _| {
        fold.push(row);
        ControlFlow::Continue(())
    });
    Ok((fold.finish(), scanned))
}

impl Runs {
    /// The flags as conditions beside the filter.
    fn narrow(&self, query: &mut Query, clock: &time::Clock) -> Result<()> {
        self.reading.narrow(query, clock)?;
        let status = |status: &str| test("status", Op::Equal, status, Form::Quoted);
        let flags = [("blocked", self.blocked), ("in-progress", self.running), ("failed", self.failed)];
        let mut wanted: Vec<Expr> = flags.into_iter().filter(|(_, on)| *on).map(|(word, _)| status(word)).collect();
        match wanted.len() {
            0 => {}
            1 => require(query, wanted.remove(0)),
            _ => require(query, Expr::Or(wanted)),
        }
        if let Some(silent) = &self.silent {
            let ms = time::duration_ms(silent)
                .map_err(|why| Error::usage(format!("--silent: {why}")).hint("as --silent 2h"))?;
            require(query, test("age_ms", Op::GreaterEqual, &ms.to_string(), Form::Bare));
            require(query, Expr::Not(Box::new(Expr::Or(vec![status("done"), status("failed")]))));
        }
        Ok(())
    }
}

/// The columns of the table, and of csv.
const TABLE: [&str; 7] = ["run", "status", "phase", "steps", "age", "action", "next or blocked_on"];
const CSV: [&str; 11] = [
    "run_id",
    "phase",
    "status",
    "action",
    "next_intent",
    "blocked_on",
    "rows",
    "steps",
    "started_at",
    "timestamp",
    "age_ms",
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
