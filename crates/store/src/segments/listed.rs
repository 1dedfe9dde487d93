//! Whether a listing of the logbook's directory made before still holds: the directory has not
//! changed since, and had not just changed then. One question in place of reading the directory at
//! each append. A long listing is kept in `cache/` for the writers that come after, with the times
//! of the directory that it is of.
//!
//! Not here: what is in a listing (`listing`).

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use xxhash_rust::xxh3::xxh3_64;

use super::listing::{self, cache_directory};
use crate::index::make_cache;
use crate::os::{How, Os, Stat, What, read_full, write_full};
use logbook_format::SegmentName;
use logbook_model::error::Result;

/// How long after a directory changed it is listed each time: the coarse clock of a file system
/// could give one time to two changes. Most tick every few milliseconds; those that keep whole
/// seconds only tick every one or two.
const SETTLED_MS: u64 = 100;
/// The same once the clock that files are stamped with was seen to go on: then only a file system
/// that keeps less of its time could give one twice, and those that keep more than seconds keep
/// hundredths of them.
const TICKED_MS: u64 = 30;
const SETTLED_WHOLE_SECONDS_MS: u64 = 2500;

/// How long a writer that goes on asks the open directory, which is faster, before it asks for what
/// is at the path.
const PATH_MS: u64 = 20;

/// A listing that is shorter is as fast made as read.
const KEPT_MIN: usize = 32;
/// A longer one is none of ours.
const KEPT_BYTES_MAX: u64 = 16 << 20;
/// The file of a listing that is kept: "lblist" and the version of its layout, a checksum of what
/// follows, the directory's identity and times, the names.
pub(crate) const KEPT: &str = "segments.list";
const MAGIC: u64 = 0x0001_7473_696c_626c;
const HEAD: usize = 16;
const STAMP_BYTES: usize = 48;

/// Which directory, and in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    identity: (u64, u64),
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(stat: &Stat) -> Stamp {
        Stamp { identity: stat.identity, modified: stat.modified, changed: stat.changed }
    }

    /// How long after it was first seen the tick of the last change is over. `now`: what the clock
    /// says that files are stamped with.
    fn settles_ms(&self, now: Option<(i64, i64)>) -> u64 {
        match self.modified.1 {
            0 => SETTLED_WHOLE_SECONDS_MS,
            _ if now.is_some_and(|now| now > self.newest()) => TICKED_MS,
            _ => SETTLED_MS,
        }
    }

    fn newest(&self) -> (i64, i64) {
        self.modified.max(self.changed)
    }

    /// Whether the clock's tick in which the directory last changed is surely over: the same time
    /// cannot be given twice then, but by a clock that was set back.
    fn is_old(&self) -> bool {
        let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) else { return false };
        let (seconds, nanoseconds) = self.newest();
        let since_ms = now.as_millis() as i128 - i128::from(seconds) * 1000 - i128::from(nanoseconds / 1_000_000);
        since_ms >= i128::from(SETTLED_WHOLE_SECONDS_MS)
    }

    fn bytes(&self) -> [u8; STAMP_BYTES] {
        let ((device, inode), modified, changed) = (self.identity, self.modified, self.changed);
        let words = [device, inode, modified.0 as u64, modified.1 as u64, changed.0 as u64, changed.1 as u64];
        let mut bytes = [0; STAMP_BYTES];
        for (at, word) in words.into_iter().enumerate() {
            bytes[at * 8..][..8].copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }
}

/// What is known of the directory's state.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    /// The directory as it was when it was listed, and when that state was first seen.
    seen: Option<(Stamp, u64)>,
    /// The last listing came long enough after the last change.
    settled: bool,
    /// It held once.
    held: bool,
    /// The directory, for a writer that goes on.
    open: Option<OwnedFd>,
    /// When it was last found at its path.
    at_path_ms: u64,
    /// The lock's file was found at its path since the state was first seen.
    pub(crate) lock_is_there: bool,
}

impl Listed {
    /// Asks; when not, the caller lists right after.
    pub(crate) fn holds(&mut self, os: &dyn Os, directory: &Path) -> bool {
        let now_ms = os.elapsed_ms();
        if self.held && self.open.is_none() {
            let opened = os.open(directory, How::Directory, 0).ok();
            self.open = opened.filter(|open| os.stat(open).is_ok_and(|stat| self.is(&Stamp::of(&stat))));
        }
        // The times tell when it was moved. Where one above it was, its path does, a little later.
        let stat = match &self.open {
            Some(open) if now_ms.saturating_sub(self.at_path_ms) < PATH_MS => os.stat(open),
            _ => {
                self.at_path_ms = now_ms;
                os.stat_path(directory)
            }
        };
        let Ok(stat) = stat else {
            *self = Listed::default();
            return false;
        };
        let stamp = Stamp::of(&stat);
        match self.seen {
            Some((seen, _)) if seen == stamp && self.settled => {
                self.held = true;
                return true;
            }
            Some((seen, since_ms)) if seen == stamp => {
                let settles_ms = stamp.settles_ms(os.file_clock());
                self.settled = now_ms.saturating_sub(since_ms) >= settles_ms || stamp.is_old();
            }
            _ if self.open.is_some() => {
                // Another directory may stand at the path.
                *self = Listed::default();
                return self.holds(os, directory);
            }
            _ => *self = Listed { seen: Some((stamp, now_ms)), settled: stamp.is_old(), ..Listed::default() },
        }
        false
    }

