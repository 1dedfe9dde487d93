//! Inputs cut into pieces that threads can read side by side. Plain files, and archives that list
//! their frames, are cut at newlines; other inputs are one piece, since they can only be read from
//! start to end.

use std::io::{self, Read};
use std::ops::ControlFlow;

use memchr::memchr;
use regex::bytes::Regex;

use super::rows::{for_each_row_with, is_whole};
use super::skipped::Skipped;
use super::source::Source;
use logbook_model::READ_ROW_BYTES_MAX;
use logbook_store::Input;
use logbook_store::input::RandomAccess;

/// A part of an input. The pieces in order make up the inputs in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// The number of the input.
    pub input: u32,
    /// The byte range in which its lines begin; `None`: the whole input, as a stream.
    pub range: Option<(u64, u64)>,
}

/// The first pieces are small, so that the first rows are printed soon; later ones are larger,
/// since each piece has a cost.
const FIRST_BYTES: u64 = 512 << 10;
const PIECE_BYTES: u64 = 4 << 20;

/// The size where the results of pieces are joined, which costs time for each run in each piece: as
/// large as possible while every thread still has several.
const JOINED_BYTES: u64 = 32 << 20;
const JOINED_SHARE: u64 = 4;

/// The size in archives. To find out whether a frame begins with a line, the frame before it is
/// unpacked too.
const PACKED_PIECE_BYTES: u64 = 8 << 20;

/// The size limit of pieces for this many bytes and threads; `joins`: their results are joined.
pub(super) fn piece_bytes(bytes: u64, threads: usize, joins: bool) -> u64 {
    match joins {
        // One piece: no other thread waits for a share.
        true if threads == 1 => 1 << 40,
        true => (bytes / (threads as u64 * JOINED_SHARE)).clamp(PIECE_BYTES, JOINED_BYTES),
        false => PIECE_BYTES,
    }
}

/// Cuts the inputs of `source` that are read into pieces of about `bytes_max`. Inputs that are
/// packed in one frame, are not regular files or cannot be opened stay whole: reading them reports
/// the error.
pub(super) fn cut(source: &Source, bytes_max: u64) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut size = FIRST_BYTES;
    for (input, open) in (0u32..).zip(source.iter()) {
        if source.left_out(input).is_some() {
            continue;
        }
        // Only a reader that has read everything before it knows where a value begins.
        let stored = if source.layout().documents { None } else { open.open_random_access().ok().flatten() };
        let Some(stored) = stored.and_then(|mut stored| stored.is_true().then_some(stored)) else {
            pieces.push(Piece { input, range: None });
            continue;
        };
        let mut from = source.begins(input);
        while from < stored.bytes {
            let step = if stored.is_packed() { size.max(PACKED_PIECE_BYTES) } else { size };
            let to = if stored.bytes - from < step + step / 2 { stored.bytes } else { stored.cut(from + step) };
            pieces.push(Piece { input, range: Some((from, to)) });
            from = to;
            size = size.saturating_mul(2).min(bytes_max);
        }
    }
    pieces
}

/// All of `input` as one piece. An archive that lists its frames is read by range, since then
/// damage to one frame loses no rows of the others.
pub(super) fn whole(number: u32, input: &Input) -> Piece {
    let stored = input.open_random_access().ok().flatten().filter(RandomAccess::is_packed);
    let range = stored.and_then(|mut stored| stored.is_true().then_some((0, stored.bytes)));
    Piece { input: number, range }
}

