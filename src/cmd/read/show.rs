//! `logbook show`: one run as a timeline, or one row in full.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::cmd::Door;
use crate::cmd::reading::wording;
use crate::cmd::reading::{self, Corrections, Found, Reading, require};
use crate::error::{Error, Exit, Result};
use crate::format::corrections;
use crate::json;
use crate::model::Address;
use crate::query::ast::{Form, Op};
use crate::query::{Place, Plan, Query, Row};
use crate::render::{Format, Rows, amended, cell, pretty, timeline};
use crate::scan::{self, Corrected, Scanned, Source};
use crate::store::Input;
use crate::view::timeline::FIELDS;
use crate::view::{self, Timeline};

/// Examples shown in the help.
pub const EXAMPLES: &str = "  logbook show r-88\n  logbook show r-88#3          # the same: logbook show r-88 3";

/// Arguments of `show`.
#[derive(clap::Args)]
pub struct Show {
    /// A run, or a row as RUN#STEP or @SEGMENT:OFFSET
    #[arg(value_name = "RUN")]
    what: String,
    /// A row of the run
    step: Option<u64>,
    #[command(flatten)]
    reading: Reading,
}

/// `logbook show RUN [STEP]`
pub fn run(args: Show, door: &mut Door<'_>) -> Result<Exit> {
    if args.reading.run.is_some() {
        return Err(Error::usage("show takes the run as its first argument").hint("logbook show RUN"));
    }
    let corrections = Corrections::wanted(&args.reading, &Query::default());
    let clock = args.reading.clock(door)?;
    let mut query = Query::default();
    args.reading.narrow(&mut query, &clock)?;
    require(&mut query, reading::test("run_id", Op::Equal, &args.what, Form::Quoted));
    let plan = wording::compiled(&query, "", &clock, BTreeMap::new())?;
    let mut pruning = args.reading.pruning(plan.requirement());
    let Found { path, inputs, .. } = reading::logbook_for(door, &args.reading, corrections, pruning.as_mut())?;
    // Only where the whole run is shown: a row that is named is the first of that name.
    let of_run = || match pruning {
        Some(pruning) => pruning.apply(inputs.clone(), &path, reading::cores()),
        None => inputs.clone(),
    };
    let wanted = match (&args.step, Address::parse(&args.what)) {
        (Some(step), _) => Some(Address::Step { run_id: args.what.clone(), step: *step }),
        (None, address) => address,
    };
    match wanted {
        // A run id may look like the name of a row: the run is shown if there is no such row.
        Some(address) => match row(&args, &address, &inputs, door)? {
            Some(exit) => Ok(exit),
            None if args.step.is_none() => {
                whole_run(&args, &plan, &of_run(), door)?.map_or_else(|| Err(nothing(&args, &inputs, door)), Ok)
            }
            None => Err(nothing(&args, &inputs, door)),
        },
        None => whole_run(&args, &plan, &of_run(), door)?.map_or_else(|| Err(nothing(&args, &inputs, door)), Ok),
    }
}

/// Prints one row; `None` if there is none of that name.
fn row(args: &Show, address: &Address, inputs: &Source, door: &mut Door<'_>) -> Result<Option<Exit>> {
    let (found, scanned) = reading::find(inputs, address, args.reading.strict, door);
    let Some((place, written)) = found else {
        return Ok(None);
    };
    let corrected = inputs.corrected(place);
    let format = args.reading.format(door)?;
    let look = args.reading.look(door, door.zone(args.reading.utc, args.reading.tz.as_deref())?);
    let beneath = corrected.map_or_else(Vec::new, |it| amended::lines(&view::amended(&it.row, &it.corrections), &look));
    if corrected.is_some_and(Corrected::is_retracted) {
        let why = beneath.into_iter().filter(|line| line.starts_with("retracted")).collect::<Vec<_>>().join("; ");
        return Err(
            Error::new(Exit::No, format!("{address} was {why}")).hint(format!("logbook show {address} --as-written"))
        );
    }
    let text = corrected.map_or(written, |corrected| corrections::apply(&corrected.row, &corrected.corrections));
    let written = if format == Format::Table {
        let mut drawn = pretty::draw(json::trim(&text));
        beneath.iter().for_each(|line| drawn.extend([line, "\n"]));
        door.out.write_all(drawn.as_bytes())
    } else {
        let mut rows = Rows::new(format, None, look, false);
        rows.push(&text, None, door.out).and_then(|()| rows.finish(door.out)).map(|_| ())
    };
    written.map_err(|error| Error::output(&error))?;
    Ok(Some(reading::tell_skipped(door, &scanned, args.reading.strict)))
}

