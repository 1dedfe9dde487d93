//! The flags that commands share which store rows, and the logbook that they open.

use std::path::PathBuf;

use super::{Client, Print};
use crate::cmd::Door;
use logbook_format::Rules;
use logbook_format::secrets::{Own, Redactor};
use logbook_model::error::{Error, Exit, Result};
use logbook_model::option_ms;
use logbook_render::Notes;
use logbook_store::append::Options;
use logbook_store::{Durability, Location, Purpose, Settings, config, locate, os_real, redaction_key};

/// Flags of every command that stores rows.
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

/// The run of commands that are issued inside one.
#[derive(Debug, Default, Clone, clap::Args)]
pub struct OfRun {
    /// The run [env: LOGBOOK_RUN]
    #[arg(short, long, value_name = "RUN")]
    pub run: Option<String>,
}

impl OfRun {
    /// The run that is meant: the flag, else the variable.
    pub fn name(&self, door: &Door<'_>) -> Result<String> {
        self.run.as_deref().or_else(|| door.env.var("LOGBOOK_RUN")).map(str::to_owned).ok_or_else(|| {
            Error::usage("which run? -r RUN names it, or LOGBOOK_RUN")
                .hint("eval \"$(logbook start --export)\"   # begins a run and sets LOGBOOK_RUN")
        })
    }
}

/// A logbook that rows are going to, and how they are stored there.
pub struct Desk {
    /// Where it is.
    pub location: Location,
    /// What holds for it.
    pub settings: Settings,
    /// How its writers behave.
    pub options: Options,
    /// What is printed of stored rows.
    pub print: Print,
    /// What finds secrets in them; `None`: nothing does.
    pub redactor: Option<Redactor>,
    /// Through which door decisions come.
    pub client: Client,
    /// The run that `LOGBOOK_RUN` names, as rows name it.
    pub run: Option<String>,
    /// The agent that `LOGBOOK_AGENT` names, as rows name it.
    pub agent: Option<String>,
    /// Redactions are noted on standard error.
    pub notes_redactions: bool,
}

impl Writing {
    /// The logbook that the flags and the environment name; with [`Purpose::Read`] it must be
    /// there. Nothing is made on disk yet.
    pub fn desk(&self, door: &Door<'_>, purpose: Purpose) -> Result<Desk> {
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
        let client = Client::default();
        let desk = Desk {
            location,
            settings,
            options,
            print,
            redactor,
            client,
            run: None,
            agent: None,
            notes_redactions: true,
        };
        let stored = |name: &str, field: &str| door.env.var(name).map(|value| desk.as_stored(field, value)).transpose();
        let (run, agent) = (stored("LOGBOOK_RUN", "run_id")?, stored("LOGBOOK_AGENT", "agent_id")?);
        Ok(Desk { run, agent, ..desk })
    }

    /// Whether a row that cannot be stored is only worth a warning.
    pub fn is_best_effort(&self, door: &Door<'_>) -> bool {
        self.best_effort || door.env.var("LOGBOOK_BEST_EFFORT") == Some("1")
    }

    /// How the command ends: with `--best-effort` every failure is a warning.
    pub fn ended(&self, result: Result<Exit>, door: &mut Door<'_>) -> Result<Exit> {
        match result {
            Err(error) if self.is_best_effort(door) => {
                door.err.error(&Error { hint: None, ..error }.within("warning: not stored"));
                Ok(Exit::Done)
            }
            other => other,
        }
    }
}

impl Desk {
    /// What the rows of this command are checked against, and what fills in what they lack.
    pub fn rules(&self) -> Rules<'_> {
        Rules {
            vocabulary: &self.settings.vocabulary,
            run_id: self.run.as_deref(),
            agent_id: self.agent.as_deref(),
            own: true,
            redactor: self.redactor.as_ref(),
        }
    }

    /// `value` as it stands in the field of a row: what is compared with rows is compared in this
    /// form.
    pub fn as_stored(&self, field: &str, value: &str) -> Result<String> {
        self.redactor.as_ref().map_or_else(|| Ok(value.to_owned()), |redactor| redactor.member(field, value))
    }

    /// The arguments of a call, JSON, as they stand in its row.
    pub fn arguments_as_stored(&self, json: &str) -> Result<String> {
        self.redactor.as_ref().map_or_else(|| Ok(json.to_owned()), |redactor| redactor.arguments(json))
    }

    /// The arguments of calls are kept as they are, in all rows of this command.
    pub fn keep_arguments(&self) {
        if let Some(redactor) = &self.redactor {
            redactor.leave_arguments();
        }
    }

    /// Fields and kinds that were redacted and not reported yet.
    pub fn redacted(&self) -> Option<String> {
        self.redactor.as_ref().and_then(|redactor| redactor.report().take_new())
    }

    /// Notes on standard error what was redacted: each field and kind once.
    pub fn note_redactions(&self, err: &mut Notes<'_>) {
        if self.notes_redactions
            && let Some(new) = self.redacted()
        {
            err.note(format_args!("redacted: {new}"));
        }
    }
}

/// What finds secrets in rows for this logbook, as its config says.
pub fn redactor(location: &Location, settings: &Settings) -> Result<Option<Redactor>> {
    let redact = &settings.redact;
    if redact.off {
        return Ok(None);
    }
    let own = |rule: &config::RedactRule| Own {
        kind: rule.kind.clone(),
        anchor: rule.anchor.clone(),
        pattern: rule.pattern.clone(),
    };
    let own: Vec<Own> = redact.rules.iter().map(own).collect();
    let (directory, of) = (location.path.clone(), settings.clone());
    let ask = Box::new(move || redaction_key(&directory, &of));
    Redactor::new(&redact.skip, &own, &redact.allow, ask).map(Some)
}
