//! `logbook diff`: in what two runs differ.

use std::collections::{BTreeMap, HashSet};

use crate::cmd::Door;
use crate::cmd::reading::gather::{self, Kept};
use crate::cmd::reading::of_run::{nothing, records, text_of};
use crate::cmd::reading::{self, Corrections, Reading};
use crate::error::{Error, Exit, Result};
use crate::model::FinalStatus;
use crate::query::{Place, Query, Row};
use crate::render::{Format, Rows};
use crate::view::Record;
use crate::view::record::diff::{Difference, diff};
use crate::view::record::fold::SAID;
use crate::view::record::json::Object;

/// Examples shown in the help.
pub const EXAMPLES: &str = "  logbook diff r-81 r-88\n  logbook diff r-88 --last-good --same prompt_version";

/// How a good run ended.
const SUCCEEDED: &str = FinalStatus::Succeeded.word();

/// Arguments of `diff`.
#[derive(clap::Args)]
pub struct Diff {
    /// A run
    #[arg(value_name = "A")]
    a: String,
    /// Another run
    #[arg(value_name = "B", required_unless_present = "last_good", conflicts_with = "last_good")]
    b: Option<String>,
    /// The newest other run that succeeded with the same task (or the same parent, where A has no task)
    #[arg(long)]
    last_good: bool,
    /// The field that is the same in the last good run
    #[arg(long, value_name = "FIELD", requires = "last_good")]
    same: Option<String>,
    #[command(flatten)]
    reading: Reading,
}

/// `logbook diff A B`: exit 1 when they differ.
pub fn run(args: Diff, door: &mut Door<'_>) -> Result<Exit> {
    let format = args.reading.format(door)?;
    let runs: Vec<String> = std::iter::once(&args.a).chain(&args.b).cloned().collect();
    let (found, records, scanned) = records(&runs, &args.reading, door)?;
    let take = |run: &String, door: &mut Door<'_>| {
        records.get(run).cloned().ok_or_else(|| nothing("diff", run, None, &found.inputs, door))
    };
    let a = take(&args.a, door)?;
    let b = match &args.b {
        Some(b) => take(b, door)?,
        None => last_good(&a, &args, door)?,
    };
    let differences = diff(&a, &b);
    put(&differences, (&a.run_id, &b.run_id), format, &args.reading, door)?;
    match reading::tell_skipped(door, &scanned, args.reading.strict) {
        Exit::Done if differences.iter().any(|difference| difference.counts) => Ok(Exit::No),
        exit => Ok(exit),
    }
}

/// One row for each difference. For a person the columns are the runs.
fn put(
    differences: &[Difference],
    runs: (&str, &str),
    format: Format,
    reading: &Reading,
    door: &mut Door<'_>,
) -> Result<()> {
    let drawn = matches!(format, Format::Table | Format::Markdown);
    let (a, b) = if drawn && runs.0 != runs.1 { runs } else { ("a", "b") };
    let columns = ["what", a, b].map(str::to_owned).to_vec();
    let look = reading.look(door, reading.clock(door)?.zone);
    let mut rows = Rows::new(format, Some(columns), look, false);
    let mut written = Ok(());
    for difference in differences {
        let mut row = Object::default();
        row.text("what", &difference.what).text(a, &difference.a).text(b, &difference.b);
        written = written.and_then(|()| rows.push(&row.end(), None, &mut door.out));
    }
    written.and_then(|()| rows.finish(&mut door.out)).map_err(|error| Error::output(&error))?;
    if differences.is_empty() && door.err.is_terminal() {
        door.note("no difference");
    }
    Ok(())
}

/// The newest run that succeeded and is like `a`.
fn last_good(a: &Record, args: &Diff, door: &mut Door<'_>) -> Result<Record> {
    let reading = &args.reading;
    let field = match &args.same {
        Some(field) => field.clone(),
        None if a.first("task").is_empty() => "parent_run_id".to_owned(),
        None => "task".to_owned(),
    };
    if !SAID.contains(&field.as_str()) {
        return Err(Error::usage(format!("--same {field}: a run says no {field} of its own"))
            .hint(format!("--same {}", SAID.join("|"))));
    }
    let wanted = a.first(&field);
    if wanted.is_empty() {
        return Err(Error::new(Exit::No, format!("run {:?} has no {field} that another could share", a.run_id))
            .hint(format!("logbook diff {} RUN", a.run_id)));
    }
    let found = reading::logbook_for(door, reading, Corrections::wanted(reading, &Query::default()), None)?;
    let names = [field.clone(), "final_status".to_owned()];
    // Rows of either kind name the runs that may be meant.
    let literals = gather::literals(&[wanted.clone(), SUCCEEDED.to_owned()]);
    let literals =
        if a.said(&field).first().is_some_and(|said| said.raw.starts_with(b"\"")) { literals } else { Vec::new() };
    let is = |raw: Option<&[u8]>, text: &str| raw.is_some_and(|raw| crate::view::record::entry::plain(raw) == text);
    let (rows, _) = gather::gather(&found.inputs, (&names, &literals), reading.strict, door, || {
        |row: &Row<'_>| is(row.field(0), &wanted) || is(row.field(1), SUCCEEDED)
    });
    let (mut alike, mut good): (HashSet<String>, BTreeMap<Place, String>) = Default::default();
    for Kept { place, text } in &rows {
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
        let (_, mut of_run, _) = records(std::slice::from_ref(run), reading, door)?;
        let good = |record: &Record| {
            record.first(&field) == wanted
                && record.newest("final_status").is_some_and(|row| row.text("final_status") == SUCCEEDED)
        };
        if let Some(record) = of_run.remove(run).filter(good) {
            return Ok(record);
        }
    }
    Err(Error::new(Exit::No, format!("no other run with {field} {wanted:?} has succeeded"))
        .hint(format!("logbook diff {} --last-good --same agent_id", a.run_id)))
}
