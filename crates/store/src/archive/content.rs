//! The content of a sealed segment, raw or archived, from the start to the end, and its digests.

use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use crate::archived::{Stream, holds_more};
use crate::os::Os;
use crate::{listing, meter, seekable};
use logbook_format::SegmentName;
use logbook_format::digest::{Digest, Sha256, finished_hex, hexadecimal};
use logbook_format::manifest::MARK_BYTES;

/// The path of the raw file of `name`.
pub fn raw_path(directory: &Path, name: &SegmentName) -> PathBuf {
    directory.join(name.to_string())
}

/// The path of its archive.
pub fn archive_path(directory: &Path, name: &SegmentName) -> PathBuf {
    listing::archive_directory(directory).join(name.archive())
}

/// Opens the file at `path` as it is.
pub fn open<'o>(os: &'o dyn Os, path: &Path) -> io::Result<impl Read + 'o> {
    Stream::open(os, path)
}

/// Opens the archive at `path`, decompressed.
pub fn open_packed<'o>(os: &'o dyn Os, path: &Path) -> io::Result<impl Read + 'o> {
    seekable::decompress(BufReader::with_capacity(1 << 16, Stream::open(os, path)?))
}

/// Opens the content of the segment `name` that counts: of the raw file, or of the archive if there
/// is only that or it has more.
pub(crate) fn open_counting<'o>(
    os: &'o dyn Os,
    directory: &Path,
    name: &SegmentName,
) -> io::Result<Box<dyn Read + 'o>> {
    match os.stat_path(&raw_path(directory, name)) {
        Ok(stat) if !holds_more(os, directory, name, stat.bytes) => Ok(Box::new(open(os, &raw_path(directory, name))?)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(Box::new(open_packed(os, &archive_path(directory, name))?)),
    }
}

/// The size and the SHA-256 of the archive at `path`, and the sums of its content. The latter are
/// an error if it cannot be decompressed to the end, or its seek table is wrong. Calls `each` with
/// every MiB of content.
pub fn sum_packed(os: &dyn Os, path: &Path, each: impl FnMut(&[u8])) -> io::Result<(u64, String, io::Result<Sums>)> {
    let mut file = Digesting { inner: Stream::open(os, path)?, bytes: 0, sha256: Sha256::new() };
    let unpacked = seekable::decompress(BufReader::with_capacity(1 << 16, &mut file))
        .and_then(|mut reader| sum(&mut reader, each));
    // The bytes behind the last frame that the decoder read.
    io::copy(&mut file, &mut io::sink())?;
    let unpacked = unpacked.and_then(|sums| seekable::check(os, path).map(|()| sums));
    Ok((file.bytes, finished_hex(file.sha256), unpacked))
}

/// A stream whose bytes are digested as they are read.
struct Digesting<R> {
    inner: R,
    bytes: u64,
    sha256: Sha256,
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes += read as u64;
        self.sha256.update(&buffer[..read]);
        Ok(read)
    }
}

/// The size and the digests of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    /// The number of bytes.
    pub bytes: u64,
    /// The number of newlines.
    pub rows: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// XXH3 of each MiB, the last one shorter, hexadecimal.
    pub marks: String,
}

/// Reads `reader` to its end. Calls `each` with every MiB, the last one shorter.
pub fn sum(reader: &mut dyn Read, mut each: impl FnMut(&[u8])) -> io::Result<Sums> {
    let mut block = vec![0; MARK_BYTES];
    let (mut bytes, mut rows, mut marks) = (0, 0, String::new());
    let mut sha256 = Sha256::new();
    loop {
        let filled = fill(reader, &mut block)?;
        let full = &block[..filled];
        if filled > 0 {
            each(full);
            bytes += filled as u64;
            rows += memchr::memchr_iter(b'\n', full).count() as u64;
            sha256.update(full);
            marks.push_str(&hexadecimal(&xxh3_64(full).to_be_bytes()));
        }
        if filled < block.len() {
            return Ok(Sums { bytes, rows, sha256: finished_hex(sha256), marks });
        }
    }
}

/// Reads until `block` is full or the stream ends.
pub(crate) fn fill(reader: &mut dyn Read, block: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < block.len() {
        match reader.read(&mut block[filled..]) {
            Ok(0) => break,
            Ok(read) => {
                meter::add(read);
                filled += read;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
