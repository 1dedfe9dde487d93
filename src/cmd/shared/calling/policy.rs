//! The policy of a logbook, asked about one call: the first rule that it meets decides, and a row
//! says so.

use super::judge::{Judge, Rule};
use logbook_format::draft::pairs::Pairs;
use logbook_model::Then;
use logbook_model::error::{Error, Result};
use logbook_store::config::PolicyRule;

/// A rule that a call meets.
#[derive(Debug, Clone, Copy)]
pub struct Ruling<'r> {
    /// Its number in the file, from 1.
    pub number: usize,
    /// The rule.
    pub rule: &'r PolicyRule,
}

/// What the rules say of the call whose intent would be `row`; `None`: nothing. Errors: a rule that
/// comes first cannot be evaluated, so that nobody knows what it says.
pub fn ask<'r>(rules: &'r [PolicyRule], row: &[u8], judge: &mut Judge) -> Result<Option<Ruling<'r>>> {
    for (number, rule) in (1..).zip(rules) {
        if judge.is_met(&Rule::condition(&rule.when), row).map_err(|error| within(number, error))? {
            return Ok(Some(Ruling { number, rule }));
        }
    }
    Ok(None)
}

/// Errors: what is wrong with the rule's condition.
pub fn check(number: usize, rule: &PolicyRule, judge: &mut Judge) -> Result<()> {
    judge.check(&Rule::condition(&rule.when)).map_err(|error| within(number, error))
}

fn within(number: usize, error: Error) -> Error {
    let error = error.within(format_args!("config.toml: policy rule {number}"));
    if error.hint.is_some() { error } else { error.hint("logbook policy show") }
}

impl Ruling<'_> {
    /// Says in `pairs` what was decided, and by which rule.
    pub fn say(&self, pairs: &mut Pairs) -> Result<()> {
        pairs.text("policy.rule", &self.number.to_string())?;
        pairs.text("policy.when", &self.rule.when)?;
        if !self.rule.why.is_empty() {
            pairs.text("reason", &self.rule.why)?;
        }
        Ok(())
    }

    /// The refusal.
    pub fn told(&self) -> String {
        let why = if self.rule.why.is_empty() { String::new() } else { format!(": {}", self.rule.why) };
        let what = if self.rule.then == Then::Deny { "denied" } else { self.rule.then.word() };
        format!("{what} by policy rule {} ({}){why}", self.number, self.rule.when)
    }
}
