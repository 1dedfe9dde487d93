//! `logbook doctor`: report what is wrong with a logbook and with its disk: the cost of a sync,
//! what the file system does not promise, and what the checks of files and rows find (`checks`).

use std::path::PathBuf;

use crate::cmd::Door;
use crate::cmd::keep::checks::{Finding, Level, Redactors, access, cache, false_cache, files, gates, rows};
use logbook_model::error::{Error, Exit, Result};
use logbook_render::safe::escape;
use logbook_store::os_real::{Disk, disk, sync_times_us};
use logbook_store::{Durability, Environment, Location, Purpose, Settings, config, locate};

pub const EXAMPLES: &str = "\
  logbook doctor
  logbook doctor --secrets --json | jq -r '.findings[].next // empty'";

/// The number of syncs to measure.
const SYNCS: usize = 9;
/// With fewer free bytes than this, appends may fail soon.
const FREE_BYTES_LOW: u64 = 256 << 20;
/// A faster sync, in microseconds, did not wait for the medium.
const SYNC_US_CREDIBLE: u64 = 10;

#[derive(Debug, clap::Args)]
pub struct Doctor {
    /// The logbook, or the directory that holds it [env: LOGBOOK_DIR]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Search the rows for secrets too, by the rules of redaction
    #[arg(long)]
    pub secrets: bool,
    /// Rebuild the files of cache/, and change nothing else
    #[arg(long)]
    pub fix_cache: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `logbook doctor`. Only damage is a failure.
pub fn run(args: Doctor, door: &mut Door<'_>) -> Result<Exit> {
    let location = locate(args.dir.as_deref(), &door.env, Purpose::Read)?;
    let mut errors = Vec::new();
    let settings = config::for_reading(&location.path, &door.env, &mut errors);
    let errors = errors.iter().map(|error| Finding::new(Level::Warning, "config", error.message.clone()));
    let mut findings: Vec<Finding> = errors.collect();
    if args.fix_cache {
        findings.push(fix_cache(&location, door));
    }
    let measured = measure(&location, &settings, &door.env, &mut findings)?;
    let redactors = match args.secrets {
        // --secrets counts even if the config turns redaction off.
        true => {
            let mut settings = settings.clone();
            settings.redact.off = false;
            Redactors::of(&location, settings)?
        }
        false => Redactors::default(),
    };
    let rows = check_all(&location, &settings, &redactors, &mut findings, door);
    findings.sort_by_key(|finding| finding.level);
    let damage = findings.iter().filter(|finding| finding.level == Level::Damage).count();
    match args.json {
        true => door.out.json((as_json(&measured, rows, &findings) + "\n").as_bytes())?,
        false => door.out.text(&(as_lines(&measured, rows, &findings) + "\n"))?,
    }
    if damage == 0 {
        return Ok(Exit::Done);
    }
    let s = if damage == 1 { "" } else { "s" };
    Err(Error::new(Exit::Damaged, format!("{damage} finding{s} of damage"))
        .hint("logbook verify   # says what is still proved"))
}

fn fix_cache(location: &Location, door: &mut Door<'_>) -> Finding {
    match cache::fix(location, door) {
        Ok(removed) => {
            let what = format!("cache/ was rebuilt: {removed} files were removed");
            Finding::new(Level::Note, "fixed_cache", what).count(removed as u64)
        }
        Err(error) => {
            let what = format!("cache/ could not be rebuilt: {}", error.message);
            Finding::new(Level::Warning, "fixed_cache", what)
        }
    }
}

/// Adds what the checks find; gives the number of rows. A check that fails is a finding itself.
fn check_all(
    location: &Location,
    settings: &Settings,
    redactors: &Redactors,
    findings: &mut Vec<Finding>,
    door: &mut Door<'_>,
) -> u64 {
    // Before the rows, since reading them builds what cache/ lacks.
    let files = [
        access::faults(&location.path, settings),
        cache::faults(&location.path, door),
        false_cache::faults(&location.path),
        files::doubled(&location.path),
        files::manifest(&location.path),
        files::tails(&location.path),
        gates::faults(&location.path, settings, (door.clock)()),
    ];
    let mut count = 0;
    let rows = rows::examine(location, redactors, door).map(|(rows, findings)| {
        count = rows;
        findings
    });
    for checked in files.into_iter().chain([rows]) {
        match checked {
            Ok(found) => findings.extend(found),
            Err(error) => {
                let what = format!("could not be checked: {}", error.message);
                findings.push(Finding::new(Level::Warning, "unreadable", what).next(error.hint.unwrap_or_default()));
            }
        }
    }
    count
}

/// The directory of the logbook, its disk, and the cost of a sync there.
struct Measured {
    directory: String,
    /// Why this logbook is the one.
    found: &'static str,
    durability: &'static str,
    durability_from: &'static str,
    disk: Disk,
    /// Sync times in ascending order, microseconds.
    times: Vec<u64>,
}

impl Measured {
    /// The least, the median and the greatest sync time.
    fn sync_us(&self) -> Option<(u64, u64, u64)> {
        let times = &self.times;
        Some((*times.first()?, *times.get(times.len() / 2)?, *times.last()?))
    }
}

fn measure(
    location: &Location,
    settings: &Settings,
    env: &Environment,
    findings: &mut Vec<Finding>,
) -> Result<Measured> {
    let fail = |error: std::io::Error| Error::io(format!("{}: {error}", location.path.display()));
    let (durability, source) = match env.var("LOGBOOK_DURABILITY") {
        Some(word) => (Durability::parse(word)?, "LOGBOOK_DURABILITY"),
        None if settings.durability == Durability::Data => (Durability::Data, "default"),
        None => (settings.durability, "config.toml"),
    };
    let disk = disk(&location.path).map_err(fail)?;
    let mut warn =
        |class, what: String, next: &str| findings.push(Finding::new(Level::Warning, class, what).next(next));
    const ELSEWHERE: &str = "logbook where   # LOGBOOK_DIR and --dir name another place";
    if let Some(warning) = disk.warning {
        warn("file_system", format!("{} is {warning}", disk.file_system), ELSEWHERE);
    }
    if disk.free_bytes < FREE_BYTES_LOW {
        warn("disk_space", format!("only {} MiB are free", disk.free_bytes >> 20), "logbook archive --older-than 7d");
    }
    let mut times = sync_times_us(&location.path, SYNCS).unwrap_or_else(|error| {
        warn("sync", format!("the sync time could not be measured: {error}"), "");
        Vec::new()
    });
    times.sort_unstable();
    let median = times.get(times.len() / 2);
    if median.is_some_and(|median| *median < SYNC_US_CREDIBLE) && disk.warning.is_none() {
        let what = "a sync takes no time: this disk, or a layer above it, does not wait for the medium";
        warn("sync", what.to_owned(), ELSEWHERE);
    }
    Ok(Measured {
        directory: location.path.display().to_string(),
        found: location.why.words(),
        durability: durability.word(),
        durability_from: source,
        disk,
        times,
    })
}

fn as_json(measured: &Measured, rows: u64, findings: &[Finding]) -> String {
    let sync = measured.sync_us().map(|(least, median, most)| {
        serde_json::json!({ "count": measured.times.len(), "median": median, "min": least, "max": most })
    });
    let object = serde_json::json!({
        "directory": measured.directory,
        "found": measured.found,
        "durability": measured.durability,
        "durability_from": measured.durability_from,
        "file_system": measured.disk.file_system,
        "free_bytes": measured.disk.free_bytes,
        "sync_us": sync,
        "rows": rows,
        "findings": findings.iter().map(Finding::json).collect::<Vec<_>>(),
    });
    object.to_string()
}

fn as_lines(measured: &Measured, rows: u64, findings: &[Finding]) -> String {
    let mut lines = vec![
        format!("directory    {} ({})", escape(&measured.directory), measured.found),
        format!("durability   {} ({})", measured.durability, measured.durability_from),
        format!("file system  {}", measured.disk.file_system),
        format!("free         {} MiB", measured.disk.free_bytes >> 20),
    ];
    if let Some((least, median, most)) = measured.sync_us() {
        let count = measured.times.len();
        lines.push(format!("sync         {} ms (median of {count}; {} to {})", ms(median), ms(least), ms(most)));
    }
    lines.push(format!("rows         {rows}"));
    lines.extend(findings.iter().flat_map(Finding::lines));
    lines.join("\n")
}

/// Microseconds as milliseconds with two digits.
fn ms(us: u64) -> String {
    format!("{}.{:02}", us / 1000, us % 1000 / 10)
}
