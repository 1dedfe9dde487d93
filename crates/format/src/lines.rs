//! A block of bytes into lines. A line that begins with NULs (a hole that a power cut left) is
//! stripped of them, and they are counted.

use memchr::memchr;

use logbook_json as json;

/// One line of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Offset in the block of the first byte of `text`.
    pub at: usize,
    /// The line without leading NULs, its newline, and a carriage return before that.
    pub text: &'a [u8],
    /// Leading NULs that were stripped.
    pub nuls: usize,
    /// Whether a newline ended it.
    pub whole: bool,
}

/// Walks the lines of a block. Blank lines are left out.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    block: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    /// The lines of `block`; what stands after the last newline comes as a line that is not whole.
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
