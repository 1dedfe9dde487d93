//! What `config.toml` says to this room and to `append`'s checks. Without the
//! file no parser runs. Keys that other rooms know are passed over here.

use std::path::Path;

use serde::Deserialize;

use super::os::{How, Os, read_full};
use super::os_real::REAL;
use crate::error::{Error, Result};
use crate::model::Vocabulary;

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
            group: None,
            gid: None,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct File {
    segment_bytes_max: Option<u64>,
    durability: Option<String>,
    lock_timeout: Option<String>,
    phases: Vec<String>,
    statuses: Vec<String>,
    kinds: Vec<String>,
    own_approvals: bool,
    redact: Redact,
    group: Option<String>,
}

/// What a logbook says of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Redact {
    /// Nothing is redacted.
    pub off: bool,
    /// Built-in kinds that are left as they are.
    pub skip: Vec<String>,
    /// Patterns of what is no secret after all.
    pub allow: Vec<String>,
    /// Further kinds.
    pub rules: Vec<RedactRule>,
}

/// A kind of secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedactRule {
    /// Its name.
    pub kind: String,
    /// A text that stands in each of them, in any case.
    pub anchor: String,
    /// What they look like.
    pub pattern: String,
}

/// Longest config file read, bytes.
const BYTES_MAX: usize = 1 << 20;

/// Reads `config.toml` of the logbook at `directory`; the defaults when there is none.
pub fn settings(os: &dyn Os, directory: &Path) -> Result<Settings> {
    let path = directory.join("config.toml");
    let broken = |why: String| {
        Error::io(format!("{}: {why}", path.display())).hint("mend or remove the file; nothing was written")
    };
    let file = match os.open(&path, How::Read, 0) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Settings::default()),
        Err(error) => return Err(broken(error.to_string())),
    };
    let mut bytes = vec![0; BYTES_MAX + 1];
    let read = read_full(os, &file, &mut bytes, 0).map_err(|error| broken(error.to_string()))?;
    if read > BYTES_MAX {
        return Err(broken("longer than 1 MiB".into()));
    }
    let text = std::str::from_utf8(&bytes[..read]).map_err(|_| broken("not UTF-8".into()))?;
    let given: File = toml::from_str(text).map_err(|error| broken(error.to_string().trim_end().to_owned()))?;
    let mut settings = Settings::default();
    if let Some(bytes) = given.segment_bytes_max {
        settings.segment_bytes_max = bytes.max(4096);
    }
    if let Some(word) = given.durability {
        settings.durability = Durability::parse(&word).map_err(|error| broken(error.message))?;
    }
    if let Some(text) = given.lock_timeout {
        settings.lock_timeout_ms = duration_ms(&text).map_err(|error| broken(error.message))?;
    }
    settings.vocabulary =
        Vocabulary { more_phases: given.phases, more_statuses: given.statuses, more_kinds: given.kinds };
    settings.own_approvals = given.own_approvals;
    settings.redact = given.redact;
    if let Some(name) = given.group {
        settings.gid = Some(group_number(os, &name).ok_or_else(|| broken(format!("no group is called {name:?}")))?);
        settings.group = Some(name);
    }
    Ok(settings)
}

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

/// Reads a duration with its unit, `500ms`, `10s`, `2m`, into milliseconds.
pub fn duration_ms(text: &str) -> Result<u64> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit = match &text[split..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    match text[..split].parse::<u64>().ok().and_then(|number| number.checked_mul(unit)) {
        Some(ms) if unit > 0 => Ok(ms),
        _ => {
            Err(Error::usage(format!("{text:?} is not a duration")).hint("write a number and its unit: 500ms, 10s, 2m"))
        }
    }
}

/// The words in force in the logbook at `directory`.
pub fn vocabulary(directory: &Path) -> Result<Vocabulary> {
    settings(&REAL, directory).map(|settings| settings.vocabulary)
}
