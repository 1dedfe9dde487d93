//! `logbook fields`: the fields that occur; `logbook fields status`: the values of one, with
//! counts.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::ControlFlow;

use crate::cmd::Door;
use crate::cmd::shared::guard::{Bounds, Guarded};
use crate::cmd::shared::reading::answer::{Answer, Printing};
use crate::cmd::shared::reading::job::as_json;
use crate::cmd::shared::reading::unknown;
use crate::cmd::shared::reading::wording::{self, Clauses, ForeignTime};
use crate::cmd::shared::reading::{self, Corrections, Files, Reading, TimeField, mismatches, require};
use logbook_json as json;
use logbook_model::Vocabulary;
use logbook_model::error::{Error, Exit, Result};
use logbook_query::ast::Expr;
use logbook_query::eval::doubts::Doubts;
use logbook_query::text::parse;
use logbook_query::{Out, Query};
use logbook_render::{Format, Rows};
use logbook_scan::{self as scan, Class, Scanned, Source, Wanted};
use logbook_view as view;

/// Examples for the help.
pub const EXAMPLES: &str = "  logbook fields 'timestamp>=yesterday'\n  logbook fields tool_call.tool 'run_id=r-88'   # its values, with counts";

/// Arguments of `fields`.
#[derive(clap::Args)]
pub struct Fields {
    /// A field to count the values of, a filter, and inputs as in query
    #[arg(value_name = "FIELD|QUERY|INPUT")]
    words: Vec<OsString>,
    /// A condition, beside those in the query text
    #[arg(long, value_name = "CONDITION")]
    filter: Vec<String>,
    /// At most this many
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<String>,
    /// Fold corrections into the rows of files too
    #[arg(long, conflicts_with = "as_written")]
    fold: bool,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    bounds: Bounds,
    #[command(flatten)]
    time: TimeField,
    #[command(flatten)]
    reading: Reading,
}

/// `logbook fields`
pub fn run(args: Fields, door: &mut Door<'_>) -> Result<Exit> {
    let clock = args.reading.clock(door)?;
    let format = args.reading.format(door)?;
    let look = args.reading.look(door, clock.zone);
    let (texts, mut inputs) = wording::split_arguments(&args.words)?;
    let at = inputs.iter().position(|word| word.to_str().is_some_and(is_field));
    let field = at.and_then(|at| inputs.remove(at).into_string().ok());
    let clauses = match &field {
        // The values of a field are a query.
        Some(name) => Clauses {
            filter: args.filter.clone(),
            group: Some(name.clone()),
            summarize: Some("count".to_owned()),
            sort: Some("-count".to_owned()),
            limit: args.limit.clone(),
            ..Clauses::default()
        },
        None => Clauses { filter: args.filter.clone(), ..Clauses::default() },
    };
    let (mut query, text) = clauses.query(&texts)?;
    if field.is_none() && !(Query { filter: None, latest: None, ..query.clone() } == Query::default()) {
        return Err(Error::usage("fields takes conditions, latest and latest_by, but no other clauses")
            .hint("logbook fields 'status=blocked'"));
    }
    let time = args.time.keys()?;
    args.reading.narrow_by(&mut query, &clock, &time)?;
    if let Some(name) = &field {
        for path in parse::parse_path_list(name).map_err(Error::from)? {
            require(&mut query, Expr::Has(path));
        }
    }
    let counts_missing = !inputs.is_empty() && args.reading.limits_time();
    let time = ForeignTime { field: time, counts_missing };
    let watch = args.bounds.watch()?;
    let guarded = wording::guarded_foreign(&query, &text, time, &clock, BTreeMap::new(), watch)?;
    let corrections = Corrections::wanted(&args.reading, &query);
    let (inputs, vocabulary) = if inputs.is_empty() {
        let found = reading::logbook_for(door, &args.reading, corrections, None)?;
        (found.inputs.laid_out(args.files.layout()?), found.vocabulary)
    } else {
        let corrections = if args.fold { corrections } else { Corrections::AsWritten };
        (args.files.open(&inputs, corrections, door)?, Vocabulary::default())
    };
    let mut all_failed = false;
    let mut scanned = match guarded.plan().columns() {
        Some(columns) => {
            let rows = Rows::new(format, Some(columns.to_vec()), look, false);
            let mut answer = Answer::new(&query, guarded.plan(), Printing::Rows(Box::new(rows)), false);
            let strict = args.reading.strict;
            let scanned = guarded.evaluate(|plan, within| {
                within.threads(reading::cores(), |threads| answer.scan(&inputs, plan, strict, threads, door))
            })?;
            answer.end(door)?;
            all_failed = answer.all_failed;
            guarded.end();
            for note in &answer.notes {
                door.note(note);
            }
            unknown::report(&query, &text, &vocabulary, &answer, &inputs, door);
            scanned
        }
        None => all(&args, &guarded, &inputs, door)?,
    };
    match reading::note_skipped(door, &mut scanned, &inputs, args.reading.strict) {
        Exit::Done if all_failed => Ok(Exit::Damaged),
        exit => Ok(exit),
    }
}

