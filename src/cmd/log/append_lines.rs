//! Stdin in blocks of whole lines, each line judged: large reads, straight to where the rows are
//! then looked at.

use std::io::Read;

use logbook_format::{LIMITS, name_of};
use logbook_json::bits::{ValidatedLine, Validator};

/// Bytes that are asked for at once.
const READ_BYTES: usize = 256 << 10;

/// Lines as they come.
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// The whole lines that are being given, then what is read of the next one.
    whole: usize,
    filled: usize,
    validator: Validator,
}

impl Lines {
    /// Nothing is read yet.
    pub fn new() -> Lines {
        Lines { buffer: Vec::new(), whole: 0, filled: 0, validator: Validator::new(LIMITS).naming(name_of) }
    }

    /// The next line that has come.
    #[inline]
    pub fn next(&mut self) -> Option<ValidatedLine<'_, '_>> {
        self.validator.next(&self.buffer[..self.whole])
    }

    /// Reads on, when all lines have been given; false at the end, and then [`Lines::rest`] is what
    /// is left.
    pub fn read(&mut self, input: &mut dyn Read) -> std::io::Result<bool> {
        self.buffer.copy_within(self.whole..self.filled, 0);
        self.filled -= self.whole;
        self.whole = 0;
        if self.buffer.len() < self.filled + READ_BYTES {
            self.buffer.resize(self.filled + READ_BYTES, 0);
        }
        let read = loop {
            match input.read(&mut self.buffer[self.filled..self.filled + READ_BYTES]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        let fresh = &self.buffer[self.filled..self.filled + read];
        if let Some(last) = memchr::memrchr(b'\n', fresh) {
            self.whole = self.filled + last + 1;
        }
        self.filled += read;
        self.validator.begin(&self.buffer[..self.whole]);
        Ok(read > 0)
    }

    /// The line whose newline has not come.
    pub fn rest(&self) -> &[u8] {
        &self.buffer[self.whole..self.filled]
    }
}
