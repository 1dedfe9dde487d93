//! `logbook diff`: how two runs differ.

use std::collections::{BTreeMap, HashSet};

use crate::cmd::Door;
use crate::cmd::shared::reading::gather::{self, GatheredRow};
use crate::cmd::shared::reading::run_record::{no_such_run, records, text_of};
use crate::cmd::shared::reading::{self, Corrections, Reading};
use logbook_format::draft::pairs::shell_word;
use logbook_model::FinalStatus;
use logbook_model::error::{Error, Exit, Result};
use logbook_query::{Place, Query, Row};
use logbook_render::{Format, Rows};
use logbook_view::Record;
use logbook_view::record::diff::{Difference, diff};
use logbook_view::record::fold::SAID;
use logbook_view::record::json::Object;

/// Examples for the help.
pub const EXAMPLES: &str = "  logbook diff r-81 r-88\n  logbook diff r-88 --last-good --same prompt_version";

/// The final status of a good run.
const SUCCEEDED: &str = FinalStatus::Succeeded.word();

/// The fields that similar runs are likely to share, the likeliest first.
const LIKELY: [&str; 8] =
    ["task", "agent_id", "parent_run_id", "prompt_version", "model", "requester", "owner", "agent_version"];

/// Arguments of `diff`.
#[derive(clap::Args)]
pub struct Diff {
    /// A run
    #[arg(value_name = "A")]
    a: String,
    /// Another run
    #[arg(value_name = "B", required_unless_present = "last_good", conflicts_with = "last_good")]
    b: Option<String>,
    /// Compare with the newest other run that succeeded with the same task (or parent, if A has no
    /// task)
    #[arg(long)]
    last_good: bool,
    /// The field that must be the same in that run
    #[arg(long, value_name = "FIELD", requires = "last_good")]
    same: Option<String>,
    #[command(flatten)]
    reading: Reading,
}

/// `logbook diff A B`: exit 1 if they differ.
pub fn run(args: Diff, door: &mut Door<'_>) -> Result<Exit> {
    let format = args.reading.format(door)?;
    let runs: Vec<String> = std::iter::once(&args.a).chain(&args.b).cloned().collect();
    let (found, records, mut scanned) = records(&runs, &args.reading, door)?;
    let take = |run: &String, door: &mut Door<'_>| {
        records.get(run).cloned().ok_or_else(|| no_such_run("diff", run, None, &found.inputs, door))
    };
    let a = take(&args.a, door)?;
    let b = match &args.b {
        Some(b) => take(b, door)?,
        None => last_good(&a, &args, door)?,
    };
    let differences = diff(&a, &b);
    put(&differences, &a.run_id, &b.run_id, format, &args.reading, door)?;
    match reading::note_skipped(door, &mut scanned, &found.inputs, args.reading.strict) {
        Exit::Done if differences.iter().any(|difference| difference.counts) => Ok(Exit::No),
        exit => Ok(exit),
    }
}

/// Prints one row for each difference. In a table the columns are the runs, and the main facts are
/// shown also if they are the same.
fn put(
    differences: &[Difference],
    run_a: &str,
    run_b: &str,
    format: Format,
    reading: &Reading,
    door: &mut Door<'_>,
) -> Result<()> {
    let drawn = matches!(format, Format::Table | Format::Markdown);
    let (a, b) = if drawn && run_a != run_b { (run_a, run_b) } else { ("a", "b") };
    let columns = ["what", a, b].map(str::to_owned).to_vec();
    let look = reading.look(door, reading.clock(door)?.zone);
    let mut rows = Rows::new(format, Some(columns), look, false);
    let mut written = Ok(());
    let differ = !differences.iter().all(|difference| difference.is_same);
    for difference in differences.iter().filter(|difference| differ && (drawn || !difference.is_same)) {
        let of_b = if difference.is_same { "(the same)" } else { &difference.b };
        let mut row = Object::default();
        row.text("what", &difference.what).text(a, &difference.a).text(b, of_b);
        written = written.and_then(|()| rows.push(&row.end(), None, &mut door.out));
    }
    written.and_then(|()| rows.finish(&mut door.out)).map_err(|error| Error::output(&error))?;
    if !differ && door.err.is_terminal() {
        door.note("no difference");
    }
    Ok(())
}

