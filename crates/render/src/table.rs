//! Tables that fit the width: empty columns are dropped, long text is cut with `…`, then the
//! rightmost columns are dropped. comfy-table draws the rest.

use comfy_table::{Attribute, Cell, CellAlignment, Color, Table, presets};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::safe;
use logbook_model::{Status, Zone};

/// How output is laid out.
#[derive(Debug, Clone)]
pub struct Look {
    /// The width to keep to; `None` if there is no limit.
    pub width: Option<u16>,
    /// Whether to use colour.
    pub colour: bool,
    /// The zone of times.
    pub zone: Zone,
    /// Whether the output is a terminal.
    pub terminal: bool,
    /// Whether to wrap long cells instead of cutting them.
    pub wrap: bool,
}

/// A column before it is fitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its title.
    pub title: String,
    /// Whether its cells are right-aligned, as for numbers.
    pub right: bool,
    /// How far its cells may be cut.
    pub cut: Cut,
    /// Columns with a low rank are dropped first; of equals the rightmost.
    pub rank: u8,
    /// Whether it holds statuses or ratings, which have a glyph and a colour.
    pub status: bool,
}

/// How far the cells of a column may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Not at all.
    Never,
    /// To this width.
    To(usize),
    /// To this width, before any other column is cut.
    FirstTo(usize),
}

impl Cut {
    /// To the width below which no column is cut while another can be dropped.
    pub(crate) const PLAIN: Cut = Cut::To(12);
}

/// Blanks between two columns.
const GAP: usize = 2;

/// The result of fitting, reused for later pieces of the same table.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    columns: Vec<Column>,
    /// The width of each column; `None` if it is not shown.
    widths: Vec<Option<usize>>,
    tight: bool,
}

impl Layout {
    /// Fits `columns` with these cells (safe text) into `width`.
    pub(crate) fn fit(columns: Vec<Column>, rows: &[Vec<String>], width: Option<u16>) -> Layout {
        let filled: Vec<bool> =
            (0..columns.len()).map(|at| rows.is_empty() || rows.iter().any(|row| !row[at].is_empty())).collect();
        let natural: Vec<usize> = columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let cells = rows.iter().map(|row| row[at].width()).max().unwrap_or(0);
                cells.max(column.title.width())
            })
            .collect();
        let mut shown: Vec<usize> = (0..columns.len()).filter(|at| filled[*at]).collect();
        let mut widths = natural.clone();
        if let Some(limit) = width.map(usize::from) {
            loop {
                widths.clone_from(&natural);
                let total: usize =
                    shown.iter().map(|at| widths[*at]).sum::<usize>() + GAP * shown.len().saturating_sub(1);
                if total <= limit || shown.len() <= 1 {
                    break;
                }
                if shrink(&mut widths, &shown, &columns, total - limit) {
                    break;
                }
                // The rightmost of those with the lowest rank.
                let least = (0..shown.len()).rev().min_by_key(|place| columns[shown[*place]].rank);
                shown.remove(least.unwrap_or(0));
            }
            if let [only] = shown[..] {
                widths[only] = widths[only].min(limit.max(1));
            }
        }
        let tight = (0..columns.len()).any(|at| filled[at] && (!shown.contains(&at) || widths[at] < natural[at]));
        let widths = (0..columns.len()).map(|at| shown.contains(&at).then_some(widths[at])).collect();
        Layout { columns, widths, tight }
    }

    /// Whether a column was cut or dropped.
    pub(crate) fn is_tight(&self) -> bool {
        self.tight
    }

    /// The titles of dropped columns that are not empty.
    pub(crate) fn dropped(&self, rows: &[Vec<String>]) -> Vec<String> {
        (0..self.columns.len())
            .filter(|at| self.widths[*at].is_none() && rows.iter().any(|row| !row[*at].is_empty()))
            .map(|at| self.columns[at].title.clone())
            .collect()
    }

    /// The rows as lines of text, after the titles if `titles`.
    pub(crate) fn draw(&self, rows: &[Vec<String>], titles: bool, look: &Look) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).force_no_tty();
        if look.colour {
            table.enforce_styling();
        }
        let shown: Vec<usize> = (0..self.columns.len()).filter(|at| self.widths[*at].is_some()).collect();
        let cell = |at: usize, text: &str| {
            let width = self.widths[at].unwrap_or(0);
            let text = if look.wrap { wrap(text, width) } else { cut(text, width) };
            let alignment = if self.columns[at].right { CellAlignment::Right } else { CellAlignment::Left };
            // Padded to the width, so that the pieces of one table line up.
            let fill = width.saturating_sub(text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0));
            let text = if self.columns[at].right { " ".repeat(fill) + &text } else { text + &" ".repeat(fill) };
            Cell::new(text).set_alignment(alignment)
        };
        if titles {
            table.set_header(shown.iter().map(|at| {
                let cell = cell(*at, &self.columns[*at].title);
                if look.colour { cell.add_attribute(Attribute::Bold) } else { cell }
            }));
        }
        for row in rows {
            table.add_row(shown.iter().map(|at| {
                let drawn = cell(*at, &row[*at]);
                match colour(&row[*at]).filter(|_| look.colour && self.columns[*at].status) {
                    Some(colour) => drawn.fg(colour),
                    None => drawn,
                }
            }));
        }
        let last = shown.len().saturating_sub(1);
        for (at, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, if at == last { 0 } else { GAP as u16 }));
        }
        let mut text = String::new();
        for line in table.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Takes `excess` columns of text from columns that may be cut; false if they cannot give that
