//! The body of a private key: the lines of base 64 behind `-----BEGIN … PRIVATE KEY-----`, and nothing else. Whoever writes
//! such a line before a command hides nothing with it.
//!
//! [`KeyWatch`] tells of a stream whose beginning is not kept whether it is within a key.
//!
//! What is no long line of base 64 is left as it is: headers, the lines that begin and end the key, and a short last line
//! that could be a word.

use std::collections::VecDeque;
use std::ops::Range;

use memchr::memmem;

use super::text::WORD_END;

/// What stands in the line that begins a key.
pub(super) const ANCHOR: &str = "PRIVATE KEY";
/// Shortest line of a body, but for its last. The key of an elliptic curve, in one line, has 64.
const LINE_BYTES_MIN: usize = 40;
/// Bytes between two lines: blanks, quotes and commas of lists, bars of quoted mail.
const BETWEEN_BYTES_MAX: usize = 24;
/// Headers behind the first line of an encrypted key.
const HEADERS_MAX: usize = 6;

/// Where bodies stand in `text`. `begun`: it begins within one.
pub(super) fn find(text: &[u8], begun: bool) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = if begun { body(text, 0, true).into_iter().collect() } else { Vec::new() };
    for at in memmem::find_iter(text, ANCHOR) {
        match key_line(text, at) {
            Some(KeyLine::Begins { to }) => found.extend(body(text, behind_headers(text, to), false)),
            // Of a key whose beginning is not there.
            Some(KeyLine::Ends { from }) => found.extend(body_before(text, from)),
            None => {}
        }
    }
    found
}

/// The line that begins a key, and the one that ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyLine {
    Begins { to: usize },
    Ends { from: usize },
}

/// The line whose [`ANCHOR`] stands at `at`.
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
            Some(KeyLine::Begins { to: text.len() - rest.len() + 5 })
        }
        _ => None,
    }
}

/// `Proc-Type: …` and its like.
fn behind_headers(text: &[u8], mut at: usize) -> usize {
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

/// The lines of base 64 from `at` on. `begun`: the first one may be what is left of one, or left out.
fn body(text: &[u8], mut at: usize, begun: bool) -> Option<Range<usize>> {
    let mut found: Option<Range<usize>> = None;
    let mut may_skip = begun;
    loop {
        let from = between(text, at);
        let to = text[from..].iter().position(|byte| !is_of_line(*byte)).map_or(text.len(), |length| from + length);
        let line = &text[from..to];
        let is_long = line.len() >= LINE_BYTES_MIN && is_mixed(line);
        let is_last = !is_long && (found.is_some() || begun) && could_be_last(line);
        at = to;
        if is_long || is_last {
            found = Some(found.map_or(from, |found| found.start)..to);
        }
        if !is_long && !(std::mem::take(&mut may_skip) && to > from) {
            return found;
        }
        may_skip = false;
    }
}

/// The lines of base 64 up to `at`. The first of them may be what is left of one.
fn body_before(text: &[u8], mut at: usize) -> Option<Range<usize>> {
    let mut found: Option<Range<usize>> = None;
    loop {
        let to = at - text[..at].iter().rev().take(BETWEEN_BYTES_MAX).take_while(|byte| is_between(byte)).count();
        let from = text[..to].iter().rposition(|byte| !is_of_line(*byte)).map_or(0, |before| before + 1);
        let line = &text[from..to];
        let is_long = line.len() >= LINE_BYTES_MIN && is_mixed(line);
        // Nothing but the end of a key tells a short line from a word, and nothing but a long one that there is a key.
        let is_short = !is_long && could_be_last(line);
        match &mut found {
            _ if !is_long && !is_short => break,
            None => found = Some(from..to),
            Some(found) => found.start = from,
        }
        at = from;
        if is_short && found.as_ref().is_some_and(|found| found.end > to) {
            break;
        }
    }
    found.filter(|found| found.len() >= LINE_BYTES_MIN)
}

/// Behind what stands between two lines.
fn between(text: &[u8], at: usize) -> usize {
    let mut to = at.min(text.len());
    while to < text.len().min(at + BETWEEN_BYTES_MAX) && is_between(&text[to]) {
        // A line break that is still an escape.
        let is_escape = text[to] == b'\\' && matches!(text.get(to + 1), Some(b'n' | b'r' | b't'));
        to += if is_escape { 2 } else { 1 };
    }
    to
}

fn is_between(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || *byte == WORD_END || b"\"'`,\\>|".contains(byte)
}

fn is_of_line(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// As chance mixes them: no word and no path.
fn is_mixed(line: &[u8]) -> bool {
    let has = |is: fn(&u8) -> bool| line.iter().any(is);
    has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
}

/// The last line of a key is of any length. A word in lower case could be a command.
fn could_be_last(line: &[u8]) -> bool {
    let has = |is: fn(&u8) -> bool| line.iter().any(is);
    line.len() >= 4
        && (line.ends_with(b"=")
            || line.starts_with(b"=")
            || has(u8::is_ascii_uppercase) && has(|byte| !byte.is_ascii_uppercase()))
}

/// Longest line that begins or ends a key, as far as it matters.
const KEY_LINE_BYTES_MAX: usize = 64;

/// Watches a stream for the lines that begin and end private keys.
#[derive(Debug, Default)]
pub struct KeyWatch {
    /// The end of what came.
    last: Vec<u8>,
    came: u64,
    /// Where lines that begin a key (true) and that end one stand, behind what is forgotten.
    lines: VecDeque<(u64, bool)>,
    was_open: bool,
}

impl KeyWatch {
    /// Takes in what came next.
    pub fn push(&mut self, new: &[u8]) {
        let known = self.last.len();
        let begins = self.came - known as u64;
        self.last.extend_from_slice(new);
        self.came += new.len() as u64;
        for at in memmem::find_iter(&self.last, ANCHOR) {
            // What ends in what was there already was found before.
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

    /// What stands before `place` is no longer kept.
    pub fn forget_before(&mut self, place: u64) {
        while let Some((_, begins)) = self.lines.front().filter(|(at, _)| *at < place) {
            self.was_open = *begins;
            self.lines.pop_front();
        }
    }

    /// Whether what is kept begins within a key.
    pub fn was_open(&self) -> bool {
        self.was_open
    }
}
