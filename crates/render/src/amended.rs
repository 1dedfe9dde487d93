//! The corrections of a row, as lines below it.

use super::cell;
use super::safe::escape;
use super::table::Look;
use logbook_model::Zone;
use logbook_view::Amended;

/// One line for each correction: the correcting row, its agent and time, the changes, the reason.
pub fn lines(entries: &[Amended], look: &Look) -> Vec<String> {
    entries.iter().map(|entry| escape(&line(entry, &look.zone)).into_owned()).collect()
}

/// One correction as text, not escaped.
pub(crate) fn line(entry: &Amended, zone: &Zone) -> String {
    let mut about = Vec::new();
    if !entry.agent_id.is_empty() {
        about.push(entry.agent_id.clone());
    }
    about.extend(entry.at.map(|at| cell::time(at, zone)));
    let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
    let verb = if entry.retracted { "retracted" } else { "corrected" };
    let mut text = format!("{verb} by {}{about}", entry.by);
    let changes: Vec<String> = entry.changes.iter().map(change).collect();
    if !changes.is_empty() {
        text.push_str(": ");
        text.push_str(&changes.join(", "));
    }
    if !entry.reason.is_empty() {
        text.push_str(" — ");
        text.push_str(&entry.reason);
    }
    text
}

fn change((name, old, new): &(String, Option<String>, Option<String>)) -> String {
    let plain = |value: &String| cell::plain(Some(value.as_bytes()));
    match (old, new) {
        (Some(old), Some(new)) => format!("{name} {} → {}", plain(old), plain(new)),
        (None, Some(new)) => format!("{name} {} added", plain(new)),
        (Some(old), None) => format!("{name} {} removed", plain(old)),
        (None, None) => format!("{name} removed"),
    }
}
