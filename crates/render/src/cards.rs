//! Counts of all runs, above their table: one line of counts, and one of what runs wait for.

use unicode_width::UnicodeWidthStr;

use super::safe::escape;
use super::streams::Drawn;
use super::table::{Look, cut};
use logbook_view::runs::Cards;

/// At most this many blockers are listed.
const BLOCKERS: usize = 6;
/// Between two cards.
const GAP: &str = "   ";

/// The cards as lines of text, with a blank line behind them.
pub fn draw(cards: &Cards, look: &Look) -> Drawn {
    let room = look.width.map_or(usize::MAX, usize::from);
    let (mut text, mut used) = (String::new(), 0);
    for (glyph, colour, count, what) in counts(cards) {
        let card = cut(&format!("{glyph} {count} {what}"), room);
        let gap = if used == 0 { 0 } else { GAP.len() };
        if used + gap + card.width() > room {
            text.push('\n');
            used = 0;
        } else {
            text.push_str(&GAP[..gap]);
            used += gap;
        }
        used += card.width();
        if look.colour && count > 0 {
            text.push_str(&format!("\u{1b}[{colour}m{card}\u{1b}[0m"));
        } else {
            text.push_str(&card);
        }
    }
    text.push('\n');
    if let Some(line) = blockers(cards) {
        text.push_str(&cut(&line, room));
        text.push('\n');
    }
    text.push('\n');
    Drawn::new(text)
}

/// For each count: its glyph, its ANSI colour, the number, and what is counted.
pub(crate) fn counts(cards: &Cards) -> [(&'static str, &'static str, u64, &'static str); 4] {
    [
        ("▶", "36", cards.running, "running"),
        ("■", "33", cards.blocked, "blocked"),
        ("✗", "31", cards.failed, "failed in 24h"),
        ("✓", "32", cards.done_overnight, "completed overnight"),
    ]
}

/// What runs wait for, in one safe line; `None` if nothing is blocked.
pub(crate) fn blockers(cards: &Cards) -> Option<String> {
    if cards.blocked == 0 {
        return None;
    }
    let mut blockers: Vec<String> =
        cards.blocked_on.iter().take(BLOCKERS).map(|(what, count)| format!("{} {count}", escape(what))).collect();
    if cards.blocked_on.len() > BLOCKERS {
        blockers.push("…".to_owned());
    }
    Some(format!("  blocked on: {}", blockers.join(" · ")))
}
