//! Parents and children among runs, and what a run cost together with all runs below it.

use std::collections::{HashMap, HashSet};

use super::run::Run;
use logbook_json::Sum;

/// The tree of a list of runs. Runs are named by their index in the list.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    parents: Vec<Option<usize>>,
    /// Runs that were cut off from their parent to break a cycle.
    cut: HashSet<usize>,
    children: Vec<u64>,
    /// The cost of runs with children, with all runs below them.
    costs: HashMap<usize, Sum>,
}

impl Tree {
    /// The tree of `runs`. A parent that is not among them is ignored. A cycle of parents is cut at
    /// the run whose row named its parent last.
    pub fn of(runs: &[Run<'_>]) -> Tree {
        let mut tree = Tree { parents: vec![None; runs.len()], children: vec![0; runs.len()], ..Tree::default() };
        if runs.iter().all(|run| run.parent().is_empty()) {
            return tree;
        }
        let by_id: HashMap<&str, usize> = runs.iter().enumerate().map(|(at, run)| (&*run.run_id, at)).collect();
        tree.parents = runs.iter().map(|run| by_id.get(run.parent()).copied()).collect();
        tree.cut_cycles(runs);
        for parent in tree.parents.iter().flatten() {
            tree.children[*parent] += 1;
        }
        tree.add_up(runs);
        tree
    }

    fn cut_cycles(&mut self, runs: &[Run<'_>]) {
        // The number of the walk upwards that visited each run, from 1.
        let mut walks = vec![0usize; runs.len()];
        for start in 0..runs.len() {
            let mut at = start;
            while walks[at] == 0 {
                walks[at] = start + 1;
                let Some(parent) = self.parents[at] else { break };
                at = parent;
            }
            if walks[at] != start + 1 || self.parents[at].is_none() {
                continue;
            }
            // The walk met itself at `at`.
            let (mut last, mut next) = (at, self.parents[at]);
            while let Some(other) = next.filter(|other| *other != at) {
                if runs[other].parent_said > runs[last].parent_said {
                    last = other;
                }
                next = self.parents[other];
            }
            self.parents[last] = None;
            self.cut.insert(last);
        }
    }

    /// Adds up costs, from the runs without children up.
    fn add_up(&mut self, runs: &[Run<'_>]) {
        let mut waits = self.children.clone();
        let mut ready: Vec<usize> = (0..runs.len()).filter(|at| waits[*at] == 0).collect();
        while let Some(at) = ready.pop() {
            let Some(parent) = self.parents[at] else { continue };
            let cost = self.costs.get(&at).unwrap_or(&runs[at].sums[0]).clone();
            self.costs.entry(parent).or_insert_with(|| runs[parent].sums[0].clone()).merge(&cost);
            waits[parent] -= 1;
            if waits[parent] == 0 {
                ready.push(parent);
            }
        }
    }

    /// The parent of run `at`.
    pub fn parent(&self, at: usize) -> Option<usize> {
        self.parents.get(at).copied().flatten()
    }

    /// Whether run `at` was cut off from its parent because the parent is below it.
    pub fn is_cut(&self, at: usize) -> bool {
        self.cut.contains(&at)
    }

    /// The number of children of run `at`.
    pub(crate) fn children(&self, at: usize) -> u64 {
        self.children.get(at).copied().unwrap_or(0)
    }

    /// The cost of run `at` with all runs below it; `None` if there are none.
    pub fn cost_with_children(&self, at: usize) -> Option<&Sum> {
        self.costs.get(&at)
    }
}
