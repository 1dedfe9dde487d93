//! `logbook query`: filter, group and summarize the rows of the logbook, of files or of standard
//! input.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::ControlFlow;

use crate::cmd::Door;
use crate::cmd::shared::guard::Bounds;
use crate::cmd::shared::reading::answer::{Answer, Printing};
use crate::cmd::shared::reading::unknown;
use crate::cmd::shared::reading::wording::{self, Clauses, ForeignTime};
use crate::cmd::shared::reading::{self, Corrections, Files, Reading, TimeField};
use logbook_json::{self as json, Limits};
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Instant, Vocabulary};
use logbook_query::text::check;
use logbook_query::time::Clock;
use logbook_query::{self as query, Argument};
use logbook_render::{Format, Rows, cell, safe};
use logbook_scan::{self as scan, Scanned, Source};
use logbook_store::Input;
use logbook_view::explain;

/// Examples for the help.
pub const EXAMPLES: &str = "  logbook query 'status=blocked' --latest --group blocked_on\n  logbook query 'timestamp >= 2026-04-15T00:00Z AND status=done' 'logs/*.jsonl'";

/// Arguments of `query`.
#[derive(clap::Args)]
pub struct Query {
    /// Query text, and inputs: files, globs, directories, - for stdin; none: the logbook
    #[arg(value_name = "QUERY|INPUT")]
    words: Vec<OsString>,
    /// A query from an untrusted source: it cannot name inputs or read files
    #[arg(hide_short_help = true, long, value_name = "QUERY", conflicts_with = "words", allow_hyphen_values = true)]
    untrusted: Option<String>,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    clauses: Clauses,
    /// Set $NAME in the query to a text
    #[arg(long, num_args = 2, value_names = ["NAME", "TEXT"], action = clap::ArgAction::Append)]
    arg: Vec<String>,
    /// Set $NAME in the query to a JSON value
    #[arg(long, num_args = 2, value_names = ["NAME", "JSON"], action = clap::ArgAction::Append)]
    argjson: Vec<String>,
    /// Give the jq program all rows at once, as one array
    #[arg(long, requires = "jq")]
    slurp: bool,
    /// Print strings without their quotes
    #[arg(hide_short_help = true, long)]
    raw_strings: bool,
    #[command(flatten)]
    bounds: Bounds,
    /// The number of threads [default: one per core]
    #[arg(hide_short_help = true, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Print only the number of results
    #[arg(long)]
    count: bool,
    /// Print nothing; exit 1 if nothing matches
    #[arg(short = 'q', long)]
    quiet: bool,
    /// Exit 1 if nothing matches
    #[arg(short = 'e', long)]
    exit_status: bool,
    /// Fold corrections into the rows of files too
    #[arg(hide_short_help = true, long, conflicts_with = "as_written")]
    fold: bool,
    /// Print the plan instead of running it
    #[arg(long)]
    explain: bool,
    /// Do not escape csv cells that begin like a formula
    #[arg(hide_short_help = true, long)]
    raw_csv: bool,
    #[command(flatten)]
    time: TimeField,
    #[command(flatten)]
    reading: Reading,
}

/// `logbook query`
pub fn run(args: Query, door: &mut Door<'_>) -> Result<Exit> {
    let (texts, inputs) = match &args.untrusted {
        Some(text) => (vec![text.clone()], Vec::new()),
        None => wording::split_arguments(&args.words)?,
    };
    let (query, text) = args.clauses.query(&texts)?;
    if args.untrusted.is_some() && wording::reads_files(&query) {
        return Err(Error::usage("the query names a file (in @…), which is not allowed here")
            .hint("list the values: in (a, b)"));
    }
    let arguments = arguments(&args)?;
    answer(&args, query, &text, arguments, &inputs, door)
}

