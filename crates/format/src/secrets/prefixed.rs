//! Finds the lines of a private key as viewers print them: after line numbers, the name of a file,
//! comment marks or times. The `BEGIN` or `END` line has the prefix, and every other line must have
//! one of the same sort.
//!
//! Not here: keys without prefixes, and what a line of a key is (`private_key`).

use std::ops::Range;

use super::key_line::{HEADERS_MAX, could_be_last, is_long, is_of_line};
use super::text::WORD_END;

/// Longest prefix, and longest line that a search goes back.
const PREFIX_BYTES_MAX: usize = 96;
const LINE_BYTES_MAX: usize = 256;
/// Most blanks, quotes and the like after a line.
const TRAILING_BYTES_MAX: usize = 16;
/// What ends a line, also in text that is escaped or HTML.
const BREAKS: [&[u8]; 7] = [b"\n", b"\\r\\n", b"\\n", &[WORD_END], b"<br>", b"<br/>", b"<br />"];

/// Ranges of the lines after the `BEGIN` line from `from` to `to`.
pub(super) fn lines_after(text: &[u8], from: usize, to: usize) -> Vec<Range<usize>> {
    prefix(text, from).map_or_else(Vec::new, |prefix| lines(prefix, text, next_line(text, to)))
}

/// Ranges of the lines at the beginning of a text that begins inside a key.
pub(super) fn lines_inside(text: &[u8]) -> Vec<Range<usize>> {
    let line_end = text.iter().take(LINE_BYTES_MAX).position(|byte| *byte == b'\n').unwrap_or(0);
    let begins = text[..line_end].iter().rposition(|byte| !is_of_line(*byte)).map_or(0, |before| before + 1);
    prefix(text, begins).map_or_else(Vec::new, |prefix| lines(prefix, text, Some(0)))
}

/// Ranges of the lines with this prefix, the first at `begins`.
fn lines(prefix: &[u8], text: &[u8], mut begins: Option<usize>) -> Vec<Range<usize>> {
    let (mut found, mut headers) = (Vec::new(), 0);
    while let Some(line) = begins.and_then(|begins| after_prefix(prefix, text, begins)) {
        let run = run(text, line);
        let mut at = run.end;
        if is_long(&text[run.clone()]) {
            found.push(run);
        } else if found.is_empty() && headers <= HEADERS_MAX {
            headers += 1;
            at += text[at..].iter().take(LINE_BYTES_MAX).take_while(|byte| !matches!(**byte, b'\n' | WORD_END)).count();
        } else {
            found.extend(Some(run).filter(|run| could_be_last(&text[run.clone()])));
            break;
        }
        begins = next_line(text, at);
    }
    found
}

/// Ranges of the lines before the `END` line that begins at `from`.
pub(super) fn lines_before(text: &[u8], from: usize) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let Some(prefix) = prefix(text, from) else { return found };
    let mut begins = from - prefix.len();
    while let Some(line_end) = BREAKS.iter().find_map(|it| text[..begins].strip_suffix(*it)).map(<[u8]>::len) {
        begins = line_begins(text, line_end);
        let Some(run) = after_prefix(prefix, text, begins).map(|at| run(text, at)) else { break };
        let line = &text[run.clone()];
        // Only the last line may be short, and not alone.
        if !(is_long(line) || found.is_empty() && could_be_last(line)) {
            break;
        }
        found.push(run);
    }
    let has_long = found.iter().any(|run| is_long(&text[run.clone()]));
    found.retain(|_| has_long);
    found.reverse();
    found
}

/// The prefix of the line at `at`. It must end with a mark or a blank, or it could not be
/// distinguished from the line.
fn prefix(text: &[u8], at: usize) -> Option<&[u8]> {
    let prefix = &text[line_begins(text, at)..at];
    let ends = prefix.last().is_some_and(|byte| !byte.is_ascii_alphanumeric());
    (ends && prefix.len() <= PREFIX_BYTES_MAX).then_some(prefix)
}

/// Where the line that `at` is in begins.
fn line_begins(text: &[u8], at: usize) -> usize {
    let earliest = at.saturating_sub(LINE_BYTES_MAX);
    (earliest..=at).rev().find(|at| BREAKS.iter().any(|it| text[..*at].ends_with(it))).unwrap_or(earliest)
}

/// Where the next line begins, if this one ends at `at` but for blanks, quotes and the like.
fn next_line(text: &[u8], at: usize) -> Option<usize> {
    let is_trailing = |byte: &&u8| b" \t\r\"'`,|+".contains(byte);
    let trailing = text[at..].iter().take(TRAILING_BYTES_MAX).take_while(is_trailing).count();
    BREAKS.iter().find(|it| text[at + trailing..].starts_with(it)).map(|it| at + trailing + it.len())
}

/// The position after a prefix of the same sort at `at`: with other numbers, and more or fewer
/// blanks.
fn after_prefix(prefix: &[u8], text: &[u8], mut at: usize) -> Option<usize> {
    let count = |text: &[u8], is: fn(&u8) -> bool| text.iter().take(PREFIX_BYTES_MAX).take_while(|it| is(it)).count();
    let mut rest = prefix;
    loop {
        rest = &rest[count(rest, is_blank)..];
        at += count(&text[at..], is_blank);
        let Some(byte) = rest.first() else { return Some(at) };
        let (same, here) = match byte.is_ascii_digit() {
            true => (count(rest, u8::is_ascii_digit), count(&text[at..], u8::is_ascii_digit)),
            false => (1, usize::from(text.get(at) == Some(byte))),
        };
        if here == 0 {
            return None;
        }
        rest = &rest[same..];
        at += here;
    }
}

fn is_blank(byte: &u8) -> bool {
    matches!(*byte, b' ' | b'\t')
}

/// The run of Base64 from `at` on.
fn run(text: &[u8], at: usize) -> Range<usize> {
    at..text[at..].iter().position(|byte| !is_of_line(*byte)).map_or(text.len(), |length| at + length)
}
