//! Which runs pass a filter, kept up: a run is asked again when it changed, and, since times go on
//! and runs below it change, all of them from time to time; of many a part at once, so that no
//! frame waits for all.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::terminal;
use crate::cmd::guard::Guarded;
use crate::cmd::guard::bounds::ROW_TIME;
use crate::cmd::guard::watchdog::{Limits, Reached, Watch};
use crate::cmd::live::board::Board;
use crate::cmd::shared::reading::runs;
use crate::cmd::shared::reading::wording::{self, Clauses};
use logbook_model::error::{Error, Result};
use logbook_query::Query;
use logbook_query::time::Clock;
use logbook_view::runs::Tree;

/// Fields that say something of other runs too.
const OF_OTHERS: [&str; 2] = ["children", "cost_usd_with_children"];
/// So many runs are asked at once, beside those few that changed since.
const PART: usize = 2000;

/// A filter, and which runs pass it.
pub struct Filter {
    /// As it was typed; empty: all pass.
    pub text: String,
    guarded: Option<Guarded>,
    passes: Vec<bool>,
    seen: u64,
    /// Runs from this number on are to be asked again, whether or not they changed.
    next: usize,
    tree: Tree,
}

impl Filter {
    /// Reads it; its times count from `clock`.
    pub fn read(text: &str, clock: &Clock) -> Result<Filter> {
        let text = text.trim().to_owned();
        let guarded = if text.is_empty() { None } else { Some(guarded(&text, clock)?) };
        Ok(Filter { text, guarded, passes: Vec::new(), seen: 0, next: usize::MAX, tree: Tree::default() })
    }

    /// Reads it anew, since times went on; all runs are asked again, in parts.
    pub fn renew(&mut self, board: &Board, clock: &Clock) {
        // It was read before; at worst its times stay.
        if let Some(Ok(renewed)) = self.guarded.is_some().then(|| guarded(&self.text, clock)) {
            (self.guarded, self.next) = (Some(renewed), 0);
            self.grow(board);
        }
    }

    /// Whether a part of the runs is still to be asked again.
    pub fn is_behind(&self) -> bool {
        self.guarded.is_some() && self.next < self.passes.len()
    }

    fn grow(&mut self, board: &Board) {
        let fields = self.guarded.as_ref().map_or(&[][..], |guarded| guarded.plan().fields());
        if fields.iter().any(|field| OF_OTHERS.contains(&field.as_str())) {
            self.tree = board.tree();
        }
    }

    /// Asks the runs that changed, and a part of those that are to be asked again.
    pub fn update(&mut self, board: &Board, clock: &Clock) {
        if self.guarded.is_none() || (self.seen == board.generation() && self.next >= self.passes.len()) {
            return;
        }
        let all = board.by_number();
        self.passes.resize(all.len(), false);
        if (0..all.len()).all(|number| board.changed_at(number) > self.seen) {
            // At the beginning, and where the board was read anew, so that other runs have these
            // numbers.
            self.grow(board);
            self.passes.fill(false);
            (self.seen, self.next) = (board.generation(), 0);
        }
        let part = self.next..self.next.saturating_add(PART);
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
        // No jq stands in it, for which a stack would have to be found.
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
    let watch = Watch::begin(Limits { turn, end: Some(end), ..Limits::default() })?;
    let guarded = wording::guarded(&query, &shown, clock, BTreeMap::new(), watch)?;
    if guarded.plan().uses_jq() {
        // It may take for ever, and nobody could stop it.
        return Err(Error::usage("dash runs no jq").hint("logbook runs 'jq(…)'"));
    }
    Ok(guarded)
}

/// Gives the terminal back before the process ends.
fn end(reached: &Reached) {
    terminal::give_back_at_once();
    reached.tell();
}