/// Prints a run: as a timeline for a person, its rows for a program.
fn whole_run(args: &Show, plan: &Plan, inputs: &Source, door: &mut Door<'_>) -> Result<Option<Exit>> {
    let clock = args.reading.clock(door)?;
    let format = args.reading.format(door)?;
    let look = args.reading.look(door, clock.zone);
    let mut timeline = Timeline::default();
    let mut kept: Vec<(Vec<u8>, Place)> = Vec::new();
    let names = FIELDS.map(str::to_owned);
    let as_rows = format != Format::Table;
    let scanned = each(plan, args, inputs, door, &names, |row| {
        if as_rows {
            kept.push((row.text.to_vec(), row.place));
        } else {
            timeline.push(row, reading::address(inputs, row.place));
            if let Some(corrected) = inputs.corrected(row.place) {
                timeline.amended(view::amended(&corrected.row, &corrected.corrections));
            }
        }
        ControlFlow::Continue(())
    });
    if kept.is_empty() && timeline.entries.is_empty() {
        return Ok(None);
    }
    let written = if as_rows {
        let mut rows = Rows::new(format, None, look, false);
        kept.iter()
            .try_for_each(|(text, place)| rows.push(text, reading::address(inputs, *place), door.out))
            .and_then(|()| rows.finish(door.out))
            .map(|_| ())
    } else {
        door.out.write_all(timeline::draw(&timeline, &look).as_bytes())
    };
    written.map_err(|error| Error::output(&error))?;
    Ok(Some(reading::tell_skipped(door, &scanned, args.reading.strict)))
}

/// Feeds the rows that pass `query` to `take`, with the fields `names`.
fn each(
    plan: &Plan,
    args: &Show,
    inputs: &Source,
    door: &mut Door<'_>,
    names: &[String],
    mut take: impl FnMut(&Row<'_>) -> ControlFlow<()>,
) -> Scanned {
    let mut eval = plan.eval();
    scan::feed(inputs, door.input, plan.fields(), args.reading.strict, |row, _, skipped| {
        // Conditions made of flags hold no jq, and so do not fail.
        if !plan.filter().is_none_or(|filter| filter.matches(row, &mut eval).unwrap_or(false)) {
            return ControlFlow::Continue(());
        }
        let mut fields = Vec::new();
        match json::validate(row.text, json::Limits::GRAMMAR) {
            Ok(()) if json::pick(row.text, names, &mut fields).is_ok() => {
                take(&Row { text: row.text, fields: &fields, place: row.place })
            }
            Ok(()) => ControlFlow::Continue(()),
            Err(fault) => {
                let (class, detail) = scan::not_json(&fault);
                let name = inputs.get(row.place.input as usize).map_or_else(String::new, Input::name);
                skipped.add(&name, class, row.place.offset, detail);
                ControlFlow::Continue(())
            }
        }
    })
}

/// There is no such run or row: what there is instead.
fn nothing(args: &Show, inputs: &Source, door: &mut Door<'_>) -> Error {
    let mut runs: Vec<(String, u64)> = Vec::new();
    scan::feed(inputs, door.input, &["run_id".to_owned()], false, |row, _, _| {
        let id = cell::plain(row.fields[0]);
        match runs.iter_mut().find(|(known, _)| *known == id) {
            Some((_, rows)) => *rows += 1,
            None => runs.push((id, 1)),
        }
        ControlFlow::Continue(())
    });
    let steps = runs.iter().find(|(id, _)| *id == args.what).map(|(_, rows)| *rows);
    if let (Some(rows), Some(step)) = (steps, args.step) {
        return Error::new(Exit::No, format!("run {:?} has {rows} rows, none of them is step {step}", args.what))
            .hint(format!("logbook show {}", args.what));
    }
    let error = Error::new(Exit::No, format!("no run {:?} among {} runs", args.what, runs.len()));
    match crate::error::nearest(&args.what, runs.iter().map(|(id, _)| id.as_str())) {
        Some(near) => error.hint(format!("did you mean `logbook show {near}`?")),
        None => error.hint("logbook runs --all"),
    }
}
