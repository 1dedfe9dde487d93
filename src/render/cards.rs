//! What a person asks of all runs first, above their table: one line of counts, and one of what is waited for.

use super::safe::escape;
use super::table::{Look, cut};
use crate::view::runs::Cards;

/// What is waited for is told of so many.
const BLOCKERS: usize = 6;

/// The cards as lines of text, a blank one behind them.
pub fn draw(cards: &Cards, look: &Look) -> String {
    let counts = [
        ("▶", "36", cards.running, "running"),
        ("■", "33", cards.blocked, "blocked"),
        ("✗", "31", cards.failed, "failed in 24h"),
        ("✓", "32", cards.done_overnight, "completed overnight"),
    ];
    let mut line = Vec::new();
    for (glyph, colour, count, what) in counts {
        let text = format!("{glyph} {count} {what}");
        line.push(if look.colour && count > 0 { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text });
    }
    let mut text = line.join("   ");
    text.push('\n');
    if cards.blocked > 0 {
        let mut blockers: Vec<String> =
            cards.blocked_on.iter().take(BLOCKERS).map(|(what, count)| format!("{} {count}", escape(what))).collect();
        if cards.blocked_on.len() > BLOCKERS {
            blockers.push("…".to_owned());
        }
        let line = format!("  blocked on: {}", blockers.join(" · "));
        text.push_str(&look.width.map_or_else(|| line.clone(), |width| cut(&line, usize::from(width))));
        text.push('\n');
    }
    text.push('\n');
    text
}
