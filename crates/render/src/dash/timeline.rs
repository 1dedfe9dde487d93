//! One run: its facts and its rows, as `show` draws them, as many lines as there is room for.

use super::paint::{Ink, Paint, of_status};
use crate::table::status;

/// A run, and where its reader is.
pub struct Timeline<'t> {
    /// The run.
    pub run: &'t str,
    /// Its status.
    pub status: &'t str,
    /// Its lines.
    pub lines: &'t [String],
    /// The first that is shown, if there are enough behind it.
    pub top: usize,
}

/// Draws it on the lines up to `end`; gives the first line shown, and how many there is room for.
pub(crate) fn draw(timeline: &Timeline<'_>, end: u16, paint: &mut Paint<'_>) -> (usize, usize) {
    let (columns, _) = paint.size();
    let title = u16::from(end > 1);
    let room = usize::from(end.saturating_sub(title));
    let top = timeline.top.min(timeline.lines.len().saturating_sub(room));
    if title == 1 {
        let shown = timeline.lines.len().min(top + room);
        let place = format!("lines {}–{shown} of {}", (top + 1).min(shown), timeline.lines.len());
        let at = columns.saturating_sub(place.chars().count() as u16);
        let x = paint.text((0, 0), at.saturating_sub(2), timeline.run, Ink::Strong);
        paint.text((x + 2, 0), at.saturating_sub(x + 4), &status(timeline.status), of_status(timeline.status));
        paint.text((at, 0), columns, &place, Ink::Plain);
    }
    for (y, line) in (title..end).zip(timeline.lines.iter().skip(top)) {
        paint.text((0, y), columns, line, Ink::Plain);
    }
    (top, room)
}
