//! Files of `cache/` that are each about the rows of one segment (or archive): written once,
//! without sync, with a checksum over all of it. Each names the very bytes that it is about; a
//! reader that finds any other, or any doubt, has none.
//!
//! Not here: what stands in them (`summary`, and what `scan` is given to keep).

use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::build::{make_cache, proof, unique};
use crate::listing;
use crate::os::{How, Os, Stat, What, read_full, write_full};
use crate::snapshot::{Form, Segment};

/// A kind of such files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Behind the segment's number in the file's name.
    pub extension: &'static str,
    /// What the file begins with: the kind and the version of its layout.
    pub magic: u64,
    /// Larger files are none of ours.
    pub bytes_max: u64,
}

/// Which bytes a file is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    number: u64,
    packed: bool,
    inode: u64,
    bytes: u64,
    /// When the file was last changed; of the start of one that grows, a hash of its last bytes.
    mark: (i64, i64),
}

impl Identity {
    /// That of the regular file that `stat` is about; `None` of anything else.
    pub(crate) fn of(number: u64, form: Form, stat: &Stat) -> Option<Identity> {
        (stat.what == What::File).then_some(Identity {
            number,
            packed: form != Form::Plain,
            inode: stat.identity.1,
            bytes: stat.bytes,
            mark: stat.modified,
        })
    }

    /// That of a sealed segment that is to be read to its end; `None` when it is not, or there is
    /// doubt.
    pub fn of_segment(os: &dyn Os, segment: &Segment) -> Option<Identity> {
        let stat = os.stat_path(&segment.path).ok()?;
        Identity::of(segment.number, segment.form, &stat).filter(|it| segment.sealed && it.bytes == segment.bytes)
    }

    /// That of the first `bytes` of a segment that grows, told as the index tells it: by a hash of
    /// the last of them.
    pub fn of_start(os: &dyn Os, segment: &Segment, bytes: u64) -> Option<Identity> {
        if segment.sealed || segment.form != Form::Plain || bytes > segment.bytes {
            return None;
        }
        let file = os.open(&segment.path, How::Read, 0).ok()?;
        let stat = os.stat(&file).ok()?;
        let (from, hash) = proof(os, &file, bytes)?;
        let start =
            Identity { bytes, mark: (hash as i64, from as i64), ..Identity::of(segment.number, segment.form, &stat)? };
        Some(start)
    }

    /// How many bytes it is about.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn words(&self) -> [u64; 6] {
        let (one, other) = self.mark;
        [self.number, u64::from(self.packed), self.inode, self.bytes, one as u64, other as u64]
    }
}

/// Magic, checksum of all that follows, identity.
const HEAD: usize = 16;
const HEAD_WORDS: usize = 8;

/// What was kept of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    bytes: Vec<u8>,
}

impl Kept {
    /// How many bytes of the segment it is about, from the first on.
    fn covered(&self) -> u64 {
        self.word(5)
    }

    /// What was put into it.
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(HEAD_WORDS * 8..).unwrap_or_default()
    }

    fn word(&self, at: usize) -> u64 {
        let word = self.bytes.get(at * 8..).and_then(|rest| rest.first_chunk());
        word.map_or(0, |word| u64::from_le_bytes(*word))
    }

    /// What stands in the file of this kind about the segment with this number, whichever bytes it
    /// is about.
    pub(super) fn read(os: &dyn Os, directory: &Path, kind: Kind, number: u64) -> Option<Kept> {
        let file = os.open(&path(directory, kind, number), How::Read, 0).ok()?;
        let stat = os.stat(&file).ok()?;
        if stat.what != What::File || stat.bytes > kind.bytes_max || stat.bytes < (HEAD_WORDS * 8) as u64 {
            return None;
        }
        let mut bytes = vec![0; stat.bytes as usize];
        let read = read_full(os, &file, &mut bytes, 0).ok()?;
        bytes.truncate(read);
        let kept = Kept { bytes };
        let sum = xxh3_64(kept.bytes.get(HEAD..)?);
        (kept.word(0) == kind.magic && kept.word(1) == sum).then_some(kept)
    }

    fn is_about(&self, identity: &Identity) -> bool {
        identity.words().into_iter().zip(2..).all(|(word, at)| self.word(at) == word)
    }
}

/// What was kept of the bytes that `identity` names.
pub(crate) fn load(os: &dyn Os, directory: &Path, kind: Kind, identity: &Identity) -> Option<Kept> {
    Kept::read(os, directory, kind, identity.number).filter(|kept| kept.is_about(identity))
}

/// What was kept of `segment`, and of how many of its bytes: all of them where it is sealed, else
/// some of the first.
pub fn load_of(os: &dyn Os, directory: &Path, kind: Kind, segment: &Segment) -> Option<(Kept, u64)> {
    let kept = Kept::read(os, directory, kind, segment.number)?;
    let identity = match segment.sealed {
        true => Identity::of_segment(os, segment)?,
        false => Identity::of_start(os, segment, kept.covered())?,
    };
    kept.is_about(&identity).then_some((kept, identity.bytes))
}

/// What readers take to be kept of the file of `segment` as a whole, with its identity; `None`:
/// nothing.
pub fn load_whole(os: &dyn Os, directory: &Path, kind: Kind, segment: &Segment) -> Option<(Kept, Identity)> {
    let stat = os.stat_path(&segment.path).ok()?;
    let identity = Identity::of(segment.number, segment.form, &stat)?;
    load(os, directory, kind, &identity).map(|kept| (kept, identity))
}

fn path(directory: &Path, kind: Kind, number: u64) -> PathBuf {
    listing::cache_directory(directory).join(format!("{number:06}.{}", kind.extension))
}

/// Such a file in the making. It is there before the segment is read: who cannot write need not
/// read either.
pub struct Draft<'o> {
    os: &'o dyn Os,
    file: std::os::fd::OwnedFd,
    temporary: PathBuf,
    path: PathBuf,
    identity: Identity,
    kind: Kind,
}

impl<'o> Draft<'o> {
    /// Begins the file about what `identity` names, of the logbook at `directory`; `None`: it
    /// cannot be written.
    pub fn begin(os: &'o dyn Os, directory: &Path, kind: Kind, identity: Identity) -> Option<Draft<'o>> {
        let cache = listing::cache_directory(directory);
        let modes = make_cache(os, &cache);
        let path = path(directory, kind, identity.number);
        let end = format!("{}.{:016x}.tmp", kind.extension, unique(identity.bytes, identity.number));
        let temporary = path.with_extension(end);
        let file = os.open(&temporary, How::New, modes.file).ok()?;
        let draft = Draft { os, file, temporary, path, identity, kind };
        os.set_access(&draft.file, modes.file, None).ok()?;
        Some(draft)
    }

    /// Puts `payload` into it, and it in its place. Failing is no error: the segment is read again.
    pub fn finish(self, payload: &[u8]) {
        let mut bytes = vec![0; HEAD];
        self.identity.words().into_iter().for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
        bytes.extend_from_slice(payload);
        let sum = xxh3_64(&bytes[HEAD..]);
        bytes[..8].copy_from_slice(&self.kind.magic.to_le_bytes());
        bytes[8..HEAD].copy_from_slice(&sum.to_le_bytes());
        if bytes.len() as u64 <= self.kind.bytes_max && write_full(self.os, &self.file, &bytes).is_ok() {
            let _ = self.os.rename(&self.temporary, &self.path);
        }
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        // Nothing is there when it was finished.
        let _ = self.os.unlink(&self.temporary);
    }
}
