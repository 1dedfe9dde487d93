//! The flags shared by commands that append rows.

use std::path::PathBuf;

use super::logbook::{Client, OpenLogbook, redactor};
use super::printed::Print;
use crate::cmd::Door;
use logbook_model::error::{Error, Exit, Result};
use logbook_model::option_ms;
use logbook_store::append::Options;
use logbook_store::{Durability, Purpose, Settings, config, locate, os_real};

/// Flags of every command that appends rows.
#[derive(Debug, Default, Clone, clap::Args)]
pub struct Writing {
    /// The logbook, or the directory that holds it [env: LOGBOOK_DIR]
    #[arg(hide_short_help = true, long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// none (survives kill -9) or data (survives a power cut) [env: LOGBOOK_DURABILITY]
    #[arg(hide_short_help = true, long, value_name = "LEVEL")]
    pub durability: Option<String>,
    /// How long to wait for the lock, such as 10s
    #[arg(hide_short_help = true, long, value_name = "TIME")]
    pub lock_timeout: Option<String>,
    /// Print what was stored: id (r-88#3) or row [env: LOGBOOK_PRINT]
    #[arg(hide_short_help = true, long, value_name = "WHAT")]
    pub print: Option<String>,
    /// Warn and exit 0 when the row cannot be stored [env: LOGBOOK_BEST_EFFORT=1]
    #[arg(hide_short_help = true, long)]
    pub best_effort: bool,
}

/// The run of a command that is called within one.
#[derive(Debug, Default, Clone, clap::Args)]
pub struct OfRun {
    /// The run [env: LOGBOOK_RUN]
    #[arg(short, long, value_name = "RUN")]
    pub run: Option<String>,
}

impl OfRun {
    /// The run that the flag names, else the environment.
    pub fn name(&self, door: &Door<'_>) -> Result<String> {
        self.run.as_deref().or_else(|| door.env.var("LOGBOOK_RUN")).map(str::to_owned).ok_or_else(|| {
            Error::usage("which run? -r RUN names it, or LOGBOOK_RUN")
                .hint("eval \"$(logbook start --export)\"   # begins a run and sets LOGBOOK_RUN")
        })
    }
}

impl Writing {
    /// Opens the logbook that the flags and the environment name. Creates nothing on disk. With
    /// [`Purpose::Read`] the logbook must exist.
    pub fn open(&self, door: &Door<'_>, purpose: Purpose) -> Result<OpenLogbook> {
        let print = Print::parse(self.print.as_deref().or_else(|| door.env.var("LOGBOOK_PRINT")))?;
        let durability = self.durability.as_deref().or_else(|| door.env.var("LOGBOOK_DURABILITY"));
        let options = Options {
            durability: durability.map(Durability::parse).transpose()?,
            lock_timeout_ms: self.lock_timeout.as_deref().map(|text| option_ms("--lock-timeout", text)).transpose()?,
            now: door.clock,
        };
        let location = locate(self.dir.as_deref(), &door.env, purpose)?;
        let settings = if location.exists { config::layered(&location.path, &door.env)? } else { Settings::default() };
        os_real::outlive_file_size_limit();
        let redactor = redactor(&location, &settings)?;
        let logbook = OpenLogbook {
            location,
            settings,
            options,
            print,
            redactor,
            client: Client::default(),
            run: None,
            agent: None,
            notes_redactions: true,
        };
        let as_stored =
            |name: &str, field: &str| door.env.var(name).map(|value| logbook.as_stored(field, value)).transpose();
        let (run, agent) = (as_stored("LOGBOOK_RUN", "run_id")?, as_stored("LOGBOOK_AGENT", "agent_id")?);
        Ok(OpenLogbook { run, agent, ..logbook })
    }

    /// Whether a row that cannot be stored is only worth a warning.
    pub fn is_best_effort(&self, door: &Door<'_>) -> bool {
        self.best_effort || door.env.var("LOGBOOK_BEST_EFFORT") == Some("1")
    }

    /// Turns every failure into a warning if `--best-effort` is given.
    pub fn apply_best_effort(&self, result: Result<Exit>, door: &mut Door<'_>) -> Result<Exit> {
        match result {
            Err(error) if self.is_best_effort(door) => {
                door.err.error(&Error { hint: None, ..error }.within("warning: not stored"));
                Ok(Exit::Done)
            }
            other => other,
        }
    }
}
