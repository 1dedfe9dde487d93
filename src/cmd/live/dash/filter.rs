//! Which runs pass a filter, kept up: a run is asked again when it changed.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::cmd::live::board::Board;
use crate::cmd::reading::runs;
use crate::cmd::reading::wording::{self, Clauses};
use crate::error::{Error, Result};
use crate::query::time::Clock;
use crate::query::{Plan, Query};
use crate::view::runs::Tree;

/// Fields that say something of other runs too.
const OF_OTHERS: [&str; 2] = ["children", "cost_usd_with_children"];

/// A filter, and which runs pass it.
pub struct Filter {
    /// As it was typed; empty: all pass.
    pub text: String,
    plan: Option<Plan>,
    passes: Vec<bool>,
    seen: u64,
}

impl Filter {
    /// Reads it; its times count from `clock`.
    pub fn read(text: &str, clock: &Clock) -> Result<Filter> {
        let text = text.trim().to_owned();
        let plan = if text.is_empty() { None } else { Some(plan(&text, clock)?) };
        Ok(Filter { text, plan, passes: Vec::new(), seen: 0 })
    }

    /// Reads it anew, since times went on, and asks all runs again.
    pub fn renew(&mut self, clock: &Clock) {
        // It was read before; at worst its times stay.
        if let Ok(renewed) = Filter::read(&self.text, clock) {
            *self = renewed;
        }
    }

    /// Asks the runs that changed.
    pub fn update(&mut self, board: &Board, clock: &Clock) {
        let Some(plan) = &self.plan else { return };
        if self.seen == board.generation() {
            return;
        }
        let of_others = plan.fields().iter().any(|field| OF_OTHERS.contains(&field.as_str()));
        let (tree, seen) = if of_others { (board.tree(), 0) } else { (Tree::default(), self.seen) };
        let all = board.by_number();
        self.passes.resize(all.len(), false);
        let changed = (0..all.len()).filter(|number| board.changed_at(*number) > seen);
        let changed: Vec<usize> = changed.inspect(|number| self.passes[*number] = false).collect();
        let asked = changed.into_iter().map(|number| (number, &all[number]));
        runs::ask(asked, &tree, clock.now, plan, &mut |_, number| {
            if let Some(passes) = number.and_then(|number| self.passes.get_mut(number)) {
                *passes = true;
            }
            ControlFlow::Continue(())
        });
        self.seen = board.generation();
    }

    /// Whether the run with this number passes.
    pub fn passes(&self, number: usize) -> bool {
        self.plan.is_none() || self.passes.get(number).copied().unwrap_or(false)
    }
}

fn plan(text: &str, clock: &Clock) -> Result<Plan> {
    let (query, shown) = Clauses::default().query(&[text.to_owned()])?;
    if (Query { filter: None, ..query.clone() }) != Query::default() {
        return Err(Error::usage("dash takes a filter, and no other clause").hint("logbook runs …"));
    }
    let plan = wording::compiled(&query, &shown, clock, BTreeMap::new())?;
    if plan.uses_jq() {
        // It may take for ever, and nobody could stop it.
        return Err(Error::usage("dash runs no jq").hint("logbook runs 'jq(…)'"));
    }
    Ok(plan)
}
