//! `logbook archive`: archive sealed segments, restore them, and delete old ones.

use std::path::PathBuf;

use crate::cmd::Door;
use crate::cmd::keep::retention::{CarriedFacts, Old};
use crate::cmd::shared::reading;
use logbook_format::SegmentName;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Instant, option_ms};
use logbook_store::append::Options;
use logbook_store::archive::{Covering, Keeper, manifest::Entry};
use logbook_store::config;
use logbook_store::locate::Why;
use logbook_store::os_real::REAL;
use logbook_store::{Durability, Location, Purpose, locate};

pub const EXAMPLES: &str = "\
  logbook archive --older-than 30d
  logbook archive --older-than 30d --delete-older-than 400d --dry-run
  logbook archive --restore 000007";

#[derive(Debug, clap::Args)]
pub struct Archive {
    /// Archive segments sealed at least this long ago [default: all sealed ones; head --seal seals]
    #[arg(long, value_name = "AGE")]
    older_than: Option<String>,
    /// Delete segments sealed at least this long ago, and record that in a row
    #[arg(long, value_name = "AGE")]
    delete_older_than: Option<String>,
    /// Compression level, 1 to 19
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(i32).range(1..=19))]
    level: i32,
    /// Print what would be done, and do nothing
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

pub fn run(args: Archive, door: &mut Door<'_>) -> Result<Exit> {
    let age = |flag: &str, given: &Option<String>| -> Result<Option<i64>> {
        let ms = given.as_deref().map(|text| option_ms(flag, text)).transpose()?;
        Ok(ms.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX)))
    };
    let archive_ms = age("--older-than", &args.older_than)?;
    let delete_ms = age("--delete-older-than", &args.delete_older_than)?;
    // Without flags it archives all sealed segments: that can be undone, so it needs no age.
    let is_alone = archive_ms.is_none() && delete_ms.is_none() && args.restore.is_empty();
    let archive_ms = if is_alone { Some(0) } else { archive_ms };
    let lock_timeout_ms = option_ms("--lock-timeout", &args.lock_timeout)?;
    let location = locate(args.dir.as_deref(), &door.env, Purpose::Read)?;
    if location.why == Why::Fallback && args.dir.is_none() {
        return Err(Error::usage(format!(
            "nothing here names a logbook; the user's own, {}, is archived only if --dir names it",
            location.path.display()
        ))
        .hint(format!("logbook archive --dir {} …", location.path.display())));
    }
    let settings = config::layered(&location.path, &door.env)?;
    let options = Options { durability: Some(Durability::Data), lock_timeout_ms: None, now: door.clock };
    let ages = Ages { archive_ms, delete_ms, now: door.now()? };
    let mut keeper = Keeper::open(&REAL, &location.path, settings, lock_timeout_ms)?;
    if !args.restore.is_empty() {
        return restore(&args, &keeper, door);
    }
    if args.dry_run {
        return dry_run(&keeper, &ages, door);
    }
    keeper.tidy()?;
    keeper.finish_deleting()?;
    let covering = keeper.cover(options, &mut |name| door.progress.on(format!("covering {name}")))?;
    note_adopted(&covering, door);
    archive_and_delete(&args, &mut keeper, &ages, options, &location, door)
}

/// Ages of segments, milliseconds; `None` if not asked for.
struct Ages {
    archive_ms: Option<i64>,
    delete_ms: Option<i64>,
    now: Instant,
}

impl Ages {
    /// Whether a segment was sealed at least `age_ms` ago.
    fn is_old(&self, entry: &Entry, age_ms: Option<i64>) -> bool {
        let sealed_at = Instant::parse(&entry.covered.sealed_at);
        age_ms.zip(sealed_at).is_some_and(|(age_ms, at)| self.now.ms_since(at) >= age_ms)
    }

    fn to_archive(&self, entry: &Entry) -> bool {
        self.is_old(entry, self.archive_ms)
    }

    /// Those of the covered segments that are old enough to be deleted.
    fn old(&self, keeper: &Keeper<'_>) -> Old {
        Old::among(entries(keeper), |entry| self.is_old(entry, self.delete_ms))
    }
}

