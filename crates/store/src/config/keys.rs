//! The keys of a config file, who may set each of them, and reading a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Value;

use crate::Environment;
use crate::os::{How, Os, read_full};
use logbook_model::error::{Error, Result, nearest};

/// A key of a config file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The name as it is written in the file.
    pub name: &'static str,
    /// Whether a user may set it for all logbooks. Only the logbook sets what all writers must
    /// agree on.
    pub personal: bool,
    /// The environment variable that overrides the files.
    pub variable: Option<&'static str>,
    /// A valid value.
    pub example: &'static str,
    /// What it sets, in a line.
    pub about: &'static str,
}

/// All keys, in the order in which they are shown.
pub const KEYS: &[Key] = &[
    Key {
        name: "durability",
        personal: true,
        variable: Some("LOGBOOK_DURABILITY"),
        example: "data",
        about: "none (survives kill -9) or data (survives a power cut)",
    },
    Key {
        name: "lock_timeout",
        personal: true,
        variable: None,
        example: "10s",
        about: "how long a writer waits for the lock",
    },
    Key {
        name: "overnight",
        personal: true,
        variable: None,
        example: "18:00-08:00",
        about: "the hours that nobody watches, local time",
    },
    Key {
        name: "segment_bytes_max",
        personal: false,
        variable: None,
        example: "67108864",
        about: "size at which a segment is sealed",
    },
    Key {
        name: "own_approvals",
        personal: false,
        variable: None,
        example: "false",
        about: "whether somebody may decide about their own request",
    },
    Key {
        name: "policy",
        personal: false,
        variable: None,
        example: "[{ when = \"tool_call.side_effect=delete\", then = \"ask\" }]",
        about: "rules about calls: the first that a call meets decides",
    },
    Key {
        name: "redact",
        personal: false,
        variable: None,
        example: "{ skip = [\"npm-token\"] }",
        about: "which secrets are kept out of rows, beside the built-in kinds",
    },
    Key { name: "phases", personal: false, variable: None, example: "review", about: "phases of your own" },
    Key { name: "statuses", personal: false, variable: None, example: "waiting", about: "statuses of your own" },
    Key { name: "kinds", personal: false, variable: None, example: "metric", about: "kinds of rows of your own" },
    Key {
        name: "group",
        personal: false,
        variable: None,
        example: "agents",
        about: "the group whose members share the logbook",
    },
];

/// The key called `name`.
pub(super) fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The size limit of a config file, bytes.
pub(super) const BYTES_MAX: usize = 1 << 20;

/// A config file with valid keys. The values are not checked yet.
#[derive(Debug)]
pub(super) struct File {
    pub path: PathBuf,
    pub values: BTreeMap<&'static str, Value>,
}

impl File {
    /// Reads the file at `path`; `None` if there is none. `personal`: it is a user's, for all
    /// logbooks.
    pub(crate) fn read(os: &dyn Os, path: &Path, personal: bool) -> Result<Option<File>> {
        let mut wrong = Vec::new();
        let file = File::read_what_can_be(os, path, personal, &mut wrong);
        wrong.into_iter().next().map_or(Ok(file), Err)
    }

    /// The same for a caller that can do without: what cannot be read, and unknown keys, are added
    /// to `wrong`.
    pub(crate) fn read_what_can_be(os: &dyn Os, path: &Path, personal: bool, wrong: &mut Vec<Error>) -> Option<File> {
        let table = match table(os, path) {
            Ok(table) => table?,
            Err(error) => {
                wrong.push(error);
                return None;
            }
        };
        let mut values = BTreeMap::new();
        for (name, value) in table {
            match key(&name) {
                Some(key) if personal && !key.personal => {
                    wrong.push(broken(path, format!("{name} can only be set in the config.toml of a logbook")));
                }
                Some(key) => drop(values.insert(key.name, value)),
                None => {
                    let names = || KEYS.iter().filter(|key| key.personal || !personal).map(|key| key.name);
                    let error = broken(path, format!("there is no key {name:?}"));
                    wrong.push(match nearest(&name, names()) {
                        Some(near) => error.hint(format!("did you mean {near}?")),
                        None => error.hint(format!("keys are: {}", names().collect::<Vec<_>>().join(", "))),
                    });
                }
            }
        }
        Some(File { path: path.to_path_buf(), values })
    }
}

/// The content of the file at `path`; `None` if there is none.
fn table(os: &dyn Os, path: &Path) -> Result<Option<toml::Table>> {
    let file = match os.open(path, How::Read, 0) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(broken(path, error.to_string())),
    };
    let mut bytes = vec![0; BYTES_MAX + 1];
    let read = read_full(os, &file, &mut bytes, 0).map_err(|error| broken(path, error.to_string()))?;
    if read > BYTES_MAX {
        return Err(broken(path, "longer than 1 MiB".into()));
    }
    let text = std::str::from_utf8(&bytes[..read]).map_err(|_| broken(path, "not UTF-8".into()))?;
    let table = toml::from_str(text).map_err(|error| broken(path, error.to_string().trim_end().to_owned()))?;
    Ok(Some(table))
}

pub(super) fn broken(path: &Path, why: String) -> Error {
    // The first line of a TOML error is the message, the others show the place.
    let mut lines = why.lines().map(str::to_owned);
    let message = format!("{}: {}", path.display(), lines.next().unwrap_or_default());
    Error::io(message).beneath(lines).hint("mend or remove the file; nothing was written")
}

/// The path of a user's own config file, for all logbooks.
pub fn personal_path(env: &Environment) -> Option<PathBuf> {
    let base = env.var("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| env.home.as_ref().map(|home| home.join(".config")))?;
    Some(base.join("logbook/config.toml"))
}
