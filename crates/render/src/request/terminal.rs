//! A sheet as lines of a terminal. Lines that are too long are folded here: where the terminal
//! folded them, text of a request could stand at the beginning of a line.

use unicode_width::UnicodeWidthChar;

use super::arguments::Line;
use super::sheet::Sheet;
use crate::{Drawn, Look};

/// Columns that the names of items take.
const NAME_WIDTH: usize = 12;
/// Least room for a text beside its name.
const ROOM_MIN: usize = 16;
/// Stands before what goes on a folded line.
const FOLDED: &str = "┆";

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// As the terminal has it.
    Plain,
    /// What stands out.
    Strong,
    /// In red.
    Danger,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// How it looks.
    pub ink: Ink,
    /// Its text, safe to show.
    pub text: String,
}

/// The sheet, at most this wide.
pub fn rows(sheet: &Sheet, width: Option<u16>) -> Vec<Row> {
    let width = width.map_or(usize::MAX, usize::from);
    let mut rows = Vec::new();
    let mut put = |ink: Ink, before: &str, indent: usize, line: &Line| {
        let gutter = line.gutter.chars().count();
        let gutter = gutter.max(1);
        let room = width.saturating_sub(indent + gutter).max(ROOM_MIN);
        for (at, text) in fold(&line.text, room).into_iter().enumerate() {
            let before = if at == 0 { before } else { "" };
            let gutter = if at == 0 { line.gutter.clone() } else { format!("{FOLDED:>gutter$}") };
            rows.push(Row { ink, text: format!("{before:indent$}{gutter}{text}").trim_end().to_owned() });
        }
    };
    let of = |text: &str| Line { gutter: String::new(), text: text.to_owned() };
    put(Ink::Strong, "", 0, &of(&format!("{}  {}", sheet.name, sheet.action)));
    sheet.dangers.iter().for_each(|danger| put(Ink::Danger, "  ! ", 4, &of(danger)));
    let indent = 2 + NAME_WIDTH + 1;
    let arguments = ("arguments", &sheet.arguments);
    for (name, lines) in sheet.items.iter().map(|item| (item.name, &item.lines)).chain([arguments]) {
        for (at, line) in lines.iter().enumerate() {
            let name = if at == 0 { format!("  {name}") } else { String::new() };
            put(Ink::Plain, &name, indent, line);
        }
    }
    rows
}

/// The sheet as text.
pub fn card(sheet: &Sheet, look: &Look) -> Drawn {
    let mut text = String::new();
    for row in rows(sheet, look.width) {
        match (row.ink, look.colour) {
            (Ink::Plain, _) | (_, false) => text.push_str(&row.text),
            (Ink::Strong, true) => text.push_str(&format!("\x1b[1m{}\x1b[0m", row.text)),
            (Ink::Danger, true) => text.push_str(&format!("\x1b[1;31m{}\x1b[0m", row.text)),
        }
        text.push('\n');
    }
    Drawn::new(text)
}

/// `text` in pieces of at most `room` columns.
fn fold(text: &str, room: usize) -> Vec<String> {
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
