//! Rules and contracts that refuse every call, because they cannot be read or name what no call
//! has.

use std::path::Path;

use super::{Finding, Level};
use crate::cmd::shared::calling::judge::Judge;
use crate::cmd::shared::calling::{contract, policy};
use logbook_format::draft::pairs::shell_word;
use logbook_model::Instant;
use logbook_model::error::{Error, Result};
use logbook_store::Settings;
use logbook_store::config::texts::{self, CONTRACTS};

pub fn faults(directory: &Path, settings: &Settings, now: Instant) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut judge = Judge::new(directory, now);
    let mut add = |error: Error, next: String| {
        let hint = error.hint.map_or_else(String::new, |hint| format!("; {hint}"));
        findings.push(Finding::new(Level::Warning, "gate", format!("{}{hint}", error.message)).next(next));
    };
    for (number, rule) in (1..).zip(&settings.policy) {
        if let Err(error) = policy::check(number, rule, &mut judge) {
            add(error, "logbook policy".to_owned());
        }
    }
    for name in texts::names(directory, CONTRACTS)? {
        if let Err(error) = contract::named(directory, &name, &mut judge) {
            add(Error { hint: None, ..error }, format!("logbook contract check {}", shell_word(&name)));
        }
    }
    Ok(findings)
}
