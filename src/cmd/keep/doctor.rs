//! `logbook doctor`: is this logbook well, and is it in a good place? What a sync costs on this
//! disk, what its file system does not promise, and what is found in files and rows (`examine`).

use std::path::PathBuf;

use crate::cmd::Door;
use crate::cmd::keep::examine::{Finding, Level, Redactors, access, cache, files, gates, lies, rows};
use logbook_model::error::{Error, Exit, Result};
use logbook_render::safe::escape;
use logbook_store::os_real::{Disk, disk, sync_times_us};
use logbook_store::{Durability, Environment, Location, Purpose, Settings, config, locate};

/// Two real examples.
pub const EXAMPLES: &str = "\
  logbook doctor
  logbook doctor --secrets --json | jq -r '.findings[].next // empty'";

/// Syncs measured.
const SYNCS: usize = 9;
/// Below this an append may be refused soon, bytes.
const FREE_BYTES_LOW: u64 = 256 << 20;
/// A sync faster than this was not one, microseconds.
const SYNC_US_CREDIBLE: u64 = 10;

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Doctor {
    /// The logbook, or the directory that holds it [env: LOGBOOK_DIR]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Look through the rows for secrets too, by the rules of redaction
    #[arg(long)]
    pub secrets: bool,
    /// Make the files of cache/ anew, and change nothing else
    #[arg(long)]
    pub fix_cache: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Looks at everything, and tells. Damage alone is a failure.
pub fn run(args: Doctor, door: &mut Door<'_>) -> Result<Exit> {
    let location = locate(args.dir.as_deref(), &door.env, Purpose::Read)?;
    let mut wrong = Vec::new();
    let settings = config::for_reading(&location.path, &door.env, &mut wrong);
    let wrong = wrong.iter().map(|error| Finding::new(Level::Warning, "config", error.message.clone()));
    let mut findings: Vec<Finding> = wrong.collect();
    if args.fix_cache {
        findings.push(match cache::fix(&location, door) {
            Ok(gone) => {
                let what = format!("cache/ was made anew: {gone} files went away");
                Finding::new(Level::Note, "fixed_cache", what).count(gone as u64)
            }
            Err(error) => {
                let what = format!("cache/ could not be made anew: {}", error.message);
                Finding::new(Level::Warning, "fixed_cache", what)
            }
        });
    }
    let place = measure(&location, &settings, &door.env, &mut findings)?;
    let redactors = match args.secrets {
        // What is asked for is done, also where rows are not redacted.
        true => {
            let mut settings = settings.clone();
            settings.redact.off = false;
            Redactors::of(&location, settings)?
        }
        false => Redactors::default(),
    };
    // Before the rows: reading them makes what cache/ lacks.
    let looks = [
        access::faults(&location.path, &settings),
        cache::faults(&location.path, door),
        lies::faults(&location.path),
        files::doubled(&location.path),
        files::manifest(&location.path),
        files::tails(&location.path),
        gates::faults(&location.path, &settings, (door.clock)()),
    ];
    let mut count = 0;
    let rows = rows::examine(&location, &redactors, door).map(|(rows, findings)| {
        count = rows;
        findings
    });
    for look in looks.into_iter().chain([rows]) {
        match look {
            Ok(found) => findings.extend(found),
            Err(error) => {
                let what = format!("could not be looked at: {}", error.message);
                findings.push(Finding::new(Level::Warning, "unreadable", what).next(error.hint.unwrap_or_default()));
            }
        }
    }
    findings.sort_by_key(|finding| finding.level);
    let damage = findings.iter().filter(|finding| finding.level == Level::Damage).count();
    match args.json {
        true => door.out.json((as_json(&place, count, &findings) + "\n").as_bytes())?,
        false => door.out.text(&(as_lines(&place, count, &findings) + "\n"))?,
    }
    if damage == 0 {
        return Ok(Exit::Done);
    }
    let s = if damage == 1 { "" } else { "s" };
    Err(Error::new(Exit::Damaged, format!("{damage} finding{s} of damage"))
        .hint("logbook verify   # says what is still proved"))
}

/// Where the logbook is, and what a sync costs there.
struct Place {
    directory: String,
    found: &'static str,
    durability: &'static str,
    durability_from: &'static str,
    disk: Disk,
    /// In order, microseconds.
    times: Vec<u64>,
}

impl Place {
    /// The least, the median and the greatest time.
    fn sync_us(&self) -> Option<(u64, u64, u64)> {
        let times = &self.times;
        Some((*times.first()?, *times.get(times.len() / 2)?, *times.last()?))
    }
}

fn measure(location: &Location, settings: &Settings, env: &Environment, findings: &mut Vec<Finding>) -> Result<Place> {
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
        let what = "a sync takes no time: this disk, or what stands before it, does not wait for the medium";
        warn("sync", what.to_owned(), ELSEWHERE);
    }
    Ok(Place {
        directory: location.path.display().to_string(),
        found: location.why.words(),
        durability: durability.word(),
        durability_from: source,
        disk,
        times,
    })
}

fn as_json(place: &Place, rows: u64, findings: &[Finding]) -> String {
    let sync = place.sync_us().map(|(least, median, most)| {
        serde_json::json!({ "count": place.times.len(), "median": median, "min": least, "max": most })
    });
    let told = serde_json::json!({
        "directory": place.directory,
        "found": place.found,
        "durability": place.durability,
        "durability_from": place.durability_from,
        "file_system": place.disk.file_system,
        "free_bytes": place.disk.free_bytes,
        "sync_us": sync,
        "rows": rows,
        "findings": findings.iter().map(Finding::json).collect::<Vec<_>>(),
    });
    told.to_string()
}

fn as_lines(place: &Place, rows: u64, findings: &[Finding]) -> String {
    let mut lines = vec![
        format!("directory    {} ({})", escape(&place.directory), place.found),
        format!("durability   {} ({})", place.durability, place.durability_from),
        format!("file system  {}", place.disk.file_system),
        format!("free         {} MiB", place.disk.free_bytes >> 20),
    ];
    if let Some((least, median, most)) = place.sync_us() {
        let count = place.times.len();
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
