//! What is known of all rows of one sealed segment (or archive) together, as a file of `cache/`: written once, without
//! sync, with a checksum over all of it. It names the very file that it is about; a reader that finds
//! any other, or any doubt, has no summary.
//!
//! Not here: reading rows (`scan` does, and says what to keep), what a query asks (`scan::prune`).

use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::build::{make_cache, unique};
use super::run_filter::RunFilter;
use crate::model::Instant;
use crate::store::listing;
use crate::store::os::{How, Os, Stat, What, read_full, write_full};
use crate::store::snapshot::{Form, Segment};

/// "lbsum" and the version of this layout.
const MAGIC: u64 = 0x0001_6d75_7362_6c00;
/// Larger files are none of ours.
const BYTES_MAX: u64 = 1 << 20;

/// A segment's rows together, read as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// How many there are.
    pub rows: u64,
    /// Some line is no row.
    pub damaged: bool,
    /// The least and the greatest instant that a `timestamp` says.
    pub times: Option<(Instant, Instant)>,
    /// Some `timestamp` is an array, whose instants are not counted.
    pub odd_times: bool,
    /// Words of `status`, `phase` and `kind`.
    pub words: [Words; 3],
    /// The runs.
    pub runs: RunFilter,
    /// Some `run_id` is a number, a boolean or an array, of which the filter knows nothing.
    pub odd_runs: bool,
}

/// The words of one field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// The strings, sorted; `None`: too many, or too long.
    pub seen: Option<Vec<Box<[u8]>>>,
    /// Some value is a number, a boolean or an array.
    pub odd: bool,
}

/// Which bytes a summary is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    number: u64,
    packed: bool,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

impl Identity {
    /// That of the regular file that `stat` is about; `None` of anything else.
    pub(in crate::store) fn of(number: u64, form: Form, stat: &Stat) -> Option<Identity> {
        (stat.what == What::File).then_some(Identity {
            number,
            packed: form != Form::Plain,
            inode: stat.identity.1,
            bytes: stat.bytes,
            modified: stat.modified,
        })
    }

    /// That of a sealed segment that is to be read to its end; `None` when it is not, or there is doubt.
    pub fn of_segment(os: &dyn Os, segment: &Segment) -> Option<Identity> {
        let stat = os.stat_path(&segment.path).ok()?;
        Identity::of(segment.number, segment.form, &stat).filter(|it| segment.sealed && it.bytes == segment.bytes)
    }

    fn words(&self) -> [u64; 6] {
        let (seconds, nanoseconds) = self.modified;
        [self.number, u64::from(self.packed), self.inode, self.bytes, seconds as u64, nanoseconds as u64]
    }
}

fn path(directory: &Path, number: u64) -> PathBuf {
    listing::cache_directory(directory).join(format!("{number:06}.summary"))
}

/// The summary of the segment that `identity` names, if there is one.
pub(in crate::store) fn load(os: &dyn Os, directory: &Path, identity: &Identity) -> Option<Summary> {
    let file = os.open(&path(directory, identity.number), How::Read, 0).ok()?;
    let stat = os.stat(&file).ok()?;
    if stat.what != What::File || stat.bytes > BYTES_MAX {
        return None;
    }
    let mut bytes = vec![0; stat.bytes as usize];
    let read = read_full(os, &file, &mut bytes, 0).ok()?;
    decode(&bytes[..read], identity)
}

/// A summary's file in the making. It is there before the segment is read: who cannot write need not read either.
pub struct Draft<'o> {
    os: &'o dyn Os,
    file: std::os::fd::OwnedFd,
    temporary: PathBuf,
    path: PathBuf,
    identity: Identity,
}

