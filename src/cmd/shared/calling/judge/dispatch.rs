//! A question about a call, answered in this process if the rule is plain, else by the worker.

use std::collections::HashMap;
use std::path::Path;

use super::process::Worker;
use super::rules::{Answer, Rule, Rules};
use logbook_model::Instant;
use logbook_model::error::{Error, Result};

/// Evaluates rules of one logbook. Dropping it ends its worker.
pub struct Judge {
    rules: Rules,
    worker: Worker,
    /// Whether a rule is plain, by rule.
    plain: HashMap<Rule, bool>,
}

impl Judge {
    /// For the logbook at `directory`; times in rules count from `now`.
    pub fn new(directory: &Path, now: Instant) -> Judge {
        // Absolute, so that it is right wherever the worker starts.
        let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
        Judge { rules: Rules::new(directory.clone(), now), worker: Worker::new(directory, now), plain: HashMap::new() }
    }

    /// Errors: the rule is not valid.
    pub fn check(&mut self, rule: &Rule) -> Result<()> {
        self.ask(rule, None).map(drop)
    }

    /// Whether `row` meets the condition.
    pub fn is_met(&mut self, condition: &Rule, row: &[u8]) -> Result<bool> {
        match self.ask(condition, Some(&String::from_utf8_lossy(row)))? {
            Answer::Met(met) => Ok(met),
            _ => Err(no_answer()),
        }
    }

    /// The first output of a jq program on these arguments, as JSON text; `None` if it has none.
    pub fn value(&mut self, code: &str, arguments: &str) -> Result<Option<String>> {
        match self.ask(&Rule::Program(code.to_owned()), Some(arguments))? {
            Answer::Value(value) => Ok(value),
            _ => Err(no_answer()),
        }
    }

    /// Why the schema does not accept this value (JSON text); `None` if it does.
    pub fn fault(&mut self, schema: &Rule, value: &str) -> Result<Option<String>> {
        match self.ask(schema, Some(value))? {
            Answer::Fault(fault) => Ok(fault),
            _ => Err(no_answer()),
        }
    }

    fn ask(&mut self, rule: &Rule, about: Option<&str>) -> Result<Answer> {
        let is_plain = match self.plain.get(rule) {
            Some(is_plain) => *is_plain,
            None => *self.plain.entry(rule.clone()).or_insert(rule.is_plain()),
        };
        if !is_plain {
            return self.worker.ask(rule, about);
        }
        self.rules.ask(rule, about).map_err(Error::from)
    }
}

fn no_answer() -> Error {
    Error::io("could not be evaluated: the answer is to another question")
}
