//! `--timeout` and `--max-memory`, and what holds where nobody gives them.

use std::time::Duration;

use super::watchdog::{Limits, Watch, default_memory_bytes};
use logbook_model::error::{Error, Result};
use logbook_model::wait_ms;
use logbook_query::Query;

/// How much processor time one row may take of a command that goes on for ever.
pub const ROW_TIME: Duration = Duration::from_secs(5);

/// Memory for all rows as values, where nobody says how much.
const SLURP_BYTES: u64 = 2 << 30;
/// A row as values takes so many times its bytes: 8 to 11 were measured.
pub const SLURP_FACTOR: u64 = 12;

/// More rows than may be held at once, which have at most `bytes`, pass.
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
    /// End with a message and exit 3 at this much memory: 512M, 2G; with jq, half of the machine's
    /// if not given
    #[arg(hide_short_help = true, long, value_name = "SIZE")]
    max_memory: Option<String>,
}

impl Bounds {
    /// Begins to watch.
    pub fn watch(&self) -> Result<Watch> {
        Watch::begin(self.limits()?)
    }

    /// The same for a command that goes on for ever: no row may take `query` too long either.
    pub fn watch_rows(&self, query: &Query) -> Result<Watch> {
        Watch::begin(Limits { turn: (!query.is_plain()).then_some(ROW_TIME), ..self.limits()? })
    }

    /// The same for a query that holds all rows at once: how many bytes of rows that may be, too,
    /// so that it ends as soon as it has read too many.
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

/// A size as `512M`, `2G`, `100000`, `1.5GiB`: powers of 1024.
pub fn size_bytes(word: &str) -> Option<u64> {
    let digits = word.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(word.len());
    let (number, unit) = word.split_at(digits);
    let shift = match unit.trim().to_ascii_lowercase().trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    let bytes = number * (1u64 << shift) as f64;
    (bytes >= 1.0).then_some(bytes as u64)
}

/// A size in words: `512 MiB`.
pub(super) fn size_text(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let fits = units.iter().find(|(shift, _)| bytes >> shift > 0);
    match fits {
        None => format!("{bytes} bytes"),
        Some((shift, unit)) => {
            let text = format!("{:.1}", bytes as f64 / (1u64 << shift) as f64);
            format!("{} {unit}", text.trim_end_matches(".0"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_told() {
        let read = |word| size_bytes(word);
        assert_eq!(read("100000"), Some(100_000));
        assert_eq!(read("512M"), Some(512 << 20));
        assert_eq!(read("1.5GiB"), Some(3 << 29));
        assert_eq!(read("2 kb"), Some(2048));
        assert_eq!([read(""), read("M"), read("5X"), read("0"), read("-1G")], [None; 5]);
        assert_eq!(size_text(512 << 20), "512 MiB");
        assert_eq!(size_text(3 << 29), "1.5 GiB");
        assert_eq!(size_text(12), "12 bytes");
    }
}
