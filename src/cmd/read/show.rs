//! `logbook show`: one run in full, as a timeline, a tree or a page; or one row in full.

use std::collections::{HashMap, HashSet};

use crate::cmd::Door;
use crate::cmd::shared::reading::gather::{self, GatheredRow};
use crate::cmd::shared::reading::run_record::{self, no_such_run, row_address};
use crate::cmd::shared::reading::{self, Corrections, Reading};
use logbook_format::corrections;
use logbook_json as json;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Address, Kind};
use logbook_query::Query;
use logbook_render::record::{self, Fact, html, markdown, terminal, tree};
use logbook_render::{Format, Look, Rows, amended, pretty, request as shown};
use logbook_scan::{Corrected, Scanned, Source};
use logbook_view::approvals::Request;
use logbook_view::record::tree as view_tree;
use logbook_view::{self as view, Record};

/// Examples for the help.
pub const EXAMPLES: &str = "  logbook show r-88\n  logbook show r-88#3          # the same: logbook show r-88 3
  logbook show r-88 -o html > r-88.html";

/// Arguments of `show`.
#[derive(clap::Args)]
pub struct Show {
    /// A run, or a row as RUN#STEP or @SEGMENT:OFFSET
    #[arg(value_name = "RUN")]
    what: String,
    /// The step of a row of the run
    step: Option<u64>,
    /// Show its children and handoffs: agent → agent → tool → file
    #[arg(long, conflicts_with_all = ["at", "record"])]
    tree: bool,
    /// Show the run as of that row, without later rows and corrections
    #[arg(long)]
    at: bool,
    /// Print the record as one JSON object, not the rows
    #[arg(long)]
    record: bool,
    #[command(flatten)]
    reading: Reading,
}

/// How a run is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Its rows in a format.
    Rows(Format),
    /// Facts and timeline, or the tree.
    Terminal,
    Markdown,
    Html,
    /// The record.
    Json,
}

/// `logbook show RUN [STEP]`
pub fn run(mut args: Show, door: &mut Door<'_>) -> Result<Exit> {
    if args.reading.run.is_some() {
        return Err(Error::usage("show takes the run as its first argument").hint("logbook show RUN"));
    }
    let form = form(&args, door)?;
    if args.at {
        return as_known_at(&args, form, door);
    }
    let corrections = Corrections::wanted(&args.reading, &Query::default());
    // A run id may look like the address of a row. The run is shown if there is no such row.
    if let Some(address) = row_address(&args.what, args.step) {
        let found = reading::logbook_for(door, &args.reading, corrections, None)?;
        if let Some(exit) = row(&args, form, &address, &found.inputs, door)? {
            return Ok(exit);
        }
        if args.step.is_some() {
            return Err(no_such_run("show", &args.what, args.step, &found.inputs, door));
        }
    }
    if args.tree {
        let look = args.reading.look(door, args.reading.clock(door)?.zone);
        return put_tree(&args.what, &args.reading, (form == Form::Terminal).then_some(&look), door);
    }
    let runs = [std::mem::take(&mut args.what)];
    let (found, rows, mut scanned) = match form {
        // The rows of its children, which name it as their parent, may be in any segment.
        Form::Rows(_) => gather::rows_of(&runs, &args.reading, door)?,
        _ => {
            let plan = gather::plan_of(&runs, true, &args.reading, door)?;
            let found = reading::logbook_for(door, &args.reading, corrections, None)?;
            let (rows, scanned) = gather::passing(&found.inputs, &plan, &runs, args.reading.strict, door);
            (found, rows, scanned)
        }
    };
    let [run] = runs;
    let exit = match form {
        Form::Rows(format) => put_rows(&rows, format, &found.inputs, &args.reading, door)?,
        _ => match run_record::record(&run, &found.inputs, &rows) {
            Some(record) => put(&record, form, None, &args.reading, door).map(|()| true)?,
            None => false,
        },
    };
    match exit {
        true => Ok(reading::note_skipped(door, &mut scanned, &found.inputs, args.reading.strict)),
        false => Err(no_such_run("show", &run, None, &found.inputs, door)),
    }
}