/// The field that the last good run must share and, if it is not the task by default, why.
fn same_field(a: &Record, args: &Diff) -> Result<(String, String)> {
    let field = match &args.same {
        Some(field) if !SAID.contains(&field.as_str()) => {
            return Err(Error::usage(format!("--same {field}: a run has no field {field}"))
                .hint(format!("--same {}", SAID.join("|"))));
        }
        Some(field) => field,
        None if a.first("task").is_empty() => "parent_run_id",
        None => "task",
    };
    let no_task = match &args.same {
        None if field != "task" => format!(" (run {:?} has no task)", a.run_id),
        _ => String::new(),
    };
    if a.first(field).is_empty() {
        return Err(Error::new(Exit::No, format!("run {:?} has no {field} to share with another{no_task}", a.run_id))
            .hint(other_fields(a, field)));
    }
    Ok((field.to_owned(), no_task))
}

/// A hint to compare by a field other than `field`.
fn other_fields(a: &Record, field: &str) -> String {
    let run = shell_word(&a.run_id);
    let mut others = LIKELY.into_iter().filter(|other| *other != field && !a.first(other).is_empty());
    let Some(first) = others.next() else { return format!("logbook diff {run} RUN") };
    let rest: Vec<&str> = others.collect();
    let rest = if rest.is_empty() { String::new() } else { format!("   # or {}", rest.join(", ")) };
    format!("logbook diff {run} --last-good --same {first}{rest}")
}

/// The newest run that succeeded and shares the field with `a`.
fn last_good(a: &Record, args: &Diff, door: &mut Door<'_>) -> Result<Record> {
    let reading = &args.reading;
    let (field, no_task) = same_field(a, args)?;
    let wanted = a.first(&field);
    let found = reading::logbook_for(door, reading, Corrections::wanted(reading, &Query::default()), None)?;
    let names = [field.clone(), "final_status".to_owned()];
    // A run qualifies by a row with the field and a row with its end.
    let literals = gather::literals(&[wanted.clone(), SUCCEEDED.to_owned()]);
    let literals =
        if a.said(&field).first().is_some_and(|said| said.raw.starts_with(b"\"")) { literals } else { Vec::new() };
    let is = |raw: Option<&[u8]>, text: &str| raw.is_some_and(|raw| logbook_view::record::entry::plain(raw) == text);
    let (rows, _) = gather::gather(&found.inputs, &names, &literals, reading.strict, door, || {
        |row: &Row<'_>| is(row.field(0), &wanted) || is(row.field(1), SUCCEEDED)
    });
    let (mut alike, mut good): (HashSet<String>, BTreeMap<Place, String>) = Default::default();
    for GatheredRow { place, text } in &rows {
        let run = text_of(text, "run_id");
        if text_of(text, "final_status") == SUCCEEDED {
            good.insert(*place, run.clone());
        }
        if text_of(text, &field) == wanted {
            alike.insert(run);
        }
    }
    let mut asked: HashSet<&String> = HashSet::from([&a.run_id]);
    for run in good.values().rev().filter(|run| alike.contains(*run)) {
        if !asked.insert(run) {
            continue;
        }
        let (_, mut found, _) = records(std::slice::from_ref(run), reading, door)?;
        let good = |record: &Record| record.first(&field) == wanted && record.stands("final_status") == SUCCEEDED;
        if let Some(record) = found.remove(run).filter(good) {
            door.note(format_args!(
                "compared with {}, the last run with the same {field} that succeeded{no_task}",
                record.run_id
            ));
            return Ok(record);
        }
    }
    Err(Error::new(Exit::No, format!("no other run with the {field} {wanted:?} has succeeded{no_task}"))
        .hint(other_fields(a, &field)))
}
