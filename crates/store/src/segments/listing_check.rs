//! Whether a listing of the logbook's directory is still right: the directory has not changed
//! since, and had not just changed when it was listed. One stat replaces reading the directory at
//! each append. A long listing is stored in `cache/` for later writers, with the times of the
//! directory.
//!
//! Not here: making a listing (`listing`).

use std::os::fd::OwnedFd;
use std::path::Path;

use super::listing;
use crate::cache::{self, CacheFile, SEGMENT_LIST, Source, Temporary, encode, nonce};
use crate::os::{How, Os, Stat};
use logbook_format::SegmentName;
use logbook_model::error::Result;

/// A directory is listed each time for this long after a change: the coarse clock of a file system
/// may give two changes the same time. Most clocks tick every few milliseconds.
const SETTLED_MS: u64 = 100;
/// The same once the clock that stamps files was seen to advance. Then only a file system that
/// stores coarser times could give two changes the same time, and those that store more than whole
/// seconds store hundredths of them.
const TICKED_MS: u64 = 30;
/// The same for file systems that store whole seconds, which tick every one or two seconds.
const SETTLED_WHOLE_SECONDS_MS: u64 = 2500;

/// A writer asks the open directory, which is faster, for this long before it stats the path again.
const PATH_MS: u64 = 20;

/// Reading a shorter listing from `cache/` is no faster than making it.
const STORED_NAMES_MIN: usize = 32;
/// A longer file counts as missing.
const STORED_BYTES_MAX: u64 = 16 << 20;
/// "lblist" and the version of the layout. The source is the directory's identity and times, the
/// payload is the names, one a line.
const MAGIC: u64 = 0x0001_7473_696c_626c;

/// The state of a directory.
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

    /// How long after this state was first seen the clock's tick of the last change is over. `now`
    /// is the clock that stamps files.
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

    /// Whether the clock's tick in which the directory last changed is surely over. Then the same
    /// time is given again only if the clock is set back.
    fn is_old(&self, os: &dyn Os) -> bool {
        let now_ms = i128::from(os.unix_time_ns() / 1_000_000);
        let (seconds, nanoseconds) = self.newest();
        let changed_ms = i128::from(seconds) * 1000 + i128::from(nanoseconds / 1_000_000);
        now_ms - changed_ms >= i128::from(SETTLED_WHOLE_SECONDS_MS)
    }

    fn source(&self) -> Source {
        let ((device, inode), modified, changed) = (self.identity, self.modified, self.changed);
        [device, inode, modified.0 as u64, modified.1 as u64, changed.0 as u64, changed.1 as u64]
    }
}

/// What is known of the directory's state.
#[derive(Debug, Default)]
pub(crate) struct ListingCheck {
    /// The directory as it was when it was listed, and when that state was first seen.
    seen: Option<(Stamp, u64)>,
    /// Whether the last listing came long enough after the last change.
    settled: bool,
    /// Whether the listing was found right once.
    held: bool,
    /// The directory, for a writer that appends again and again.
    open: Option<OwnedFd>,
    /// When the directory was last found at its path.
    at_path_ms: u64,
    /// Whether the lock's file was found at its path since the state was first seen.
    pub(crate) lock_is_there: bool,
}

impl ListingCheck {
    /// Whether the last listing is still right. If not, the caller must list right after.
    pub(crate) fn holds(&mut self, os: &dyn Os, directory: &Path) -> bool {
        let now_ms = os.elapsed_ms();
        if self.held && self.open.is_none() {
            let opened = os.open(directory, How::Directory, 0).ok();
            self.open = opened.filter(|open| os.stat(open).is_ok_and(|stat| self.is(&Stamp::of(&stat))));
        }
        // If the directory is moved, its times change. If one above it is, only a stat of the path
        // shows it, a little later.
        let stat = match &self.open {
            Some(open) if now_ms.saturating_sub(self.at_path_ms) < PATH_MS => os.stat(open),
            _ => {
                self.at_path_ms = now_ms;
                os.stat_path(directory)
            }
        };
        let Ok(stat) = stat else {
            *self = ListingCheck::default();
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
                self.settled = now_ms.saturating_sub(since_ms) >= settles_ms || stamp.is_old(os);
            }
            _ if self.open.is_some() => {
                // Another directory may be at the path.
                *self = ListingCheck::default();
                return self.holds(os, directory);
            }
            _ => {
                *self =
                    ListingCheck { seen: Some((stamp, now_ms)), settled: stamp.is_old(os), ..ListingCheck::default() }
            }
        }
        false
    }

    fn is(&self, stamp: &Stamp) -> bool {
        self.seen.is_some_and(|(seen, _)| seen == *stamp)
    }

    /// The raw segments, by number, as [`listing::raw`] gives them: from `cache/` if it has them.
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
            && names.len() >= STORED_NAMES_MIN
        {
            // If this fails, the next writer is slower.
            let _ = save(os, directory, &stamp, &names);
        }
        Ok(names)
    }
}

fn read(os: &dyn Os, directory: &Path) -> Option<CacheFile> {
    CacheFile::read(os, &cache::directory(directory).join(SEGMENT_LIST), MAGIC, STORED_BYTES_MAX)
}

fn load(os: &dyn Os, directory: &Path, stamp: &Stamp) -> Option<Vec<SegmentName>> {
    let file = read(os, directory).filter(|file| file.source() == stamp.source())?;
    file.payload().split(|byte| *byte == b'\n').filter(|name| !name.is_empty()).map(SegmentName::parse).collect()
}

/// The name of the listing in `cache/`, if a writer would use it for the directory as it is now and
/// it is wrong.
pub fn false_list(os: &dyn Os, directory: &Path) -> Result<Option<&'static str>> {
    let stamp = || os.stat_path(directory).ok().map(|stat| Stamp::of(&stat));
    let Some(before) = stamp() else { return Ok(None) };
    let Some(stored) = load(os, directory, &before) else { return Ok(None) };
    let names = listing::raw(os, directory)?;
    Ok((stored != names && stamp() == Some(before)).then_some(SEGMENT_LIST))
}

/// Whether the checksum of the listing in `cache/` is right.
pub(crate) fn is_whole(os: &dyn Os, directory: &Path) -> bool {
    read(os, directory).is_some()
}

fn save(os: &dyn Os, directory: &Path, stamp: &Stamp, names: &[SegmentName]) -> std::io::Result<()> {
    let cache = cache::directory(directory);
    let modes = cache::create(os, &cache);
    let payload: String = names.iter().map(|name| format!("{name}\n")).collect();
    let nonce = nonce(os, stamp.newest().1 as u64, names.len() as u64);
    let temporary = Temporary::create(os, cache.join(SEGMENT_LIST), nonce, modes.file)?;
    temporary.publish(&encode(MAGIC, &stamp.source(), payload.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_settles_sooner_once_its_clock_has_advanced() {
        let stamp = |modified, changed| Stamp { identity: (1, 2), modified, changed };
        let of = |stamp: Stamp, now| stamp.settles_ms(now);
        let fine = stamp((7, 400), (7, 500));
        assert_eq!(of(fine, None), SETTLED_MS);
        // The clock has not passed both of its times, or was set back.
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
