//! Contracts of tools: `contracts/NAME.toml` in a logbook.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::Value;

use super::texts::{self, CONTRACTS};
use logbook_model::error::{Error, Result};

/// The contract of a tool. Each field is unknown if the contract does not give it.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contract {
    /// The arguments that it accepts, as JSON Schema.
    pub args: Option<Value>,
    /// The result that it returns, as JSON Schema.
    pub returns: Option<Value>,
    /// The things that it changes.
    pub modifies: Vec<String>,
    /// The side effect of a call.
    pub side_effect: Option<String>,
    /// Whether a call can be undone.
    pub reversible: Option<bool>,
    /// How much a call touches.
    pub impact_scope: Option<ImpactScope>,
    /// The calls that need approval: a condition on the row of the intent.
    pub needs_approval: Option<String>,
    /// How a call is undone.
    pub rollback: Option<Rollback>,
    /// Why a call fails, by exit status or word.
    pub failure_modes: BTreeMap<String, String>,
}

/// How much a call touches.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum ImpactScope {
    /// A fixed number.
    Count(i64),
    /// A jq program that computes the number from the arguments.
    Jq(String),
}

/// How a call is undone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Rollback {
    /// By this command. Its words may contain `{args.x}` and `{result.x}`.
    Command(Vec<String>),
    /// By hand.
    Procedure(String),
}

/// The contract called `name`, if there is one. Errors: exit 2, with the file and the line.
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
