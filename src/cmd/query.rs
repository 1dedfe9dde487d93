//! `logbook query`: filter, group and summarize rows of the logbook, of files
//! or of standard input.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::cmd::Door;
use crate::cmd::reading::{self, Reading};
use crate::cmd::wording::{self, Clauses};
use crate::error::{Error, Exit, Result};
use crate::json::{self, Limits};
use crate::model::{Instant, Vocabulary};
use crate::query::time::Clock;
use crate::query::{Argument, Out, Place, Plan};
use crate::render::{Rows, cell, safe};
use crate::scan::{self, Class, Scanned};
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
    let mut answer = Answer {
        rows: Rows::new(format, plan.columns().map(<[String]>::to_vec), look, args.raw_csv),
        printing: if args.quiet {
            Printing::Nothing
        } else if args.count {
            Printing::Count
        } else {
            Printing::Rows
        },
        written: 0,
        seen: vec![false; plan.fields().len()],
        notes: Vec::new(),
    };
    let scanned = answer.scan(&inputs, &plan, &args, door)?;
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

/// What is printed of the results.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Printing {
    Rows,
    Count,
    Nothing,
}

/// What comes out of the query, on its way to the reader.
struct Answer {
    rows: Rows,
    printing: Printing,
    written: u64,
    /// Which of the plan's fields some row had.
    seen: Vec<bool>,
    notes: Vec<String>,
}

/// How many rows a jq program failed on are told one by one.
const FAULTS_TOLD: u64 = 3;

impl Answer {
    fn scan(&mut self, inputs: &[Input], plan: &Plan, args: &Query, door: &mut Door<'_>) -> Result<Scanned> {
        let Answer { rows, printing, written, seen, notes } = self;
        let mut fold = plan.fold();
        let mut failed: Option<std::io::Error> = None;
        let writer = &mut *door.out;
        let whole = plan.passes_rows_on();
        let mut damaged: Vec<(Place, String)> = Vec::new();
        let mut faults = 0u64;
        let mut out = Out {
            sink: &mut |text, place| {
                if let (true, Some(place)) = (whole, place)
                    && let Err(fault) = json::validate(text, Limits::GRAMMAR)
                {
                    damaged.push((place, scan::feed::not_json(&fault).1));
                    return ControlFlow::Continue(());
                }
                *written += 1;
                if *printing != Printing::Rows {
                    return if *printing == Printing::Nothing {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    };
                }
                let address = place.and_then(|place| reading::address(inputs, place));
                match rows.push(text, address, writer) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        failed = Some(error);
                        ControlFlow::Break(())
                    }
                }
            },
            fault: &mut |place, message| {
                faults += 1;
                if faults <= FAULTS_TOLD {
                    let name = place.and_then(|place| Some((inputs.get(place.input as usize)?.name(), place.offset)));
                    let at = name.map_or_else(String::new, |(name, offset)| format!("{name} at byte {offset}: "));
                    notes.push(format!("{at}jq: {}", safe::escape(message)));
                }
            },
        };
        let mut scanned = scan::feed(inputs, door.input, plan.fields(), args.reading.strict, |row, _, _| {
            for (seen, field) in seen.iter_mut().zip(row.fields) {
                *seen |= field.is_some();
            }
            fold.push(row, &mut out)
        });
        let summary = fold.finish(&mut out);
        if let Some(error) = failed {
            return Err(Error::output(&error));
        }
        if faults > FAULTS_TOLD {
            notes.push(format!("jq failed on {faults} rows in all"));
        }
        for (column, ignored) in summary.ignored {
            let column = safe::escape(&column);
            if ignored.not_numbers > 0 {
                notes.push(format!("{column}: {} values are no numbers and were left out", ignored.not_numbers));
            }
            if ignored.too_wide > 0 {
                notes.push(format!("{column}: the numbers lie too far apart for an exact sum"));
            }
        }
        for (place, detail) in damaged {
            let name = inputs.get(place.input as usize).map_or_else(String::new, Input::name);
            scanned.skipped.add(&name, Class::NotJson, place.offset, detail);
        }
        Ok(scanned)
    }

    fn end(&mut self, door: &mut Door<'_>) -> Result<()> {
        let ended = match self.printing {
            Printing::Rows => self.rows.finish(door.out),
            Printing::Count => writeln!(door.out, "{}", self.written).map(|()| None),
            Printing::Nothing => Ok(None),
        };
        let note = ended.map_err(|error| Error::output(&error))?;
        self.notes.extend(note.filter(|_| door.err_is_terminal));
        Ok(())
    }
}
