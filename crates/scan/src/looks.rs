//! What a file looks like whose lines are no rows: so that one note with what to type stands for
//! thousands of lines.

use logbook_json::frame;
use logbook_json::skip::is_white;

/// What lines that are no rows look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looks {
    /// Parts of documents over many lines, an array of rows, or several values on one line.
    Documents,
    /// Rows with something before them.
    Prefix,
}

impl Looks {
    /// What a line that is not a row looks like, if it tells anything.
    pub(crate) fn of(line: &[u8]) -> Option<Looks> {
        let line = line.trim_ascii();
        if behind_prefix(line).is_some_and(|at| at > 0 && !line.starts_with(b"[{") && !is_value_before(line, at)) {
            return Some(Looks::Prefix);
        }
        let opens = matches!(line.first(), Some(b'{' | b'['));
        // Where printers break lines; a torn row seldom ends there.
        let breaks = matches!(line.last(), Some(b'{' | b'[' | b',')) || matches!(line, b"{" | b"[");
        let several = opens && matches!(line.last(), Some(b'}' | b']')) && end_of_first(line).is_some();
        let array = line.first() == Some(&b'[') && line[1..].trim_ascii_start().first() == Some(&b'{');
        (opens && (breaks || several || array)).then_some(Looks::Documents)
    }

    /// What it says, and what to type.
    pub(crate) fn says(self) -> &'static str {
        match self {
            Looks::Documents => {
                "it looks like whole JSON documents or arrays, not a row on each line; to read them: --input json"
            }
            Looks::Prefix => "something stands before the JSON on its lines; to read what follows it: --prefix skip",
        }
    }
}

/// How many brackets are tried as the beginning of a row.
const TRIED_MAX: usize = 64;

/// Where the row begins that ends a line and has something before it.
pub(super) fn behind_prefix(line: &[u8]) -> Option<usize> {
    let none: [&str; 0] = [];
    let is_row = |at: &usize| frame::pick(&line[*at..], &none, &mut Vec::new()).is_ok();
    memchr::memchr_iter(b'{', line).take(TRIED_MAX).find(is_row)
}

/// Whether what stands before `at` is an object or array itself, with a comma behind it or none.
fn is_value_before(line: &[u8], at: usize) -> bool {
    let before = line[..at].trim_ascii();
    let before = before.strip_suffix(b",").unwrap_or(before);
    before.first() == Some(&b'{') && before.last() == Some(&b'}')
}

/// Where the object or array ends that the line begins with, if something follows it.
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
    fn lines_tell_what_their_file_is() {
        for line in
            ["{", "[", "[{\"a\":1}]", "{\"a\":1}{\"a\":2}", "{\"a\":1},", "{\"a\":1}, {\"a\":2}", "{\"a\": [", "[{"]
        {
            assert_eq!(Looks::of(line.as_bytes()), Some(Looks::Documents), "{line}");
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
            assert_eq!(Looks::of(line.as_bytes()), Some(Looks::Prefix), "{line}");
        }
        for line in ["", "plain text", "5", "{\"a\":1,\"b", "{\"a\":tru", "}", "\"a\": 1,", "[1,2]", "{\"a\":1"] {
            assert_eq!(Looks::of(line.as_bytes()), None, "{line}");
        }
    }
}
