//! A page as one HTML file that loads nothing and runs nothing; light or dark as the reader
//! prefers.
//!
//! Written by hand, without a template engine: there is one page, and every text goes through
//! `Writer::text`.

use super::page::Page;
use crate::safe;

const STYLE: &str = "
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent); padding: .25rem .6rem .25rem 0; }
th, td { text-align: left; vertical-align: top; overflow-wrap: anywhere; }
td:nth-child(-n+3) { white-space: nowrap; }
@media print { body { margin: 0; } }
";

/// The page as HTML.
pub fn draw(page: &Page) -> String {
    let mut out = Writer { text: String::new() };
    out.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    // If a text were not escaped, this policy would still let it load and run nothing.
    out.raw(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
    );
    out.element("title", &page.title).raw("\n<style>").raw(STYLE).raw("</style>\n</head>\n<body>\n");
    out.element("h1", &page.title).raw("\n<dl>\n");
    for fact in &page.facts {
        out.element("dt", fact.name).raw("<dd>").lines(&fact.lines).raw("</dd>\n");
    }
    out.raw("</dl>\n");
    for table in &page.tables {
        out.element("h2", table.title).raw("\n<table>\n<thead><tr>");
        for column in table.columns {
            out.element("th", column);
        }
        out.raw("</tr></thead>\n<tbody>\n");
        for row in &table.rows {
            out.raw("<tr>");
            for cell in row {
                out.raw("<td>").lines(cell.lines()).raw("</td>");
            }
            out.raw("</tr>\n");
        }
        out.raw("</tbody>\n</table>\n");
    }
    out.raw("</body>\n</html>\n");
    out.text
}

struct Writer {
    text: String,
}

impl Writer {
    /// Adds markup.
    fn raw(&mut self, marks: &str) -> &mut Writer {
        self.text.push_str(marks);
        self
    }

    /// Adds text from rows, escaped.
    fn text(&mut self, text: &str) -> &mut Writer {
        for character in safe::escape(text).chars() {
            match character {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                '\'' => self.text.push_str("&#39;"),
                _ => self.text.push(character),
            }
        }
        self
    }

    fn element(&mut self, name: &str, text: &str) -> &mut Writer {
        self.raw("<").raw(name).raw(">").text(text).raw("</").raw(name).raw(">")
    }

    fn lines(&mut self, lines: impl IntoIterator<Item = impl AsRef<str>>) -> &mut Writer {
        for (at, line) in lines.into_iter().enumerate() {
            if at > 0 {
                self.raw("<br>");
            }
            self.text(line.as_ref());
        }
        self
    }
}
