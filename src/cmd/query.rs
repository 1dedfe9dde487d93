//! `logbook query`: filter, group and summarize rows of the logbook, of files
//! or of standard input.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::cmd::Door;
use crate::cmd::reading::{self, Reading};
use crate::cmd::wording::{self, Clauses};
use crate::error::{Error, Exit, Result};
use crate::json::{self, Limits};
use crate::model::Vocabulary;
use crate::query::{Argument, Place, Plan};
use crate::render::{Format, Rows};
use crate::scan::{self, Scanned, Skipped};
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
    let mut query = args.clauses.query(&texts)?;
    query.and(args.reading.conditions(&clock)?);
    let arguments = arguments(&args)?;
    let plan = wording::compiled(&query, &clock, arguments)?;

    let (inputs, vocabulary) = if inputs.is_empty() {
        let (inputs, directory) = reading::logbook(door, args.reading.dir.as_deref())?;
        (inputs, store::vocabulary(&directory)?)
    } else {
        (store::expand(&inputs)?, Vocabulary::default())
    };
    let mut answer = Answer::new(&args, &plan, format, door)?;
    let scanned = answer.scan(&inputs, &plan, &args, door)?;
    answer.end(door)?;
    let seen = answer.seen;
    let written = answer.written;

    wording::tell_doubts(&query, &texts, &vocabulary, plan.fields(), &seen, scanned.rows, &inputs, door);
    for note in answer.notes {
        door.note(note);
    }
    let exit = reading::tell_skipped(door, &scanned, args.reading.strict);
    if written == 0 && scanned.rows > 0 && door.err_is_terminal && !args.quiet {
        tell_nothing(&inputs, &scanned, &clock.zone, door);
    } else if scanned.rows == 0 && scanned.skipped.count() == 0 && !args.quiet {
        door.note("there are no rows yet");
    }
    if exit != Exit::Done {
        return Ok(exit);
    }
    Ok(if written == 0 && (args.quiet || args.exit_status) { Exit::No } else { Exit::Done })
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

/// What comes out of the query, on its way to the reader.
struct Answer {
    rows: Rows,
    silent: bool,
    count: bool,
    written: u64,
    /// Which of the plan's fields some row had.
    seen: Vec<bool>,
    notes: Vec<String>,
}

impl Answer {
    fn new(args: &Query, plan: &Plan, format: Format, door: &Door<'_>) -> Result<Answer> {
        let look = args.reading.look(door, door.zone(args.reading.utc, args.reading.tz.as_deref())?);
        Ok(Answer {
            rows: Rows::new(format, plan.columns(), look, args.raw_csv),
            silent: args.quiet || args.count,
            count: args.count && !args.quiet,
            written: 0,
            seen: vec![false; plan.fields().len()],
            notes: Vec::new(),
        })
    }

    fn scan(&mut self, inputs: &[Input], plan: &Plan, args: &Query, door: &mut Door<'_>) -> Result<Scanned> {
        let mut fold = plan.fold();
        let mut seen = std::mem::take(&mut self.seen);
        let mut failed: Option<std::io::Error> = None;
        let out = &mut *door.out;
        let quiet = args.quiet;
        let mut sink = |text: &[u8], place: Option<Place>| {
            self.written += 1;
            if self.silent {
                return if quiet { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
            }
            let address = place.and_then(|place| reading::address(inputs, place));
            match self.rows.push(text, address, out) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        };
        let mut row_errors = RowErrors::default();
        let scanned = scan::feed(inputs, door.input, plan.fields(), args.reading.strict, |row, name, skipped: &mut Skipped| {
            for (seen, field) in seen.iter_mut().zip(row.fields) {
                *seen |= field.is_some();
            }
            fold.push(row, &mut sink, &mut |fault| row_errors.add(name, row.place, fault, skipped))
        });
        fold.finish(&mut sink, &mut |fault| row_errors.say(fault.to_string()));
        if let Some(error) = failed {
            return Err(Error::output(&error));
        }
        self.seen = seen;
        self.notes.extend(row_errors.lines());
        Ok(scanned)
    }

    fn end(&mut self, door: &mut Door<'_>) -> Result<()> {
        let ended = if self.count {
            writeln!(door.out, "{}", self.written).map(|()| None)
        } else if self.silent {
            Ok(None)
        } else {
            self.rows.finish(door.out)
        };
        self.notes.extend(ended.map_err(|error| Error::output(&error))?);
        Ok(())
    }
}
