//! `logbook archive`: sealed segments into `archive/`, back, and away when they are old enough.

use std::path::PathBuf;

use crate::cmd::Door;
use crate::cmd::keep::retention::{OfLogbook, Old};
use crate::cmd::shared::reading;
use logbook_format::SegmentName;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Instant, option_ms};
use logbook_store::append::Options;
use logbook_store::archive::{Covering, Keeper, manifest::Entry};
use logbook_store::config;
use logbook_store::locate::Why;
use logbook_store::os_real::REAL;
use logbook_store::{Durability, Purpose, locate};

/// Two real examples.
pub const EXAMPLES: &str = "\
  logbook archive --older-than 30d
  logbook archive --older-than 30d --delete-older-than 400d --dry-run
  logbook archive --restore 000007";

/// Arguments of `archive`.
#[derive(Debug, clap::Args)]
pub struct Archive {
    /// Archive segments sealed at least this long ago [default: all sealed ones; head --seal seals]
    #[arg(long, value_name = "AGE")]
    older_than: Option<String>,
    /// Delete segments sealed at least this long ago, and record that in a row
    #[arg(long, value_name = "AGE")]
    delete_older_than: Option<String>,
    /// How hard to compress, 1 to 19
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(i32).range(1..=19))]
    level: i32,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Restore an archived segment, by its number or name
    #[arg(long, value_name = "SEGMENT", conflicts_with_all = ["older_than", "delete_older_than"])]
    restore: Vec<String>,
    /// The logbook, or the directory that holds it [env: LOGBOOK_DIR]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How long to wait for another archiver
    #[arg(long, value_name = "TIME", default_value = "10s")]
    lock_timeout: String,
}

/// `logbook archive`
pub fn run(args: Archive, door: &mut Door<'_>) -> Result<Exit> {
    let age = |flag: &str, given: &Option<String>| -> Result<Option<i64>> {
        let ms = given.as_deref().map(|text| option_ms(flag, text)).transpose()?;
        Ok(ms.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX)))
    };
    let older = age("--older-than", &args.older_than)?;
    let delete = age("--delete-older-than", &args.delete_older_than)?;
    // Alone it archives all that is sealed: what can be taken back needs no age.
    let is_alone = older.is_none() && delete.is_none() && args.restore.is_empty();
    let older = if is_alone { Some(0) } else { older };
    let lock_timeout_ms = option_ms("--lock-timeout", &args.lock_timeout)?;
    let location = locate(args.dir.as_deref(), &door.env, Purpose::Read)?;
    if location.why == Why::Fallback && args.dir.is_none() {
        return Err(Error::usage(format!(
            "nothing here names a logbook; the user's own, {}, is archived only where --dir names it",
            location.path.display()
        ))
        .hint(format!("logbook archive --dir {} …", location.path.display())));
    }
    let settings = config::layered(&location.path, &door.env)?;
    let options = Options { durability: Some(Durability::Data), lock_timeout_ms: None, now: door.clock };
    let now = door.now()?;
    let mut keeper = Keeper::open(&REAL, &location.path, settings, lock_timeout_ms)?;
    if !args.restore.is_empty() {
        return restore(&args, &keeper, door);
    }
    if args.dry_run {
        return dry_run(&keeper, (older, delete), now, door);
    }
    keeper.tidy()?;
    keeper.finish_deleting()?;
    let covering = keeper.cover(options, &mut |name| door.progress.on(format!("covering {name}")))?;
    tell_adopted(&covering, door);

    let Old { doomed, kept } = Old::among(entries(&keeper), |entry| is_old(entry, delete, now));
    if let Some(first) = kept.first() {
        let count = kept.len();
        door.note(format_args!(
            "{count} segment{} from {} on stay, old as they are: a younger one stands before them",
            s(count),
            first.segment
        ));
    }
    let (archived, damaged) = archive(&mut keeper, &args, older, (&doomed, now), door)?;
    let why = format!("archive --delete-older-than {}", args.delete_older_than.as_deref().unwrap_or_default());
    let receipts = match doomed.as_slice() {
        [] => Vec::new(),
        doomed => keeper.delete(doomed, &why, options, &mut OfLogbook::new(&location, door.clock))?,
    };
    if archived.0 == 0 && older.is_some() && keeper.sealed()?.is_empty() {
        // Nothing was to be done, and nothing will be by asking again.
        let done = keeper.known().segments.values().any(|entry| entry.archive.is_some());
        let told = if done { "all that is sealed is archived" } else { "no segment is sealed yet: nothing to archive" };
        door.warn(
            &Error::new(Exit::Done, told)
                .hint("logbook head --seal   # seals the newest one now; else the first append after its day does"),
        );
    }
    if door.err.is_terminal() {
        let (count, from, to) = archived;
        door.note(format_args!("{count} segment{} archived, {} to {} MiB", s(count), from >> 20, to >> 20));
        for receipt in receipts {
            let (count, rows) = (receipt.segments, receipt.rows);
            door.note(format_args!(
                "{count} segment{} of {rows} rows deleted; {} tells of it",
                s(count),
                receipt.receipt
            ));
        }
    }
    damaged.map_or(Ok(Exit::Done), Err)
}

