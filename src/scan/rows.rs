//! One input as a stream of rows, in memory bounded by the longest row that is
//! read (16 MiB), however long the lines are.

use std::io::{self, Read};
use std::ops::ControlFlow;

use memchr::{memchr, memrchr};

use super::skipped::{Class, Skipped};
use crate::model::READ_ROW_BYTES_MAX;

/// Bytes asked of the input at a time.
const BLOCK_BYTES: usize = 512 << 10;

/// Hands every line of `reader` that may be a row to `row` with the byte offset
/// of its first byte. Blank lines are nothing; NUL runs before a row, however
/// long, are stripped and counted; lines over 16 MiB are skipped and counted. A
/// last line without a newline is a row if `is_whole` says so (a file that an
/// editor left, a writer that died just before the newline), else torn. Gives
/// the number of bytes read.
pub fn for_each_row(
    reader: &mut dyn Read,
    file: &str,
    skipped: &mut Skipped,
    is_whole: fn(&[u8]) -> bool,
    row: impl FnMut(&[u8], u64, &mut Skipped) -> ControlFlow<()>,
) -> io::Result<u64> {
    for_each_row_with(reader, file, skipped, is_whole, |_| Some(0), row)
}

/// As [`for_each_row`], for the lines in which `find` finds something: it is
/// given many lines at once, and says where the first find is in them. Lines
/// without one are passed over unseen.
pub fn for_each_row_with(
    reader: &mut dyn Read,
    file: &str,
    skipped: &mut Skipped,
    is_whole: fn(&[u8]) -> bool,
    find: impl Fn(&[u8]) -> Option<usize>,
    mut row: impl FnMut(&[u8], u64, &mut Skipped) -> ControlFlow<()>,
) -> io::Result<u64> {
    let mut buffer = vec![0u8; BLOCK_BYTES];
    // Bytes `..filled` are read and not yet handed on; the first is at `offset` of the input.
    let (mut filled, mut offset) = (0usize, 0u64);
    // NULs of the current line that were stripped already: those just before `offset`.
    let mut nuls = 0u64;
    // Inside a line that is too long: where it began.
    let mut too_long: Option<u64> = None;
    loop {
        if filled == buffer.len() {
            let hole = if too_long.is_none() { leading_nuls(&buffer) } else { 0 };
            let longer = (buffer.len() * 2).min(READ_ROW_BYTES_MAX + BLOCK_BYTES);
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
        let fresh = filled;
        filled += got;
        // Whole lines end at the last newline; only fresh bytes can hold it.
        let Some(last) = memrchr(b'\n', &buffer[fresh..filled]).map(|at| fresh + at + 1) else {
            continue;
        };
        let mut from = 0;
        while from < last {
            if too_long.is_none() {
                let Some(found) = find(&buffer[from..last]) else { break };
                from += memrchr(b'\n', &buffer[from..from + found]).map_or(0, |at| at + 1);
            }
            let end = from + memchr(b'\n', &buffer[from..last]).unwrap_or(last - from);
            if let Some(began) = too_long.take() {
                skipped.add(file, Class::TooLong, began, "");
            } else {
                let line = (&buffer[from..end], offset + from as u64, std::mem::take(&mut nuls));
                if one_line(line, |_| true, file, skipped, &mut row).is_break() {
                    return Ok(offset + end as u64 + 1);
                }
            }
            from = end + 1;
        }
        buffer.copy_within(last..filled, 0);
        filled -= last;
        offset += last as u64;
    }
    if let Some(began) = too_long {
        skipped.add(file, Class::TooLong, began, "");
    } else if filled > 0 || nuls > 0 {
        let _ = one_line((&buffer[..filled], offset, nuls), is_whole, file, skipped, &mut row);
    }
    Ok(offset + filled as u64)
}

/// Judges one line: its bytes, the offset of the first, how many NULs before it
/// are stripped already. It is torn where `is_whole` denies what is left.
fn one_line(
    (mut line, mut offset, mut nuls): (&[u8], u64, u64),
    is_whole: fn(&[u8]) -> bool,
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
        if line.is_empty() {
            return ControlFlow::Continue(());
        }
    }
    if line.len() > READ_ROW_BYTES_MAX {
        skipped.add(file, Class::TooLong, offset, "");
    } else if !is_whole(line) {
        skipped.add(file, Class::Torn, offset, format!("{} bytes", line.len()));
    } else if !line.iter().all(|byte| crate::json::skip::is_white(*byte)) {
        return row(line, offset, skipped);
    }
    ControlFlow::Continue(())
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
