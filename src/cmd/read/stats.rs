//! `logbook stats`: totals of a logbook, in one pass over its rows.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::cmd::Door;
use crate::cmd::shared::guard::Bounds;
use crate::cmd::shared::reading::wording::{self, Clauses};
use crate::cmd::shared::reading::{self, Corrections, Reading, mismatches};
use logbook_json as json;
use logbook_model::Zone;
use logbook_model::error::{Error, Exit, Result};
use logbook_query::eval::doubts::Doubts;
use logbook_query::{self as query, Out, Plan, Query, Row};
use logbook_render::table::Look;
use logbook_render::{Format, Output, Rows, cell};
use logbook_scan::{self as scan, Task, Wanted};
use logbook_view::Stats as Fold;
use logbook_view::stats::{FIELDS, StatsPart, Table};

/// Examples for the help.
pub const EXAMPLES: &str = "  logbook stats --since -7d\n  logbook stats 'agent_id=scout' -o json";

/// A table shows at most this many days, the newest.
const DAYS_MAX: usize = 31;
/// The width of the longest bar.
const BAR_MAX: u64 = 40;

/// Arguments of `stats`.
#[derive(clap::Args)]
pub struct Stats {
    /// A filter on the rows
    #[arg(value_name = "FILTER")]
    filter: Vec<String>,
    #[command(flatten)]
    bounds: Bounds,
    #[command(flatten)]
    reading: Reading,
}

/// `logbook stats`
pub fn run(args: Stats, door: &mut Door<'_>) -> Result<Exit> {
    let clock = args.reading.clock(door)?;
    let format = args.reading.format(door)?;
    if matches!(format, Format::Csv | Format::Tsv) {
        return Err(Error::usage("stats prints several tables, and csv and tsv hold one")
            .hint("logbook stats -o json, or one of them: logbook query 'group_by status' -o csv"));
    }
    let look = args.reading.look(door, clock.zone);
    let (mut query, text) = Clauses::default().query(&args.filter)?;
    if !(Query { filter: None, ..query.clone() } == Query::default()) {
        return Err(Error::usage("stats takes conditions, and no other clauses").hint("logbook stats 'status=blocked'"));
    }
    args.reading.narrow(&mut query, &clock)?;
    let guarded = wording::guarded(&query, &text, &clock, BTreeMap::new(), args.bounds.watch()?)?;
    let corrections = Corrections::wanted(&args.reading, &query);
    let found = reading::logbook_for(door, &args.reading, corrections, None)?;

    let mut stats = Fold::default();
    let strict = args.reading.strict;
    let mut doubts = Doubts::default();
    let mut scanned = guarded.evaluate(|plan, within| {
        // Each name once: a field of a row is picked into one slot.
        let mut names = plan.fields().to_vec();
        names.extend(FIELDS.to_names().into_iter().filter(|name| !plan.fields().contains(name)));
        let slot = |name: &str| names.iter().position(|known| known == name).unwrap_or(usize::MAX);
        let job = Job { plan, zone: clock.zone, slots: std::array::from_fn(|at| slot(FIELDS.names()[at])) };
        let wanted = Wanted { names: &names, strict, ..Wanted::default() };
        Ok(within.threads(reading::cores(), |threads| {
            scan::in_parallel(&found.inputs, &mut *door.input, wanted, threads, &job, |(part, more)| {
                stats.join(part);
                doubts.merge(more);
                ControlFlow::Continue(())
            })
        }))
    })?;
    for note in mismatches::notes(guarded.plan(), &doubts) {
        door.note(note);
    }
    let runs = stats.finish(clock.now);
    match format {
        Format::Json | Format::Jsonl => door.out.json(&to_json(&stats, runs))?,
        _ => tables(&stats, runs, format, &look, &mut door.out)?,
    }
    Ok(reading::note_skipped(door, &mut scanned, &found.inputs, strict))
}

/// The work of each thread: filter rows and add them up.
struct Job<'j> {
    plan: &'j Plan,
    zone: Zone,
    /// The slots of the fold's fields among the fields of the plan.
    slots: [usize; FIELDS.count()],
}

