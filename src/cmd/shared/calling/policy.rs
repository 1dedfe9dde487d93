//! The policy of a logbook: the first rule that matches a call decides about it.

use super::judge::{Judge, Rule};
use logbook_format::draft::pairs::Pairs;
use logbook_model::Then;
use logbook_model::error::{Error, Result};
use logbook_store::config::PolicyRule;

/// The rule that matches a call.
#[derive(Debug, Clone, Copy)]
pub struct MatchedRule<'r> {
    /// Its number in the file, from 1.
    pub number: usize,
    pub rule: &'r PolicyRule,
}

/// The first rule that matches the call whose intent is `row`. Errors: a rule before it cannot be
/// evaluated.
pub fn first_match<'r>(rules: &'r [PolicyRule], row: &[u8], judge: &mut Judge) -> Result<Option<MatchedRule<'r>>> {
    for (number, rule) in (1..).zip(rules) {
        if judge.is_met(&Rule::condition(&rule.when), row).map_err(|error| within(number, error))? {
            return Ok(Some(MatchedRule { number, rule }));
        }
    }
    Ok(None)
}

/// Errors: the condition of the rule is not valid.
pub fn check(number: usize, rule: &PolicyRule, judge: &mut Judge) -> Result<()> {
    judge.check(&Rule::condition(&rule.when)).map_err(|error| within(number, error))
}

fn within(number: usize, error: Error) -> Error {
    let error = error.within(format_args!("config.toml: policy rule {number}"));
    if error.hint.is_some() { error } else { error.hint("logbook policy") }
}

impl MatchedRule<'_> {
    /// The fields of a row that say which rule decided, and why.
    pub fn fields(&self) -> Result<Pairs> {
        let mut pairs = Pairs::new();
        pairs.text("policy.rule", &self.number.to_string())?;
        pairs.text("policy.when", &self.rule.when)?;
        if !self.rule.why.is_empty() {
            pairs.text("reason", &self.rule.why)?;
        }
        Ok(pairs)
    }

    /// The decision and its rule, for people.
    pub fn message(&self) -> String {
        let why = if self.rule.why.is_empty() { String::new() } else { format!(": {}", self.rule.why) };
        let what = if self.rule.then == Then::Deny { "denied" } else { self.rule.then.word() };
        format!("{what} by policy rule {} ({}){why}", self.number, self.rule.when)
    }
}
