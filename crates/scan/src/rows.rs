//! One input as a stream of lines, in memory bounded by the longest row that is
//! read (16 MiB), however long the lines are.

use std::io::{self, Read};
use std::ops::ControlFlow;

use memchr::{memchr, memrchr};

use super::skipped::{Class, Skipped};
use logbook_json::{self as json, Limits};
use logbook_model::READ_ROW_BYTES_MAX;
use logbook_store::meter;

/// Bytes asked of the input at a time: what fits a core's cache together with the masks made of it.
const BLOCK_BYTES: usize = 128 << 10;

/// Lines that stand together in the input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block<'b> {
    /// Whole lines with their newlines; of a last line without one, that line.
    pub bytes: &'b [u8],
    /// Where they begin in the input.
    pub offset: u64,
    /// NULs just before, stripped already.
    pub nuls: u64,
    /// Whether the last byte is a newline.
    pub whole: bool,
}

/// Hands the lines of `reader` to `each`, block by block, with the account `skipped` of what is
/// passed over: lines longer than `row_bytes_max`, and runs of NULs that are longer than a block.
/// The stream begins at byte `start` of its input. Break ends the reading. Gives the number of
/// bytes read.
pub(crate) fn for_each_block(
    reader: &mut dyn Read,
    file: &str,
    (start, row_bytes_max): (u64, usize),
    skipped: &mut Skipped,
    mut each: impl FnMut(Block<'_>, &mut Skipped) -> ControlFlow<()>,
) -> io::Result<u64> {
    let mut buffer = vec![0u8; BLOCK_BYTES];
    // Bytes `..filled` are read and not yet handed on; the first is at `offset` of the input.
    let (mut filled, mut offset) = (0usize, start);
    // NULs of the current line that were stripped already: those just before `offset`.
    let mut nuls = 0u64;
    // Inside a line that is too long: where it began.
    let mut too_long: Option<u64> = None;
    loop {
        if filled == buffer.len() {
            let hole = if too_long.is_none() { leading_nuls(&buffer) } else { 0 };
            let longer = (buffer.len() * 2).min(row_bytes_max + BLOCK_BYTES);
            if hole > 0 {
                // A hole may be longer than any row; the row behind it is not.
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

/// Hands every line of `reader` that may be a row and in which `find` finds something to `row`,
/// with the byte offset of its first byte, judged as [`one_line`] does. `find` is given many lines
/// at once, and says where the first find is in them; lines without one are passed over unseen. The
/// stream begins at byte `start`.
pub fn for_each_row_with(
    reader: &mut dyn Read,
    (file, start): (&str, u64),
    skipped: &mut Skipped,
    is_whole: fn(&[u8]) -> bool,
    find: impl Fn(&[u8]) -> Option<usize>,
    mut row: impl FnMut(&[u8], u64, &mut Skipped) -> ControlFlow<()>,
) -> io::Result<u64> {
    for_each_block(reader, file, (start, READ_ROW_BYTES_MAX), skipped, |block, skipped| {
        let bytes = block.bytes;
        if !block.whole {
            return one_line((bytes, block.offset, block.nuls), is_whole, READ_ROW_BYTES_MAX, file, skipped, &mut row);
        }
        let (mut from, mut nuls) = (0, block.nuls);
        while from < bytes.len() {
            if nuls == 0 {
                let Some(found) = find(&bytes[from..]) else { break };
                from += memrchr(b'\n', &bytes[from..from + found]).map_or(0, |at| at + 1);
            }
            let end = from + memchr(b'\n', &bytes[from..]).unwrap_or(bytes.len() - from);
            let line = (&bytes[from..end], block.offset + from as u64, std::mem::take(&mut nuls));
            one_line(line, |_| true, READ_ROW_BYTES_MAX, file, skipped, &mut row)?;
            from = end + 1;
        }
        ControlFlow::Continue(())
    })
}

/// Judges one line: its bytes, the offset of the first, how many NULs before it are stripped
/// already. Blank lines are nothing; NUL runs before a row are stripped and counted; a carriage
/// return at the end is no part of it. It is torn where `is_whole` denies what is left (a last line
/// without a newline is a row if it is whole: a file that an editor left, a writer that died just
/// before the newline).
pub fn one_line(
    (mut line, mut offset, mut nuls): (&[u8], u64, u64),
    is_whole: impl Fn(&[u8]) -> bool,
    row_bytes_max: usize,
    file: &str,
    skipped: &mut Skipped,
    row: &mut impl FnMut(&[u8], u64, &mut Skipped) -> ControlFlow<()>,
) -> ControlFlow<()> {
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

/// A line without what programs put before rows: byte order marks (of files that were put one
/// behind the other), and record separators (RFC 7464).
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

/// Counts the `nuls` that end before byte `offset` as one run.
fn count_nuls(nuls: u64, offset: u64, file: &str, skipped: &mut Skipped) {
    if nuls > 0 {
        skipped.add(file, Class::Nul, offset - nuls, format!("{nuls} bytes"));
    }
}

/// A last line without a newline counts when it is a whole object.
pub(super) fn is_whole(line: &[u8]) -> bool {
    json::trim(line).starts_with(b"{") && json::validate(line, Limits::GRAMMAR).is_ok()
}