fn archive_and_delete(
    args: &Archive,
    keeper: &mut Keeper<'_>,
    ages: &Ages,
    options: Options,
    location: &Location,
    door: &mut Door<'_>,
) -> Result<Exit> {
    let Old { to_delete, kept } = ages.old(keeper);
    if let Some(first) = kept.first() {
        let count = kept.len();
        door.note(format_args!(
            "{count} old segment{} from {} on cannot be deleted, because a younger one is before them",
            s(count),
            first.segment
        ));
    }
    let archived = archive(keeper, args, ages, &to_delete, door)?;
    let why = format!("archive --delete-older-than {}", args.delete_older_than.as_deref().unwrap_or_default());
    let receipts = match to_delete.as_slice() {
        [] => Vec::new(),
        to_delete => keeper.delete(to_delete, &why, options, &mut CarriedFacts::new(location, door.clock))?,
    };
    if archived.segments == 0 && ages.archive_ms.is_some() && keeper.sealed()?.is_empty() {
        let done = keeper.known().segments.values().any(|entry| entry.archive.is_some());
        let what = if done { "all that is sealed is archived" } else { "no segment is sealed yet: nothing to archive" };
        door.warn(
            &Error::new(Exit::Done, what)
                .hint("logbook head --seal   # seals the newest one now; else the first append after its day does"),
        );
    }
    if door.err.is_terminal() {
        let Archived { segments, bytes, archive_bytes, .. } = archived;
        door.note(format_args!(
            "{segments} segment{} archived, {} to {} MiB",
            s(segments),
            bytes >> 20,
            archive_bytes >> 20
        ));
        for receipt in receipts {
            let (count, rows) = (receipt.segments, receipt.rows);
            door.note(format_args!(
                "{count} segment{} of {rows} rows deleted; {} records it",
                s(count),
                receipt.receipt
            ));
        }
    }
    archived.damage.map_or(Ok(Exit::Done), Err)
}

/// Notes which archives the manifest did not list: its last lines were cut off, or it is an older
/// copy.
pub(super) fn note_adopted(covering: &Covering, door: &mut Door<'_>) {
    for name in &covering.adopted {
        door.note(format_args!("archive/{}: no line of the manifest listed it; it is covered again", name.archive()));
    }
}

/// What was archived.
#[derive(Default)]
struct Archived {
    segments: usize,
    bytes: u64,
    archive_bytes: u64,
    /// The first segment that contradicts the manifest.
    damage: Option<Error>,
}

/// Archives what is old enough and is not to be deleted. A segment that contradicts the manifest
/// stays, and the others are archived.
fn archive(
    keeper: &mut Keeper<'_>,
    args: &Archive,
    ages: &Ages,
    to_delete: &[Entry],
    door: &mut Door<'_>,
) -> Result<Archived> {
    let mut archived = Archived::default();
    let due: Vec<Entry> = keeper
        .raw_covered()?
        .into_iter()
        .filter(|entry| ages.to_archive(entry) && !to_delete.iter().any(|it| it.segment == entry.segment))
        .collect();
    for entry in &due {
        door.progress.on(format!("archiving {}", entry.segment));
        match keeper.archive(entry, args.level, reading::cores()) {
            Ok(done) => {
                archived.segments += 1;
                archived.bytes += done.bytes;
                archived.archive_bytes += done.archive_bytes;
            }
            Err(error) if error.exit == Exit::Damaged => drop(archived.damage.get_or_insert(error)),
            Err(error) => return Err(error),
        }
    }
    Ok(archived)
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

/// The archived segment with the number or name `wanted`.
fn find(keeper: &Keeper<'_>, wanted: &str) -> Result<Entry> {
    let number = match SegmentName::parse(wanted.as_bytes()).or_else(|| SegmentName::parse_archive(wanted.as_bytes())) {
        Some(name) => name.number,
        None => wanted.parse().map_err(|_| {
            Error::usage(format!("{wanted:?} is not a segment"))
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

/// Prints what would be done.
fn dry_run(keeper: &Keeper<'_>, ages: &Ages, door: &mut Door<'_>) -> Result<Exit> {
    let mut lines = Vec::new();
    let sealed = keeper.sealed()?;
    let Old { to_delete, .. } = ages.old(keeper);
    for entry in entries(keeper) {
        let raw = sealed.contains(&entry.segment);
        let days = Instant::parse(&entry.covered.sealed_at).map_or(0, |at| ages.now.ms_since(at) / 86_400_000);
        let what = if to_delete.iter().any(|it| it.segment == entry.segment) {
            "delete"
        } else if raw && ages.to_archive(entry) {
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

/// The covered segments that are not deleted.
fn entries<'k>(keeper: &'k Keeper<'_>) -> impl Iterator<Item = &'k Entry> {
    keeper.known().segments.values().filter(|entry| !entry.deleted)
}

fn s(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
