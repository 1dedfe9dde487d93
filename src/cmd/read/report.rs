//! `logbook report`: run a saved query, built in or from `reports/` of the logbook.

use std::ops::ControlFlow;
use std::path::Path;

use super::query;
use crate::cmd::Door;
use crate::cmd::shared::guard::Bounds;
use crate::cmd::shared::reading::saved::{BUILT_IN, Parameter, Saved};
use crate::cmd::shared::reading::wording::{self, Clauses};
use crate::cmd::shared::reading::{self, Corrections, Reading, mismatches, runs};
use logbook_json as json;
use logbook_model::Night;
use logbook_model::error::{Error, Exit, Result, nearest};
use logbook_query::Query;
use logbook_query::eval::doubts::Doubts;
use logbook_render::Rows;
use logbook_store::config::texts::{self, REPORTS};
use logbook_store::{self as store, Purpose};
use logbook_view::runs::{Tree, json as run_json};

/// Examples for the help.
pub const EXAMPLES: &str = "  logbook report mcp server=github\n  logbook report ratings workflow=invoices -n 10";

/// Arguments of `report`.
#[derive(clap::Args)]
pub struct Report {
    /// The report; without it, list all and their parameters
    name: Option<String>,
    /// A parameter, as server=github
    #[arg(value_name = "NAME=VALUE")]
    given: Vec<String>,
    /// At most this many
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<u64>,
    /// Print the report's query instead of running it
    #[arg(long)]
    text: bool,
    #[command(flatten)]
    bounds: Bounds,
    #[command(flatten)]
    reading: Reading,
}

/// `logbook report`
pub fn run(args: Report, door: &mut Door<'_>) -> Result<Exit> {
    let location = store::locate(args.reading.dir.as_deref(), &door.env, Purpose::Read);
    let Some(name) = args.name.as_deref() else {
        return list(&args, location.ok().map(|location| location.path).as_deref(), door);
    };
    if !texts::is_name(name) {
        return Err(Error::usage(format!("{name:?} is not a valid name of a report"))
            .hint("names are a to z, 0 to 9 and -; logbook report lists all"));
    }
    let own = match &location {
        Ok(location) => texts::text(&location.path, REPORTS, name)?,
        Err(_) => None,
    };
    let saved = match (own, BUILT_IN.iter().find(|(built_in, _)| *built_in == name)) {
        (Some(text), _) => Saved::read(&text),
        (None, Some((_, text))) => Saved::read(text),
        (None, None) => return Err(unknown(name, location.ok().map(|location| location.path).as_deref())),
    };
    if args.text {
        door.out.text(&saved.text)?;
        return Ok(Exit::Done);
    }
    answer(&args, name, &saved, location?.path.as_path(), door)
}

fn answer(args: &Report, name: &str, saved: &Saved, directory: &Path, door: &mut Door<'_>) -> Result<Exit> {
    let clock = args.reading.clock(door)?;
    let night: Night = store::config::for_reading(directory, &door.env, &mut Vec::new()).night;
    let (from, to) = night.last(clock.now, &clock.zone);
    let own = [("night_from", from.to_string()), ("night_to", to.to_string())];
    let arguments = saved.arguments(name, &args.given, &own)?;
    let (mut query, text) = Clauses::default().query(std::slice::from_ref(&saved.text))?;
    if args.limit.is_some() {
        query.limit = args.limit;
    }
    // The person who saved it may not be the one who runs it.
    if wording::reads_files(&query) {
        return Err(Error::usage(format!("report {name} names a file (in @…), which reports may not read"))
            .hint("list the values: in (a, b)"));
    }
    if !saved.over_runs {
        return query::answer(
            &query::Query::of(args.reading.clone(), args.bounds.clone()),
            query,
            &text,
            arguments,
            &[],
            door,
        );
    }
    args.reading.narrow(&mut query, &clock)?;
    let guarded = wording::guarded(&query, &text, &clock, arguments, args.bounds.watch()?)?;
    let corrections = Corrections::wanted(&args.reading, &Query::default());
    let mut found = reading::logbook_for(door, &args.reading, corrections, None)?;
    let (mut parts, mut scanned) = runs::read(&mut found, &args.reading, door);
    let all = parts.runs();
    let tree = Tree::of(&all);
    let columns =
        guarded.plan().columns().map_or_else(|| run_json::FIELDS.map(str::to_owned).to_vec(), <[String]>::to_vec);
    let look = args.reading.look(door, clock.zone);
    let mut rows = Rows::new(args.reading.format(door)?, Some(columns), look, false);
    let mut failed = None;
    let mut doubts = Doubts::default();
    guarded.evaluate(|plan, _| {
        let put = &mut door.out;
        doubts =
            runs::ask(all.iter().enumerate(), &tree, clock.now, plan, &mut |row, _| match rows.push(row, None, put) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            });
        Ok(())
    })?;
    failed.map_or(Ok(()), Err).and_then(|()| rows.finish(&mut door.out)).map_err(|error| Error::output(&error))?;
    mismatches::notes(guarded.plan(), &doubts).iter().for_each(|note| door.note(note));
    if rows.written() == 0 && door.err.is_terminal() {
        door.note(format_args!("no run matches, of {}", all.len()));
    }
    Ok(reading::note_skipped(door, &mut scanned, &found.segments(), args.reading.strict))
}

/// Lists all reports.
fn list(args: &Report, directory: Option<&Path>, door: &mut Door<'_>) -> Result<Exit> {
    let zone = door.zone(args.reading.utc, args.reading.tz.as_deref())?;
    let look = args.reading.look(door, zone);
    let columns = ["report", "asks", "shows"].map(str::to_owned).to_vec();
    let mut rows = Rows::new(args.reading.format(door)?, Some(columns), look, false);
    for (name, saved) in &all(directory)? {
        let asks: Vec<String> = saved.parameters.iter().map(Parameter::shown).collect();
        let row =
            json::Object::new().text("report", name).text("asks", &asks.join(" ")).text("shows", &saved.about).end();
        rows.push(&row, None, &mut door.out).map_err(|error| Error::output(&error))?;
    }
    rows.finish(&mut door.out).map_err(|error| Error::output(&error))?;
    Ok(Exit::Done)
}

/// All reports by name. The logbook's own come first, and replace built-in ones with the same name.
pub fn all(directory: Option<&Path>) -> Result<Vec<(String, Saved)>> {
    let mut all: Vec<(String, Saved)> = Vec::new();
    if let Some(directory) = directory {
        for name in texts::names(directory, REPORTS)? {
            let saved = match texts::text(directory, REPORTS, &name) {
                Ok(text) => Saved::read(&text.unwrap_or_default()),
                Err(error) => Saved { about: error.message, ..Saved::default() },
            };
            all.push((name, saved));
        }
    }
    for (name, text) in BUILT_IN {
        if !all.iter().any(|(own, _)| own == name) {
            all.push((name.to_owned(), Saved::read(text)));
        }
    }
    Ok(all)
}

fn unknown(name: &str, directory: Option<&Path>) -> Error {
    let own = directory.and_then(|directory| texts::names(directory, REPORTS).ok()).unwrap_or_default();
    let known = own.iter().map(String::as_str).chain(BUILT_IN.iter().map(|(name, _)| *name));
    let error = Error::usage(format!("no report is called {name:?}"));
    match nearest(name, known) {
        Some(near) => error.hint(format!("did you mean `logbook report {near}`?")),
        None => error.hint("logbook report   # lists all"),
    }
}
