//! `logbook doctor`: is this a good place for a logbook? What a sync costs on
//! this disk, what its file system does not promise, and what no writer of ours
//! leaves behind (`doctor_findings`).

use std::path::PathBuf;

use crate::cmd::Door;
use crate::cmd::keep::doctor_findings;
use crate::error::{Error, Exit, Result};
use crate::store::os_real::{disk, sync_times_us};
use crate::store::{Durability, Purpose, config, locate};

/// Two real examples.
pub const EXAMPLES: &str = "\
  logbook doctor
  logbook doctor --json | jq .sync_us.median";

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
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Measures and tells. A warning is no failure: exit 0.
pub fn run(args: Doctor, door: &mut Door<'_>) -> Result<Exit> {
    let location = locate(args.dir.as_deref(), &door.env, Purpose::Read)?;
    let fail = |error: std::io::Error| Error::io(format!("{}: {error}", location.path.display()));
    let settings = config::layered(&location.path, &door.env)?;
    let (durability, source) = match door.env.var("LOGBOOK_DURABILITY") {
        Some(word) => (Durability::parse(word)?, "LOGBOOK_DURABILITY"),
        None if settings.durability == Durability::Data => (Durability::Data, "default"),
        None => (settings.durability, "config.toml"),
    };
    let disk = disk(&location.path).map_err(fail)?;
    let mut warnings: Vec<String> = Vec::new();
    if let Some(warning) = disk.warning {
        warnings.push(format!("{} is {warning}", disk.file_system));
    }
    if disk.free_bytes < FREE_BYTES_LOW {
        warnings.push(format!("only {} MiB are free", disk.free_bytes >> 20));
    }
    let mut times = match sync_times_us(&location.path, SYNCS) {
        Ok(times) => times,
        Err(error) => {
            warnings.push(format!("the sync time could not be measured: {error}"));
            Vec::new()
        }
    };
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied();
    if median.is_some_and(|median| median < SYNC_US_CREDIBLE) && disk.warning.is_none() {
        warnings.push("a sync takes no time: this disk, or what stands before it, does not wait for the medium".into());
    }
    match doctor_findings::doubles(&location.path) {
        Ok(told) => warnings.extend(told),
        Err(error) => warnings.push(format!("the rows could not be read: {}", error.message)),
    }
    let least_and_most = times.first().zip(times.last());
    warnings.extend(doctor_findings::idle_corrections(args.dir.as_deref(), door)?);
    let written = if args.json {
        let sync = median.zip(least_and_most).map(|(median, (least, most))| {
            serde_json::json!({ "count": times.len(), "median": median, "min": least, "max": most })
        });
        let told = serde_json::json!({
            "directory": location.path.display().to_string(),
            "found": location.why.words(),
            "durability": durability.word(),
            "durability_from": source,
            "file_system": disk.file_system,
            "free_bytes": disk.free_bytes,
            "sync_us": sync,
            "warnings": warnings,
        });
        writeln!(door.out, "{told}")
    } else {
        let mut lines = vec![
            format!("directory    {} ({})", location.path.display(), location.why.words()),
            format!("durability   {} ({source})", durability.word()),
            format!("file system  {}", disk.file_system),
            format!("free         {} MiB", disk.free_bytes >> 20),
        ];
        if let Some((median, (least, most))) = median.zip(least_and_most) {
            lines.push(format!(
                "sync         {} ms (median of {}; {} to {})",
                ms(median),
                times.len(),
                ms(*least),
                ms(*most)
            ));
        }
        lines.extend(warnings.iter().map(|warning| format!("warning      {warning}")));
        writeln!(door.out, "{}", lines.join("\n"))
    };
    written.map_err(|error| Error::output(&error))?;
    Ok(Exit::Done)
}

/// Microseconds as milliseconds with two digits.
fn ms(us: u64) -> String {
    format!("{}.{:02}", us / 1000, us % 1000 / 10)
}
