//! What a tool promises: `contracts/NAME.toml` of a logbook.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::Value;

use super::texts::{self, CONTRACTS};
use logbook_model::error::{Error, Result};

/// A contract. What it does not say, nobody knows.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contract {
    /// Which arguments it takes, as JSON Schema.
    pub args: Option<Value>,
    /// What it returns, as JSON Schema.
    pub returns: Option<Value>,
    /// What it changes.
    pub modifies: Vec<String>,
    /// What it does to the world.
    pub side_effect: Option<String>,
    /// Whether what it does can be undone.
    pub reversible: Option<bool>,
    /// How much a call touches.
    pub impact_scope: Option<ImpactScope>,
    /// When a person decides: a condition on the row of the intent.
    pub needs_approval: Option<String>,
    /// How it is undone.
    pub rollback: Option<Rollback>,
    /// Why it fails, by exit status or word.
    pub failure_modes: BTreeMap<String, String>,
}

/// How much a call touches.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum ImpactScope {
    /// So much.
    Count(i64),
    /// What this jq program makes of the arguments.
    Jq(String),
}

/// How a call is undone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Rollback {
    /// By this command, whose words may hold `{args.x}` and `{result.x}`.
    Command(Vec<String>),
    /// By hand.
    Procedure(String),
}

/// The contract called `name`; `None`: there is none. Errors: exit 2, with file and place.
pub fn contract(directory: &Path, name: &str) -> Result<Option<Contract>> {
    let Some(text) = texts::text(directory, CONTRACTS, name)? else { return Ok(None) };
    let read = toml::from_str(&text);
    let told = |error: toml::de::Error| {
        let path = CONTRACTS.path(directory, name);
        let told = error.to_string();
        let mut lines = told.trim_end().lines().map(str::to_owned);
        Error::usage(format!("{}: {}", path.display(), lines.next().unwrap_or_default()))
            .beneath(lines)
            .hint(format!("mend the file, then: logbook contract check {name}"))
    };
    read.map(Some).map_err(told)
}
