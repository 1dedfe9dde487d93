//! Finds the body of a private key: the lines of Base64 between `-----BEGIN … PRIVATE KEY-----` and
//! the `END` line. Nothing else is taken, so that such a line cannot hide the command after it.
//! Headers, the `BEGIN` and `END` lines, and a short last line that could be a word are left as
//! they are.
//!
//! [`KeyWatch`] follows a stream of which only the end is kept, and knows whether that end begins
//! inside a key.

use std::collections::VecDeque;
use std::ops::Range;

use memchr::memmem;

use super::key_line::{HEADERS_MAX, LINE_BYTES_MIN, could_be_last, is_long, is_of_line};
use super::prefixed;
use super::text::WORD_END;

/// The kind of their marks (`rules.txt`).
pub const PRIVATE_KEY: &str = "private-key";
/// Part of the line that begins a key, and of the line that ends it.
pub(super) const ANCHOR: &str = "PRIVATE KEY";
/// Most bytes between two lines: line breaks and blanks, quotes and commas of a list, `>` of quoted
/// mail, `<br>`, and the `+` between two strings.
const BETWEEN_BYTES_MAX: usize = 64;

/// The ranges of the lines of bodies in `text`. With `inside_key` it begins inside one. What is
/// between two lines is in no range: a shell could take it for the end of a command.
pub(super) fn find(text: &[u8], inside_key: bool) -> Vec<Range<usize>> {
    let mut found = if inside_key { body(text, 0, true) } else { Vec::new() };
    if inside_key {
        let prefixed_lines = prefixed::lines_inside(text);
        found = if prefixed_lines.len() > found.len() { prefixed_lines } else { found };
    }
    for at in memmem::find_iter(text, ANCHOR) {
        match key_line(text, at) {
            Some(KeyLine::Begins { from, to }) => {
                let lines = body(text, after_headers(text, to), false);
                found.extend(if lines.is_empty() { prefixed::lines_after(text, from, to) } else { lines });
            }
            // A key whose beginning is missing. Of other keys this finds what was found before.
            Some(KeyLine::Ends { from }) => {
                let lines = body_before(text, from);
                found.extend(if lines.is_empty() { prefixed::lines_before(text, from) } else { lines });
            }
            None => {}
        }
    }
    found
}

/// The first or last line of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyLine {
    Begins { from: usize, to: usize },
    Ends { from: usize },
}

/// The line around the [`ANCHOR`] at `at`.
fn key_line(text: &[u8], at: usize) -> Option<KeyLine> {
    let is_of_name = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b' ';
    let name = at - text[..at].iter().rev().take(32).take_while(|byte| is_of_name(byte)).count();
    if !text[..name].ends_with(b"-----") {
        return None;
    }
    let rest = &text[at + ANCHOR.len()..];
    let rest = rest.strip_prefix(b" BLOCK").unwrap_or(rest);
    match &text[name..at] {
        line if line.starts_with(b"END ") => Some(KeyLine::Ends { from: name - 5 }),
        line if line.starts_with(b"BEGIN ") && rest.starts_with(b"-----") => {
            Some(KeyLine::Begins { from: name - 5, to: text.len() - rest.len() + 5 })
        }
        _ => None,
    }
}

/// Skips headers such as `Proc-Type: …`.
fn after_headers(text: &[u8], mut at: usize) -> usize {
    for _ in 0..HEADERS_MAX {
        let from = between(text, at);
        let line = text[from..].iter().take(256).position(|byte| matches!(*byte, b'\n' | WORD_END));
        match line.filter(|length| memmem::find(&text[from..from + length], b": ").is_some()) {
            Some(length) => at = from + length,
            None => break,
        }
    }
    at
}

/// The lines of Base64 from `at` on. With `inside_key` the first line may be incomplete.
fn body(text: &[u8], mut at: usize, inside_key: bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut may_skip = inside_key;
    loop {
        let from = between(text, at);
        let to = text[from..].iter().position(|byte| !is_of_line(*byte)).map_or(text.len(), |length| from + length);
        let line = &text[from..to];
        let is_long = is_long(line);
        if is_long || (!found.is_empty() || inside_key) && could_be_last(line) {
            found.push(from..to);
        }
        let goes_on = is_long || may_skip && to > from;
        if !goes_on {
            return found;
        }
        may_skip = false;
        at = to;
    }
}

/// The lines of Base64 before `at`. The first line may be incomplete.
fn body_before(text: &[u8], mut at: usize) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    loop {
        let to = at - text[..at].iter().rev().take(BETWEEN_BYTES_MAX).take_while(|byte| is_between(byte)).count();
        let from = text[..to].iter().rposition(|byte| !is_of_line(*byte)).map_or(0, |before| before + 1);
        let line = &text[from..to];
        let is_long = is_long(line);
        if !is_long && !could_be_last(line) {
            break;
        }
        // A short line counts only at either end, and never alone.
        let ends = !is_long && !found.is_empty();
        found.push(from..to);
        at = from;
        if ends {
            break;
        }
    }
    if found.iter().map(Range::len).sum::<usize>() < LINE_BYTES_MIN {
        return Vec::new();
    }
    found.reverse();
    found
}

/// Skips what may be between two lines.
fn between(text: &[u8], at: usize) -> usize {
    let mut to = at.min(text.len());
    while to < text.len().min(at + BETWEEN_BYTES_MAX)
        && let length @ 1.. = between_here(&text[to..])
    {
        to += length;
    }
    to
}

