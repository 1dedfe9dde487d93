//! `logbook tail`: the newest rows, one line each, and new rows as they come.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::ops::ControlFlow;

use crate::cmd::Door;
use crate::cmd::read::tail_files;
use crate::cmd::read::tail_rows::{Printer, passing};
use crate::cmd::shared::following::{Alarm, Follower, begin, sync};
use crate::cmd::shared::guard::Bounds;
use crate::cmd::shared::reading::wording::{self, Clauses};
use crate::cmd::shared::reading::{self, Corrections, Files, Found, Reading, RowFilter, mismatches};
use logbook_model::error::{Error, Exit, Result};
use logbook_query::Query;
use logbook_query::eval::doubts::Doubts;
use logbook_render::Format;
use logbook_scan::Scanned;
use logbook_store::Place;
use logbook_store::append::{Options, Writer};
use logbook_store::config;
use logbook_store::cursors::Cursor;
use logbook_store::os_real::{REAL, output_is_gone};
use logbook_store::{Durability, end_of};

/// Examples for the help.
pub const EXAMPLES: &str = "  logbook tail -f 'status=blocked or status=failed'\n  logbook tail -n 50 -r r-88\n  logbook tail -f --cursor mailer | ./send-mail\n  logbook tail -f app.jsonl level=error";

/// The number of rows without `-n`.
const COUNT: usize = 10;

/// Arguments of `tail`.
#[derive(clap::Args)]
pub struct Tail {
    /// A filter: status=blocked; and files to read instead of the logbook
    #[arg(value_name = "FILTER|FILE")]
    words: Vec<OsString>,
    /// Print new rows as they come
    #[arg(short = 'f', long)]
    follow: bool,
    /// At most N of the newest rows [default: 10; with --since all]
    #[arg(short = 'n', long = "lines", value_name = "N")]
    count: Option<usize>,
    /// Start where the last tail with this cursor stopped, and save where this one stops
    #[arg(long, value_name = "NAME")]
    cursor: Option<String>,
    #[command(flatten)]
    bounds: Bounds,
    #[command(flatten)]
    reading: Reading,
}

/// `logbook tail`
pub fn run(args: Tail, door: &mut Door<'_>) -> Result<Exit> {
    let format = match args.reading.format(door)? {
        format @ (Format::Table | Format::Jsonl) => format,
        _ => return Err(Error::usage("tail prints lines for people or jsonl").hint("logbook tail -o jsonl")),
    };
    let clock = args.reading.clock(door)?;
    let (texts, files) = wording::split_arguments(&args.words)?;
    let (mut query, text) = Clauses::default().query(&texts)?;
    args.reading.narrow(&mut query, &clock)?;
    if (Query { filter: None, ..query.clone() }) != Query::default() {
        return Err(Error::usage("tail takes a filter, and no other clause").hint("logbook query …"));
    }
    let watch = args.bounds.watch_rows(&query)?;
    let guarded = wording::guarded(&query, &text, &clock, BTreeMap::new(), watch)?;
    if !files.is_empty() {
        if args.cursor.is_some() {
            return Err(Error::usage("--cursor saves a place in a logbook, not in a file")
                .hint("logbook tail -f FILE   # without --cursor"));
        }
        let inputs = Files::default().open(&files, Corrections::AsWritten, door)?;
        let mut out = Printer { format, look: args.reading.look(door, clock.zone), foreign: true };
        return guarded.evaluate(|plan, within| {
            tail_files::follow(&inputs, RowFilter { plan, within }, count(&args), args.follow, &mut out, door)
        });
    }
    let corrections = Corrections::wanted(&args.reading, &query);
    let found = reading::logbook_for(door, &args.reading, corrections, None)?;
    let mut out = Printer { format, look: args.reading.look(door, clock.zone), foreign: false };
    guarded.evaluate(|plan, within| follow(&args, &found, RowFilter { plan, within }, corrections, &mut out, door))
}

