//! What a sealed segment holds, wherever it stands: its bytes from the start to the end, with
//! digests.

use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use crate::archived::{Stream, holds_more};
use crate::os::Os;
use crate::{listing, meter, packed};
use logbook_format::SegmentName;
use logbook_format::digest::{Digest, Sha256, finished_hex, hexadecimal};
use logbook_format::manifest::MARK_BYTES;

/// Where the raw file of `name` stands.
pub fn raw_path(directory: &Path, name: &SegmentName) -> PathBuf {
    directory.join(name.to_string())
}

/// Where its archive stands.
pub fn archive_path(directory: &Path, name: &SegmentName) -> PathBuf {
    listing::archive_directory(directory).join(name.archive())
}

/// The bytes of the file at `path` as they stand.
pub fn open<'o>(os: &'o dyn Os, path: &Path) -> io::Result<impl Read + 'o> {
    Stream::open(os, path)
}

/// The content of the archive at `path`.
pub fn open_packed<'o>(os: &'o dyn Os, path: &Path) -> io::Result<impl Read + 'o> {
    packed::unpack(BufReader::with_capacity(1 << 16, Stream::open(os, path)?))
}

/// The content of the segment `name` that counts: of its raw file, or of its archive, where that is
/// all there is or it holds more.
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

/// The bytes of the archive at `path` and its SHA-256, and the digests of its content; the
/// content's are an error where it cannot be unpacked to the end, or reads otherwise by its seek
/// table. Hands every MiB of content to `each`.
pub fn sum_packed(os: &dyn Os, path: &Path, each: impl FnMut(&[u8])) -> io::Result<(u64, String, io::Result<Sums>)> {
    let mut file = Digesting { inner: Stream::open(os, path)?, bytes: 0, sha256: Sha256::new() };
    let unpacked =
        packed::unpack(BufReader::with_capacity(1 << 16, &mut file)).and_then(|mut reader| sum(&mut reader, each));
    // What the decoder did not come to.
    io::copy(&mut file, &mut io::sink())?;
    let unpacked = unpacked.and_then(|sums| packed::check(os, path).map(|()| sums));
    Ok((file.bytes, finished_hex(file.sha256), unpacked))
}

/// A stream whose bytes are digested as they go.
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

/// Digests of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    /// Bytes.
    pub bytes: u64,
    /// Newlines.
    pub rows: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// XXH3 of each started MiB, hexadecimal.
    pub marks: String,
}

/// Reads `reader` to its end, and hands every MiB (the last one shorter) to `each`.
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