/// Answers `query`, which was typed as `text`, from `inputs` or, if there are none, the logbook.
pub(super) fn answer(
    args: &Query,
    mut query: query::Query,
    text: &str,
    arguments: BTreeMap<String, Argument>,
    inputs: &[OsString],
    door: &mut Door<'_>,
) -> Result<Exit> {
    let clock = args.reading.clock(door)?;
    let format = format(args, door)?;
    let field = args.time.keys()?;
    args.reading.narrow_by(&mut query, &clock, &field)?;
    // All rows of a logbook have a time.
    let counts_missing = !inputs.is_empty() && args.reading.limits_time();
    let time = ForeignTime { field, counts_missing };
    let watch = if args.slurp {
        let (watch, rows_bytes) = args.bounds.watch_slurp()?;
        query.slurp = Some(rows_bytes);
        watch
    } else {
        args.bounds.watch()?
    };
    let guarded = wording::guarded_foreign(&query, text, time, &clock, arguments, watch)?;
    let plan = guarded.plan();

    let corrections = Corrections::wanted(&args.reading, &query);
    let count = args.threads.map_or_else(reading::cores, usize::from);
    let mut pruning = args.reading.pruning(plan.requirement());
    let (mut inputs, vocabulary, directory) = if inputs.is_empty() {
        let found = reading::logbook_for(door, &args.reading, corrections, pruning.as_mut())?;
        (found.inputs.laid_out(args.files.layout()?), found.vocabulary, Some(found.path))
    } else {
        let corrections = if args.fold { corrections } else { Corrections::AsWritten };
        (args.files.open(inputs, corrections, door)?, Vocabulary::default(), None)
    };
    if let (Some(pruning), Some(directory)) = (pruning, directory) {
        inputs = pruning.apply(inputs, &directory, count);
    }
    if args.explain {
        return explain(args, &query, &inputs, corrections, door);
    }
    if args.raw_strings && plan.passes_rows_on() {
        door.warn(
            &Error::new(Exit::Done, "--raw-strings finds no strings to print: these are whole rows")
                .hint("logbook query … --jq .action --raw-strings; jq(…) in a query is a condition"),
        );
    }
    let look = args.reading.look(door, clock.zone);
    let printing = match (args.quiet, args.count) {
        (true, _) => Printing::Nothing,
        (false, true) => Printing::Count,
        (false, false) => {
            let rows = match plan.columns() {
                None if plan.uses_jq() && !plan.passes_rows_on() => Rows::made(format, look, args.raw_csv),
                None => Rows::plain(format, check::first_keys(&query), look, args.raw_csv),
                Some(columns) => Rows::new(format, Some(columns.to_vec()), look, args.raw_csv),
            };
            Printing::Rows(Box::new(if args.raw_strings { rows.raw_strings() } else { rows }))
        }
    };
    let compares =
        matches!(printing, Printing::Rows(_)) && format == Format::Table && door.out.is_terminal() && !plan.is_latest();
    let mut answer = Answer::new(&query, plan, printing, compares);
    let strict = args.reading.strict;
    let mut scanned = guarded
        .evaluate(|plan, within| within.threads(count, |threads| answer.scan(&inputs, plan, strict, threads, door)))?;
    answer.end(door)?;
    guarded.end();

    unknown::report(&query, text, &vocabulary, &answer, &inputs, door);
    for note in &answer.notes {
        door.note(note);
    }
    let exit = reading::note_skipped(door, &mut scanned, &inputs, strict);
    if answer.written == 0 && !args.quiet && door.err.is_terminal() {
        note_nothing(&inputs, &scanned, &clock, door);
    }
    if answer.interrupted {
        door.note("interrupted by Ctrl-C: the result covers what was read until then");
        return Ok(Exit::Interrupted);
    }
    match exit {
        Exit::Done if answer.all_failed || (strict && answer.faults > 0) => Ok(Exit::Damaged),
        Exit::Done if answer.written == 0 && (args.quiet || args.exit_status) => Ok(Exit::No),
        exit => Ok(exit),
    }
}

impl Query {
    /// The arguments for a query of the logbook with these flags only.
    pub(super) fn of(reading: Reading, bounds: Bounds) -> Query {
        Query {
            words: Vec::new(),
            files: Files::default(),
            untrusted: None,
            clauses: Clauses::default(),
            arg: Vec::new(),
            argjson: Vec::new(),
            slurp: false,
            raw_strings: false,
            bounds,
            threads: None,
            count: false,
            quiet: false,
            exit_status: false,
            fold: false,
            explain: false,
            raw_csv: false,
            time: TimeField::default(),
            reading,
        }
    }
}

