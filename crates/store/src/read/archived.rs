//! The content of sealed segments, raw or archived, for the few questions that writers and the
//! archiver have about old rows. The fast reading of many rows is in `scan`.

use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::Path;

use super::seekable::{self, Seekable};
use crate::os::{How, Os, error_at, io_error};
use crate::{listing, meter};
use logbook_format::SegmentName;
use logbook_model::READ_ROW_BYTES_MAX;
use logbook_model::error::Result;

/// The buffer for the content of a segment. It grows to hold the longest line.
const BLOCK_BYTES: usize = 1 << 20;

/// A file as a stream, read through [`Os`].
pub(crate) struct Stream<'o> {
    os: &'o dyn Os,
    file: OwnedFd,
    at: u64,
}

impl<'o> Stream<'o> {
    /// Opens the file at `path`.
    pub(crate) fn open(os: &'o dyn Os, path: &Path) -> io::Result<Stream<'o>> {
        Ok(Stream { os, file: os.open(path, How::Read, 0)?, at: 0 })
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.os.read_at(&self.file, buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Calls `each` with blocks of whole lines of a stream, and the offset of each block. Bytes behind
/// the last newline are left out, and so is a line longer than any row.
fn each_block_in(mut reader: impl Read, from: u64, mut each: impl FnMut(u64, &[u8])) -> io::Result<()> {
    let (mut buffer, mut filled, mut offset) = (vec![0; BLOCK_BYTES], 0, from);
    // Whether the buffer is inside of a line longer than any row, whose beginning was dropped.
    let mut too_long = false;
    loop {
        if filled == buffer.len() && buffer.len() > READ_ROW_BYTES_MAX {
            too_long = true;
            offset += filled as u64;
            filled = 0;
        } else if filled == buffer.len() {
            buffer.resize(buffer.len() * 2, 0);
        }
        let read = match reader.read(&mut buffer[filled..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if read == 0 {
            return Ok(());
        }
        filled += read;
        meter::add(read);
        if let Some(end) = memchr::memchr(b'\n', &buffer[..filled]).filter(|_| too_long) {
            too_long = false;
            buffer.copy_within(end + 1..filled, 0);
            filled -= end + 1;
            offset += end as u64 + 1;
        }
        if let Some(end) = memchr::memrchr(b'\n', &buffer[..filled]).filter(|_| !too_long) {
            each(offset, &buffer[..=end]);
            buffer.copy_within(end + 1..filled, 0);
            filled -= end + 1;
            offset += end as u64 + 1;
        }
    }
}

/// The sealed segments with numbers above `known` and up to `end`, by number. Numbers that are
/// missing in `raw` are looked for in the archive.
pub(crate) fn sealed_names(
    os: &dyn Os,
    directory: &Path,
    raw: &[SegmentName],
    known: u64,
    end: u64,
) -> Result<Vec<SegmentName>> {
    let wanted = |name: &&SegmentName| name.number > known && name.number <= end;
    let mut names: Vec<SegmentName> = raw.iter().filter(wanted).copied().collect();
    if (names.len() as u64) < end.saturating_sub(known) {
        let archived = listing::archived(os, directory)?;
        let missing = archived.iter().filter(wanted).filter(|name| !raw.iter().any(|it| it.number == name.number));
        names.extend(missing.copied());
        names.sort_unstable_by_key(|name| name.number);
    }
    Ok(names)
}

/// Whether the archive of `name` has more content than its raw file, which is `raw_bytes` long.
/// That happens in copies only: the raw file was copied while rows were written to it, and the
/// archive later.
pub fn holds_more(os: &dyn Os, directory: &Path, name: &SegmentName, raw_bytes: u64) -> bool {
    let path = listing::archive_directory(directory).join(name.archive());
    // If the archive cannot be opened, the raw file counts.
    Seekable::open(os, &path).ok().flatten().is_some_and(|packed| packed.bytes() > raw_bytes)
}

/// A segment may be archived or restored while it is looked for. This many attempts are made.
pub(crate) const LOOKS_MAX: usize = 4;

/// Calls `each` with blocks of whole lines of the sealed segment `name` that begin at or after byte
/// `from`, and the offset of each block. They are from the raw file, or from the archive if the raw
/// file is gone or has less content. Gives false if the segment was deleted after it was listed;
/// what still counts of it was carried over.
pub fn each_sealed_block(
    os: &dyn Os,
    directory: &Path,
    name: &SegmentName,
    from: u64,
    mut each: impl FnMut(u64, &[u8]),
) -> Result<bool> {
    let raw = directory.join(name.to_string());
    let archive = listing::archive_directory(directory).join(name.archive());
    for _ in 0..LOOKS_MAX {
        match Stream::open(os, &raw) {
            Ok(mut stream) => {
                let bytes = os.stat(&stream.file).map_err(error_at(&raw))?.bytes;
                if !holds_more(os, directory, name, bytes) {
                    stream.at = from;
                    return each_block_in(stream, from, each).map(|()| true).map_err(error_at(&raw));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error(&raw, error)),
        }
        let stream = match Stream::open(os, &archive) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            stream => stream.map_err(error_at(&archive))?,
        };
        let reader = seekable::decompress(io::BufReader::with_capacity(1 << 16, stream));
        let read = reader.and_then(|reader| {
            each_block_in(reader, 0, |at, block| {
                let skip = usize::try_from(from.saturating_sub(at)).unwrap_or(usize::MAX);
                if let Some(rest) = block.get(skip..).filter(|rest| !rest.is_empty()) {
                    each(at + skip as u64, rest);
                }
            })
        });
        return read.map(|()| true).map_err(error_at(&archive));
    }
    Ok(false)
}

/// The line that begins at `offset` of the content of the archive at `path`, without its newline.
pub(crate) fn line_at(os: &dyn Os, path: &Path, offset: u64) -> io::Result<Option<Vec<u8>>> {
    if let Some(mut packed) = Seekable::open(os, path)? {
        return packed.line_at(offset);
    }
    let mut found = None;
    let reader = seekable::decompress(io::BufReader::with_capacity(1 << 16, Stream::open(os, path)?))?;
    each_block_in(reader, 0, |at, block| {
        if let Some(rest) = offset.checked_sub(at).and_then(|from| block.get(usize::try_from(from).ok()?..)) {
            found = found.take().or_else(|| memchr::memchr(b'\n', rest).map(|end| rest[..end].to_vec()));
        }
    })?;
    Ok(found)
}
