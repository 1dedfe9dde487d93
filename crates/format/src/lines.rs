//! Splits a block of bytes into lines. NULs at the start of a line (a hole that a power cut left)
//! are stripped and counted.
//!
//! This is the splitter of lines for all code that reads every line of a block. Two others remain,
//! because the newlines come for free with their bitmasks: `json::bits::Finder::lines` for queries
//! and `json::bits::Validator::next` for writers. Code that needs one boundary calls `memchr`.

use memchr::memchr;

use logbook_json as json;

/// One line of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// The offset of `text` in the block.
    pub at: usize,
    /// The line without leading NULs, without its newline, and without a carriage return before
    /// that.
    pub text: &'a [u8],
    /// The number of NULs that were stripped.
    pub nuls: usize,
    /// Whether it ended with a newline.
    pub whole: bool,
}

/// The lines of a block, without blank ones.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    block: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    /// The lines of `block`. Bytes after the last newline are a line that is not `whole`.
    pub fn new(block: &'a [u8]) -> Self {
        Lines { block, at: 0 }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    #[inline]
    fn next(&mut self) -> Option<Line<'a>> {
        loop {
            let rest = self.block.get(self.at..)?;
            if rest.is_empty() {
                return None;
            }
            let (length, whole) = match memchr(b'\n', rest) {
                Some(length) => (length, true),
                None => (rest.len(), false),
            };
            let from = self.at;
            self.at += length + usize::from(whole);
            let line = &rest[..length];
            let nuls = if line.first() == Some(&0) { line.iter().take_while(|byte| **byte == 0).count() } else { 0 };
            let mut text = &line[nuls..];
            if text.last() == Some(&b'\r') {
                text = &text[..text.len() - 1];
            }
            if nuls == 0 && text.iter().all(|byte| json::skip::is_white(*byte)) {
                continue;
            }
            return Some(Line { at: from + nuls, text, nuls, whole });
        }
    }
}
