//! A page as Markdown. Text of rows is escaped: it cannot be a heading, a table, a link or HTML.

use super::page::Page;
use crate::safe;

/// The page as Markdown.
pub fn draw(page: &Page) -> String {
    let mut out = format!("# {}\n\n", escape(&page.title));
    for fact in &page.facts {
        match &fact.lines[..] {
            [only] => out.push_str(&format!("- **{}**: {}\n", fact.name, escape(only))),
            many => {
                out.push_str(&format!("- **{}**:\n", fact.name));
                many.iter().for_each(|line| out.push_str(&format!("  - {}\n", escape(line))));
            }
        }
    }
    for table in &page.tables {
        out.push_str(&format!("\n## {}\n\n", table.title));
        line(&mut out, table.columns.iter().map(|name| (*name).to_owned()));
        line(&mut out, table.columns.iter().map(|_| "---".to_owned()));
        for row in &table.rows {
            line(&mut out, row.iter().map(|cell| cell.lines().map(escape).collect::<Vec<_>>().join("<br>")));
        }
    }
    out
}

fn line(out: &mut String, cells: impl Iterator<Item = String>) {
    for cell in cells {
        out.push_str("| ");
        out.push_str(&cell);
        out.push(' ');
    }
    out.push_str("|\n");
}

/// One line of text, escaped so that Markdown shows it literally.
pub(crate) fn escape(text: &str) -> String {
    let safe = safe::escape(text);
    let mut out = String::with_capacity(safe.len());
    let mut before = None;
    for (at, character) in safe.char_indices() {
        let rest = &safe[at + character.len_utf8()..];
        let after = rest.chars().next();
        let inside_word = [before, after].iter().all(|near| near.is_some_and(char::is_alphanumeric));
        match character {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '_' if inside_word => out.push(character),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => out.extend(['\\', character]),
            // They begin a heading or a list only with a blank behind them.
            '#' if at == 0 && rest.trim_start_matches('#').starts_with(' ') => out.extend(['\\', character]),
            '+' | '-' | '>' if at == 0 => out.extend(['\\', character]),
            _ => out.push(character),
        }
        before = Some(character);
    }
    out
}
