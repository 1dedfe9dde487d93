//! Columns and cells.

use super::text::{Link, Text};

/// A table.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// What it shows.
    pub caption: Text,
    /// On a narrow screen the cells of a row stand below each other, without titles: what they are
    /// is plain.
    pub is_plain: bool,
    /// Its titles.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Vec<Cell>>,
}

/// A title.
#[derive(Debug, Clone)]
pub struct Column {
    /// The title.
    pub title: Text,
    /// How its cells look: a class of `style.css`.
    pub class: &'static str,
}

/// A cell.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    /// What it says, line by line.
    pub lines: Vec<Text>,
    /// Where it leads.
    pub link: Option<Link>,
    /// It is a status: a word, with a sign and a colour.
    pub status: Option<Status>,
}

/// A status as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Its sign.
    pub glyph: &'static str,
    /// Its class in `style.css`.
    pub class: &'static str,
}

impl Status {
    /// That of a status or of a rating; `None`: it is neither.
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
    /// An empty one, whose cells are plain without its titles.
    pub fn new(caption: &str, columns: &[(&str, &'static str)]) -> Table {
        let column = |(title, class): &(&str, &'static str)| Column { title: Text::from(*title), class };
        let columns = columns.iter().map(column).collect();
        Table { caption: Text::from(caption), is_plain: true, columns, rows: Vec::new() }
    }

    /// The cells of a row with the classes of their columns.
    pub(crate) fn cells<'t>(&'t self, row: &'t [Cell]) -> impl Iterator<Item = (&'t Cell, &'t Column)> {
        row.iter().zip(&self.columns)
    }
}

impl Cell {
    /// Of one line or more.
    pub fn text(text: &str) -> Cell {
        Cell { lines: Text::lines(text), ..Cell::default() }
    }

    /// Of one line that leads somewhere.
    pub fn link(text: &str, link: Link) -> Cell {
        Cell { lines: vec![Text::from(text)], link: Some(link), status: None }
    }

    /// Of a status.
    pub fn status(word: &str) -> Cell {
        Cell { lines: Text::lines(word), link: None, status: Status::of(word) }
    }
}
