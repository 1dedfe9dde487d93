//! A tree of runs as lines.

use super::terminal::push_line;
use crate::safe::escape;
use crate::table::{Look, status};
use logbook_view::record::Node;

/// The tree as text.
pub fn draw(nodes: &[Node], look: &Look) -> String {
    // Built from the end, so that it is known which levels continue below a line.
    let mut lines: Vec<String> = Vec::with_capacity(nodes.len());
    let mut goes_on: Vec<bool> = Vec::new();
    for node in nodes.iter().rev() {
        goes_on.resize(node.depth + 1, false);
        let mut line = String::new();
        for goes_on in goes_on.iter().take(node.depth).skip(1) {
            line.push_str(if *goes_on { "│  " } else { "   " });
        }
        if node.depth > 0 {
            line.push_str(if goes_on[node.depth] { "├─ " } else { "└─ " });
        }
        goes_on[node.depth] = true;
        let file = node.text.starts_with('→');
        let parts = [if file { String::new() } else { escape(&node.name).into_owned() }, status(&node.status)];
        let parts = parts.into_iter().chain([escape(&node.text).into_owned()]).filter(|part| !part.is_empty());
        line.push_str(&parts.collect::<Vec<_>>().join("  "));
        lines.push(line);
    }
    let mut out = String::new();
    lines.iter().rev().for_each(|line| push_line(&mut out, line, look));
    out
}
