//! The policy of a logbook, asked about one call: the first rule that it meets decides, and a row says so.

use std::collections::BTreeMap;

use crate::cmd::reading::wording::{self, Clauses};
use crate::error::{Error, Result};
use crate::format::draft::pairs::Pairs;
use crate::json;
use crate::model::{Instant, Zone};
use crate::query::text::gate::{self, Arguments};
use crate::query::time::Clock;
use crate::query::{Place, Plan, Query, Row};
use crate::store::config::{PolicyRule, Then};

/// A rule that a call meets.
#[derive(Debug, Clone, Copy)]
pub struct Ruling<'r> {
    /// Its number in the file, from 1.
    pub number: usize,
    /// The rule.
    pub rule: &'r PolicyRule,
}

/// What the rules say of the call whose intent would be `row`; `None`: nothing.
pub fn ask<'r>(rules: &'r [PolicyRule], row: &[u8], now: Instant) -> Result<Option<Ruling<'r>>> {
    for (number, rule) in (1..).zip(rules) {
        let plan = compiled(number, rule, now)?;
        if meets(&plan, row).map_err(|error| error.within(format_args!("policy rule {number}")))? {
            return Ok(Some(Ruling { number, rule }));
        }
    }
    Ok(None)
}

/// The rule as a plan. Errors: what is wrong with its condition.
pub fn compiled(number: usize, rule: &PolicyRule, now: Instant) -> Result<Plan> {
    condition(&rule.when, None, now).map_err(|error| error.within(format_args!("config.toml: policy rule {number}")))
}

/// A condition on calls as a plan; `arguments` are those that a contract declares. Errors: also
/// when it names what no call has, so that it would never be met.
pub fn condition(when: &str, arguments: Option<&Arguments>, now: Instant) -> Result<Plan> {
    let clock = Clock { now, zone: Zone::UTC };
    let (query, text) = Clauses::default().query(&[when.to_owned()])?;
    if (Query { filter: None, ..query.clone() }) != Query::default() {
        return Err(
            Error::usage("a condition on calls takes no other clause").hint("when = \"tool_call.side_effect=delete\"")
        );
    }
    let plan = wording::compiled(&query, &text, &clock, BTreeMap::new())?;
    match gate::fault(&query, &text, arguments) {
        Some(fault) => Err(fault.error(&text)),
        None => Ok(plan),
    }
}

/// Whether the call whose intent would be `row` meets the condition.
pub fn meets(plan: &Plan, row: &[u8]) -> Result<bool> {
    let mut fields = Vec::new();
    json::pick(row, plan.fields(), &mut fields)
        .map_err(|_| Error::usage("the call is no row that could be asked about"))?;
    let row = Row { text: row, fields: &fields, place: Place::default(), lasts: false };
    let met = plan.filter().map(|filter| filter.matches(&row, &mut plan.eval())).transpose();
    Ok(met.map_err(|_| Error::usage("its jq program fails on this call"))?.unwrap_or(true))
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
