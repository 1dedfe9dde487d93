//! Cache files that are each about the rows of one segment, sealed or up to an offset, or of its
//! archive: a summary, or whatever a scan wants to keep of it.
//!
//! Not here: what is in them (`summary`, `scan`), their layout (`cache`).

use std::path::{Path, PathBuf};

use crate::cache::{self, CacheFile, Source, Temporary, encode, nonce, tail_hash};
use crate::os::{How, Os, Stat, What};
use crate::parts::Segment;
use logbook_format::segment_name::Form;

/// A kind of cache files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheKind {
    /// The extension of the file's name, behind the number of the segment.
    pub extension: &'static str,
    /// The first eight bytes: the kind and the version of its layout.
    pub magic: u64,
    /// Larger files count as missing, and are not written.
    pub bytes_max: u64,
}

/// The bytes that a cache file is about: a segment, or the first bytes of the active one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    number: u64,
    packed: bool,
    inode: u64,
    bytes: u64,
    /// When the file was last changed. For the start of a file that grows: the hash of its last
    /// bytes, and where they begin.
    mark: (i64, i64),
}

impl Identity {
    /// The identity of the file with this stat; `None` if it is not a regular file.
    pub(crate) fn of(number: u64, form: Form, stat: &Stat) -> Option<Identity> {
        (stat.what == What::File).then_some(Identity {
            number,
            packed: form != Form::Plain,
            inode: stat.identity.1,
            bytes: stat.bytes,
            mark: stat.modified,
        })
    }

    /// The identity of a sealed segment; `None` if it is not sealed, or has changed since it was
    /// listed.
    pub fn of_segment(os: &dyn Os, segment: &Segment) -> Option<Identity> {
        let stat = os.stat_path(&segment.path).ok()?;
        Identity::of(segment.number, segment.form, &stat).filter(|it| segment.sealed && it.bytes == segment.bytes)
    }

    /// The identity of the first `bytes` of the active segment, which is known by the hash of the
    /// last of them.
    pub fn of_start(os: &dyn Os, segment: &Segment, bytes: u64) -> Option<Identity> {
        if segment.sealed || segment.form != Form::Plain || bytes > segment.bytes {
            return None;
        }
        let file = os.open(&segment.path, How::Read, 0).ok()?;
        let stat = os.stat(&file).ok()?;
        let (from, hash) = tail_hash(os, &file, bytes)?;
        let whole = Identity::of(segment.number, segment.form, &stat)?;
        Some(Identity { bytes, mark: (hash as i64, from as i64), ..whole })
    }

    /// The number of bytes that the file is about.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn words(&self) -> Source {
        let (one, other) = self.mark;
        [self.number, u64::from(self.packed), self.inode, self.bytes, one as u64, other as u64]
    }

    /// The number of bytes that `source` names.
    fn bytes_in(source: Source) -> u64 {
        let [_, _, _, bytes, ..] = source;
        bytes
    }
}

/// Reads the file of this kind about the segment with this number, whichever bytes it is about.
pub(super) fn read(os: &dyn Os, directory: &Path, kind: CacheKind, number: u64) -> Option<CacheFile> {
    CacheFile::read(os, &path(directory, kind, number), kind.magic, kind.bytes_max)
}

/// The file of this kind about the bytes that `identity` names.
pub(crate) fn load(os: &dyn Os, directory: &Path, kind: CacheKind, identity: &Identity) -> Option<CacheFile> {
    read(os, directory, kind, identity.number).filter(|file| file.source() == identity.words())
}

/// The file of this kind about `segment`, and the number of its bytes that it covers: all of them
/// if it is sealed, else some of the first.
pub fn load_of(os: &dyn Os, directory: &Path, kind: CacheKind, segment: &Segment) -> Option<(CacheFile, u64)> {
    let file = read(os, directory, kind, segment.number)?;
    let identity = match segment.sealed {
        true => Identity::of_segment(os, segment)?,
        false => Identity::of_start(os, segment, Identity::bytes_in(file.source()))?,
    };
    (file.source() == identity.words()).then_some((file, identity.bytes))
}

/// The file of this kind that readers take to be about the whole of `segment`, with the identity of
/// the segment.
pub fn load_whole(os: &dyn Os, directory: &Path, kind: CacheKind, segment: &Segment) -> Option<(CacheFile, Identity)> {
    let stat = os.stat_path(&segment.path).ok()?;
    let identity = Identity::of(segment.number, segment.form, &stat)?;
    load(os, directory, kind, &identity).map(|file| (file, identity))
}

fn path(directory: &Path, kind: CacheKind, number: u64) -> PathBuf {
    cache::directory(directory).join(format!("{number:06}.{}", kind.extension))
}

/// A cache file in the making. It is created before the segment is read: a process that cannot
/// write it need not read either.
pub struct CacheDraft<'o> {
    temporary: Temporary<'o>,
    identity: Identity,
    kind: CacheKind,
}

impl<'o> CacheDraft<'o> {
    /// Creates the file about the bytes that `identity` names, for the logbook at `directory`.
    /// `None` if it cannot be written.
    pub fn begin(os: &'o dyn Os, directory: &Path, kind: CacheKind, identity: Identity) -> Option<CacheDraft<'o>> {
        let modes = cache::create(os, &cache::directory(directory));
        let nonce = nonce(os, identity.bytes, identity.number);
        let target = path(directory, kind, identity.number);
        let temporary = Temporary::create(os, target, nonce, modes.file).ok()?;
        Some(CacheDraft { temporary, identity, kind })
    }

    /// Publishes the file with this payload. A failure is no error: the segment is read again.
    pub fn finish(self, payload: &[u8]) {
        let bytes = encode(self.kind.magic, &self.identity.words(), payload);
        if bytes.len() as u64 <= self.kind.bytes_max {
            let _ = self.temporary.publish(&bytes);
        }
    }
}
