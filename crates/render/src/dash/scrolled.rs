//! Pages that are lines to scroll through: the timeline of a run, and a request in full.

use super::paint::{Ink, Paint, of_status};
use crate::request::{Emphasis, Row};
use crate::table::status;

/// A run, and how far it is scrolled.
pub struct Timeline<'t> {
    /// The id of the run.
    pub run: &'t str,
    /// Its status.
    pub status: &'t str,
    /// Its facts and rows, as `show` draws them.
    pub lines: &'t [String],
    /// The first line to show, if enough lines follow it.
    pub top: usize,
}

/// A request, and how far it is scrolled.
pub struct RequestView<'w> {
    /// Its lines.
    pub lines: &'w [Row],
    /// The first line to show, if enough lines follow it.
    pub top: usize,
}

/// The lines of the screen that a scrolled page takes.
struct Scroll {
    /// The line below the title.
    first: u16,
    /// The first line shown, and the number of lines that there is room for.
    top: usize,
    room: usize,
    /// The column of the position in the title; `None` if there is no room for a title.
    position: Option<u16>,
}

/// Fits `count` lines from `top` on into the lines up to `end`, and draws the position.
fn scroll(top: usize, count: usize, end: u16, paint: &mut Paint<'_>) -> Scroll {
    let (columns, _) = paint.size();
    let first = u16::from(end > 1);
    let room = usize::from(end.saturating_sub(first));
    let top = top.min(count.saturating_sub(room));
    let position = (first == 1).then(|| {
        let last = count.min(top + room);
        let text = format!("lines {}–{last} of {count}", (top + 1).min(last));
        let at = columns.saturating_sub(text.chars().count() as u16);
        paint.text((at, 0), columns, &text, Ink::Plain);
        at
    });
    Scroll { first, top, room, position }
}

/// Draws a timeline on the lines up to `end`. Returns the first line shown, and the number of lines
/// that there is room for.
pub(crate) fn draw_timeline(timeline: &Timeline<'_>, end: u16, paint: &mut Paint<'_>) -> (usize, usize) {
    let (columns, _) = paint.size();
    let scroll = scroll(timeline.top, timeline.lines.len(), end, paint);
    if let Some(at) = scroll.position {
        let x = paint.text((0, 0), at.saturating_sub(2), timeline.run, Ink::Strong);
        paint.text((x + 2, 0), at.saturating_sub(x + 4), &status(timeline.status), of_status(timeline.status));
    }
    for (y, line) in (scroll.first..end).zip(timeline.lines.iter().skip(scroll.top)) {
        paint.text((0, y), columns, line, Ink::Plain);
    }
    (scroll.top, scroll.room)
}

/// Draws a request on the lines up to `end`. Returns the same as [`draw_timeline`].
pub(crate) fn draw_request(request: &RequestView<'_>, end: u16, paint: &mut Paint<'_>) -> (usize, usize) {
    let (columns, _) = paint.size();
    let scroll = scroll(request.top, request.lines.len(), end, paint);
    if let Some(at) = scroll.position {
        paint.text((0, 0), at.saturating_sub(2), "a request for approval", Ink::Strong);
    }
    for (y, line) in (scroll.first..end).zip(request.lines.iter().skip(scroll.top)) {
        let ink = match line.emphasis {
            Emphasis::Plain => Ink::Plain,
            Emphasis::Strong => Ink::Strong,
            Emphasis::Danger => Ink::Danger,
        };
        paint.text((0, y), columns, &line.text, ink);
    }
    (scroll.top, scroll.room)
}