/// Hands the lines of `input` that begin in `range` to `read`, as streams with the offset at which
/// each begins. Behind a frame that cannot be unpacked, a new stream begins; `damaged` gets the
/// offset and the reason. Returns the number of bytes read. Fails if nothing more can be read.
pub(super) fn each_stretch(
    input: &Input,
    range: (u64, u64),
    damaged: &mut dyn FnMut(u64, String),
    read: &mut dyn FnMut(&mut dyn Read, u64) -> io::Result<u64>,
) -> io::Result<u64> {
    let stored = input.open_random_access()?.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut stretch = Stretch::new(stored, range)?;
    let mut bytes = 0;
    loop {
        let from = stretch.at;
        match read(&mut stretch, from) {
            Ok(read) => return Ok(bytes + read),
            Err(error) if stretch.file.is_packed() && is_damage(&error) => {
                damaged(stretch.at, error.to_string());
                bytes += stretch.at - from;
                stretch.at = after_damage(&mut stretch.file, stretch.at)?;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Like [`each_stretch`] for all of `input`. Standard input is not read.
pub(super) fn each_stream(
    input: &Input,
    damaged: &mut dyn FnMut(u64, String),
    read: &mut dyn FnMut(&mut dyn Read, u64) -> io::Result<u64>,
) -> io::Result<u64> {
    match whole(0, input).range {
        Some(range) => each_stretch(input, range, damaged, read),
        None => input.open()?.map_or(Ok(0), |mut reader| read(&mut *reader, 0)),
    }
}

/// Calls `each` with the rows of `input` that contain `literal`, and their offsets.
pub(super) fn each_line(input: &Input, literal: Option<&Regex>, mut each: impl FnMut(&[u8], u64) -> ControlFlow<()>) {
    let find = |text: &[u8]| literal.map_or(Some(0), |literal| literal.find(text).map(|found| found.start()));
    // The scan that follows reports what is skipped.
    let mut skipped = Skipped::default();
    let mut lines = |reader: &mut dyn Read, start: u64| {
        for_each_row_with(reader, "", start, &mut skipped, is_whole, find, |text, offset, _| each(text, offset))
    };
    let _: io::Result<u64> = each_stream(input, &mut |_, _| (), &mut lines);
}

/// Whether the content is damaged, as opposed to a failure of the disk.
pub(super) fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    matches!(error.kind(), Other | InvalidData | InvalidInput | UnexpectedEof)
}

/// The lines of a file that begin in a range of it, as a stream.
struct Stretch {
    file: RandomAccess,
    at: u64,
    end: u64,
}

impl Stretch {
    fn new(mut file: RandomAccess, range: (u64, u64)) -> io::Result<Stretch> {
        let at = line_start(&mut file, range.0)?;
        let end = line_start(&mut file, range.1)?;
        Ok(Stretch { file, at, end })
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

/// The first start of a line at or after `at`, behind any damage there; the end of the file if
/// there is none.
fn line_start(file: &mut RandomAccess, at: u64) -> io::Result<u64> {
    if at == 0 || at >= file.bytes {
        return Ok(at.min(file.bytes));
    }
    match line_end(file, at - 1, &mut |_| ()) {
        Ok(end) => Ok(end),
        Err((bad, error)) if file.is_packed() && is_damage(&error) => after_damage(file, bad),
        Err((_, error)) => Err(error),
    }
}

/// The start of the first line behind the frame that holds the damaged byte `bad`. Whether the next
/// frame begins with a line is not recorded. A part of an object is never an object, so its first
/// line counts if it is one.
fn after_damage(file: &mut RandomAccess, mut bad: u64) -> io::Result<u64> {
    loop {
        let next = file.frame_end(bad);
        if next >= file.bytes {
            return Ok(file.bytes);
        }
        let mut line = Vec::new();
        let keep = &mut |more: &[u8]| {
            if line.len() <= READ_ROW_BYTES_MAX {
                line.extend_from_slice(more);
            }
        };
        match line_end(file, next, keep) {
            Ok(end) => return Ok(if is_whole(&line) { next } else { end }),
            Err((at, error)) if is_damage(&error) => bad = at,
            Err((_, error)) => return Err(error),
        }
    }
}

/// The end of the line that contains byte `from`, behind its newline; `seen` gets the bytes before
/// the newline. An error has the offset that could not be read.
fn line_end(file: &mut RandomAccess, mut from: u64, seen: &mut dyn FnMut(&[u8])) -> Result<u64, (u64, io::Error)> {
    let mut buffer = [0; 4096];
    loop {
        match file.read_at(&mut buffer, from) {
            Ok(0) => return Ok(file.bytes),
            Ok(read) => match memchr(b'\n', &buffer[..read]) {
                Some(newline) => {
                    seen(&buffer[..newline]);
                    return Ok(from + newline as u64 + 1);
                }
                None => {
                    seen(&buffer[..read]);
                    from += read as u64;
                }
            },
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((from, error)),
        }
    }
}
