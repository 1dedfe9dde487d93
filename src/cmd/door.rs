//! What a command sees of the outside: its streams, its environment, its clock, and whether a
//! person is looking.

use std::io::BufRead;
use std::path::Path;

use super::zone_file;
use logbook_model::error::{Error, Result};
use logbook_model::{Instant, Zone};
use logbook_render::{Look, Notes, Output, Progress};
use logbook_store::Environment;

/// The outside of one command. It can move to another thread, since jq programs need a larger
/// stack.
pub struct Door<'a> {
    /// Standard output, for data.
    pub out: Output<'a>,
    /// Standard error, for everything else.
    pub err: Notes<'a>,
    /// The line that shows the progress of long work.
    pub progress: Progress,
    /// Standard input, which only some commands read.
    pub input: &'a mut (dyn BufRead + Send),
    /// Variables, working directory and user.
    pub env: Environment,
    /// Standard input is a terminal.
    pub input_is_terminal: bool,
    /// Columns of the terminal, 80 if it does not say.
    pub columns: u16,
    /// The machine's clock.
    pub clock: fn() -> Instant,
}

impl Door<'_> {
    /// The current time for reading commands: the clock, or `LOGBOOK_NOW`, with which documents and
    /// tests can show ages.
    pub fn now(&self) -> Result<Instant> {
        match self.env.var("LOGBOOK_NOW") {
            None => Ok((self.clock)()),
            Some(text) => Instant::parse(text)
                .ok_or_else(|| Error::usage(format!("LOGBOOK_NOW is not an RFC 3339 time: {text:?}"))),
        }
    }

    /// The zone of all times that are read and shown: `--utc`, `--tz NAME`, else `TZ`, else the
    /// machine's zone.
    pub fn zone(&self, utc: bool, tz: Option<&str>) -> Result<Zone> {
        if utc {
            return Ok(Zone::UTC);
        }
        let unknown = |name: &str, from: &str| {
            Error::usage(format!("unknown time zone {name:?} in {from}"))
                .hint("a name as Europe/Berlin, an offset as +02:00, a rule as CET-1CEST,M3.5.0,M10.5.0/3, or --utc")
        };
        if let Some(name) = tz
            && name != "local"
        {
            return Zone::parse(name).ok_or_else(|| unknown(name, "--tz"));
        }
        if let Some(value) = self.env.vars.get("TZ") {
            // `:Europe/Berlin` and paths into the zone database are other spellings of a name. An
            // empty TZ is UTC.
            let name = value.strip_prefix(':').unwrap_or(value);
            let zone = match name {
                "" => Some(Zone::UTC),
                path if path.starts_with('/') => {
                    let named = zone_file::name_in(path).and_then(Zone::parse);
                    named.or_else(|| zone_file::zone_of(Path::new(path)))
                }
                name => Zone::parse(name.strip_prefix("posix/").unwrap_or(name)),
            };
            return zone.ok_or_else(|| unknown(value, "TZ"));
        }
        let name = iana_time_zone::get_timezone().ok();
        let zone = name.and_then(|name| Zone::parse(&name));
        Ok(zone.or_else(|| zone_file::zone_of(Path::new("/etc/localtime"))).unwrap_or(Zone::UTC))
    }

    /// Whether standard output may have colours.
    pub fn has_colour(&self) -> bool {
        let is_set = |name: &str| self.env.var(name).is_some_and(|value| !value.is_empty());
        self.out.is_terminal() && !is_set("NO_COLOR") && self.env.var("TERM") != Some("dumb")
    }

    /// The look of tables, for a command without flags about it.
    pub fn look(&self) -> Result<Look> {
        Ok(Look {
            width: self.out.is_terminal().then_some(self.columns),
            colour: self.has_colour(),
            zone: self.zone(false, None)?,
            terminal: self.out.is_terminal(),
            wrap: false,
        })
    }

    /// Prints a line on standard error.
    pub fn note(&mut self, text: impl std::fmt::Display) {
        // Print the rows so far before a note about them.
        let _ = self.out.flush();
        self.err.note(text);
    }

    /// Prints an error with its lines and hint on standard error.
    pub fn warn(&mut self, error: &Error) {
        let _ = self.out.flush();
        self.err.error(error);
    }
}