fn form(args: &Show, door: &Door<'_>) -> Result<Form> {
    let refuse = |what: &str, hint: &str| Err(Error::usage(what).hint(hint));
    let page = match args.reading.output.as_deref() {
        Some("html") => Some(Form::Html),
        Some("md" | "markdown") => Some(Form::Markdown),
        _ => None,
    };
    if args.tree && page.is_some() {
        return refuse("--tree cannot be shown as a page", "logbook show RUN --tree -o table");
    }
    if args.record {
        return match args.reading.output.as_deref() {
            None | Some("json" | "jsonl") => Ok(Form::Json),
            Some(_) => refuse("--record prints JSON", "logbook show RUN --record -o json"),
        };
    }
    match page {
        Some(page) => Ok(page),
        None => Ok(match args.reading.format(door)? {
            Format::Table => Form::Terminal,
            format => Form::Rows(format),
        }),
    }
}

/// Prints one row; `None` if it does not exist.
fn row(args: &Show, form: Form, address: &Address, inputs: &Source, door: &mut Door<'_>) -> Result<Option<Exit>> {
    let (found, mut scanned) = reading::find(inputs, address, args.reading.strict, door);
    let Some((place, written)) = found else {
        return Ok(None);
    };
    let format = match form {
        Form::Rows(format) => format,
        Form::Terminal => Format::Table,
        Form::Markdown => Format::Markdown,
        Form::Html | Form::Json => {
            return Err(Error::usage(format!("{address} is a row; only a run has a page or a record"))
                .hint(format!("logbook show {address} -o json")));
        }
    };
    let corrected = inputs.corrected(place);
    let look = args.reading.look(door, door.zone(args.reading.utc, args.reading.tz.as_deref())?);
    let mut amendments = corrected.map_or_else(Vec::new, |it| view::amended(&it.row, &it.corrections));
    if corrected.is_some_and(Corrected::is_retracted) {
        amendments.retain(|amended| amended.retracted);
        let why = amended::lines(&amendments, &look).join("; ");
        return Err(
            Error::new(Exit::No, format!("{address} was {why}")).hint(format!("logbook show {address} --as-written"))
        );
    }
    let text = corrected.map_or(written, |corrected| corrections::apply(&corrected.row, &corrected.corrections));
    let written = if format == Format::Table {
        let mut drawn = pretty::draw(json::trim(&text));
        amended::lines(&amendments, &look).iter().for_each(|line| drawn.extend([line, "\n"]));
        put_request(&text, address, &look, door)?;
        door.out.text(&drawn)
    } else {
        let mut rows = Rows::new(format, None, look, false);
        rows.push(&text, None, &mut door.out)
            .and_then(|()| rows.finish(&mut door.out))
            .map(|_| ())
            .map_err(|error| Error::output(&error))
    };
    written?;
    Ok(Some(reading::note_skipped(door, &mut scanned, inputs, args.reading.strict)))
}

/// Prints a request for approval above its row, as the person who decides sees it.
fn put_request(row: &[u8], address: &Address, look: &Look, door: &mut Door<'_>) -> Result<()> {
    if Kind::named(&run_record::text_of(row, "kind")) != Kind::ApprovalRequested {
        return Ok(());
    }
    let Some(request) = Request::of_row(row) else { return Ok(()) };
    let request = Request { name: address.to_string(), ..request };
    put_requests([request], look, door)
}

/// Prints requests in full, each followed by a blank line.
fn put_requests(requests: impl IntoIterator<Item = Request>, look: &Look, door: &mut Door<'_>) -> Result<()> {
    let now = door.now()?;
    for request in requests {
        let sheet = shown::sheet(&request, now, &look.zone, usize::MAX);
        door.out.drawn(&shown::card(&sheet, look))?;
        door.out.line("")?;
    }
    Ok(())
}

/// Prints the rows of a run; false if there are none.
fn put_rows(
    rows: &[GatheredRow],
    format: Format,
    inputs: &Source,
    reading: &Reading,
    door: &mut Door<'_>,
) -> Result<bool> {
    let look = reading.look(door, reading.clock(door)?.zone);
    let mut out = Rows::new(format, None, look, false);
    if rows.is_empty() {
        return Ok(false);
    }
    rows.iter()
        .try_for_each(|row| out.push(&row.text, reading::address(inputs, row.place), &mut door.out))
        .and_then(|()| out.finish(&mut door.out))
        .map_err(|error| Error::output(&error))?;
    Ok(true)
}