    fn is(&self, stamp: &Stamp) -> bool {
        self.seen.is_some_and(|(seen, _)| seen == *stamp)
    }

    /// The raw segments, by number, as [`listing::raw`] gives them: from `cache/`, where they are
    /// known there.
    pub(crate) fn list(&mut self, os: &dyn Os, directory: &Path) -> Result<Vec<SegmentName>> {
        self.holds(os, directory);
        let stamp = self.seen.filter(|_| self.settled).map(|(stamp, _)| stamp);
        if let Some(stamp) = stamp
            && let Some(names) = load(os, directory, &stamp)
        {
            return Ok(names);
        }
        let names = listing::raw(os, directory)?;
        if let Some(stamp) = stamp
            && names.len() >= KEPT_MIN
        {
            // Failing is no error: the next writer is slower.
            let _ = save(os, directory, &stamp, &names);
        }
        Ok(names)
    }
}

fn load(os: &dyn Os, directory: &Path, stamp: &Stamp) -> Option<Vec<SegmentName>> {
    let names = payload(os, directory)?;
    let names = names.strip_prefix(&stamp.bytes())?;
    names.split(|byte| *byte == b'\n').filter(|name| !name.is_empty()).map(SegmentName::parse).collect()
}

/// Whether the listing in `cache/` would be taken for that of the directory as it is, and is
/// another one. Its name.
pub fn false_list(os: &dyn Os, directory: &Path) -> Result<Option<&'static str>> {
    let stamp = || os.stat_path(directory).ok().map(|stat| Stamp::of(&stat));
    let Some(before) = stamp() else { return Ok(None) };
    let Some(kept) = load(os, directory, &before) else { return Ok(None) };
    let names = listing::raw(os, directory)?;
    Ok((kept != names && stamp() == Some(before)).then_some(KEPT))
}

/// What stands in the file behind its checksum; `None`: it is missing, or not whole.
fn payload(os: &dyn Os, directory: &Path) -> Option<Vec<u8>> {
    let file = os.open(&cache_directory(directory).join(KEPT), How::Read, 0).ok()?;
    let stat = os.stat(&file).ok()?;
    if stat.what != What::File || stat.bytes > KEPT_BYTES_MAX {
        return None;
    }
    let mut bytes = vec![0; stat.bytes as usize];
    let read = read_full(os, &file, &mut bytes, 0).ok()?;
    let (magic, rest) = bytes.get(..read)?.split_first_chunk()?;
    let (sum, payload) = rest.split_first_chunk()?;
    let whole = u64::from_le_bytes(*magic) == MAGIC && u64::from_le_bytes(*sum) == xxh3_64(payload);
    whole.then(|| payload.to_vec())
}

/// Whether the file is one that was written whole.
pub(crate) fn is_whole(os: &dyn Os, directory: &Path) -> bool {
    payload(os, directory).is_some_and(|payload| payload.len() >= STAMP_BYTES)
}

fn save(os: &dyn Os, directory: &Path, stamp: &Stamp, names: &[SegmentName]) -> std::io::Result<()> {
    let cache = cache_directory(directory);
    let modes = make_cache(os, &cache);
    let mut bytes = vec![0; HEAD];
    bytes.extend_from_slice(&stamp.bytes());
    for name in names {
        bytes.extend_from_slice(name.to_string().as_bytes());
        bytes.push(b'\n');
    }
    let sum = xxh3_64(&bytes[HEAD..]);
    bytes[..8].copy_from_slice(&MAGIC.to_le_bytes());
    bytes[8..HEAD].copy_from_slice(&sum.to_le_bytes());
    let path = cache.join(KEPT);
    let temporary = path.with_extension(format!("list.{:016x}.tmp", crate::index::unique(sum, names.len() as u64)));
    let file = os.open(&temporary, How::New, modes.file)?;
    os.set_access(&file, modes.file, None)?;
    let written = write_full(os, &file, &bytes).map_err(|(_, error)| error).and_then(|()| os.rename(&temporary, &path));
    if written.is_err() {
        let _ = os.unlink(&temporary);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_settles_sooner_once_its_clock_went_on() {
        let stamp = |modified, changed| Stamp { identity: (1, 2), modified, changed };
        let of = |stamp: Stamp, now| stamp.settles_ms(now);
        let fine = stamp((7, 400), (7, 500));
        assert_eq!(of(fine, None), SETTLED_MS);
        // Not beyond both of its times, or set back.
        for now in [(7, 450), (7, 500), (6, 900)] {
            assert_eq!(of(fine, Some(now)), SETTLED_MS, "{now:?}");
        }
        for now in [(7, 501), (8, 0)] {
            assert_eq!(of(fine, Some(now)), TICKED_MS, "{now:?}");
        }
        // Whole seconds.
        assert_eq!(of(stamp((7, 0), (7, 500)), Some((9, 0))), SETTLED_WHOLE_SECONDS_MS);
    }
}
