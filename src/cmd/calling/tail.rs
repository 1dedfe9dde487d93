//! The end of what a command puts out, kept without secrets. More of it is kept than is shown, and whether it begins within
//! a private key: what is shown is cut from what was redacted, never the other way round.

use std::collections::VecDeque;

use crate::error::Result;
use crate::format::secrets::{KeyWatch, MARK_BYTES_MAX, Redactor};

/// Bytes of the last lines of a stream that are shown.
const SHOWN_BYTES_MAX: usize = 16 << 10;
/// Bytes that are kept of it until it ends.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// The end of a stream.
#[derive(Debug, Default)]
pub struct Tail {
    kept: VecDeque<u8>,
    /// Bytes that came, the kept ones included.
    came: u64,
    keys: KeyWatch,
}

impl Tail {
    /// Takes in what came next.
    pub fn push(&mut self, new: &[u8]) {
        self.came += new.len() as u64;
        self.keys.push(new);
        self.kept.extend(&new[new.len().saturating_sub(KEPT_BYTES_MAX)..]);
        self.kept.drain(..self.kept.len().saturating_sub(KEPT_BYTES_MAX));
        self.keys.forget_before(self.came - self.kept.len() as u64);
    }

    /// Its last `lines`, with marks for its secrets, which are told of as of the field at `path`; `None`: as they are.
    pub fn text(&self, lines: usize, redactor: Option<&Redactor>, path: &str) -> Result<String> {
        let (first, second) = self.kept.as_slices();
        let kept = [first, second].concat();
        let is_cut = self.came > kept.len() as u64;
        // A piece of a line could be a piece of a secret; where there is one line alone, a piece of a word.
        let ends_word = |byte: &u8| byte.is_ascii_whitespace() || b"\"',;{}[]".contains(byte);
        let end = || {
            memchr::memchr(b'\n', &kept).filter(|at| at + 1 < kept.len()).or_else(|| kept.iter().position(ends_word))
        };
        let from = if is_cut { end().map_or(0, |at| at + 1) } else { 0 };
        let text = String::from_utf8_lossy(&kept[from..]);
        let text = match redactor {
            Some(redactor) => redactor.text(path, &text, self.keys.was_open())?,
            None => text.into_owned(),
        };
        Ok(last_lines(last_bytes(&text), lines))
    }
}

/// The end of `text` that is shown: whole characters and whole marks.
fn last_bytes(text: &str) -> &str {
    let Some(from) = text.len().checked_sub(SHOWN_BYTES_MAX) else { return text };
    let from = (from..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let before = (from.saturating_sub(MARK_BYTES_MAX)..from).find(|at| text.is_char_boundary(*at)).unwrap_or(from);
    let open = text[before..from].rfind("[redacted:").filter(|at| !text[before + at..from].contains(']'));
    let rest = &text[from..];
    match open {
        Some(_) => rest.find(']').map_or(rest, |end| &rest[end + 1..]),
        None => rest,
    }
}

fn last_lines(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    all[all.len().saturating_sub(lines)..].concat()
}
