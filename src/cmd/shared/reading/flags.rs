//! What all reading commands have in common: the flags, the logbook that is
//! read, how the result looks, and what is said beside it.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::cmd::Door;
use logbook_json as json;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Address, Field, Kind, Night, Vocabulary, Zone};
use logbook_query::ast::{Expr, Form, Literal, Op, Operand, Path as FieldPath, Right, Span, Test};
use logbook_query::text::parse;
use logbook_query::time::{self, Clock};
use logbook_query::{Place, Query, Requirement};
use logbook_render::{Format, Look};
use logbook_scan::{self as scan, Pruning, Scanned, Source, corrections};
use logbook_store::{self as store, Input, Location, Purpose, Settings, Snapshot};
use logbook_view::facts::{Facts, FieldSet, Picked};

/// Flags of every reading command.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Reading {
    /// Only rows of this run
    #[arg(hide_short_help = true, short = 'r', long, value_name = "RUN")]
    pub run: Option<String>,
    /// Only rows from this time on: 2026-04-15, 2026-04-15T08:00, yesterday, -12h
    #[arg(hide_short_help = true, long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Only rows up to this time
    #[arg(hide_short_help = true, long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,
    /// table, jsonl, json, csv, tsv or md; a table on a terminal, jsonl in a pipe
    #[arg(hide_short_help = true, short = 'o', long, value_name = "FORMAT")]
    pub output: Option<String>,
    /// The same as -o json
    #[arg(hide_short_help = true, long, conflicts_with = "output")]
    pub json: bool,
    /// The logbook, or the directory that holds it
    #[arg(hide_short_help = true, long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Read and show times in UTC
    #[arg(hide_short_help = true, long, conflicts_with = "tz")]
    pub utc: bool,
    /// Read and show times in this zone: Europe/Berlin, +02:00
    #[arg(hide_short_help = true, long, value_name = "ZONE", allow_hyphen_values = true)]
    pub tz: Option<String>,
    /// auto, always or never
    #[arg(hide_short_help = true, long, value_name = "WHEN", value_parser = ["auto", "always", "never"], default_value = "auto")]
    pub color: String,
    /// Wrap long cells of a table instead of cutting them
    #[arg(hide_short_help = true, long)]
    pub wrap: bool,
    /// Rows as they were written: corrections are rows of their own, not folded in
    #[arg(hide_short_help = true, long)]
    pub as_written: bool,
    /// Judge every row whole; exit 5 if one is damaged
    #[arg(hide_short_help = true, long)]
    pub strict: bool,
    /// Read every segment, whatever cache/ knows; the answer is the same
    #[arg(hide_short_help = true, long)]
    pub no_cache: bool,
}

/// The flag of commands that read rows of other programs.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct TimeField {
    /// The field that --since, --until and age are about, instead of timestamp
    #[arg(hide_short_help = true, long, value_name = "FIELD")]
    pub time: Option<String>,
}

impl TimeField {
    /// The keys of its path.
    pub fn keys(&self) -> Result<Vec<String>> {
        let Some(field) = &self.time else { return Ok(vec!["timestamp".to_owned()]) };
        let mut paths = parse::parse_path_list(field).map_err(Error::from)?;
        match (paths.pop(), paths.is_empty()) {
            (Some(path), true) => Ok(path.keys),
            _ => Err(Error::usage("--time takes one field").hint("as --time ts, --time meta.created")),
        }
    }
}

/// How many threads this process may run at a time.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

impl Reading {
    /// The clock that this command's times are read by.
    pub fn clock(&self, door: &Door<'_>) -> Result<Clock> {
        Ok(Clock { now: door.now()?, zone: door.zone(self.utc, self.tz.as_deref())? })
    }

    /// The format asked for, else a table for a person and jsonl for a program.
    pub fn format(&self, door: &Door<'_>) -> Result<Format> {
        match &self.output {
            Some(name) => Format::parse(name),
            None if self.json => Ok(Format::Json),
            None if door.out.is_terminal() => Ok(Format::Table),
            None => Ok(Format::Jsonl),
        }
    }

    /// How a table is to look at this door.
    pub fn look(&self, door: &Door<'_>, zone: Zone) -> Look {
        let colour = match self.color.as_str() {
            "always" => true,
            "never" => false,
            _ => door.has_colour(),
        };
        let columns = door.env.var("COLUMNS").and_then(|columns| columns.parse().ok());
        let width = if door.out.is_terminal() { Some(columns.unwrap_or(door.columns)) } else { columns };
        Look { width, colour, zone, terminal: door.out.is_terminal(), wrap: self.wrap }
    }

    /// What may be left unread, of rows that must meet `requirement`; `None`: nothing.
    pub fn pruning(&self, requirement: Requirement) -> Option<Pruning> {
        // Rows that are to be judged must be read.
        Pruning::new(requirement).filter(|_| !self.no_cache && !self.strict)
    }