/// Prints the plan.
fn explain(
    args: &Query,
    query: &query::Query,
    inputs: &Source,
    corrections: Corrections,
    door: &mut Door<'_>,
) -> Result<Exit> {
    let files = (0u32..).zip(inputs.iter()).map(|(at, input)| explain::Input {
        name: input.name(),
        bytes: input.bytes(),
        pruned: inputs.left_out(at).map(|left_out| left_out.why.clone()),
    });
    let in_files = !inputs.iter().any(|input| matches!(input, Input::Segment(_)));
    let corrections = match corrections {
        _ if in_files && !args.fold => "as written (--fold folds them in)",
        Corrections::AsWritten => "as written",
        Corrections::Folded => "folded in",
        Corrections::Shown => "folded in, and shown",
    };
    let plan = explain::explain(query, files.collect(), corrections);
    match args.reading.format(door)? {
        Format::Json | Format::Jsonl if args.reading.output.is_some() || args.reading.json => {
            door.out.json(&[&plan.to_json()[..], b"\n"].concat())?;
        }
        _ => {
            let lines = plan.lines();
            lines.iter().try_for_each(|(title, text)| door.out.line(&format!("{title:<13}{}", safe::escape(text))))?;
        }
    }
    Ok(Exit::Done)
}

/// Notes, if nothing matches, how many rows there are and from when, including those of pruned
/// segments.
fn note_nothing(inputs: &Source, scanned: &Scanned, clock: &Clock, door: &mut Door<'_>) {
    let mut span: Option<(Instant, Instant)> = None;
    let mut widen = |first: Instant, last: Instant| {
        span = Some(span.map_or((first, last), |(least, greatest)| (least.min(first), greatest.max(last))));
    };
    inputs.all_left_out().filter_map(|(_, left_out)| left_out.times).for_each(|(first, last)| widen(first, last));
    let read = (0u32..).zip(inputs.iter()).filter(|(at, _)| inputs.left_out(*at).is_none());
    let files = read.map(|(_, input)| input).filter(|input| !input.is_once()).cloned().collect();
    let files = Source::as_written(files).laid_out(inputs.layout());
    let fed = scan::feed(&files, door.input, &["timestamp".to_owned()], false, |row, _, _| {
        if let Some(at) = row.field(0).and_then(cell::instant) {
            widen(at, at);
        }
        ControlFlow::Continue(())
    });
    let read = if inputs.iter().any(Input::is_once) { scanned.rows } else { fed.rows };
    let rows = read + inputs.all_left_out().map(|(_, left_out)| left_out.rows).sum::<u64>();
    if rows == 0 {
        let inputs = inputs.len();
        return door.note(format_args!("no rows in {inputs} file{}", if inputs == 1 { "" } else { "s" }));
    }
    let s = if rows == 1 { "" } else { "s" };
    match span {
        Some((first, last)) => door.note(format_args!(
            "nothing matches: {rows} row{s} read, from {} to {} {}",
            cell::time(first, &clock.zone),
            cell::time(last, &clock.zone),
            clock.zone.short_name(last)
        )),
        None => door.note(format_args!("nothing matches: {rows} row{s} read")),
    }
}

/// The output format. Strings without quotes are lines, also on a terminal.
fn format(args: &Query, door: &Door<'_>) -> Result<Format> {
    let asked = args.reading.output.is_some() || args.reading.json;
    match args.reading.format(door)? {
        _ if args.raw_strings && !asked => Ok(Format::Jsonl),
        Format::Json if args.raw_strings => {
            Err(Error::usage("--raw-strings prints lines, and -o json is one array").hint("-o jsonl --raw-strings"))
        }
        format => Ok(format),
    }
}

fn arguments(args: &Query) -> Result<BTreeMap<String, Argument>> {
    let mut arguments = BTreeMap::new();
    let pairs = |given: &[String]| given.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect::<Vec<_>>();
    for (name, text) in pairs(&args.arg) {
        arguments.insert(name, Argument::Text(text));
    }
    for (name, text) in pairs(&args.argjson) {
        json::validate(text.as_bytes(), Limits::GRAMMAR)
            .map_err(|fault| Error::usage(format!("--argjson {name}: {fault} at column {}", fault.at + 1)))?;
        arguments.insert(name, Argument::Json(text.into_bytes()));
    }
    Ok(arguments)
}