/// Says which archives the manifest did not know: its newest lines were cut off, or this is a copy
/// in which it is older.
pub(super) fn tell_adopted(covering: &Covering, door: &mut Door<'_>) {
    for name in &covering.adopted {
        door.note(format_args!("archive/{}: no line of the manifest spoke of it; it was covered anew", name.archive()));
    }
}

/// How many were archived, their bytes, and those of the archives.
type Done = (usize, u64, u64);

/// Archives what is old enough and is not to be deleted. One that is not what the manifest says
/// stays, and the others go on: the error tells of the first.
fn archive(
    keeper: &mut Keeper<'_>,
    args: &Archive,
    older: Option<i64>,
    (doomed, now): (&[Entry], Instant),
    door: &mut Door<'_>,
) -> Result<(Done, Option<Error>)> {
    let (mut count, mut from, mut to) = (0, 0, 0);
    let mut damaged = None;
    let due: Vec<Entry> = keeper
        .raw_covered()?
        .into_iter()
        .filter(|entry| is_old(entry, older, now) && !doomed.iter().any(|it| it.segment == entry.segment))
        .collect();
    for entry in &due {
        door.progress.on(format!("archiving {}", entry.segment));
        match keeper.archive(entry, args.level, reading::cores()) {
            Ok(done) => {
                count += 1;
                from += done.bytes;
                to += done.archive_bytes;
            }
            Err(error) if error.exit == Exit::Damaged => drop(damaged.get_or_insert(error)),
            Err(error) => return Err(error),
        }
    }
    Ok(((count, from, to), damaged))
}

fn restore(args: &Archive, keeper: &Keeper<'_>, door: &mut Door<'_>) -> Result<Exit> {
    for wanted in &args.restore {
        let entry = find(keeper, wanted)?;
        if args.dry_run {
            door.out.line(&format!("restore {}", entry.segment))?;
            continue;
        }
        door.progress.on(format!("restoring {}", entry.segment));
        let new = keeper.restore(&entry)?;
        if !new && door.err.is_terminal() {
            door.note(format_args!("{} is there already", entry.segment));
        }
    }
    Ok(Exit::Done)
}

/// The archived segment that `wanted` means.
fn find(keeper: &Keeper<'_>, wanted: &str) -> Result<Entry> {
    let number = match SegmentName::parse(wanted.as_bytes()).or_else(|| SegmentName::parse_archive(wanted.as_bytes())) {
        Some(name) => name.number,
        None => wanted.parse().map_err(|_| {
            Error::usage(format!("{wanted:?} is no segment"))
                .hint("its number or its name, as logbook archive --restore 000007")
        })?,
    };
    let entry = keeper.known().segments.get(&number).filter(|entry| entry.archive.is_some());
    let error = || Error::new(Exit::No, format!("no segment {number:06} is archived")).hint("ls .logbook/archive");
    match entry {
        Some(entry) if entry.deleted => {
            Err(Error::new(Exit::No, format!("segment {number:06} was deleted"))
                .hint("logbook query kind=archive.receipt"))
        }
        other => other.cloned().ok_or_else(error),
    }
}

/// Says what would be done.
fn dry_run(
    keeper: &Keeper<'_>,
    (older, delete): (Option<i64>, Option<i64>),
    now: Instant,
    door: &mut Door<'_>,
) -> Result<Exit> {
    let mut lines = Vec::new();
    let sealed = keeper.sealed()?;
    let Old { doomed, .. } = Old::among(entries(keeper), |entry| is_old(entry, delete, now));
    for entry in entries(keeper) {
        let raw = sealed.contains(&entry.segment);
        let days = Instant::parse(&entry.covered.sealed_at).map_or(0, |at| now.ms_since(at) / 86_400_000);
        let what = if doomed.iter().any(|it| it.segment == entry.segment) {
            "delete"
        } else if raw && is_old(entry, older, now) {
            "archive"
        } else {
            continue;
        };
        let (rows, bytes) = (entry.covered.rows, entry.covered.bytes);
        lines.push(format!("{what:<8} {}  sealed {days} days ago, {rows} rows, {bytes} bytes", entry.segment));
    }
    for name in sealed.iter().filter(|name| !keeper.known().segments.contains_key(&name.number)) {
        lines.push(format!("cover    {name}  sealed, not covered yet: its age is not known"));
    }
    lines.iter().try_for_each(|line| door.out.line(line))?;
    if lines.is_empty() && door.err.is_terminal() {
        door.note("nothing to do");
    }
    Ok(Exit::Done)
}

/// What is covered and not deleted.
fn entries<'k>(keeper: &'k Keeper<'_>) -> impl Iterator<Item = &'k Entry> {
    keeper.known().segments.values().filter(|entry| !entry.deleted)
}

/// Whether a segment was sealed at least `age` milliseconds ago.
fn is_old(entry: &Entry, age: Option<i64>, now: Instant) -> bool {
    let sealed_at = Instant::parse(&entry.covered.sealed_at);
    age.zip(sealed_at).is_some_and(|(age, at)| now.ms_since(at) >= age)
}

fn s(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