/// The length of what may be between two lines, at the start of `text`, or 0.
fn between_here(text: &[u8]) -> usize {
    match text {
        // A line break that is still escaped.
        [b'\\', b'n' | b'r' | b't', ..] => 2,
        [b'+', next, ..] if is_between(next) => 1,
        [b'<', b'b', b'r', rest @ ..] => rest.iter().take(3).position(|byte| *byte == b'>').map_or(0, |at| at + 4),
        [byte, ..] => usize::from(is_between(byte)),
        [] => 0,
    }
}

fn is_between(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || *byte == WORD_END || b"\"'`,\\>|".contains(byte)
}

/// Bytes that are kept from one chunk to the next, more than the longest `BEGIN` line.
const KEY_LINE_BYTES_MAX: usize = 64;

/// Follows a stream and notes where private keys begin and end.
#[derive(Debug, Default)]
pub struct KeyWatch {
    /// The end of the last chunk.
    last: Vec<u8>,
    came: u64,
    /// Offsets of the lines that begin a key (true) or end one (false), in the part of the stream
    /// that is kept.
    lines: VecDeque<(u64, bool)>,
    was_open: bool,
}

impl KeyWatch {
    /// Takes the next chunk.
    pub fn push(&mut self, new: &[u8]) {
        let known = self.last.len();
        let begins = self.came - known as u64;
        self.last.extend_from_slice(new);
        self.came += new.len() as u64;
        for at in memmem::find_iter(&self.last, ANCHOR) {
            // Otherwise it was found with the chunk before.
            if at + ANCHOR.len() > known {
                let before = &self.last[at.saturating_sub(KEY_LINE_BYTES_MAX / 2)..at];
                let word = before.rsplit(|byte| *byte == b'-').next().unwrap_or_default();
                match () {
                    () if word.starts_with(b"BEGIN ") => self.lines.push_back((begins + at as u64, true)),
                    () if word.starts_with(b"END ") => self.lines.push_back((begins + at as u64, false)),
                    () => {}
                }
            }
        }
        self.last.drain(..self.last.len().saturating_sub(KEY_LINE_BYTES_MAX));
    }

    /// The part of the stream before offset `place` is dropped.
    pub fn forget_before(&mut self, place: u64) {
        while let Some((_, begins)) = self.lines.front().filter(|(at, _)| *at < place) {
            self.was_open = *begins;
            self.lines.pop_front();
        }
    }

    /// Whether the part that is kept begins inside a key.
    pub fn was_open(&self) -> bool {
        self.was_open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_followed_whatever_its_chunks() {
        let line = "Qwd6tPTj1K4ryUrRFcX68ewYC9GxGJr6ZjJDVp1M5GuUMMmscSwMHoGqHRJ0t7aa\n";
        let key = format!("-----BEGIN RSA PRIVATE KEY-----\n{line}{line}-----END RSA PRIVATE KEY-----\n");
        let stream = format!("no PRIVATE KEY here\n{key}and then\n{key}");
        let opens: Vec<usize> = stream.match_indices("-----BEGIN").map(|(at, _)| at).collect();
        let closes: Vec<usize> = stream.match_indices("-----END").map(|(at, _)| at).collect();
        for chunk in 1..90 {
            for place in 0..stream.len() {
                let mut watch = KeyWatch::default();
                stream.as_bytes().chunks(chunk).for_each(|chunk| watch.push(chunk));
                watch.forget_before(place as u64);
                // Inside of either line both answers are right: what is left of it is not a line of
                // a key.
                let is_in = |at: &usize| (*at..*at + 40).contains(&place);
                if !opens.iter().chain(&closes).any(is_in) {
                    let open = opens.iter().filter(|at| **at < place).count()
                        > closes.iter().filter(|at| **at < place).count();
                    assert_eq!(watch.was_open(), open, "{chunk} {place}");
                }
            }
        }
    }

    #[test]
    fn only_lines_of_base_64_are_taken() {
        let line = "Qwd6tPTj1K4ryUrRFcX68ewYC9GxGJr6ZjJDVp1M5GuUMMmscSwMHoGqHRJ0t7aa";
        let (begin, end) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
        let cases = [
            (format!("{begin}\n{line}\n{end}"), line.to_owned()),
            (format!("{begin}\n{line}\nAb1=\n{end}"), format!("{line} Ab1=")),
            (format!("{begin}\n{line}\n/bin/Ab1\n{end}"), line.to_owned()),
            (format!("{begin}\n{line}|Reb0ot"), format!("{line} Reb0ot")),
            (format!("{begin}\n{line}\nreboot\n{end}"), line.to_owned()),
            (format!("{begin} {line} && rm -rf x"), line.to_owned()),
            (format!("{begin}\nreboot\n{end}"), String::new()),
            (format!("{begin}\n/srv/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/bbbbb\n{end}"), String::new()),
            (format!("reboot\n{line}\n{end}"), line.to_owned()),
            (line.to_owned(), String::new()),
        ];
        for (text, wanted) in cases {
            let mut found: Vec<&str> = find(text.as_bytes(), false).into_iter().map(|range| &text[range]).collect();
            // The `END` line finds again what the `BEGIN` line found.
            found.dedup();
            found.truncate(wanted.split(' ').count());
            assert_eq!(found.join(" "), wanted, "{text}");
        }
        assert_eq!(find(format!("  7\t{line}\n  8\t{line}\n  9\tx").as_bytes(), true).len(), 2);
        assert_eq!(
            find(format!("7aa\n{line}\nrest of it").as_bytes(), true),
            std::iter::once(4..4 + line.len()).collect::<Vec<_>>()
        );
    }
}
