//! A request in full, as many lines as there is room for.

use super::paint::{Ink, Paint};
use crate::request::{Ink as Mark, Row};

/// A request, and where its reader is.
pub struct Window<'w> {
    /// Its lines.
    pub lines: &'w [Row],
    /// The first that is shown, if there are enough behind it.
    pub top: usize,
}

/// Draws it on the lines up to `end`; gives the first line shown, and how many there is room for.
pub(crate) fn draw(window: &Window<'_>, end: u16, paint: &mut Paint<'_>) -> (usize, usize) {
    let (columns, _) = paint.size();
    let title = u16::from(end > 1);
    let room = usize::from(end.saturating_sub(title));
    let top = window.top.min(window.lines.len().saturating_sub(room));
    if title == 1 {
        let shown = window.lines.len().min(top + room);
        let place = format!("lines {}–{shown} of {}", (top + 1).min(shown), window.lines.len());
        let at = columns.saturating_sub(place.chars().count() as u16);
        paint.text((0, 0), at.saturating_sub(2), "a request for approval", Ink::Strong);
        paint.text((at, 0), columns, &place, Ink::Plain);
    }
    for (y, line) in (title..end).zip(window.lines.iter().skip(top)) {
        let ink = match line.ink {
            Mark::Plain => Ink::Plain,
            Mark::Strong => Ink::Strong,
            Mark::Danger => Ink::Danger,
        };
        paint.text((0, y), columns, &line.text, ink);
    }
    (top, room)
}
