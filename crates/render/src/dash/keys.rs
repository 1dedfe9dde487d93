//! What each key does.

use super::paint::{Ink, Paint};

/// Keys, and what they do.
pub(crate) const KEYS: [(&str, &str); 13] = [
    ("↑ ↓  k j", "the run above, below"),
    ("PgUp PgDn", "a page up, down"),
    ("Home End  g G", "the first, the last"),
    ("Enter", "the run's timeline; Esc goes back"),
    ("Tab", "active runs, or all"),
    ("/", "a filter: status=blocked and age>1h; empty: none"),
    ("a", "show what the run asks for, to approve it (y) or deny it (n)"),
    ("d", "the same, to deny it with a reason"),
    ("? before a run", "it asks for approval"),
    ("▶ ■ ✗ ✓", "in progress, blocked, failed, done"),
    ("← →", "what a run waits for; what it does next"),
    ("Ctrl-Z", "to the shell; fg comes back"),
    ("q  Ctrl-C", "quit"),
];

/// Draws them on the lines up to `end`.
pub(crate) fn draw(end: u16, paint: &mut Paint<'_>) -> (usize, usize) {
    let (columns, _) = paint.size();
    let title = u16::from(end > 1);
    if title == 1 {
        paint.text((0, 0), columns, "keys", Ink::Strong);
    }
    for (y, (key, what)) in (title..end).zip(KEYS) {
        paint.text((2, y), 15, key, Ink::Strong);
        paint.text((18, y), columns, what, Ink::Plain);
    }
    (0, 0)
}
