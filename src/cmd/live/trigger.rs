//! `logbook trigger`: run a program for every row that passes, at least once, and record each run.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::ops::ControlFlow;

use crate::cmd::Door;
use crate::cmd::live::handover::{self, Handover};
use crate::cmd::shared::following::{Alarm, Follower, begin, sync};
use crate::cmd::shared::guard::Bounds;
use crate::cmd::shared::reading::wording::{self, Clauses};
use crate::cmd::shared::reading::{self, Corrections, RowFilter};
use crate::cmd::shared::writing::{OpenLogbook, Writing};
use logbook_format::corrections::step_of;
use logbook_json as json;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Address, wait_ms};
use logbook_query::{Query, time};
use logbook_render::cell;
use logbook_scan as scan;
use logbook_store::Place;
use logbook_store::cursors::Cursor;
use logbook_store::{Purpose, Writer, end_of};

/// Examples for the help.
pub const EXAMPLES: &str = "\
  logbook trigger --cursor pager 'status=blocked' -- ./page-somebody
  logbook trigger --once --cursor mail 'kind=run.end and final_status=failed' -- mail -s 'run {run_id} failed' ada";

/// How far the saved cursor may lag behind while no row passes.
const FAR_BYTES: u64 = 1 << 20;

/// Arguments of `trigger`.
#[derive(clap::Args)]
pub struct Trigger {
    /// A filter on the rows: status=blocked
    #[arg(value_name = "FILTER", required = true)]
    filter: Vec<String>,
    /// The program and its arguments; {field} in an argument is the row's field
    #[arg(last = true, value_name = "CMD", required = true)]
    command: Vec<OsString>,
    /// Start where the last trigger with this cursor stopped, and save where this one is
    #[arg(long, value_name = "NAME")]
    cursor: Option<String>,
    /// Without a saved cursor, start with the first row, not with the next new one
    #[arg(long)]
    from_start: bool,
    /// Hand over the rows that are there, then end; exit 1 if one was given up
    #[arg(long)]
    once: bool,
    /// At most this time for the program, as 5m
    #[arg(long, value_name = "DURATION")]
    timeout: Option<String>,
    /// The number of tries before a row is given up
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    tries: u32,
    #[command(flatten)]
    writing: Writing,
}

/// `logbook trigger`
pub fn run(args: Trigger, door: &mut Door<'_>) -> Result<Exit> {
    let timeout_ms = args.timeout.as_deref().map(|text| wait_ms("--timeout", text)).transpose()?;
    let (query, text) = Clauses::default().query(&args.filter)?;
    if (Query { filter: None, ..query.clone() }) != Query::default() {
        return Err(Error::usage("trigger takes a filter, and no other clause"));
    }
    let clock = time::Clock { now: door.now()?, zone: door.zone(false, None)? };
    let watch = Bounds::default().watch_rows(&query)?;
    let guarded = wording::guarded(&query, &text, &clock, BTreeMap::new(), watch)?;
    guarded.evaluate(|plan, within| follow(&args, RowFilter { plan, within }, timeout_ms, door))
}

