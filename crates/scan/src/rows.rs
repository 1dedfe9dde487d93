//! One input as a stream of lines. Memory is bounded by the longest row that is read (16 MiB by
//! default), however long the lines are.

use std::io::{self, Read};
use std::ops::ControlFlow;

use memchr::{memchr, memrchr};

use super::skipped::{Class, Skipped};
use logbook_json::{self as json, Limits};
use logbook_model::READ_ROW_BYTES_MAX;
use logbook_store::meter;

/// Bytes per read: a block and the bitmasks made of it fit the cache of one core.
const BLOCK_BYTES: usize = 128 << 10;

/// Consecutive lines of the input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block<'b> {
    /// Whole lines with their newlines, or the last line without one.
    pub bytes: &'b [u8],
    /// The offset of the first byte in the input.
    pub offset: u64,
    /// The number of NULs just before the block, which are stripped already.
    pub nuls: u64,
    /// Whether the last byte is a newline.
    pub whole: bool,
}

/// A line as it was read.
#[derive(Debug, Clone, Copy)]
pub struct RawLine<'l> {
    /// Its bytes, without the newline.
    pub text: &'l [u8],
    /// The offset of the first byte.
    pub offset: u64,
    /// The number of NULs just before it that are stripped already.
    pub nuls: u64,
}

