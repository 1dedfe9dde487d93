//! The settings of one logbook, and the values that each key accepts.

use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use toml::{Table, Value};

use super::keys::{BYTES_MAX, Key};
use crate::os::{How, Os, read_full};
use logbook_model::error::{Error, Result};
use logbook_model::{Night, Then, Vocabulary, duration_ms};

/// What a reported success promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The rows survive the death of the process, not a power cut.
    None,
    /// The rows survive a power cut.
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

    /// The word for it, as [`Durability::parse`] reads it.
    pub fn word(self) -> &'static str {
        match self {
            Durability::None => "none",
            Durability::Data => "data",
        }
    }
}

/// The settings in force for one logbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The size at which a segment is sealed, bytes.
    pub segment_bytes_max: u64,
    /// What a success promises if the caller does not say.
    pub durability: Durability,
    /// How long a writer waits for the lock, milliseconds.
    pub lock_timeout_ms: u64,
    /// Phases, statuses and kinds that the logbook adds.
    pub vocabulary: Vocabulary,
    /// Whether a person may decide about their own request.
    pub own_approvals: bool,
    /// What is redacted in rows before they are stored.
    pub redact: Redact,
    /// Rules about calls, in order.
    pub policy: Vec<PolicyRule>,
    /// The hours in which nobody watches.
    pub night: Night,
    /// The group whose members share the logbook.
    pub group: Option<String>,
    /// The number of that group.
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
    /// Sets `key` to the value of a file. Errors: what is wrong with the value.
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

    /// The value in force of the key `name`, as a config file would have it; `None` if it is not
    /// set.
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

/// The smallest size of segments. A smaller setting counts as this, bytes.
const SEGMENT_BYTES_LEAST: u64 = 4096;

/// The number of the group `name`: a number, or a name in `/etc/group`. The C library is not asked:
/// it would load modules, which a static program cannot.
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

/// A rule about calls. Of several, the first whose condition a call meets decides.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRule {
    /// The condition, in the query language, on the row of the intent.
    pub when: String,
    /// What happens to a call that meets it.
    #[serde(deserialize_with = "then")]
    pub then: Then,
    /// The reason, for people.
    #[serde(default)]
    pub why: String,
}

fn then<'de, D: Deserializer<'de>>(value: D) -> std::result::Result<Then, D::Error> {
    let word = String::deserialize(value)?;
    Then::of(&word).ok_or_else(|| D::Error::unknown_variant(&word, Then::WORDS))
}

impl PolicyRule {
    /// The value as a config file would have it.
    fn value(&self) -> Value {
        let members = [("when", self.when.as_str()), ("then", self.then.word()), ("why", &self.why)];
        let said = members.into_iter().filter(|(_, text)| !text.is_empty());
        Value::Table(said.map(|(name, text)| (name.to_owned(), Value::String(text.to_owned()))).collect())
    }
}

/// The table `redact`: exceptions from the built-in kinds of secrets, and further kinds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Redact {
    /// Whether nothing is redacted.
    pub off: bool,
    /// Built-in kinds that are not redacted.
    pub skip: Vec<String>,
    /// Patterns of values that are not secrets.
    pub allow: Vec<String>,
    /// Further kinds of secrets.
    pub rules: Vec<RedactRule>,
}

/// A kind of secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedactRule {
    /// The name of the kind.
    pub kind: String,
    /// A text that every such secret contains, in upper or lower case.
    pub anchor: String,
    /// A pattern of the secret.
    pub pattern: String,
}

impl Redact {
    /// The value as a config file would have it.
    fn value(&self) -> Value {
        let text = |text: &String| Value::String(text.clone());
        let texts = |list: &[String]| Value::Array(list.iter().map(text).collect());
        let rule = |rule: &RedactRule| {
            let members = [("kind", &rule.kind), ("anchor", &rule.anchor), ("pattern", &rule.pattern)];
            Value::Table(members.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect())
        };
        let members = [
            ("off", Value::Boolean(self.off)),
            ("skip", texts(&self.skip)),
            ("allow", texts(&self.allow)),
            ("rules", Value::Array(self.rules.iter().map(rule).collect())),
        ];
        Value::Table(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Table>())
    }
}
