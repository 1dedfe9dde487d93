//! `logbook contract`: list, show and check the contracts of tools.

use std::path::{Path, PathBuf};

use crate::cmd::Door;
use crate::cmd::shared::calling::contract::{Terms, named};
use crate::cmd::shared::calling::judge::Judge;
use logbook_model::error::{Error, Exit, Result};
use logbook_store::config::texts::{self, CONTRACTS};
use logbook_store::{Purpose, locate};

pub const EXAMPLES: &str = "  logbook contract check\n  logbook contract show psql";

#[derive(Debug, clap::Args)]
pub struct Contract {
    #[command(subcommand)]
    what: Option<What>,
    /// The logbook, or the directory that holds it [env: LOGBOOK_DIR]
    #[arg(long, value_name = "DIR", global = true)]
    dir: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Check a contract, or all of them
    Check {
        /// The contract
        name: Option<String>,
    },
    /// Print a contract as one JSON object
    Show {
        /// The contract
        name: String,
    },
}

pub fn run(args: Contract, door: &mut Door<'_>) -> Result<Exit> {
    let directory = locate(args.dir.as_deref(), &door.env, Purpose::Read)?.path;
    let text: String = match &args.what {
        None => names(&directory, door)?.into_iter().map(|name| name + "\n").collect(),
        Some(What::Check { name }) => {
            let names = if let Some(name) = name { vec![name.clone()] } else { names(&directory, door)? };
            check(&directory, &names, door)?
        }
        Some(What::Show { name }) => {
            let terms = named(&directory, name, &mut Judge::new(&directory, (door.clock)()))?;
            return door.out.json(as_json(&terms)?.as_bytes()).map(|()| Exit::Done);
        }
    };
    door.out.text(&text)?;
    Ok(Exit::Done)
}

fn names(directory: &Path, door: &mut Door<'_>) -> Result<Vec<String>> {
    let names = texts::names(directory, CONTRACTS)?;
    if names.is_empty() {
        let path = CONTRACTS.path(directory, "NAME");
        door.warn(
            &Error::new(Exit::Done, "no contracts")
                .hint(format!("write {}; logbook help config has one to paste", path.display())),
        );
    }
    Ok(names)
}

/// A line for each valid contract. Errors: all that is wrong with the others.
fn check(directory: &Path, names: &[String], door: &mut Door<'_>) -> Result<String> {
    let mut valid = String::new();
    let mut faults: Vec<Error> = Vec::new();
    let mut judge = Judge::new(directory, (door.clock)());
    for name in names {
        match named(directory, name, &mut judge) {
            Ok(_) => valid += &format!("{name}: valid\n"),
            Err(error) => faults.push(error),
        }
    }
    let mut faults = faults.into_iter();
    let Some(first) = faults.next() else { return Ok(valid) };
    Err(first.beneath(faults.flat_map(|error| std::iter::once(error.message).chain(error.lines))))
}

fn as_json(terms: &Terms) -> Result<String> {
    let mut value = serde_json::json!({ "name": terms.name });
    let members = serde_json::to_value(&terms.contract).map_err(|error| Error::io(error.to_string()))?;
    if let (Some(out), serde_json::Value::Object(members)) = (value.as_object_mut(), members) {
        let is_set = |value: &serde_json::Value| {
            !(value.is_null() || value.as_array().is_some_and(Vec::is_empty))
                && value.as_object().is_none_or(|members| !members.is_empty())
        };
        out.extend(members.into_iter().filter(|(_, value)| is_set(value)));
    }
    Ok(format!("{value}\n"))
}
