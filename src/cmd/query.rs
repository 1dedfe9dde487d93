//! `logbook query`: filter, group and summarize rows of the logbook, of files
//! or of standard input.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::cmd::Door;
use crate::cmd::answer::{Answer, Moved, Printing};
use crate::cmd::reading::{self, Reading};
use crate::cmd::wording::{self, Clauses};
use crate::error::{Error, Exit, Result};
use crate::json::{self, Limits};
use crate::model::{Instant, Vocabulary};
use crate::query::Argument;
use crate::query::time::Clock;
use crate::render::{Format, Rows, cell};
use crate::scan::{self, Scanned};
use crate::store::{self, Input};

/// Examples shown in the help.
pub const EXAMPLES: &str = "  logbook query 'status=blocked' --latest --group blocked_on\n  logbook query 'timestamp >= 2026-04-15T00:00Z AND status=done' 'logs/*.jsonl'";

/// Arguments of `query`.
#[derive(clap::Args)]
pub struct Query {
    /// Query text, and inputs: files, globs, directories, - for standard input; without inputs, the logbook
    #[arg(value_name = "QUERY|INPUT")]
    words: Vec<String>,
    #[command(flatten)]
    clauses: Clauses,
    /// Give $NAME a text in the query
    #[arg(long, num_args = 2, value_names = ["NAME", "TEXT"], action = clap::ArgAction::Append)]
    arg: Vec<String>,
    /// Give $NAME a JSON value in the query
    #[arg(long, num_args = 2, value_names = ["NAME", "JSON"], action = clap::ArgAction::Append)]
    argjson: Vec<String>,
    /// Print only how many rows come out
    #[arg(long)]
    count: bool,
    /// Print nothing; exit 1 if nothing matches
    #[arg(short = 'q', long)]
    quiet: bool,
    /// Exit 1 if nothing matches
    #[arg(short = 'e', long)]
    exit_status: bool,
    /// Leave csv cells that begin like a formula as they are
    #[arg(long)]
    raw_csv: bool,
    #[command(flatten)]
    reading: Reading,
}

/// `logbook query`
pub fn run(args: Query, door: &mut Door<'_>) -> Result<Exit> {
    let clock = args.reading.clock(door)?;
    let format = args.reading.format(door)?;
    let (texts, inputs) = wording::told_apart(&args.words);
    let (mut query, text) = args.clauses.query(&texts)?;
    args.reading.narrow(&mut query, &clock)?;
    let plan = wording::compiled(&query, &text, &clock, arguments(&args)?)?;

    let (inputs, vocabulary) = if inputs.is_empty() {
        let found = reading::logbook(door, args.reading.dir.as_deref())?;
        (found.inputs, found.vocabulary)
    } else {
        (store::expand(&inputs)?, Vocabulary::default())
    };
    let look = args.reading.look(door, clock.zone);
    let printing = match (args.quiet, args.count) {
        (true, _) => Printing::Nothing,
        (false, true) => Printing::Count,
        (false, false) => Printing::Rows(match plan.columns() {
            None if plan.uses_jq() && !plan.passes_rows_on() => Rows::made(format, look, args.raw_csv),
            columns => Rows::new(format, columns.map(<[String]>::to_vec), look, args.raw_csv),
        }),
    };
    let wonder = format == Format::Table && door.out_is_terminal && !plan.is_latest();
    let mut answer = Answer::new(&plan, printing, wonder.then(Moved::default));
    let scanned = answer.scan(&inputs, &plan, args.reading.strict, door)?;
    answer.end(door)?;

    wording::tell_doubts(&query, &text, &vocabulary, (plan.fields(), &answer.seen), &inputs, door);
    for note in &answer.notes {
        door.note(note);
    }
    let exit = reading::tell_skipped(door, &scanned, args.reading.strict);
    if answer.written == 0 && !args.quiet && door.err_is_terminal {
        tell_nothing(&inputs, &scanned, &clock, door);
    }
    match exit {
        Exit::Done if answer.written == 0 && (args.quiet || args.exit_status) => Ok(Exit::No),
        exit => Ok(exit),
    }
}

/// Nothing came out: how much was read, and of what time.
fn tell_nothing(inputs: &[Input], scanned: &Scanned, clock: &Clock, door: &mut Door<'_>) {
    if scanned.rows == 0 {
        let inputs = inputs.len();
        return door.note(format_args!("no rows in {inputs} file{}", if inputs == 1 { "" } else { "s" }));
    }
    let mut span: Option<(Instant, Instant)> = None;
    let files: Vec<Input> = inputs.iter().filter(|input| **input != Input::Stdin).cloned().collect();
    scan::feed(&files, door.input, &["timestamp".to_owned()], false, |row, _, _| {
        if let Some(at) = row.fields[0].and_then(cell::instant) {
            span = Some(span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        }
        ControlFlow::Continue(())
    });
    let rows = scanned.rows;
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
