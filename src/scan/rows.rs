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
/// of its first byte. Blank lines are nothing; NUL runs before a row are
/// stripped and counted; lines over 16 MiB are skipped and counted. A last line
/// without a newline is a row if `is_whole` says so (a file that an editor
/// left), else torn. Gives the number of bytes read.
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
    // Inside a line that is too long: where it began.
    let mut too_long: Option<u64> = None;
    loop {
        if filled == buffer.len() {
            let longer = (buffer.len() * 2).min(READ_ROW_BYTES_MAX + BLOCK_BYTES);
            if longer > buffer.len() {
                buffer.resize(longer, 0);
            } else {
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
            } else if one_line(&buffer[from..end], offset + from as u64, file, skipped, &mut row).is_break() {
                return Ok(offset + end as u64 + 1);
            }
            from = end + 1;
        }
        buffer.copy_within(last..filled, 0);
        filled -= last;
        offset += last as u64;
    }
    let rest = &buffer[..filled];
    if let Some(began) = too_long {
        skipped.add(file, Class::TooLong, began, "");
    } else if !rest.is_empty() {
        if rest.iter().all(|byte| *byte == 0) || is_whole(rest) {
            let _ = one_line(rest, offset, file, skipped, &mut row);
        } else {
            skipped.add(file, Class::Torn, offset, format!("{} bytes", rest.len()));
        }
    }
    Ok(offset + filled as u64)
}

fn one_line(
    mut line: &[u8],
    mut offset: u64,
    file: &str,
    skipped: &mut Skipped,
    row: &mut impl FnMut(&[u8], u64, &mut Skipped) -> ControlFlow<()>,
) -> ControlFlow<()> {
    if line.first() == Some(&0) {
        let run = line.iter().take_while(|byte| **byte == 0).count();
        skipped.add(file, Class::Nul, offset, format!("{run} bytes"));
        line = &line[run..];
        offset += run as u64;
    }
    if line.len() > READ_ROW_BYTES_MAX {
        skipped.add(file, Class::TooLong, offset, "");
        return ControlFlow::Continue(());
    }
    if line.iter().all(|byte| crate::json::skip::is_white(*byte)) {
        return ControlFlow::Continue(());
    }
    row(line, offset, skipped)
}
