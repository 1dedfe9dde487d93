//! `logbook trigger`: a program is run for every row that passes, at least once for each, and each time is on record.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::ops::ControlFlow;

use crate::cmd::Door;
use crate::cmd::live::follow::{Alarm, Follower, sync};
use crate::cmd::live::handover::{self, Handover};
use crate::cmd::reading::wording::{self, Clauses};
use crate::cmd::reading::{self, Corrections};
use crate::cmd::writing::Writing;
use crate::error::{Error, Exit, Result};
use crate::format::corrections::step_of;
use crate::json;
use crate::model::Address;
use crate::query::{Query, time};
use crate::render::cell;
use crate::scan;
use crate::store::cursors::Cursor;
use crate::store::index::Place;
use crate::store::snapshot::Form;
use crate::store::{Input, Purpose};

/// Two real examples.
pub const EXAMPLES: &str = "\
  logbook trigger --cursor pager 'status=blocked' -- ./page-somebody
  logbook trigger --once --cursor mail 'kind=run.end and final_status=failed' -- mail -s 'run {run_id} failed' ada";

/// Arguments of `trigger`.
#[derive(clap::Args)]
pub struct Trigger {
    /// Which rows: status=blocked
    #[arg(value_name = "FILTER", required = true)]
    filter: Vec<String>,
    /// The program and its arguments; {field} in an argument stands for the row's field
    #[arg(last = true, value_name = "CMD", required = true)]
    command: Vec<OsString>,
    /// Go on where the trigger of this name stopped, and keep where this one is
    #[arg(long, value_name = "NAME")]
    cursor: Option<String>,
    /// Begin with the first row there is, where no cursor says otherwise; else with the next one that comes
    #[arg(long)]
    from_start: bool,
    /// Hand over what is there, then end; 1 when something was given up
    #[arg(long)]
    once: bool,
    /// How long the program may run, as 5m
    #[arg(long, value_name = "DURATION")]
    timeout: Option<String>,
    /// How often a row is tried before it is given up
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    tries: u32,
    #[command(flatten)]
    writing: Writing,
}

/// `logbook trigger`
pub fn run(args: Trigger, door: &mut Door<'_>) -> Result<Exit> {
    let timeout_ms = args.timeout.as_deref().map(time::duration_ms).transpose();
    let timeout_ms = timeout_ms.map_err(|why| Error::usage(format!("--timeout: {why}")).hint("as --timeout 5m"))?;
    let (query, text) = Clauses::default().query(&args.filter)?;
    if (Query { filter: None, ..query.clone() }) != Query::default() {
        return Err(Error::usage("trigger takes a filter, and no other clause"));
    }
    let clock = time::Clock { now: door.now()?, zone: door.zone(false, None)? };
    let plan = wording::compiled(&query, &text, &clock, BTreeMap::new())?;
    let desk = args.writing.desk(door, Purpose::Read)?;
    let found = reading::logbook_at(&desk.location, Corrections::AsWritten, None)?;
    let cursor = args.cursor.as_deref().map(|name| Cursor::new(&found.path, name)).transpose()?;
    let saved = cursor.as_ref().map(Cursor::load).transpose()?.flatten();
    let start = Place { segment: 0, offset: 0 };
    let end = match found.inputs.last() {
        Some(Input::Segment(last)) if last.form == Form::Plain => Place { segment: last.number, offset: last.bytes },
        Some(Input::Segment(last)) => Place { segment: last.number + 1, offset: 0 },
        _ => start,
    };
    let at = saved.unwrap_or(if args.from_start { start } else { end });
    if let (Some(cursor), None) = (&cursor, saved) {
        cursor.save(at)?;
    }
    let name = args.cursor.clone().unwrap_or_else(|| "trigger".to_owned());
    let mut own = own_runs(&found.inputs, &name, door);
    let mut writer = desk.writer(door)?;
    let mut follower = Follower::new(&found.path, at, &plan, false);
    let alarm = (!args.once).then(|| Alarm::new(&found.path));
    let mut given_up = 0u64;
    loop {
        let mut failed = None;
        follower.new_rows(&mut |place, row, passes| {
            // What comes while this one is at work is for the next one.
            if args.once && (place.segment, place.offset) >= (end.segment, end.offset) {
                return ControlFlow::Break(());
            }
            if is_own(row, &mut own) || !passes {
                return ControlFlow::Continue(());
            }
            let handed = hand_over(&args, &desk, (&name, timeout_ms), &mut own, &mut writer, (place, row), door);
            let kept = handed.and_then(|done| {
                given_up += u64::from(!done);
                let behind = Place { offset: place.offset + row.len() as u64, ..place };
                cursor.as_ref().map_or(Ok(()), |cursor| cursor.save(behind))
            });
            match kept {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        match &alarm {
            Some(alarm) => alarm.wait(),
            None if given_up > 0 => return Ok(Exit::No),
            None => return Ok(Exit::Done),
        }
    }
}

/// Whether the row is of a hand-over, or of a run below one: whatever the program says of itself is no news.
fn is_own(row: &[u8], own: &mut HashSet<String>) -> bool {
    let mut values = Vec::new();
    if json::pick(row, &["run_id", "parent_run_id"], &mut values).is_err() {
        return false;
    }
    let text = |at: usize| cell::plain(values.get(at).copied().flatten());
    if own.contains(&text(1)) {
        own.insert(text(0));
    }
    own.contains(&text(0))
}

/// Hands one row over; gives whether the program took it.
#[allow(clippy::too_many_arguments)]
fn hand_over(
    args: &Trigger,
    desk: &crate::cmd::writing::Desk,
    (name, timeout_ms): (&str, Option<u64>),
    own: &mut HashSet<String>,
    writer: &mut crate::store::Writer<'static>,
    (place, row): (Place, &[u8]),
    door: &mut Door<'_>,
) -> Result<bool> {
    let mut values = Vec::new();
    // It was read as a row before.
    let _ = json::pick(row, &["run_id", "step"], &mut values);
    let run = cell::plain(values.first().copied().flatten());
    sync(writer, place)?;
    let address = match step_of(values.get(1).copied().flatten()) {
        Some(step) => Address::Step { run_id: run.clone(), step },
        None => Address::Place { segment: place.segment, offset: place.offset },
    };
    let handover =
        Handover { name, row, run: &run, address: &address, command: &args.command, timeout_ms, tries: args.tries };
    for attempt in 1..=args.tries {
        if handover::attempt(&handover, attempt, desk, own, door)? {
            return Ok(true);
        }
        if attempt < args.tries {
            std::thread::sleep(std::time::Duration::from_millis(100 << attempt.min(7)));
        }
    }
    door.note(format_args!("{address} was given up after {} tries: logbook query dead_letter=true", args.tries));
    Ok(false)
}

/// The runs that hand-overs of this trigger were: what is said in them is no news to it.
fn own_runs(inputs: &scan::Source, name: &str, door: &mut Door<'_>) -> HashSet<String> {
    let mut own = HashSet::new();
    let names = ["trigger".to_owned(), "run_id".to_owned(), "parent_run_id".to_owned()];
    scan::feed(inputs, door.input, &names, false, |row, _, _| {
        let text = |at: usize| cell::plain(row.fields.get(at).copied().flatten());
        if text(0) == name || own.contains(&text(2)) {
            own.insert(text(1));
        }
        ControlFlow::Continue(())
    });
    own
}