/// Hands over new rows as they come.
fn follow(args: &Trigger, filter: RowFilter<'_>, timeout_ms: Option<u64>, door: &mut Door<'_>) -> Result<Exit> {
    let desk = &args.writing.open(door, Purpose::Read)?;
    let found = reading::logbook_at(&desk.location, Corrections::AsWritten, None)?;
    let cursor = args.cursor.as_deref().map(|name| Cursor::new(&found.path, name)).transpose()?;
    let saved = begin(cursor.as_ref(), end_of(&found.inputs), door)?;
    let start = Place { segment: 0, offset: 0 };
    let end = end_of(&found.inputs);
    let at = saved.unwrap_or(if args.from_start { start } else { end });
    let name = args.cursor.clone().unwrap_or_else(|| "trigger".to_owned());
    let own = own_runs(&found.inputs, &name, door);
    let writer = desk.writer(door)?;
    let mut work = Work { args, desk, name, timeout_ms, own, writer, cursor, kept: at, given_up: 0 };
    if saved.is_none() {
        work.keep(at)?;
    }
    let mut follower = Follower::new(&found.path, at, filter, false);
    let alarm = (!args.once).then(|| Alarm::new(&found.path));
    loop {
        let mut failed = None;
        follower.new_rows(&mut |place, row, passes| {
            // Rows that come while this trigger works are for the next one.
            if args.once && place >= end {
                return ControlFlow::Break(());
            }
            if !work.is_own(row) && passes {
                failed = work.hand_over(place, row, door).err();
            }
            if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        let Some(alarm) = &alarm else {
            work.keep(end.max(work.kept))?;
            return Ok(if work.given_up > 0 { Exit::No } else { Exit::Done });
        };
        work.keep_when_far(follower.at())?;
        alarm.wait();
    }
}

/// The state of a trigger.
struct Work<'w> {
    args: &'w Trigger,
    desk: &'w OpenLogbook,
    name: String,
    timeout_ms: Option<u64>,
    /// The runs of its hand-overs, and their children.
    own: HashSet<String>,
    writer: Writer<'static>,
    cursor: Option<Cursor>,
    /// Where the next trigger with this cursor starts.
    kept: Place,
    given_up: u64,
}

impl Work<'_> {
    /// Whether the row is of a hand-over or of a child of one. The trigger ignores the rows that it
    /// causes.
    fn is_own(&mut self, row: &[u8]) -> bool {
        let mut values = Vec::new();
        if json::pick(row, &["run_id", "parent_run_id"], &mut values).is_err() {
            return false;
        }
        let text = |at: usize| cell::plain(values.get(at).copied().flatten());
        if self.own.contains(&text(1)) {
            self.own.insert(text(0));
        }
        self.own.contains(&text(0))
    }

    /// Hands one row over, until the program takes it or it is given up.
    fn hand_over(&mut self, place: Place, row: &[u8], door: &mut Door<'_>) -> Result<()> {
        let mut values = Vec::new();
        // Cannot fail: it was read as a row before.
        let _ = json::pick(row, &["run_id", "step"], &mut values);
        let run = cell::plain(values.first().copied().flatten());
        sync(&mut self.writer, self.kept, place)?;
        let address = match step_of(values.get(1).copied().flatten()) {
            Some(step) => Address::Step { run_id: run.clone(), step },
            None => Address::Place { segment: place.segment, offset: place.offset },
        };
        let tries = self.args.tries;
        let handover = Handover {
            name: &self.name,
            row,
            run: &run,
            address: &address,
            command: &self.args.command,
            timeout_ms: self.timeout_ms,
            tries,
        };
        let mut taken = false;
        for attempt in 1..=tries {
            taken = handover::attempt(&handover, attempt, self.desk, &mut self.own, door)?;
            if taken {
                break;
            }
            if attempt < tries {
                std::thread::sleep(std::time::Duration::from_millis(100 << attempt.min(7)));
            }
        }
        if !taken {
            self.given_up += 1;
            door.note(format_args!("{address} was given up after {tries} tries: logbook query dead_letter=true"));
        }
        self.keep(Place { offset: place.offset + row.len() as u64, ..place })
    }

    /// Saves the cursor at `place`, once the rows before it are durable.
    fn keep(&mut self, place: Place) -> Result<()> {
        let Some(cursor) = &self.cursor else { return Ok(()) };
        sync(&mut self.writer, self.kept, place)?;
        cursor.save(place)?;
        self.kept = place;
        Ok(())
    }

    /// Saves the cursor from time to time also while no row passes, so that the next trigger does
    /// not read them all again.
    fn keep_when_far(&mut self, at: Place) -> Result<()> {
        let far = at.segment != self.kept.segment || at.offset.abs_diff(self.kept.offset) >= FAR_BYTES;
        if far { self.keep(at) } else { Ok(()) }
    }
}

/// The runs of earlier hand-overs of this trigger, and their children.
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
