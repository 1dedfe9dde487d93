//! The environment of the process as a value: read once by `main`, passed to what needs it, and
//! made up by tests.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Working directory, home, user and variables.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The working directory.
    pub cwd: PathBuf,
    /// The home directory, if there is one.
    pub home: Option<PathBuf>,
    /// The effective user.
    pub uid: u32,
    /// Environment variables whose names and values are UTF-8.
    pub vars: BTreeMap<String, String>,
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Environment {
        let mut vars = BTreeMap::new();
        for (name, value) in std::env::vars_os() {
            if let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) {
                vars.insert(name, value);
            }
        }
        Environment {
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            home: vars.get("HOME").filter(|home| !home.is_empty()).map(PathBuf::from),
            uid: rustix::process::geteuid().as_raw(),
            vars,
        }
    }

    /// The variable `name`; an empty one counts as not set.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}
