//! Inputs cut into pieces that can be read side by side: stretches of plain files and of archives that tell where their
//! frames begin, cut at newlines, and whole inputs that can only be read from the start to the end.

use std::io::{self, Read};

use memchr::memchr;

use super::source::Source;
use crate::store::input::Anywhere;

/// A part of the inputs. Pieces in their order are the inputs in theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// Which input.
    pub input: u32,
    /// The lines that begin in this stretch of it; `None`: all of it, as a stream.
    pub range: Option<(u64, u64)>,
}

/// The first pieces are small, so that the first rows are out at once; later ones cost less to hand about.
const FIRST_BYTES: u64 = 512 << 10;
const PIECE_BYTES: u64 = 4 << 20;

/// Of archives: to know whether a frame begins with a line, the one before it is unpacked too.
const PACKED_PIECE_BYTES: u64 = 8 << 20;

/// Cuts the inputs of `source`, without those that are left out. Those that are packed in one piece, are no regular files or cannot be
/// opened stay whole: reading them tells.
pub(super) fn cut(source: &Source) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut size = FIRST_BYTES;
    for (input, open) in (0u32..).zip(source.iter()) {
        if source.left_out(input).is_some() {
            continue;
        }
        // Where a value begins is known only to who has read all before it.
        let stored = if source.layout().documents { Ok(None) } else { open.open_anywhere() };
        let Ok(Some(stored)) = stored else {
            pieces.push(Piece { input, range: None });
            continue;
        };
        let mut from = source.begins(input);
        while from < stored.bytes {
            let step = if stored.is_packed() { PACKED_PIECE_BYTES } else { size };
            let to = if stored.bytes - from < step + step / 2 { stored.bytes } else { stored.cut(from + step) };
            pieces.push(Piece { input, range: Some((from, to)) });
            from = to;
            size = (size * 2).min(PIECE_BYTES);
        }
    }
    pieces
}

/// The lines of a file that begin in a stretch of it, as a stream.
pub(super) struct Stretch {
    file: Anywhere,
    at: u64,
    end: u64,
}

impl Stretch {
    /// The lines of `file` that begin in `range`.
    pub fn new(mut file: Anywhere, range: (u64, u64)) -> io::Result<Stretch> {
        let at = line_start(&mut file, range.0)?;
        let end = line_start(&mut file, range.1)?;
        Ok(Stretch { file, at, end })
    }

    /// Where the first of them begins.
    pub fn offset(&self) -> u64 {
        self.at
    }
}

impl Read for Stretch {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = (buffer.len() as u64).min(self.end.saturating_sub(self.at)) as usize;
        let read = self.file.read_at(&mut buffer[..want], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// The first start of a line at or after `at`; the end of the file where there is none.
fn line_start(file: &mut Anywhere, at: u64) -> io::Result<u64> {
    if at == 0 || at >= file.bytes {
        return Ok(at.min(file.bytes));
    }
    let mut buffer = [0; 4096];
    let mut from = at - 1;
    loop {
        match file.read_at(&mut buffer, from) {
            Ok(0) => return Ok(file.bytes),
            Ok(read) => match memchr(b'\n', &buffer[..read]) {
                Some(newline) => return Ok(from + newline as u64 + 1),
                None => from += read as u64,
            },
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