    /// `--run`, `--since` and `--until` as conditions beside the query's own.
    pub fn narrow(&self, query: &mut Query, clock: &Clock) -> Result<()> {
        self.narrow_by(query, clock, &TimeField::default().keys()?)
    }

    /// Whether only a stretch of time is wanted.
    pub fn is_of_a_time(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// The same, where the time of a row is in `field`.
    pub fn narrow_by(&self, query: &mut Query, clock: &Clock, field: &[String]) -> Result<()> {
        if let Some(run) = &self.run {
            require(query, test("run_id", Op::Equal, run, Form::Quoted));
        }
        for (flag, op, word) in [("--since", Op::GreaterEqual, &self.since), ("--until", Op::LessEqual, &self.until)] {
            if let Some(word) = word {
                let word = time_word(flag, word, clock)?;
                require(query, test_of(field.to_vec(), op, &word, Form::Bare));
            }
        }
        Ok(())
    }
}

/// Adds a condition that rows must pass too.
pub fn require(query: &mut Query, condition: Expr) {
    query.filter = Some(match query.filter.take() {
        None => condition,
        Some(Expr::And(mut all)) => {
            all.push(condition);
            Expr::And(all)
        }
        Some(other) => Expr::And(vec![other, condition]),
    });
}

/// A time as `--since` takes it: also `12h` for `-12h`.
fn time_word(flag: &str, word: &str, clock: &Clock) -> Result<String> {
    let before_now = format!("-{word}");
    for word in [word, &before_now] {
        if let Some(Ok(_)) = time::read(word, clock) {
            return Ok(word.to_owned());
        }
    }
    let why = match time::read(word, clock) {
        Some(Err(why)) => why,
        _ => format!("{word:?} is not a time"),
    };
    Err(Error::usage(format!("{flag}: {why}")).hint(format!("as {flag} 2026-04-15, {flag} yesterday, {flag} -12h")))
}

/// `field op value` as if it had been typed.
pub fn test(field: &str, op: Op, value: &str, form: Form) -> Expr {
    test_of(vec![field.to_owned()], op, value, form)
}

fn test_of(keys: Vec<String>, op: Op, value: &str, form: Form) -> Expr {
    let span = Span::default();
    Expr::Test(Test {
        left: Operand::Path(FieldPath { keys, span }),
        all: false,
        op,
        right: Right::One(Literal { text: value.to_owned(), form, span }),
        span,
    })
}

/// A logbook as it is read.
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// Its segments as they were listed.
    pub snapshot: Snapshot,
    /// The same, in order, with the corrections among their rows.
    pub inputs: Source,
    /// The words its config declares.
    pub vocabulary: Vocabulary,
    /// The hours that nobody watches.
    pub night: Night,
}

impl Found {
    /// Its segments as they were written.
    pub fn segments(&self) -> Source {
        Corrections::AsWritten.of(self.snapshot.segments.iter().cloned().map(Input::Segment).collect())
    }
}

/// How corrections are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corrections {
    /// Folded into the rows that they are about; not seen themselves.
    Folded,
    /// Folded, and seen too: the kind was asked for.
    Shown,
    /// Rows like others.
    AsWritten,
}

impl Corrections {
    /// Inputs, read this way.
    pub fn of(self, inputs: Vec<Input>) -> Source {
        match self {
            Corrections::AsWritten => Source::as_written(inputs),
            _ => corrections::fold(inputs).with_corrections(self == Corrections::Shown),
        }
    }

    /// Folded, unless the flags say otherwise; seen where `query` asks for the kind.
    pub fn wanted(reading: &Reading, query: &Query) -> Corrections {
        match reading.as_written {
            true => Corrections::AsWritten,
            false if query.filter.as_ref().is_some_and(asks_for_corrections) => Corrections::Shown,
            false => Corrections::Folded,
        }
    }
}

