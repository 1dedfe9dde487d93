//! The names of the output formats.

use logbook_model::error::{Error, Result, nearest};

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A table that fits the terminal.
    Table,
    /// One JSON object per line: rows byte for byte.
    Jsonl,
    /// One JSON array.
    Json,
    /// CSV as in RFC 4180. A text that a spreadsheet would run as a formula gets an apostrophe
    /// before it.
    Csv,
    /// Tab-separated, with `\t \n \r \\` escaped; formulas as in CSV.
    Tsv,
    /// A Markdown table.
    Markdown,
}

const NAMES: [(&str, Format); 6] = [
    ("table", Format::Table),
    ("jsonl", Format::Jsonl),
    ("json", Format::Json),
    ("csv", Format::Csv),
    ("tsv", Format::Tsv),
    ("md", Format::Markdown),
];

impl Format {
    /// The format called `name`. Fails with a suggestion if there is none.
    pub fn parse(name: &str) -> Result<Format> {
        if let Some((_, format)) = NAMES.iter().find(|(known, _)| *known == name) {
            return Ok(*format);
        }
        let names = NAMES.map(|(name, _)| name);
        let alias = match name {
            "markdown" => Some("md"),
            "ndjson" => Some("jsonl"),
            _ => nearest(name, names),
        };
        let error = Error::usage(format!("{name:?} is not an output format"));
        Err(match alias {
            Some(near) => error.hint(format!("did you mean -o {near}?")),
            None => error.hint(format!("-o {}", names.join("|"))),
        })
    }
}
