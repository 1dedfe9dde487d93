//! Text into the cells of a buffer: escaped, cut to its room, in colour if enabled.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use crate::safe::escape;
use crate::table::cut;
use logbook_model::Status;

/// The look of text. The text itself always carries the meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// The default.
    Plain,
    /// Bold.
    Strong,
    /// Bold and red, for dangers.
    Danger,
    /// In this ANSI colour ("31": red).
    Coloured(&'static str),
}

/// A buffer to write into.
pub(crate) struct Paint<'b> {
    buffer: &'b mut Buffer,
    colour: bool,
}

impl<'b> Paint<'b> {
    /// Clears `buffer` and writes into it.
    pub(crate) fn new(buffer: &'b mut Buffer, colour: bool) -> Paint<'b> {
        buffer.reset();
        Paint { buffer, colour }
    }

    /// The number of columns and lines.
    pub(crate) fn size(&self) -> (u16, u16) {
        (self.buffer.area.width, self.buffer.area.height)
    }

    /// Writes `text` from column `x` of line `y` on, in at most `width` columns. Returns the column
    /// behind it.
    pub(crate) fn text(&mut self, (x, y): (u16, u16), width: u16, text: &str, ink: Ink) -> u16 {
        let (columns, lines) = self.size();
        let width = width.min(columns.saturating_sub(x));
        if width == 0 || y >= lines {
            return x;
        }
        // A value may be megabytes long, so that only its beginning is measured. Zero-width
        // characters may make it shorter than the room.
        let room = 4 * usize::from(width) + 4;
        let head = text.char_indices().nth(room).map_or(text, |(end, _)| &text[..end]);
        let shown = cut(&escape(head), usize::from(width));
        self.buffer.set_stringn(x, y, shown, usize::from(width), self.style(ink)).0
    }

    /// Reverses line `y`.
    pub(crate) fn reverse(&mut self, y: u16) {
        let (columns, lines) = self.size();
        if y < lines && self.colour {
            self.buffer.set_style(Rect::new(0, y, columns, 1), Style::new().add_modifier(Modifier::REVERSED));
        }
    }

    fn style(&self, ink: Ink) -> Style {
        let style = Style::new();
        match ink {
            Ink::Plain => style,
            _ if !self.colour => style,
            Ink::Strong => style.add_modifier(Modifier::BOLD),
            Ink::Danger => style.fg(Color::Red).add_modifier(Modifier::BOLD),
            Ink::Coloured("31") => style.fg(Color::Red),
            Ink::Coloured("32") => style.fg(Color::Green),
            Ink::Coloured("33") => style.fg(Color::Yellow),
            Ink::Coloured("36") => style.fg(Color::Cyan),
            Ink::Coloured(_) => style,
        }
    }
}

/// The colour of a status.
pub(crate) fn of_status(status: &str) -> Ink {
    match Status::of(status) {
        Some(Status::InProgress) => Ink::Coloured("36"),
        Some(Status::Done) => Ink::Coloured("32"),
        Some(Status::Blocked) => Ink::Coloured("33"),
        Some(Status::Failed) => Ink::Coloured("31"),
        None if status == "held" => Ink::Coloured("33"),
        None => Ink::Plain,
    }
}