/// Whether a condition names the kind `correction` as one that is wanted.
fn asks_for_corrections(condition: &Expr) -> bool {
    let mut open = vec![condition];
    while let Some(expr) = open.pop() {
        match expr {
            Expr::And(all) | Expr::Or(all) => open.extend(all),
            Expr::Test(Test { left: Operand::Path(path), op: Op::Equal | Op::In, right, .. })
                if path.keys == ["kind"] =>
            {
                let named = match right {
                    Right::One(one) => std::slice::from_ref(one),
                    Right::List(list) => list,
                    Right::File(..) => &[],
                };
                if named.iter().any(|literal| Kind::named(&literal.text) == Kind::Correction) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// The logbook that `dir`, the environment or the working directory names.
pub fn logbook(door: &Door<'_>, dir: Option<&Path>, corrections: Corrections) -> Result<Found> {
    logbook_at(&store::locate(dir, &door.env, Purpose::Read)?, corrections, None)
}

/// The same as the flags ask for it. `pruning` learns what is known of its segments.
pub fn logbook_for(
    door: &mut Door<'_>,
    reading: &Reading,
    corrections: Corrections,
    pruning: Option<&mut Pruning>,
) -> Result<Found> {
    let location = store::locate(reading.dir.as_deref(), &door.env, Purpose::Read)?;
    let snapshot = snapshot(&location, pruning)?;
    let mut wrong = Vec::new();
    let settings = store::config::for_reading(&location.path, &door.env, &mut wrong);
    tell_passed_over(&wrong, door);
    found(location, snapshot, corrections, !reading.no_cache, settings)
}

/// The logbook at `location`. `pruning` learns what is known of its segments.
pub fn logbook_at(location: &Location, corrections: Corrections, pruning: Option<&mut Pruning>) -> Result<Found> {
    let settings = store::config::settings(&store::os_real::REAL, &location.path)?;
    found(location.clone(), snapshot(location, pruning)?, corrections, true, settings)
}

/// Says what of config files was passed over.
pub fn tell_passed_over(wrong: &[Error], door: &mut Door<'_>) {
    for error in wrong {
        door.note(format_args!("passed over: {}", error.message));
    }
}

fn snapshot(location: &Location, pruning: Option<&mut Pruning>) -> Result<Snapshot> {
    match pruning {
        Some(pruning) => store::snapshot_with_summaries(&location.path, &mut |number, summary| {
            pruning.know(number, &summary);
        }),
        None => store::snapshot(&location.path),
    }
}

fn found(
    location: Location,
    snapshot: Snapshot,
    corrections: Corrections,
    cached: bool,
    settings: Settings,
) -> Result<Found> {
    let inputs = match corrections {
        Corrections::Folded | Corrections::Shown if cached => {
            corrections::fold_known(&location.path, &snapshot)?.with_corrections(corrections == Corrections::Shown)
        }
        _ => corrections.of(snapshot.segments.iter().cloned().map(Input::Segment).collect()),
    };
    Ok(Found { path: location.path, snapshot, inputs, vocabulary: settings.vocabulary, night: settings.night })
}

/// Whether a logbook is found from here.
pub fn is_logbook_here(door: &Door<'_>) -> bool {
    store::locate(None, &door.env, Purpose::Read).is_ok()
}

/// The name of a row by its place; only rows of a logbook have one.
pub fn address(inputs: &[Input], place: Place) -> Option<Address> {
    match inputs.get(place.input as usize)? {
        Input::Segment(segment) => Some(Address::Place { segment: segment.number, offset: place.offset }),
        _ => None,
    }
}

/// The row called `address`, as it was written: of two that claim one name the
/// first by position. Rows that are not JSON, or count no more, are passed over.
pub fn find(
    inputs: &Source,
    address: &Address,
    strict: bool,
    door: &mut Door<'_>,
) -> (Option<(Place, Vec<u8>)>, Scanned) {
    let mut found = None;
    const FIELDS: FieldSet = FieldSet::of(&[Field::RunId, Field::Step]);
    let names = FIELDS.to_names();
    let written = Source::as_written(inputs.to_vec());
    let scanned = scan::feed(&written, door.input, &names, strict, |row, _, _| {
        let named = match address {
            Address::Place { .. } => self::address(inputs, row.place).as_ref() == Some(address),
            Address::Step { run_id, step } => {
                let row = Picked::new(&FIELDS, row.fields);
                row.step() == Some(*step) && row.chars(Field::RunId).is_some_and(|run| *run == *run_id.as_bytes())
            }
        };
        if named && !inputs.is_voided(row.place) && json::validate(row.text, json::Limits::GRAMMAR).is_ok() {
            found = Some((row.place, row.text.to_vec()));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    (found, scanned)
}

/// Says what was skipped, in `inputs`, of which some were read. With `--strict` that is damage, and
/// so it is where no line at all was a row.
pub fn tell_skipped(door: &mut Door<'_>, scanned: &mut Scanned, inputs: &Source, strict: bool) -> Exit {
    if scanned.skipped.count() == 0 {
        return Exit::Done;
    }
    scan::number(inputs, &mut scanned.skipped);
    for line in scanned.skipped.lines() {
        door.note(line);
    }
    if scanned.skipped.has_unread() {
        Exit::NotStored
    } else if strict || (scanned.rows == 0 && scanned.skipped.has_lines() && !has_rows(inputs, door)) {
        Exit::Damaged
    } else {
        Exit::Done
    }
}

/// Whether there is a row in the inputs that can be read again: scans pass over rows that cannot
/// matter.
fn has_rows(inputs: &Source, door: &mut Door<'_>) -> bool {
    scan::feed(&inputs.again(), door.input, &[], false, |_, _, _| ControlFlow::Break(())).rows > 0
}
