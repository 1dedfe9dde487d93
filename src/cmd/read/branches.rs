//! The runs of a table as a tree: children below their parents, with branches before their names.

use std::collections::HashMap;

use logbook_view::runs::{Run, Tree};

/// Deeper branches are indented as this depth.
const DEPTH_MAX: usize = 4;

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Branch {
    /// The run's index among the shown runs.
    pub at: usize,
    depth: usize,
    last: bool,
}

/// The runs without a tree.
pub fn flat(shown: &[usize]) -> Vec<Branch> {
    (0..shown.len()).map(|at| Branch { at, depth: 0, last: false }).collect()
}

/// The runs below their parents. Siblings keep their order.
pub fn of(shown: &[usize], tree: &Tree) -> Vec<Branch> {
    let places: HashMap<usize, usize> = shown.iter().enumerate().map(|(at, run)| (*run, at)).collect();
    let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut tops = Vec::new();
    for (at, run) in shown.iter().enumerate() {
        match tree.parent(*run).and_then(|parent| places.get(&parent)) {
            Some(parent) => children.entry(*parent).or_default().push(at),
            None => tops.push(at),
        }
    }
    let mut open: Vec<Branch> = tops.into_iter().rev().map(|at| Branch { at, depth: 0, last: false }).collect();
    let mut order = Vec::with_capacity(shown.len());
    while let Some(branch) = open.pop() {
        order.push(branch);
        let below = children.remove(&branch.at).unwrap_or_default();
        let last = below.last().copied();
        let depth = branch.depth + 1;
        open.extend(below.into_iter().rev().map(|at| Branch { at, depth, last: Some(at) == last }));
    }
    order
}

/// The name of a run in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Its branch and id; if its parent is not shown, its id and its parent.
    pub text: String,
    /// The width of the branch.
    pub branch: usize,
}

/// The name of a run.
pub fn name(branch: &Branch, run: &Run<'_>, tree: &Tree, shown: &[usize]) -> Name {
    if branch.depth > 0 {
        let elbow = if branch.last { "└" } else { "├" };
        let indent = 2 * (branch.depth.min(DEPTH_MAX) - 1);
        return Name { text: format!("{:indent$}{elbow} {}", "", run.run_id), branch: indent + 2 };
    }
    let parent = run.parent();
    let text = match tree.parent(shown[branch.at]) {
        _ if parent.is_empty() => run.run_id.clone().into_owned(),
        Some(_) => format!("{} (of {parent})", run.run_id),
        // It is its own ancestor.
        None if tree.is_cut(shown[branch.at]) => format!("{} (of {parent}, in a circle)", run.run_id),
        None => format!("{} (of {parent}, unknown)", run.run_id),
    };
    Name { text, branch: 0 }
}
