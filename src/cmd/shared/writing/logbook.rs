//! A logbook that a command appends to: its settings, its redactor, and who signs a decision.

use rustix::process::getuid;
use rustix::termios::ttyname;

use super::printed::Print;
use crate::cmd::Door;
use logbook_format::Rules;
use logbook_format::draft::pairs::Pairs;
use logbook_format::secrets::{Own, Redactor};
use logbook_model::error::{Error, Result};
use logbook_model::shown::as_it_reads;
use logbook_render::Notes;
use logbook_store::append::Options;
use logbook_store::{Location, Settings, config, redaction_key};

/// A logbook that a command appends to.
pub struct OpenLogbook {
    pub location: Location,
    pub settings: Settings,
    /// Durability, lock timeout and clock of its writers.
    pub options: Options,
    /// What to print of appended rows.
    pub print: Print,
    /// `None` if redaction is off.
    pub redactor: Option<Redactor>,
    /// How decisions reach this process.
    pub client: Client,
    /// The run that `LOGBOOK_RUN` names, redacted as in a row.
    pub run: Option<String>,
    /// The agent that `LOGBOOK_AGENT` names, redacted as in a row.
    pub agent: Option<String>,
    /// Whether to note redactions on standard error.
    pub notes_redactions: bool,
}

/// How a decision was made: the field `client` of its row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Client {
    /// A typed command, or a key of the dashboard.
    #[default]
    Terminal,
    /// A form of a web page.
    #[cfg(feature = "serve")]
    Web,
}

impl OpenLogbook {
    /// The rules for rows that this program words itself.
    pub fn rules(&self) -> Rules<'_> {
        Rules {
            vocabulary: &self.settings.vocabulary,
            run_id: self.run.as_deref(),
            agent_id: self.agent.as_deref(),
            own: true,
            redactor: self.redactor.as_ref(),
        }
    }

    /// `value` as the field of a row has it, redacted. Compare with rows in this form only.
    pub fn as_stored(&self, field: &str, value: &str) -> Result<String> {
        self.redactor.as_ref().map_or_else(|| Ok(value.to_owned()), |redactor| redactor.member(field, value))
    }

    /// The arguments of a call, as JSON, redacted as in its row.
    pub fn arguments_as_stored(&self, json: &str) -> Result<String> {
        self.redactor.as_ref().map_or_else(|| Ok(json.to_owned()), |redactor| redactor.arguments(json))
    }

    /// From now on, store the arguments of calls without redacting them.
    pub fn keep_arguments(&self) {
        if let Some(redactor) = &self.redactor {
            redactor.leave_arguments();
        }
    }

    /// The fields and kinds of secrets redacted since the last call.
    pub fn take_redacted(&self) -> Option<String> {
        self.redactor.as_ref().and_then(|redactor| redactor.report().take_new())
    }

    /// Notes on standard error what was redacted, each field and kind once.
    pub fn note_redactions(&self, err: &mut Notes<'_>) {
        if self.notes_redactions
            && let Some(new) = self.take_redacted()
        {
            err.note(format_args!("redacted: {new}"));
        }
    }

    /// Adds to `pairs` who decides (`by`, else the user), and with which client, user and terminal.
    pub fn sign(&self, pairs: &mut Pairs, by: Option<&str>, door: &Door<'_>) -> Result<()> {
        let user = user(door);
        if by.is_some_and(|by| as_it_reads(by).is_empty()) {
            return Err(Error::usage("--by: the name is empty").hint("--by maria; without --by it is the user"));
        }
        pairs.text("approver", by.unwrap_or(&user))?;
        let (client, terminal) = match self.client {
            Client::Terminal => ("terminal", terminal()),
            // The terminal is the server's, not that of the person at the browser.
            #[cfg(feature = "serve")]
            Client::Web => ("web", None),
        };
        pairs.text("client", client)?;
        pairs.text("user", &user)?;
        if let Some(terminal) = terminal {
            pairs.text("tty", &terminal)?;
        }
        Ok(())
    }
}

/// The redactor that the config asks for; `None` if redaction is off.
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
    let (directory, settings) = (location.path.clone(), settings.clone());
    let key = Box::new(move || redaction_key(&directory, &settings));
    Redactor::new(&redact.skip, &own, &redact.allow, key).map(Some)
}

/// The user's login name, else the user id. The operating system is asked before `USER`, which
/// anybody can set.
pub fn user(door: &Door<'_>) -> String {
    let number = getuid().as_raw();
    let passwd = std::fs::read_to_string("/etc/passwd").ok();
    let name = passwd.as_deref().unwrap_or_default().lines().find_map(|line| {
        let words: Vec<&str> = line.split(':').collect();
        (words.get(2)?.parse() == Ok(number)).then(|| (*words.first()?).to_owned().into())?
    });
    name.or_else(|| door.env.var("USER").map(str::to_owned)).unwrap_or_else(|| number.to_string())
}

/// The terminal that the command was typed at.
fn terminal() -> Option<String> {
    let name = ttyname(std::io::stdin(), Vec::new()).or_else(|_| ttyname(std::io::stderr(), Vec::new())).ok()?;
    name.into_string().ok()
}
