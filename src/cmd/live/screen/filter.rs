//! The runs that pass a filter. A run is evaluated again when it changes. Since time passes and
//! children change, all runs are evaluated again from time to time, in parts, so that no frame
//! waits for all of them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::terminal;
use crate::cmd::live::board::Board;
use crate::cmd::shared::guard::Guarded;
use crate::cmd::shared::guard::bounds::ROW_TIME;
use crate::cmd::shared::guard::watchdog::{LimitReached, Limits, Watch};
use crate::cmd::shared::reading::runs;
use crate::cmd::shared::reading::wording::{self, Clauses};
use logbook_model::error::{Error, Result};
use logbook_query::Query;
use logbook_query::time::Clock;
use logbook_view::runs::Tree;

/// Fields that depend on other runs.
const TREE_FIELDS: [&str; 2] = ["children", "cost_usd_with_children"];
/// At most this many runs are evaluated again at once, beside those that changed.
const PART_RUNS: usize = 2000;

/// A filter, and the runs that pass it.
pub struct Filter {
    /// The filter as typed; empty if all runs pass.
    pub text: String,
    guarded: Option<Guarded>,
    passes: Vec<bool>,
    seen: u64,
    /// Runs from this number on must be evaluated again, whether or not they changed.
    next: usize,
    tree: Tree,
}

impl Filter {
    /// Parses a filter. Its times are relative to `clock`.
    pub fn parse(text: &str, clock: &Clock) -> Result<Filter> {
        let text = text.trim().to_owned();
        let guarded = if text.is_empty() { None } else { Some(guarded(&text, clock)?) };
        Ok(Filter { text, guarded, passes: Vec::new(), seen: 0, next: usize::MAX, tree: Tree::default() })
    }

    /// Parses the filter again, since time has passed, and evaluates all runs again in parts.
    pub fn renew(&mut self, board: &Board, clock: &Clock) {
        // It was valid before. If it fails now, its times stay as they were.
        if let Some(Ok(renewed)) = self.guarded.is_some().then(|| guarded(&self.text, clock)) {
            (self.guarded, self.next) = (Some(renewed), 0);
            self.update_tree(board);
        }
    }

    /// Whether some runs must still be evaluated again.
    pub fn is_behind(&self) -> bool {
        self.guarded.is_some() && self.next < self.passes.len()
    }

    fn update_tree(&mut self, board: &Board) {
        let fields = self.guarded.as_ref().map_or(&[][..], |guarded| guarded.plan().fields());
        if fields.iter().any(|field| TREE_FIELDS.contains(&field.as_str())) {
            self.tree = board.tree();
        }
    }

    /// Evaluates the runs that changed, and a part of those that must be evaluated again.
    pub fn update(&mut self, board: &Board, clock: &Clock) {
        if self.guarded.is_none() || (self.seen == board.generation() && self.next >= self.passes.len()) {
            return;
        }
        let all = board.by_number();
        self.passes.resize(all.len(), false);
        if (0..all.len()).all(|number| board.changed_at(number) > self.seen) {
            // At the start, and after the board was read in full: numbers mean other runs now.
            self.update_tree(board);
            self.passes.fill(false);
            (self.seen, self.next) = (board.generation(), 0);
        }
        let part = self.next..self.next.saturating_add(PART_RUNS);
        let is_asked = |number: &usize| board.changed_at(*number) > self.seen || part.contains(number);
        let asked: Vec<usize> = (0..all.len()).filter(is_asked).collect();
        let Some(guarded) = &self.guarded else { return };
        asked.iter().for_each(|number| self.passes[*number] = false);
        let asked = asked.into_iter().map(|number| (number, &all[number]));
        let mut passes = |_: &[u8], number: Option<usize>| {
            if let Some(passes) = number.and_then(|number| self.passes.get_mut(number)) {
                *passes = true;
            }
            ControlFlow::Continue(())
        };
        // It contains no jq, which would need a larger stack.
        let _ = guarded.evaluate(|plan, within| {
            within.row(|| runs::ask(asked, &self.tree, clock.now, plan, &mut passes));
            Ok(())
        });
        (self.seen, self.next) = (board.generation(), part.end);
    }

    /// Whether the run with this number passes.
    pub fn passes(&self, number: usize) -> bool {
        self.guarded.is_none() || self.passes.get(number).copied().unwrap_or(false)
    }
}

fn guarded(text: &str, clock: &Clock) -> Result<Guarded> {
    let (query, shown) = Clauses::default().query(&[text.to_owned()])?;
    if (Query { filter: None, ..query.clone() }) != Query::default() {
        return Err(Error::usage("dash takes a filter, and no other clause").hint("logbook runs …"));
    }
    let turn = (!query.is_plain()).then_some(ROW_TIME);
    let watch = Watch::begin(Limits { turn_time: turn, on_end: Some(end), ..Limits::default() })?;
    let guarded = wording::guarded(&query, &shown, clock, BTreeMap::new(), watch)?;
    if guarded.plan().uses_jq() {
        // It may never end, and could not be stopped.
        return Err(Error::usage("dash runs no jq").hint("logbook runs 'jq(…)'"));
    }
    Ok(guarded)
}

/// Restores the terminal before a limit ends the process.
fn end(reached: &LimitReached) {
    terminal::restore_now();
    reached.print();
}
