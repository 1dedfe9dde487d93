//! Text that a terminal cannot obey. `model::shown` defines which characters are escaped.

use std::borrow::Cow;

use logbook_model::error::{Error, Exit};
use logbook_model::shown::is_unsafe;

/// `text` as one line, with every character escaped that a terminal would act on or not show. Line
/// breaks and tabs become `\n` and `\t`, other characters `\u{9b}`.
pub fn escape(text: &str) -> Cow<'_, str> {
    escape_but(text, |_| false)
}

/// Like [`escape`] for text of several lines, whose line breaks stay.
pub(crate) fn escape_lines(text: &str) -> Cow<'_, str> {
    escape_but(text, |rest| rest.starts_with('\n'))
}

/// Escapes drawn text once more: colours, tabs and line ends stay, and everything else that a
/// terminal would obey is escaped. Drawing code that forgot to escape the text of a row can then
/// only colour it.
pub(crate) fn escape_drawn(text: &str) -> Cow<'_, str> {
    let is_colour = |rest: &str| {
        let inside =
            rest.strip_prefix("\x1b[").map(|rest| rest.trim_start_matches(|it: char| it == ';' || it.is_ascii_digit()));
        inside.is_some_and(|rest| rest.starts_with('m'))
    };
    escape_but(text, |rest| rest.starts_with(['\n', '\t']) || rest.starts_with("\r\n") || is_colour(rest))
}

/// `text` with unsafe characters escaped, except where `stays` is true for the text from there on.
fn escape_but(text: &str, stays: impl Fn(&str) -> bool) -> Cow<'_, str> {
    let obeyed = |at: usize, character: char| is_unsafe(character) && !stays(&text[at..]);
    if !text.char_indices().any(|(at, character)| obeyed(at, character)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for (at, character) in text.char_indices() {
        match character {
            _ if !obeyed(at, character) => out.push(character),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ => out.push_str(&format!("\\u{{{:x}}}", u32::from(character))),
        }
    }
    Cow::Owned(out)
}

/// JSON text with unsafe characters written as `\uXXXX`, which means the same. Newlines stay. Bytes
/// that are not UTF-8 become U+FFFD, since a terminal may take them for control characters.
pub(crate) fn escape_json(text: &[u8]) -> Cow<'_, [u8]> {
    let obeyed = |character: char| character != '\n' && is_unsafe(character);
    let lossy = String::from_utf8_lossy(text);
    if !lossy.chars().any(obeyed) {
        return match lossy {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(lossy) => Cow::Owned(lossy.into_bytes()),
        };
    }
    let mut out = String::with_capacity(lossy.len() + 16);
    for character in lossy.chars() {
        if matches!(character, '\t' | '\r') {
            // They occur only between values, where a blank means the same. A carriage return would
            // let the row overwrite its own beginning.
            out.push(' ');
        } else if obeyed(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out.into_bytes())
}

/// What begins the line of a hint.
const HINT: &str = "hint: ";

/// An error as it is shown: its own lines, and each of them one line whatever it quotes.
pub fn error(error: &Error) -> String {
    let hint = error.hint.iter().map(|hint| format!("{HINT}{hint}"));
    let lines = std::iter::once(&error.message).chain(&error.lines).cloned().chain(hint);
    lines.map(|line| escape(&line).into_owned()).collect::<Vec<_>>().join("\n")
}

/// The error that [`error`] printed as these lines; `None` if there is none.
pub fn read_error(exit: Exit, lines: &[String]) -> Option<Error> {
    let hint = lines.iter().rposition(|line| line.starts_with(HINT));
    let mut own = lines.get(..hint.unwrap_or(lines.len()))?.iter().cloned();
    let error = Error::new(exit, own.next()?).beneath(own);
    Some(match hint.and_then(|at| lines.get(at)?.strip_prefix(HINT)) {
        Some(hint) => error.hint(hint),
        None => error,
    })
}
