//! Files of `cache/`: how each names the bytes that it was made of, how it is checked when it is
//! read, and how it is published.
//!
//! All of them are disposable. None is synced, so each has checksums, and a file that fails them
//! counts as missing. Each names its source, and a file about any other bytes counts as missing
//! too. A file is written under a temporary name and renamed: a reader finds all of it or nothing.
//!
//! Listings of segments (`segments::listing_check`) and what is kept of one segment
//! (`index::segment_cache`) share one layout, of 64-bit words, least byte first: magic, XXH3 of all
//! that follows, six words that identify the source, payload. A table of the index has a checksum
//! in each page, since one lookup reads few of them (`index::table`). The note of the last sync is
//! written in place under a lock (`append::group_commit`).
//!
//! To add a kind of what is kept of one segment: an `index::CacheKind` (extension, magic, size)
//! beside what makes its payload, as `index::summary::KIND`, and a line in `KINDS` of
//! `cmd/keep/checks/cache.rs`.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use crate::config::Settings;
use crate::directory::Modes;
use crate::os::{How, Os, What, read_full, write_full};

/// The file of a segment listing.
pub(crate) const SEGMENT_LIST: &str = "segments.list";
/// The note of what the last sync made durable, and the lock of the writer that syncs.
pub(crate) const SYNCED: &str = "synced";

/// Bytes of the source before its end whose hash identifies it.
const TAIL_BYTES: u64 = 4096;
/// Magic, checksum, identity of the source.
const HEAD_WORDS: usize = 8;
const HEAD_BYTES: usize = HEAD_WORDS * 8;
/// Where the bytes under the checksum begin.
const CHECKED_FROM: usize = 16;

/// Six words that identify the bytes that a file was made of.
pub(crate) type Source = [u64; 6];

/// The directory of disposable files of the logbook at `logbook`.
pub fn directory(logbook: &Path) -> PathBuf {
    logbook.join("cache")
}

/// Creates the cache directory if it is missing and can be created. Gives the modes of the files in
/// it.
pub(crate) fn create(os: &dyn Os, cache: &Path) -> Modes {
    let modes = cache.parent().map_or(Modes::of(&Settings::default()), |logbook| Modes::below(os, logbook));
    if os.stat_path(cache).is_err() && os.mkdir(cache, 0o700).is_ok() {
        // The setgid bit of the logbook's directory has set the group.
        let _ = os.open(cache, How::Directory, 0).and_then(|made| os.set_access(&made, modes.directory, None));
    }
    modes
}

/// A number that differs for every file, made of the clock, the process and what the file covers.
pub(crate) fn nonce(os: &dyn Os, end: u64, number: u64) -> u64 {
    let mut seed = [0; 32];
    for (chunk, value) in seed.chunks_exact_mut(8).zip([os.unix_time_ns(), os.process_id().into(), end, number]) {
        chunk.copy_from_slice(&value.to_le_bytes());
    }
    xxh3_64(&seed)
}

/// What identifies the first `end` bytes of a file that grows: where its last bytes begin, and
/// their hash.
pub(crate) fn tail_hash(os: &dyn Os, file: &OwnedFd, end: u64) -> Option<(u64, u64)> {
    let from = end.saturating_sub(TAIL_BYTES);
    let mut bytes = vec![0; (end - from) as usize];
    let read = read_full(os, file, &mut bytes, from).ok()?;
    (read == bytes.len()).then(|| (from, xxh3_64(&bytes)))
}

/// A cache file under its temporary name. It is removed if it is dropped before it is published.
pub(crate) struct Temporary<'o> {
    os: &'o dyn Os,
    file: OwnedFd,
    path: PathBuf,
    target: PathBuf,
    is_published: bool,
}

impl<'o> Temporary<'o> {
    /// Creates the temporary file of `target`.
    pub(crate) fn create(os: &'o dyn Os, target: PathBuf, nonce: u64, mode: u32) -> io::Result<Temporary<'o>> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{nonce:016x}.tmp"));
        let path = target.with_file_name(name);
        let file = os.open(&path, How::New, mode)?;
        let temporary = Temporary { os, file, path, target, is_published: false };
        // Regardless of the umask.
        os.set_access(&temporary.file, mode, None)?;
        Ok(temporary)
    }

    /// Writes `bytes` and gives the file its name.
    pub(crate) fn publish(mut self, bytes: &[u8]) -> io::Result<()> {
        write_full(self.os, &self.file, bytes).map_err(|(_, error)| error)?;
        self.os.rename(&self.path, &self.target)?;
        self.is_published = true;
        Ok(())
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.is_published {
            let _ = self.os.unlink(&self.path);
        }
    }
}

/// The bytes of a file in the common layout.
pub(crate) fn encode(magic: u64, source: &Source, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; CHECKED_FROM];
    source.iter().for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
    bytes.extend_from_slice(payload);
    let sum = xxh3_64(&bytes[CHECKED_FROM..]);
    bytes[..8].copy_from_slice(&magic.to_le_bytes());
    bytes[8..CHECKED_FROM].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// A file in the common layout whose checksum is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheFile {
    bytes: Vec<u8>,
}

impl CacheFile {
    /// Reads the file at `path`. `None` if it is missing, damaged, longer than `bytes_max` or of
    /// another kind.
    pub(crate) fn read(os: &dyn Os, path: &Path, magic: u64, bytes_max: u64) -> Option<CacheFile> {
        let file = os.open(path, How::Read, 0).ok()?;
        let stat = os.stat(&file).ok()?;
        if stat.what != What::File || stat.bytes > bytes_max || stat.bytes < HEAD_BYTES as u64 {
            return None;
        }
        let mut bytes = vec![0; stat.bytes as usize];
        let read = read_full(os, &file, &mut bytes, 0).ok()?;
        bytes.truncate(read);
        let file = CacheFile { bytes };
        let sum = xxh3_64(file.bytes.get(CHECKED_FROM..)?);
        (file.word(0) == magic && file.word(1) == sum).then_some(file)
    }

    /// The identity of the bytes that it was made of.
    pub(crate) fn source(&self) -> Source {
        std::array::from_fn(|at| self.word(2 + at))
    }

    /// What its writer put into it.
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(HEAD_BYTES..).unwrap_or_default()
    }

    fn word(&self, at: usize) -> u64 {
        let word = self.bytes.get(at * 8..).and_then(|rest| rest.first_chunk());
        word.map_or(0, |word| u64::from_le_bytes(*word))
    }
}
