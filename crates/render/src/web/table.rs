//! Tables of pages: columns and cells.

use super::text::{Link, Text};

/// A table.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// The caption.
    pub caption: Text,
    /// On a narrow screen, the cells of a row are stacked without titles: their meaning is clear
    /// without.
    pub is_plain: bool,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// The title.
    pub title: Text,
    /// The class of its cells in `style.css`.
    pub class: &'static str,
}

/// A cell.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    /// The text, line by line.
    pub lines: Vec<Text>,
    /// The link, if it has one.
    pub link: Option<Link>,
    /// The look of a status; `None` for other cells.
    pub status: Option<Status>,
}

/// The look of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Its glyph.
    pub glyph: &'static str,
    /// Its class in `style.css`.
    pub class: &'static str,
}

impl Status {
    /// The look of a status or rating; `None` if the word is neither.
    pub fn of(word: &str) -> Option<Status> {
        let (glyph, class) = match word {
            "in-progress" => ("▶", "running"),
            "blocked" | "yellow" | "held" | "open" => ("■", "blocked"),
            "failed" | "red" | "denied" => ("✗", "failed"),
            "done" | "green" | "approved" => ("✓", "done"),
            _ => return None,
        };
        Some(Status { glyph, class })
    }
}

impl Table {
    /// An empty table whose cells are clear without titles.
    pub fn new(caption: &str, columns: &[(&str, &'static str)]) -> Table {
        let column = |(title, class): &(&str, &'static str)| Column { title: Text::from(*title), class };
        let columns = columns.iter().map(column).collect();
        Table { caption: Text::from(caption), is_plain: true, columns, rows: Vec::new() }
    }

    /// The cells of a row, each with its column.
    pub(crate) fn cells<'t>(&'t self, row: &'t [Cell]) -> impl Iterator<Item = (&'t Cell, &'t Column)> {
        row.iter().zip(&self.columns)
    }
}

impl Cell {
    /// A cell of one or more lines.
    pub fn text(text: &str) -> Cell {
        Cell { lines: Text::lines(text), ..Cell::default() }
    }

    /// A cell with a link.
    pub fn link(text: &str, link: Link) -> Cell {
        Cell { lines: vec![Text::from(text)], link: Some(link), status: None }
    }

    /// A cell with a status.
    pub fn status(word: &str) -> Cell {
        Cell { lines: Text::lines(word), link: None, status: Status::of(word) }
    }
}
