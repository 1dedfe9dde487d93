//! `--timeout` and `--max-memory`, and their defaults.

use std::time::Duration;

use super::size::{size_bytes, size_text};
use super::watchdog::{Limits, Watch, default_memory_bytes};
use logbook_model::error::{Error, Result};
use logbook_model::wait_ms;
use logbook_query::Query;

/// Processor time that a command which runs forever may spend on one row.
pub const ROW_TIME: Duration = Duration::from_secs(5);

/// Memory for `--slurp` without `--max-memory`.
const SLURP_BYTES: u64 = 2 << 30;
/// Memory of a row as jq values, as a multiple of its bytes. 8 to 11 were measured.
pub const SLURP_FACTOR: u64 = 12;

/// The error for `--slurp` if more than `bytes` of rows pass the filter.
pub fn too_much_to_slurp(bytes: u64) -> Error {
    let size = size_text(bytes);
    Error::io(format!("stopped: --slurp holds all rows at once, and more than {size} of them pass")).hint(format!(
        "--max-memory SIZE, {SLURP_FACTOR} times what the rows have; without --slurp, --jq gets one at a time"
    ))
}

/// Limits on one command.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Bounds {
    /// End with a message and exit 3 after this long: 30s, 5m, 1h30m
    #[arg(hide_short_help = true, long, value_name = "DURATION")]
    timeout: Option<String>,
    /// End with a message and exit 3 at this much memory: 512M, 2G [default with jq: half of the
    /// machine's]
    #[arg(hide_short_help = true, long, value_name = "SIZE")]
    max_memory: Option<String>,
}

impl Bounds {
    /// Starts the watchdog.
    pub fn watch(&self) -> Result<Watch> {
        Watch::begin(self.limits()?)
    }

    /// As [`Bounds::watch`], for a command that runs forever: also limits the time of `query` per
    /// row.
    pub fn watch_rows(&self, query: &Query) -> Result<Watch> {
        Watch::begin(Limits { turn_time: (!query.is_plain()).then_some(ROW_TIME), ..self.limits()? })
    }

    /// As [`Bounds::watch`], for `--slurp`. Also gives the most bytes of rows to hold, so that the
    /// command can stop before memory runs out.
    pub fn watch_slurp(&self) -> Result<(Watch, u64)> {
        let limits = self.limits()?;
        let most = limits.memory_bytes.unwrap_or_else(|| default_memory_bytes().min(SLURP_BYTES));
        Ok((Watch::begin(Limits { memory_bytes: Some(most), ..limits })?, most / SLURP_FACTOR))
    }

    fn limits(&self) -> Result<Limits> {
        let timeout = match &self.timeout {
            Some(word) => Some((Duration::from_millis(wait_ms("--timeout", word)?), word.clone())),
            None => None,
        };
        let memory_bytes = match &self.max_memory {
            Some(word) => Some(size_bytes(word).ok_or_else(|| {
                Error::usage(format!("--max-memory: {word:?} is not a size"))
                    .hint("as --max-memory 512M, --max-memory 2G")
            })?),
            None => None,
        };
        Ok(Limits { timeout, memory_bytes, ..Limits::default() })
    }
}
