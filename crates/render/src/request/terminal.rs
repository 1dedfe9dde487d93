//! A sheet as lines of a terminal. Long lines are wrapped here: if the terminal wrapped them, text
//! of a request could begin a line.

use unicode_width::UnicodeWidthChar;

use super::arguments::Line;
use super::sheet::Sheet;
use crate::{Drawn, Look};

/// The width of the names of items.
const NAME_WIDTH: usize = 12;
/// The smallest width of a text beside its name.
const ROOM_MIN: usize = 16;
/// Marks the continuation of a wrapped line.
const CONTINUED: &str = "┆";

/// The look of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emphasis {
    /// The default.
    Plain,
    /// Bold.
    Strong,
    /// Bold and red.
    Danger,
}

/// One line of a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its look.
    pub emphasis: Emphasis,
    /// Its text, safe to show.
    pub text: String,
}

/// The sheet as lines of at most `width` columns.
pub fn rows(sheet: &Sheet, width: Option<u16>) -> Vec<Row> {
    let width = width.map_or(usize::MAX, usize::from);
    let mut rows = Vec::new();
    let mut put = |emphasis: Emphasis, before: &str, indent: usize, line: &Line| {
        let gutter = line.gutter.chars().count();
        let gutter = gutter.max(1);
        let room = width.saturating_sub(indent + gutter).max(ROOM_MIN);
        for (at, text) in wrap(&line.text, room).into_iter().enumerate() {
            let before = if at == 0 { before } else { "" };
            let gutter = if at == 0 { line.gutter.clone() } else { format!("{CONTINUED:>gutter$}") };
            rows.push(Row { emphasis, text: format!("{before:indent$}{gutter}{text}").trim_end().to_owned() });
        }
    };
    let of = |text: &str| Line { gutter: String::new(), text: text.to_owned() };
    put(Emphasis::Strong, "", 0, &of(&format!("{}  {}", sheet.name, sheet.action)));
    sheet.dangers.iter().for_each(|danger| put(Emphasis::Danger, "  ! ", 4, &of(danger)));
    let indent = 2 + NAME_WIDTH + 1;
    let arguments = ("arguments", &sheet.arguments);
    for (name, lines) in sheet.items.iter().map(|item| (item.name, &item.lines)).chain([arguments]) {
        for (at, line) in lines.iter().enumerate() {
            let name = if at == 0 { format!("  {name}") } else { String::new() };
            put(Emphasis::Plain, &name, indent, line);
        }
    }
    rows
}

/// The sheet as text, in colour if enabled.
pub fn card(sheet: &Sheet, look: &Look) -> Drawn {
    let mut text = String::new();
    for row in rows(sheet, look.width) {
        match (row.emphasis, look.colour) {
            (Emphasis::Plain, _) | (_, false) => text.push_str(&row.text),
            (Emphasis::Strong, true) => text.push_str(&format!("\x1b[1m{}\x1b[0m", row.text)),
            (Emphasis::Danger, true) => text.push_str(&format!("\x1b[1;31m{}\x1b[0m", row.text)),
        }
        text.push('\n');
    }
    Drawn::new(text)
}

/// `text` in pieces of at most `room` columns.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for character in text.chars() {
        let wide = character.width().unwrap_or(0);
        if used + wide > room {
            lines.push(String::new());
            used = 0;
        }
        used += wide;
        if let Some(line) = lines.last_mut() {
            line.push(character);
        }
    }
    lines
}