/// much.
fn shrink(widths: &mut [usize], shown: &[usize], columns: &[Column], excess: usize) -> bool {
    let mut first = Vec::new();
    let mut others = Vec::new();
    for at in shown {
        match columns[*at].cut {
            Cut::Never => {}
            Cut::FirstTo(least) => first.push((*at, least)),
            Cut::To(least) => others.push((*at, least)),
        }
    }
    let room = |widths: &[usize], of: &[(usize, usize)]| {
        of.iter().map(|(at, least)| widths[*at].saturating_sub(*least)).sum::<usize>()
    };
    let given = room(widths, &first).min(excess);
    if given + room(widths, &others) < excess {
        return false;
    }
    level(widths, &first, given);
    level(widths, &others, excess - given);
    true
}

/// Takes `excess` from these columns, the widest first. They are that much wider than their
/// smallest widths.
fn level(widths: &mut [usize], of: &[(usize, usize)], excess: usize) {
    let over = |widths: &[usize], cap: usize| {
        of.iter().map(|(at, least)| widths[*at].saturating_sub(cap.max(*least))).sum::<usize>()
    };
    // The smallest possible largest width, by bisection, since a cell may be megabytes wide.
    let (mut cap, mut above) = (0, of.iter().map(|(at, _)| widths[*at]).max().unwrap_or(0));
    while cap < above {
        let middle = cap + (above - cap) / 2;
        if over(widths, middle) <= excess {
            above = middle;
        } else {
            cap = middle + 1;
        }
    }
    let mut rest = excess - over(widths, cap);
    for (at, least) in of.iter().rev() {
        let spare = rest.min(usize::from(widths[*at] >= cap && cap > *least));
        widths[*at] = widths[*at].min(cap.max(*least)) - spare;
        rest -= spare;
    }
}

/// `text` in at most `width` columns, its end replaced by `…` if needed.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for character in text.chars() {
        let wide = character.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        used += wide;
        out.push(character);
    }
    out.push('…');
    out
}

/// `text` in lines of at most `width` columns, broken at blanks if there are any.
fn wrap(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let width = width.max(1);
    let mut lines: Vec<String> = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for word in text.split_inclusive(' ') {
        if used > 0 && used + word.trim_end().width() > width {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            used = 0;
        }
        for character in word.chars() {
            let wide = character.width().unwrap_or(0);
            // A character that is wider than the line is replaced by `…`.
            let (character, wide) = if wide > width { ('…', 1) } else { (character, wide) };
            if used + wide > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(character);
            used += wide;
        }
    }
    lines.push(line.trim_end().to_owned());
    lines.join("\n")
}

/// A status with its glyph, so that its meaning does not depend on colour.
pub(crate) fn status(text: &str) -> String {
    let glyph = match Status::of(text) {
        Some(Status::InProgress) => "▶",
        Some(Status::Done) => "✓",
        Some(Status::Blocked) => "■",
        Some(Status::Failed) => "✗",
        None if text.is_empty() => return String::new(),
        None => "·",
    };
    format!("{glyph} {}", safe::escape(text))
}

/// A rating with its glyph.
pub(crate) fn rating(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("● {}", safe::escape(text)) }
}

fn colour(cell: &str) -> Option<Color> {
    match cell.chars().next()? {
        '●' if cell.ends_with("green") => Some(Color::Green),
        '●' if cell.ends_with("yellow") => Some(Color::Yellow),
        '●' if cell.ends_with("red") => Some(Color::Red),
        '▶' => Some(Color::Cyan),
        '✓' => Some(Color::Green),
        '■' => Some(Color::Yellow),
        '✗' => Some(Color::Red),
        _ => None,
    }
}