impl<'o> Draft<'o> {
    /// Begins the file for the segment that `identity` names, of the logbook at `directory`; `None`: it cannot be written.
    pub fn begin(os: &'o dyn Os, directory: &Path, identity: Identity) -> Option<Draft<'o>> {
        let cache = listing::cache_directory(directory);
        let modes = make_cache(os, &cache);
        let path = path(directory, identity.number);
        let temporary = path.with_extension(format!("{:016x}.tmp", unique(identity.bytes, identity.number)));
        let file = os.open(&temporary, How::New, modes.file).ok()?;
        let draft = Draft { os, file, temporary, path, identity };
        os.set_access(&draft.file, modes.file, None).ok()?;
        Some(draft)
    }

    /// Puts `summary` into it, and it in its place. Failing is no error: the segment is read again.
    pub fn finish(self, summary: &Summary) {
        let bytes = encode(summary, &self.identity);
        if bytes.len() as u64 <= BYTES_MAX && write_full(self.os, &self.file, &bytes).is_ok() {
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

// The layout, all numbers 64 bits, least byte first: magic, checksum of all that follows, identity, rows, flags,
// first and last time, words (count, then each with its length), runs (which kind, count, each).

const HEAD: usize = 16;
const MANY: u64 = u64::MAX;

fn encode(summary: &Summary, identity: &Identity) -> Vec<u8> {
    let mut bytes = vec![0; HEAD];
    let mut put = |value: u64| bytes.extend_from_slice(&value.to_le_bytes());
    identity.words().into_iter().for_each(&mut put);
    put(summary.rows);
    let flags = [summary.damaged, summary.times.is_some(), summary.odd_times, summary.odd_runs];
    let flags = flags.into_iter().chain(summary.words.iter().map(|words| words.odd));
    put(flags.zip(0..).fold(0, |flags, (flag, bit)| flags | u64::from(flag) << bit));
    let nought = Instant { seconds: 0, attos: 0 };
    let (first, last) = summary.times.unwrap_or((nought, nought));
    [first.seconds as u64, first.attos, last.seconds as u64, last.attos].into_iter().for_each(&mut put);
    for words in &summary.words {
        match &words.seen {
            None => bytes.extend_from_slice(&MANY.to_le_bytes()),
            Some(seen) => {
                bytes.extend_from_slice(&(seen.len() as u64).to_le_bytes());
                for word in seen {
                    bytes.extend_from_slice(&(word.len() as u64).to_le_bytes());
                    bytes.extend_from_slice(word);
                }
            }
        }
    }
    let (which, list): (u64, &[u64]) = match &summary.runs {
        RunFilter::Unknown => (0, &[]),
        RunFilter::Hashes(hashes) => (1, hashes),
        RunFilter::Bloom(bits) => (2, bits),
    };
    for value in [which, list.len() as u64].iter().chain(list) {
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    let sum = xxh3_64(&bytes[HEAD..]);
    bytes[..8].copy_from_slice(&MAGIC.to_le_bytes());
    bytes[8..HEAD].copy_from_slice(&sum.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8], identity: &Identity) -> Option<Summary> {
    let mut rest = bytes;
    if number(&mut rest)? != MAGIC || number(&mut rest)? != xxh3_64(rest) {
        return None;
    }
    for word in identity.words() {
        if number(&mut rest)? != word {
            return None;
        }
    }
    let rows = number(&mut rest)?;
    let flags = number(&mut rest)?;
    let flag = |bit: u32| flags & (1 << bit) != 0;
    let mut time = || Some(Instant { seconds: number(&mut rest)? as i64, attos: number(&mut rest)? });
    let times = (time()?, time()?);
    let mut words = [Words::default(), Words::default(), Words::default()];
    for (words, bit) in words.iter_mut().zip(4..) {
        let count = number(&mut rest)?;
        words.odd = flag(bit);
        if count != MANY {
            words.seen = (0..count).map(|_| word(&mut rest)).collect::<Option<Vec<_>>>().map(Some)?;
        }
    }
    let which = number(&mut rest)?;
    let count = number(&mut rest)?;
    let list = (0..count).map(|_| number(&mut rest)).collect::<Option<Vec<u64>>>()?;
    let runs = match which {
        0 => RunFilter::Unknown,
        1 => RunFilter::Hashes(list),
        2 if !list.is_empty() => RunFilter::Bloom(list),
        _ => return None,
    };
    let summary = Summary {
        rows,
        damaged: flag(0),
        times: flag(1).then_some(times),
        odd_times: flag(2),
        words,
        runs,
        odd_runs: flag(3),
    };
    rest.is_empty().then_some(summary)
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let (head, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(u64::from_le_bytes(*head))
}

fn word(rest: &mut &[u8]) -> Option<Box<[u8]>> {
    let length = usize::try_from(number(rest)?).ok()?;
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head.into())
}