/// Hands the lines of `reader` to `each`, block by block. Lines longer than `row_bytes_max`, and
/// runs of NULs longer than a block, are added to `skipped`. `start` is the offset of the first
/// byte in its input. Break ends the reading. Returns the number of bytes read.
pub(crate) fn for_each_block(
    reader: &mut dyn Read,
    file: &str,
    start: u64,
    row_bytes_max: usize,
    skipped: &mut Skipped,
    mut each: impl FnMut(Block<'_>, &mut Skipped) -> ControlFlow<()>,
) -> io::Result<u64> {
    let mut buffer = vec![0u8; BLOCK_BYTES];
    // Bytes `..filled` are read and not handed on yet; the first is at `offset` of the input.
    let (mut filled, mut offset) = (0usize, start);
    // NULs of the current line that are stripped already: those just before `offset`.
    let mut nuls = 0u64;
    // Where the current line began, if it is too long.
    let mut too_long: Option<u64> = None;
    loop {
        if filled == buffer.len() {
            let hole = if too_long.is_none() { leading_nuls(&buffer) } else { 0 };
            let longer = (buffer.len() * 2).min(row_bytes_max + BLOCK_BYTES);
            if hole > 0 {
                // A run of NULs may be longer than any row; the row behind it is not.
                buffer.copy_within(hole.., 0);
                filled -= hole;
                offset += hole as u64;
                nuls += hole as u64;
            } else if longer > buffer.len() {
                buffer.resize(longer, 0);
            } else {
                count_nuls(std::mem::take(&mut nuls), offset, file, skipped);
                too_long.get_or_insert(offset);
                offset += filled as u64;
                filled = 0;
            }
        }
        let got = match reader.read(&mut buffer[filled..]) {
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if got == 0 {
            break;
        }
        meter::add(got);
        let fresh = filled;
        filled += got;
        // Whole lines end at the last newline; only fresh bytes can hold it.
        let Some(last) = memrchr(b'\n', &buffer[fresh..filled]).map(|at| fresh + at + 1) else {
            continue;
        };
        let mut from = 0;
        if let Some(began) = too_long.take() {
            skipped.add(file, Class::TooLong, began, "");
            from = memchr(b'\n', &buffer[..last]).map_or(last, |at| at + 1);
        }
        if from < last {
            let nuls = std::mem::take(&mut nuls);
            let block = Block { bytes: &buffer[from..last], offset: offset + from as u64, nuls, whole: true };
            if each(block, skipped).is_break() {
                return Ok(offset + last as u64 - start);
            }
        }
        buffer.copy_within(last..filled, 0);
        filled -= last;
        offset += last as u64;
    }
    if let Some(began) = too_long {
        skipped.add(file, Class::TooLong, began, "");
    } else if filled > 0 || nuls > 0 {
        let _ = each(Block { bytes: &buffer[..filled], offset, nuls, whole: false }, skipped);
    }
    Ok(offset + filled as u64 - start)
}

/// Hands every line of `reader` in which `find` finds something, and that may be a row, to `row`,
/// with the offset of its first byte. Lines are judged as by [`one_line`]. `find` is given many
/// lines at once and returns where the first match is; lines without a match are passed over.
/// `start` is the offset of the first byte in its input.
pub fn for_each_row_with(
    reader: &mut dyn Read,
    file: &str,
    start: u64,
    skipped: &mut Skipped,
    is_whole: fn(&[u8]) -> bool,
    find: impl Fn(&[u8]) -> Option<usize>,
    mut row: impl FnMut(&[u8], u64, &mut Skipped) -> ControlFlow<()>,
) -> io::Result<u64> {
    for_each_block(reader, file, start, READ_ROW_BYTES_MAX, skipped, |block, skipped| {
        let bytes = block.bytes;
        if !block.whole {
            let line = RawLine { text: bytes, offset: block.offset, nuls: block.nuls };
            return one_line(line, is_whole, READ_ROW_BYTES_MAX, file, skipped, &mut row);
        }
        let (mut from, mut nuls) = (0, block.nuls);
        while from < bytes.len() {
            if nuls == 0 {
                let Some(found) = find(&bytes[from..]) else { break };
                from += memrchr(b'\n', &bytes[from..from + found]).map_or(0, |at| at + 1);
            }
            let end = from + memchr(b'\n', &bytes[from..]).unwrap_or(bytes.len() - from);
            let (text, offset) = (&bytes[from..end], block.offset + from as u64);
            let line = RawLine { text, offset, nuls: std::mem::take(&mut nuls) };
            one_line(line, |_| true, READ_ROW_BYTES_MAX, file, skipped, &mut row)?;
            from = end + 1;
        }
        ControlFlow::Continue(())
    })
}

/// Judges one line. Blank lines are ignored, NULs before a row are stripped and counted, and a
/// carriage return at the end is dropped. A line for which `is_whole` is false is torn. (A last
/// line without a newline is a row if it is whole: an editor may have left it, or a writer died
/// just before the newline.)
pub fn one_line(
    line: RawLine<'_>,
    is_whole: impl Fn(&[u8]) -> bool,
    row_bytes_max: usize,
    file: &str,
    skipped: &mut Skipped,
    row: &mut impl FnMut(&[u8], u64, &mut Skipped) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let RawLine { text: mut line, mut offset, mut nuls } = line;
    if nuls > 0 || line.first() == Some(&0) {
        let run = leading_nuls(line);
        line = &line[run..];
        offset += run as u64;
        nuls += run as u64;
        count_nuls(nuls, offset, file, skipped);
    }
    line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return ControlFlow::Continue(());
    }
    if line.len() > row_bytes_max {
        skipped.add(file, Class::TooLong, offset, "");
    } else if !is_whole(line) {
        skipped.add(file, Class::Torn, offset, format!("{} bytes", line.len()));
    } else if !line.iter().all(|byte| json::skip::is_white(*byte)) {
        return row(line, offset, skipped);
    }
    ControlFlow::Continue(())
}

/// The line without byte order marks (of files that were concatenated) and record separators (RFC
/// 7464) before it, and its new offset.
pub fn behind_marks(mut line: &[u8], mut offset: u64) -> (&[u8], u64) {
    while let Some(rest) = line.strip_prefix(b"\xEF\xBB\xBF").or_else(|| line.strip_prefix(b"\x1E")) {
        offset += (line.len() - rest.len()) as u64;
        line = rest;
    }
    (line, offset)
}

fn leading_nuls(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| **byte == 0).count()
}

/// Counts the `nuls` just before byte `offset` as one run.
fn count_nuls(nuls: u64, offset: u64, file: &str, skipped: &mut Skipped) {
    if nuls > 0 {
        skipped.add(file, Class::Nul, offset - nuls, format!("{nuls} bytes"));
    }
}

/// Whether a last line without a newline counts: it is a whole object.
pub(super) fn is_whole(line: &[u8]) -> bool {
    json::trim(line).starts_with(b"{") && json::validate(line, Limits::GRAMMAR).is_ok()
}