/// Prints the newest rows, then new ones as they come.
fn follow(
    args: &Tail,
    found: &Found,
    filter: RowFilter<'_>,
    corrections: Corrections,
    out: &mut Printer,
    door: &mut Door<'_>,
) -> Result<Exit> {
    let cursor = args.cursor.as_deref().map(|name| Cursor::new(&found.path, name)).transpose()?;
    let saved = begin(cursor.as_ref(), end_of(&found.inputs), door)?;
    let mut at = end_of(&found.inputs);
    let mut exit = Exit::Done;
    match saved {
        Some(saved) => at = saved,
        None => {
            let (rows, mut scanned) = newest(found, filter, count(args), args.reading.strict, door);
            for row in rows {
                out.print(&row, door)?;
            }
            exit = reading::note_skipped(door, &mut scanned, &found.inputs, args.reading.strict);
        }
    }
    let shown = corrections != Corrections::Folded;
    let mut follower = Follower::new(&found.path, at, filter, shown);
    let mut keeper = match &cursor {
        Some(cursor) => Some(CursorKeeper::new(cursor.clone(), found, saved, door)?),
        None => None,
    };
    let alarm = args.follow.then(|| Alarm::new(&found.path));
    loop {
        let mut failed = None;
        if alarm.is_some() || saved.is_some() {
            follower.new_rows(&mut |_, row, passes| {
                failed = if passes { out.print(row, door).err() } else { None };
                if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
        }
        if failed.is_none() {
            failed = door.out.flush().err();
        }
        if let Some(error) = failed {
            return Err(error);
        }
        if let Some(keeper) = &mut keeper {
            keeper.keep(follower.at())?;
        }
        match &alarm {
            Some(_) if output_is_gone() => return Ok(exit),
            Some(alarm) => alarm.wait(),
            None => return Ok(exit),
        }
    }
}

/// The newest `count` rows that pass, oldest first. Reads segments from the newest on, until there
/// are enough rows.
fn newest(
    found: &Found,
    filter: RowFilter<'_>,
    count: usize,
    strict: bool,
    door: &mut Door<'_>,
) -> (VecDeque<Vec<u8>>, Scanned) {
    let mut rows = VecDeque::new();
    let mut all = Scanned::default();
    let mut doubts = Doubts::default();
    for input in (0..found.inputs.len() as u32).rev() {
        let mut here: VecDeque<Vec<u8>> = VecDeque::new();
        let wanted = count - rows.len();
        if wanted == 0 {
            break;
        }
        let mut keep = |row: &[u8]| {
            if here.len() == wanted {
                here.pop_front();
            }
            here.push_back(row.to_vec());
        };
        let (scanned, more) = passing(&found.inputs.only(input), filter, strict, &mut keep, door);
        all.join(scanned);
        here.into_iter().rev().for_each(|row| rows.push_front(row));
        doubts.merge(more);
    }
    for note in mismatches::notes(filter.plan, &doubts) {
        door.note(note);
    }
    (rows, all)
}

/// The number of rows to print at first.
fn count(args: &Tail) -> usize {
    match (args.count, &args.reading.since) {
        (None, Some(_)) => usize::MAX,
        (count, _) => count.unwrap_or(COUNT),
    }
}

/// Saves the position of the follower, once the rows that it read are durable.
struct CursorKeeper {
    cursor: Cursor,
    writer: Writer<'static>,
    saved: Option<Place>,
}

impl CursorKeeper {
    fn new(cursor: Cursor, found: &Found, saved: Option<Place>, door: &Door<'_>) -> Result<CursorKeeper> {
        let settings = config::for_reading(&found.path, &door.env, &mut Vec::new());
        let options = Options { durability: Some(Durability::Data), lock_timeout_ms: None, now: door.clock };
        Ok(CursorKeeper { cursor, writer: Writer::open(&REAL, &found.path, settings, options)?, saved })
    }

    fn keep(&mut self, at: Place) -> Result<()> {
        if self.saved == Some(at) {
            return Ok(());
        }
        sync(&mut self.writer, self.saved.unwrap_or(at), at)?;
        self.cursor.save(at)?;
        self.saved = Some(at);
        Ok(())
    }
}
