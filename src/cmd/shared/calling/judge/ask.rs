//! A question about a call, and its answer: here where the rule is plain, else in a process beside
//! this one.

use std::collections::HashMap;
use std::path::Path;

use super::beside::Beside;
use super::rules::{Rule, Rules, Verdict};
use logbook_model::Instant;
use logbook_model::error::{Error, Result};

/// Asks rules of one logbook. Whatever it started ends with it.
pub struct Judge {
    here: Rules,
    beside: Beside,
    /// Which rules are plain.
    plain: HashMap<Rule, bool>,
}

impl Judge {
    /// For the logbook at `directory`; times in rules count from `now`.
    pub fn new(directory: &Path, now: Instant) -> Judge {
        // The other process is started where this one is.
        let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
        Judge { here: Rules::new(directory.clone(), now), beside: Beside::new(directory, now), plain: HashMap::new() }
    }

    /// Whether the rule is one. Errors: what is wrong with it.
    pub fn check(&mut self, rule: &Rule) -> Result<()> {
        self.ask(rule, None).map(drop)
    }

    /// Whether `row` meets a condition.
    pub fn is_met(&mut self, condition: &Rule, row: &[u8]) -> Result<bool> {
        match self.ask(condition, Some(&String::from_utf8_lossy(row)))? {
            Verdict::Met(met) => Ok(met),
            _ => Err(no_answer()),
        }
    }

    /// The first output of a jq program on these arguments, as JSON text.
    pub fn value(&mut self, code: &str, arguments: &str) -> Result<Option<String>> {
        match self.ask(&Rule::Program(code.to_owned()), Some(arguments))? {
            Verdict::Value(value) => Ok(value),
            _ => Err(no_answer()),
        }
    }

    /// In what this value, as JSON text, is not what the schema takes.
    pub fn fault(&mut self, schema: &Rule, value: &str) -> Result<Option<String>> {
        match self.ask(schema, Some(value))? {
            Verdict::Fault(fault) => Ok(fault),
            _ => Err(no_answer()),
        }
    }

    fn ask(&mut self, rule: &Rule, about: Option<&str>) -> Result<Verdict> {
        let is_plain = match self.plain.get(rule) {
            Some(is_plain) => *is_plain,
            None => *self.plain.entry(rule.clone()).or_insert(rule.is_plain()),
        };
        if !is_plain {
            return self.beside.ask(rule, about);
        }
        self.here.ask(rule, about).map_err(Error::from)
    }
}

fn no_answer() -> Error {
    Error::io("could not be evaluated: no answer to what was asked")
}
