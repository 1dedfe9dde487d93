//! The lines below the page: a hint about keys, a note, or a question and what was typed so far.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::paint::{Ink, Paint};
use crate::safe::escape;

/// What the foot shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foot<'f> {
    /// A note of one or more lines.
    Says(&'f str),
    /// A question, and what was typed so far.
    Asks {
        /// The question.
        question: &'f str,
        /// What was typed.
        typed: &'f str,
        /// A note about it of one or more lines; empty if there is none.
        says: &'f str,
    },
}

/// The number of lines it takes of a screen of that size: at most half.
pub(crate) fn height(foot: &Foot<'_>, lines: u16) -> u16 {
    let count = match foot {
        Foot::Says(text) => text.lines().count().max(1),
        Foot::Asks { says, .. } => says.lines().count() + 1,
    };
    u16::try_from(count).unwrap_or(u16::MAX).min((lines / 2).max(1)).min(lines)
}

/// Draws it from line `from` on. Returns the position of the cursor, if something is typed.
pub(crate) fn draw(foot: &Foot<'_>, from: u16, paint: &mut Paint<'_>) -> Option<(u16, u16)> {
    let (columns, lines) = paint.size();
    let (says, asks) = match *foot {
        Foot::Says(text) => (text, None),
        Foot::Asks { question, typed, says } => (says, Some((question, typed))),
    };
    let room = lines.saturating_sub(from + u16::from(asks.is_some()));
    for (y, line) in (from..from + room).zip(says.lines()) {
        paint.text((0, y), columns, line, Ink::Plain);
    }
    let (question, typed) = asks?;
    let y = lines.checked_sub(1)?;
    // At least half of the line is for what is typed.
    let x = paint.text((0, y), columns / 2, question, Ink::Strong);
    let typed = escape(typed);
    let shown = end_of(&typed, columns.saturating_sub(x + 1));
    let x = paint.text((x, y), columns, shown, Ink::Plain);
    Some((x.min(columns.saturating_sub(1)), y))
}

/// The end of `text` that fits into `width` columns.
fn end_of(text: &str, width: u16) -> &str {
    let mut over = text.width().saturating_sub(usize::from(width));
    let mut from = 0;
    for character in text.chars() {
        if over == 0 {
            break;
        }
        over = over.saturating_sub(character.width().unwrap_or(0));
        from += character.len_utf8();
    }
    &text[from..]
}
