//! How rows are laid out in inputs that logbook did not write, and what a line that is not a row
//! says about the layout of its file. One note about the layout, with the flag to type, replaces
//! thousands of notes about lines.

use logbook_json::frame;
use logbook_json::skip::is_white;
use logbook_model::READ_ROW_BYTES_MAX;

/// The virtual field that names the input of a row.
pub(crate) const SOURCE_FIELD: &str = "@file";

/// How rows are found in an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// The input is JSON documents, arrays of rows, or values one after another, not one row per
    /// line.
    pub documents: bool,
    /// Text before the object on a line is ignored.
    pub prefix: bool,
    /// Each row gets the field [`SOURCE_FIELD`].
    pub with_source: bool,
    /// The longest row that is read, in bytes.
    pub row_bytes_max: usize,
}

impl Default for Layout {
    fn default() -> Layout {
        Layout { documents: false, prefix: false, with_source: false, row_bytes_max: READ_ROW_BYTES_MAX }
    }
}

/// A layout that lines which are not rows suggest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LayoutGuess {
    /// Documents over several lines, an array of rows, or several values on one line.
    Documents,
    /// Rows behind a prefix.
    Prefix,
}

impl LayoutGuess {
    /// The layout that `line`, which is not a row, suggests.
    pub(crate) fn of(line: &[u8]) -> Option<LayoutGuess> {
        let line = line.trim_ascii();
        if behind_prefix(line).is_some_and(|at| at > 0 && !line.starts_with(b"[{") && !is_value_before(line, at)) {
            return Some(LayoutGuess::Prefix);
        }
        let opens = matches!(line.first(), Some(b'{' | b'['));
        // JSON printers break lines here; a torn row seldom ends here.
        let breaks = matches!(line.last(), Some(b'{' | b'[' | b',')) || matches!(line, b"{" | b"[");
        let several = opens && matches!(line.last(), Some(b'}' | b']')) && end_of_first(line).is_some();
        let array = line.first() == Some(&b'[') && line[1..].trim_ascii_start().first() == Some(&b'{');
        (opens && (breaks || several || array)).then_some(LayoutGuess::Documents)
    }

    /// The note for a person: what the layout is and which flag reads it.
    pub(crate) fn says(self) -> &'static str {
        match self {
            LayoutGuess::Documents => {
                "it looks like whole JSON documents or arrays, not a row on each line; to read them: --input json"
            }
            LayoutGuess::Prefix => "its lines have text before the JSON; to skip that text: --prefix skip",
        }
    }
}

/// At most this many `{` are tried as the beginning of a row.
const TRIED_MAX: usize = 64;

/// Where the row begins, if a row ends the line and has something before it.
pub(super) fn behind_prefix(line: &[u8]) -> Option<usize> {
    let none: [&str; 0] = [];
    let is_row = |at: &usize| frame::pick(&line[*at..], &none, &mut Vec::new()).is_ok();
    memchr::memchr_iter(b'{', line).take(TRIED_MAX).find(is_row)
}

/// Whether the text before `at` is an object itself, perhaps with a comma behind it.
fn is_value_before(line: &[u8], at: usize) -> bool {
    let before = line[..at].trim_ascii();
    let before = before.strip_suffix(b",").unwrap_or(before);
    before.first() == Some(&b'{') && before.last() == Some(&b'}')
}

/// Where the object or array at the beginning of the line ends, if something follows it.
fn end_of_first(line: &[u8]) -> Option<usize> {
    let (mut depth, mut string, mut escape) = (0usize, false, false);
    for (at, byte) in line.iter().enumerate() {
        match byte {
            _ if escape => escape = false,
            b'\\' if string => escape = true,
            b'"' => string = !string,
            b'{' | b'[' if !string => depth += 1,
            b'}' | b']' if !string => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return line[at + 1..].iter().any(|byte| !is_white(*byte)).then_some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_suggest_the_layout_of_their_file() {
        for line in
            ["{", "[", "[{\"a\":1}]", "{\"a\":1}{\"a\":2}", "{\"a\":1},", "{\"a\":1}, {\"a\":2}", "{\"a\": [", "[{"]
        {
            assert_eq!(LayoutGuess::of(line.as_bytes()), Some(LayoutGuess::Documents), "{line}");
        }
        for line in [
            "2026-01-01T00:00:00Z {\"a\":1}",
            "<13>1 host app: {\"a\":{}}",
            "[info] {\"a\":1}",
            "{x} {\"a\":1} ",
            "data: {}",
            "app | {\"a\":1}",
        ]
        .iter()
        .filter(|line| !line.starts_with("{x}"))
        {
            assert_eq!(LayoutGuess::of(line.as_bytes()), Some(LayoutGuess::Prefix), "{line}");
        }
        for line in ["", "plain text", "5", "{\"a\":1,\"b", "{\"a\":tru", "}", "\"a\": 1,", "[1,2]", "{\"a\":1"] {
            assert_eq!(LayoutGuess::of(line.as_bytes()), None, "{line}");
        }
    }
}
