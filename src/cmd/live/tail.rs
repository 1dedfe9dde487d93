//! `logbook tail`: the newest rows, one line each, and those that come.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;

use crate::cmd::Door;
use crate::cmd::guard::{Bounds, Within};
use crate::cmd::live::follow::{Alarm, Follower, begin, sync};
use crate::cmd::reading::wording::{self, Clauses};
use crate::cmd::reading::{self, Corrections, Found, Reading};
use crate::error::{Error, Exit, Result};
use crate::json;
use crate::query::{Plan, Query, Row};
use crate::render::line;
use crate::render::{Format, Look};
use crate::scan::{self, Scanned};
use crate::store::append::{Options, Writer};
use crate::store::config;
use crate::store::cursors::Cursor;
use crate::store::index::Place;
use crate::store::os_real::REAL;
use crate::store::{Durability, end_of};

/// Two real examples.
pub const EXAMPLES: &str = "  logbook tail -f 'status=blocked or status=failed'\n  logbook tail -n 50 -r r-88\n  logbook tail -f --cursor mailer | ./send-mail";

/// Rows shown when nobody says how many.
const COUNT: usize = 10;

/// Arguments of `tail`.
#[derive(clap::Args)]
pub struct Tail {
    /// A filter: status=blocked
    #[arg(value_name = "FILTER")]
    filter: Vec<String>,
    /// Go on with the rows that come
    #[arg(short = 'f', long)]
    follow: bool,
    /// So many of the newest rows [default: 10; with --since all of them]
    #[arg(short = 'n', long = "lines", value_name = "N")]
    count: Option<usize>,
    /// Begin where the follower of this name stopped, and keep where this one stops
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
    let (mut query, text) = Clauses::default().query(&args.filter)?;
    args.reading.narrow(&mut query, &clock)?;
    if (Query { filter: None, ..query.clone() }) != Query::default() {
        return Err(Error::usage("tail takes a filter, and no other clause").hint("logbook query …"));
    }
    let watch = args.bounds.watch_rows(&query)?;
    let guarded = wording::guarded(&query, &text, &clock, BTreeMap::new(), watch)?;
    let corrections = Corrections::wanted(&args.reading, &query);
    let found = reading::logbook_for(door, &args.reading, corrections, None)?;
    let mut out = Lines { format, look: args.reading.look(door, clock.zone) };
    guarded.evaluate(|plan, within| follow(&args, &found, (plan, within), corrections, &mut out, door))
}

/// Prints the newest rows, and those that come.
fn follow(
    args: &Tail,
    found: &Found,
    (plan, within): (&Plan, &Within<'_>),
    corrections: Corrections,
    out: &mut Lines,
    door: &mut Door<'_>,
) -> Result<Exit> {
    let cursor = args.cursor.as_deref().map(|name| Cursor::new(&found.path, name)).transpose()?;
    let saved = begin(cursor.as_ref(), end_of(&found.inputs), door)?;
    let mut at = end_of(&found.inputs);
    let mut scanned = Scanned::default();
    match saved {
        Some(saved) => at = saved,
        None => {
            let count = match (args.count, &args.reading.since) {
                (None, Some(_)) => usize::MAX,
                (count, _) => count.unwrap_or(COUNT),
            };
            let (rows, read) = newest(found, (plan, within), count, args.reading.strict, door);
            scanned = read;
            for row in rows {
                out.print(&row, door)?;
            }
        }
    }
    let exit = reading::tell_skipped(door, &scanned, args.reading.strict);
    let shown = corrections != Corrections::Folded;
    let mut follower = Follower::new(&found.path, at, (plan, within), shown);
    let mut keeper = match &cursor {
        Some(cursor) => Some(Keeper::new(cursor.clone(), found, saved, door)?),
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
            Some(alarm) => alarm.wait(),
            None => return Ok(exit),
        }
    }
}

/// The newest `count` rows that pass, the oldest of them first: segments are read from the newest on, until there are
/// enough.
fn newest(
    found: &Found,
    (plan, within): (&Plan, &Within<'_>),
    count: usize,
    strict: bool,
    door: &mut Door<'_>,
) -> (VecDeque<Vec<u8>>, Scanned) {
    let (mut rows, mut scanned) = (VecDeque::new(), Scanned::default());
    for input in (0..found.inputs.len() as u32).rev() {
        let mut here: VecDeque<Vec<u8>> = VecDeque::new();
        let wanted = count - rows.len();
        if wanted == 0 {
            break;
        }
        let mut eval = plan.eval();
        let source = found.inputs.only(input);
        let read = scan::feed(&source, door.input, plan.fields(), strict, |row: &Row<'_>, _, _| {
            let matches = || plan.filter().is_none_or(|filter| filter.matches(row, &mut eval).unwrap_or(false));
            if within.row(matches) && json::validate(row.text, json::Limits::GRAMMAR).is_ok() {
                if here.len() == wanted {
                    here.pop_front();
                }
                here.push_back(row.text.to_vec());
            }
            ControlFlow::Continue(())
        });
        scanned.join(read);
        here.into_iter().rev().for_each(|row| rows.push_front(row));
    }
    (rows, scanned)
}

/// Rows on their way out.
struct Lines {
    format: Format,
    look: Look,
}

impl Lines {
    fn print(&mut self, row: &[u8], door: &mut Door<'_>) -> Result<()> {
        match self.format {
            Format::Jsonl => door.out.json(json::trim(row)).and_then(|()| door.out.json(b"\n")),
            _ => door.out.drawn(&line::draw(row, &self.look)),
        }
    }
}

/// Keeps where the follower stands, once what it read is durable.
struct Keeper {
    cursor: Cursor,
    writer: Writer<'static>,
    kept: Option<Place>,
}

impl Keeper {
    fn new(cursor: Cursor, found: &Found, kept: Option<Place>, door: &Door<'_>) -> Result<Keeper> {
        let settings = config::layered(&found.path, &door.env)?;
        let options = Options { durability: Some(Durability::Data), lock_timeout_ms: None, now: door.clock };
        Ok(Keeper { cursor, writer: Writer::open(&REAL, &found.path, settings, options)?, kept })
    }

    fn keep(&mut self, at: Place) -> Result<()> {
        if self.kept == Some(at) {
            return Ok(());
        }
        sync(&mut self.writer, self.kept.unwrap_or(at), at)?;
        self.cursor.save(at)?;
        self.kept = Some(at);
        Ok(())
    }
}
