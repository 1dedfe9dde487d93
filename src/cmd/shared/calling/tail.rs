//! The end of a command's output, without secrets. It keeps more than it shows, because it redacts
//! before it cuts: half of a secret would not be recognized.

use std::collections::VecDeque;

use logbook_format::secrets::{KeyWatch, MARK_BEGINS, MARK_BYTES_MAX, Redactor};
use logbook_model::error::Result;

/// The longest text shown, bytes.
const SHOWN_BYTES_MAX: usize = 16 << 10;
/// Bytes kept until the stream ends.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// The end of a stream.
#[derive(Debug, Default)]
pub struct Tail {
    kept: VecDeque<u8>,
    /// Length of the stream so far, bytes.
    stream_bytes: u64,
    keys: KeyWatch,
}

impl Tail {
    /// Adds the next chunk.
    pub fn push(&mut self, new: &[u8]) {
        self.stream_bytes += new.len() as u64;
        self.keys.push(new);
        self.kept.extend(&new[new.len().saturating_sub(KEPT_BYTES_MAX)..]);
        self.kept.drain(..self.kept.len().saturating_sub(KEPT_BYTES_MAX));
        self.keys.forget_before(self.stream_bytes - self.kept.len() as u64);
    }

    /// The last `lines` lines. The redactor replaces secrets, and reports them for the field
    /// `path`.
    pub fn text(&self, lines: usize, redactor: Option<&Redactor>, path: &str) -> Result<String> {
        let (first, second) = self.kept.as_slices();
        let kept = [first, second].concat();
        let is_cut = self.stream_bytes > kept.len() as u64;
        // The first line may be incomplete, and so may a secret in it. If there is only one line,
        // drop a word instead.
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

/// The end of `text` that is shown. It begins within no character and no redaction mark.
fn last_bytes(text: &str) -> &str {
    let Some(from) = text.len().checked_sub(SHOWN_BYTES_MAX) else { return text };
    let from = (from..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let before = (from.saturating_sub(MARK_BYTES_MAX)..from).find(|at| text.is_char_boundary(*at)).unwrap_or(from);
    let open = text[before..from].rfind(MARK_BEGINS).filter(|at| !text[before + at..from].contains(']'));
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
