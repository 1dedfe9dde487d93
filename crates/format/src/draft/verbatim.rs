//! Copies members of the given text into place. Members that are adjacent and spelled as they are
//! to be written (no white space, standard names, the same order) are copied in one piece. In most
//! rows that is everything but the run.

use super::fields::{self, FOREIGN_NAME};
use logbook_json::Span;

/// The range of the given text to copy next.
#[derive(Debug, Default)]
pub(super) struct Verbatim {
    from: usize,
    to: usize,
}

impl Verbatim {
    /// Adds a member of `text`. It is written as `,"key":value` to `out` by [`Verbatim::flush`] at
    /// the latest.
    #[inline(always)]
    pub fn member(&mut self, text: &[u8], piece: &Span, out: &mut Vec<u8>) {
        let (key, value) = (piece.key(), piece.value());
        // `":` and nothing else between key and value.
        if key.0 > 0 && value.0 == key.1 + 2 {
            let from = key.0 - 1;
            // Between adjacent members is one byte: the comma.
            if self.to == 0 || from != self.to + 1 {
                self.flush(text, out);
                self.from = from;
            }
            self.to = value.1;
            return;
        }
        self.flush(text, out);
        // `"key":` in one piece, if it is spelled so.
        if key.0 > 0 && text.get(key.1 + 1) == Some(&b':') {
            out.push(b',');
            put(text, key.0 - 1, key.1 + 2, out);
        } else {
            out.extend_from_slice(b",\"");
            match piece.name {
                FOREIGN_NAME => out.extend_from_slice(&text[key.0..key.1]),
                field => out.extend_from_slice(fields::name(field.into()).as_bytes()),
            }
            out.extend_from_slice(b"\":");
        }
        put(text, value.0, value.1, out);
    }

    /// Writes the range.
    #[inline]
    pub(crate) fn flush(&mut self, text: &[u8], out: &mut Vec<u8>) {
        if self.to > 0 {
            out.push(b',');
            out.extend_from_slice(&text[self.from..self.to]);
            self.to = 0;
        }
    }
}

/// Copies `text[from..to]`. A short range is copied as 32 bytes and cut, which needs no call.
#[inline(always)]
fn put(text: &[u8], from: usize, to: usize, out: &mut Vec<u8>) {
    match text.get(from..).and_then(|rest| rest.first_chunk::<32>()) {
        Some(piece) if to - from <= piece.len() => {
            let end = out.len() + (to - from);
            out.extend_from_slice(piece);
            out.truncate(end);
        }
        _ => out.extend_from_slice(&text[from..to]),
    }
}