/// Prints a record, with `more` as its first fact.
fn put(record: &Record, form: Form, more: Option<Fact>, reading: &Reading, door: &mut Door<'_>) -> Result<()> {
    let look = reading.look(door, reading.clock(door)?.zone);
    let text = match form {
        Form::Json => return door.out.json(&[&record.to_json()[..], b"\n"].concat()),
        Form::Markdown | Form::Html => {
            let mut page = record::page(record, &look.zone);
            page.facts.splice(0..0, more);
            page.tables.splice(0..0, shown::table(record.open_requests(), door.now()?, &look.zone));
            if form == Form::Html { html::draw(&page) } else { markdown::draw(&page) }
        }
        Form::Terminal | Form::Rows(_) => {
            let mut facts = record::facts(record, &look.zone);
            facts.splice(0..0, more);
            let facts = terminal::draw_facts(&record.run_id, &facts, &look);
            door.out.text(&(facts + "\n"))?;
            put_requests(record.open_requests(), &look, door)?;
            terminal::draw_timeline(record, &look)
        }
    };
    door.out.text(&text)
}

/// Prints the run of a row as of the moment when that row was the newest of the logbook.
fn as_known_at(args: &Show, form: Form, door: &mut Door<'_>) -> Result<Exit> {
    let Some(address) = row_address(&args.what, args.step) else {
        return Err(Error::usage("--at needs a row of the run").hint(format!("logbook show --at {} STEP", args.what)));
    };
    let now = reading::logbook_for(door, &args.reading, Corrections::Folded, None)?;
    let (found, _) = reading::find(&now.inputs, &address, args.reading.strict, door);
    let Some((until, row)) = found else {
        return Err(no_such_run("show --at", &args.what, args.step, &now.inputs, door));
    };
    let run = run_record::text_of(&row, "run_id");
    let inputs = logbook_scan::corrections::fold_until(now.inputs.to_vec(), until);
    let runs = [run.clone()];
    let plan = gather::plan_of(&runs, true, &args.reading, door)?;
    let (mut rows, mut scanned): (Vec<GatheredRow>, Scanned) =
        gather::passing(&inputs, &plan, &runs, args.reading.strict, door);
    rows.retain(|row| row.place <= until);
    let known = Fact { name: "known at", lines: vec![format!("{address}, later rows and corrections left out")] };
    match form {
        Form::Rows(format) => {
            rows.retain(|row| run_record::text_of(&row.text, "run_id") == run);
            put_rows(&rows, format, &inputs, &args.reading, door)?;
        }
        _ => {
            if let Some(record) = run_record::record(&run, &inputs, &rows) {
                put(&record, form, Some(known), &args.reading, door)?;
            }
        }
    }
    Ok(reading::note_skipped(door, &mut scanned, &inputs, args.reading.strict))
}

/// Prints the tree below `run`; without a `look` the rows of all its runs.
fn put_tree(run: &str, reading: &Reading, look: Option<&Look>, door: &mut Door<'_>) -> Result<Exit> {
    let corrections = Corrections::wanted(reading, &Query::default());
    let found = reading::logbook_for(door, reading, corrections, None)?;
    let mut records: HashMap<String, Record> = HashMap::new();
    let mut rows: Vec<GatheredRow> = Vec::new();
    let mut scanned = Scanned::default();
    let mut level = vec![run.to_owned()];
    // One scan per level: its rows name the runs of the next level.
    for _ in 0..view_tree::LEVELS_MAX {
        let plan = gather::plan_of(&level, true, reading, door)?;
        let (more, read) = gather::passing(&found.inputs, &plan, &level, reading.strict, door);
        let added = run_record::records_among(&level, &found.inputs, &more);
        let below: HashSet<&String> = added.values().flat_map(|record| &record.children).collect();
        let mut below: Vec<String> = below.into_iter().filter(|run| !records.contains_key(*run)).cloned().collect();
        below.retain(|run| !added.contains_key(run));
        below.sort_unstable();
        rows.extend(more.into_iter().filter(|row| added.contains_key(&run_record::text_of(&row.text, "run_id"))));
        records.extend(added);
        // Every level skips the same lines.
        scanned = read;
        level = below;
        if level.is_empty() {
            break;
        }
    }
    if !records.contains_key(run) {
        return Err(no_such_run("show --tree", run, None, &found.inputs, door));
    }
    match look {
        Some(look) => {
            let text = tree::draw(&view_tree::tree(run, &records), look);
            door.out.text(&text)?;
        }
        None => {
            rows.sort_by_key(|row| row.place);
            put_rows(&rows, reading.format(door)?, &found.inputs, reading, door)?;
        }
    }
    Ok(reading::note_skipped(door, &mut scanned, &found.inputs, reading.strict))
}
