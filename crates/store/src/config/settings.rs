//! What holds for one logbook, and the values that its keys may have.

use std::path::Path;

use toml::Value;

use super::keys::{BYTES_MAX, Key};
use super::policy::PolicyRule;
use super::redact::Redact;
use crate::os::{How, Os, read_full};
use logbook_model::error::{Error, Result};
use logbook_model::{Night, Vocabulary, duration_ms};

/// How much a success promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Survives the death of the process, not a power cut.
    None,
    /// Survives a power cut.
    Data,
}

impl Durability {
    /// Reads `none` or `data`.
    pub fn parse(word: &str) -> Result<Durability> {
        match word {
            "none" => Ok(Durability::None),
            "data" => Ok(Durability::Data),
            _ => Err(Error::usage(format!("unknown durability {word:?}")).hint("durability is one of: none, data")),
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Durability::None => "none",
            Durability::Data => "data",
        }
    }
}

/// What holds for one logbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Size at which a segment is sealed, bytes.
    pub segment_bytes_max: u64,
    /// What a success promises where the caller does not say.
    pub durability: Durability,
    /// How long a writer waits for the lock, milliseconds.
    pub lock_timeout_ms: u64,
    /// Declared phases, statuses and kinds.
    pub vocabulary: Vocabulary,
    /// Whether somebody may decide about their own request.
    pub own_approvals: bool,
    /// What is redacted of rows before they are stored.
    pub redact: Redact,
    /// Rules about calls, in order.
    pub policy: Vec<PolicyRule>,
    /// The hours that nobody watches.
    pub night: Night,
    /// The group whose members share the logbook.
    pub group: Option<String>,
    /// Its number.
    pub gid: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            segment_bytes_max: 64 << 20,
            durability: Durability::Data,
            lock_timeout_ms: 10_000,
            vocabulary: Vocabulary::default(),
            own_approvals: false,
            redact: Redact::default(),
            policy: Vec::new(),
            night: Night::default(),
            group: None,
            gid: None,
        }
    }
}

impl Settings {
    /// Takes in what a file says of `key`. Errors: what is wrong with the value.
    pub(super) fn take(&mut self, os: &dyn Os, key: &Key, value: &Value) -> std::result::Result<(), String> {
        let text = || value.as_str().ok_or_else(|| format!("{} is a string, as \"{}\"", key.name, key.example));
        let words = || {
            let list = value.as_array().map(|list| list.iter().map(|it| it.as_str().map(str::to_owned)).collect());
            let list: Option<Vec<String>> = list.flatten();
            list.ok_or_else(|| format!("{} is a list of strings, as [\"{}\"]", key.name, key.example))
        };
        match key.name {
            "segment_bytes_max" => {
                let bytes = value.as_integer().and_then(|bytes| u64::try_from(bytes).ok());
                let why = || format!("segment_bytes_max is a whole number of at least {SEGMENT_BYTES_LEAST}");
                self.segment_bytes_max = bytes.filter(|bytes| *bytes > 0).ok_or_else(why)?.max(SEGMENT_BYTES_LEAST);
            }
            "durability" => self.durability = Durability::parse(text()?).map_err(|error| error.message)?,
            "lock_timeout" => self.lock_timeout_ms = duration_ms(text()?)?,
            "overnight" => {
                let text = text()?;
                let why = || format!("overnight = {text:?} is not two times of day, as \"18:00-08:00\"");
                self.night = Night::parse(text).ok_or_else(why)?;
            }
            "own_approvals" => {
                let why = || "own_approvals is true or false".to_owned();
                self.own_approvals = value.as_bool().ok_or_else(why)?;
            }
            "policy" => {
                self.policy =
                    value.clone().try_into().map_err(|error| format!("policy: {error}").trim_end().to_owned())?;
            }
            "redact" => {
                self.redact =
                    value.clone().try_into().map_err(|error| format!("redact: {error}").trim_end().to_owned())?;
            }
            "phases" => self.vocabulary.more_phases = words()?,
            "statuses" => self.vocabulary.more_statuses = words()?,
            "kinds" => self.vocabulary.more_kinds = words()?,
            "group" => {
                let name = text()?;
                self.gid = Some(group_number(os, name).ok_or_else(|| format!("no group is called {name:?}"))?);
                self.group = Some(name.to_owned());
            }
            other => return Err(format!("nobody reads {other}")),
        }
        Ok(())
    }

    /// What is in force of `key`, as the file would say it; `None`: nothing.
    pub fn value(&self, name: &str) -> Option<Value> {
        let words = |words: &[String]| Some(Value::Array(words.iter().cloned().map(Value::String).collect()));
        match name {
            "segment_bytes_max" => i64::try_from(self.segment_bytes_max).ok().map(Value::Integer),
            "durability" => Some(Value::String(self.durability.word().to_owned())),
            "lock_timeout" => Some(Value::String(format!("{}ms", self.lock_timeout_ms))),
            "overnight" => Some(Value::String(self.night.to_string())),
            "own_approvals" => Some(Value::Boolean(self.own_approvals)),
            "policy" => {
                let rules = self.policy.iter().map(PolicyRule::value);
                (!self.policy.is_empty()).then(|| Value::Array(rules.collect()))
            }
            "redact" => (self.redact != Redact::default()).then(|| self.redact.value()),
            "phases" => words(&self.vocabulary.more_phases),
            "statuses" => words(&self.vocabulary.more_statuses),
            "kinds" => words(&self.vocabulary.more_kinds),
            "group" => self.group.clone().map(Value::String),
            _ => None,
        }
    }
}

/// Smaller segments are made this large, bytes.
const SEGMENT_BYTES_LEAST: u64 = 4096;

/// The number of the group `name`: a number itself, or a name in `/etc/group`.
/// (Asking the C library would load its modules, which a static program cannot.)
fn group_number(os: &dyn Os, name: &str) -> Option<u32> {
    if let Ok(number) = name.parse() {
        return Some(number);
    }
    let file = os.open(Path::new("/etc/group"), How::Read, 0).ok()?;
    let mut bytes = vec![0; BYTES_MAX];
    let read = read_full(os, &file, &mut bytes, 0).ok()?;
    String::from_utf8_lossy(&bytes[..read]).lines().find_map(|line| {
        let mut words = line.split(':');
        (words.next() == Some(name)).then(|| words.nth(1)?.parse().ok()).flatten()
    })
}