impl<'j> Task for Job<'j> {
    type Part = (query::Fold<'j>, StatsPart);
    type Done = (StatsPart, Doubts);

    fn begin(&self) -> Self::Part {
        (query::Fold::new(self.plan), StatsPart::new(self.zone))
    }

    fn row(
        &self,
        (fold, part): &mut Self::Part,
        row: &Row<'_>,
        _: &mut dyn FnMut(Self::Done) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut passes = false;
        let mut out = Out {
            // The plan has only conditions: it passes the row on or not.
            sink: &mut |_, _| {
                passes = true;
                ControlFlow::Continue(())
            },
            // Skip a row on which a program fails, as `query` does.
            fault: &mut |_, _| {},
        };
        let flow = fold.push(row, &mut out);
        if passes {
            part.push(&Row { fields: &self.slots.map(|slot| row.field(slot)), ..*row });
        }
        flow
    }

    fn joins(&self) -> bool {
        true
    }

    fn so_far(&self, _: &mut Self::Part) -> Option<Self::Done> {
        None
    }

    fn end(&self, (fold, part): Self::Part) -> Self::Done {
        // Conditions hold nothing back.
        let mut out = Out { sink: &mut |_, _| ControlFlow::Continue(()), fault: &mut |_, _| {} };
        (part, fold.finish(&mut out).doubts)
    }
}

/// One JSON object with a member for each number and each table.
fn to_json(stats: &Fold, runs: usize) -> Vec<u8> {
    let mut out = json::Object::new();
    out.number("rows", stats.counts.rows).number("runs", runs).number("retries", stats.counts.retries);
    if let Some((first, last)) = stats.counts.times {
        out.text("first", &first.to_string()).text("last", &last.to_string());
    }
    for table in stats.tables() {
        let mut rows = json::Array::new();
        table.rows.iter().for_each(|row| _ = rows.raw(row));
        out.raw(table.name, &rows.end());
    }
    let mut out = out.end();
    out.push(b'\n');
    out
}

/// Prints the tables one below the other.
fn tables(stats: &Fold, runs: usize, format: Format, look: &Look, out: &mut Output<'_>) -> Result<()> {
    let mut head = format!("{} rows, {runs} runs, {} retries", stats.counts.rows, stats.counts.retries);
    if let Some((first, last)) = stats.counts.times {
        let zone = look.zone.short_name(last);
        let (first, last) = (cell::time(first, &look.zone), cell::time(last, &look.zone));
        head += &format!(", {first} to {last} {zone}");
    }
    out.text(&(head + "\n"))?;
    for mut table in stats.tables().into_iter().filter(|table| !table.rows.is_empty()) {
        out.text("\n")?;
        match table.name {
            "days" => days(&mut table, out)?,
            "blocked" => times(&mut table),
            _ => {}
        }
        let columns = table.columns.iter().map(|name| (*name).to_owned()).collect();
        let mut rows = Rows::new(format, Some(columns), look.clone(), false);
        let drawn = table.rows.iter().try_for_each(|row| rows.push(row, None, out));
        drawn.and_then(|()| rows.finish(out)).map_err(|error| Error::output(&error))?;
    }
    Ok(())
}

/// Adds a bar to each day, and keeps the newest days.
fn days(table: &mut Table, out: &mut Output<'_>) -> Result<()> {
    let earlier = table.rows.len().saturating_sub(DAYS_MAX);
    if earlier > 0 {
        let s = if earlier == 1 { "" } else { "s" };
        out.text(&format!("{earlier} earlier day{s} with rows; -o json has all\n"))?;
        table.rows.drain(..earlier);
    }
    let most = table.rows.iter().map(|row| number(row, "rows")).max().unwrap_or(0).max(1);
    let bar = |rows: u64| "█".repeat((rows * BAR_MAX).div_ceil(most) as usize);
    with(table, "rows a day", |row| bar(number(row, "rows")));
    Ok(())
}

/// Shows durations in place of milliseconds.
fn times(table: &mut Table) {
    with(table, "time blocked", |row| cell::span(i64::try_from(number(row, "blocked_ms")).unwrap_or(i64::MAX)));
    table.columns.retain(|column| *column != "blocked_ms");
}

/// Adds a column of texts to a table.
fn with(table: &mut Table, title: &'static str, text: impl Fn(&[u8]) -> String) {
    table.columns.push(title);
    for row in &mut table.rows {
        let text = text(row);
        row.pop();
        row.push(b',');
        json::quote_into(title, row);
        row.push(b':');
        json::quote_into(&text, row);
        row.push(b'}');
    }
}

fn number(row: &[u8], name: &str) -> u64 {
    let mut values = Vec::new();
    let _ = json::pick(row, &[name], &mut values);
    cell::plain(values.first().copied().flatten()).parse().unwrap_or(0)
}