/// The fields of the rows that pass.
fn all(args: &Fields, guarded: &Guarded, inputs: &Source, door: &mut Door<'_>) -> Result<Scanned> {
    let format = args.reading.format(door)?;
    let zone = door.zone(args.reading.utc, args.reading.tz.as_deref())?;
    let columns = ["field", "rows", "types", "example"].map(str::to_owned).to_vec();
    let mut rows = Rows::new(format, Some(columns), args.reading.look(door, zone), false);
    let as_table = matches!(format, Format::Table | Format::Markdown);
    let mut fields = view::Fields::default();
    let mut mended = Vec::new();
    let mut unread = Doubts::default();
    let mut scanned = guarded.evaluate(|plan, _| {
        let mut out = Out {
            sink: &mut |row, place| {
                match place {
                    Some(place) => fields.push(&as_json(row, place, &mut mended)),
                    None => fields.push(row),
                }
                ControlFlow::Continue(())
            },
            // Skip a row on which a program fails, as `query` does.
            fault: &mut |_, _| {},
        };
        let mut fold = logbook_query::Fold::new(plan);
        let strict = args.reading.strict;
        let wanted = Wanted { names: plan.fields(), strict, mends: true, ..Wanted::default() };
        let scanned = scan::feed_wanted(inputs, door.input, wanted, |row, _, _| fold.push(row, &mut out));
        unread = fold.finish(&mut out).doubts;
        Ok(scanned)
    })?;
    for note in mismatches::notes(guarded.plan(), &unread) {
        door.note(note);
    }
    for (place, detail) in mended {
        let name = inputs.get(place.input as usize).map_or_else(String::new, logbook_store::Input::name);
        scanned.mended.add(&name, Class::NotJson, place.offset, detail);
    }
    scanned.mended.mended_lines().into_iter().for_each(|line| door.note(line));
    if fields.truncated {
        door.note("there are too many fields; the first ones found are shown");
    }
    if fields.deeper {
        door.note(format!(
            "objects are nested deeper than {} keys; fields below are not listed",
            view::fields::KEYS_MAX
        ));
    }
    let limit = args.limit.as_deref().map(str::parse::<usize>).transpose();
    let limit = limit.map_err(|_| Error::usage("--limit takes a whole number"))?.unwrap_or(usize::MAX);
    let found = fields.finish();
    let written =
        found.iter().take(limit).try_for_each(|field| rows.push(&shown(field, as_table), None, &mut door.out));
    written.and_then(|()| rows.finish(&mut door.out)).map_err(|error| Error::output(&error))?;
    Ok(scanned)
}

/// A field as a row. A table shows the example as it is written, so that `5` and `"5"` differ.
fn shown(field: &view::fields::Field, as_table: bool) -> Vec<u8> {
    let mut field = field.clone();
    if as_table {
        field.example = field.example.map(|example| json::quote(&String::from_utf8_lossy(&example)));
    }
    field.to_json()
}

/// Whether a word that is not query text names a field and not a file, by its spelling alone.
fn is_field(word: &str) -> bool {
    let packed = [".jsonl", ".json", ".ndjson", ".zst", ".gz", ".log"];
    let file = word == "-" || word.contains(['/', '*', '?', '[']) || packed.iter().any(|end| word.ends_with(end));
    !file && parse::parse_path_list(word).is_ok_and(|paths| paths.len() == 1)
}
