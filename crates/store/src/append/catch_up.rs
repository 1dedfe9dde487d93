//! From the lock to a state that rows can be appended to: the active segment opened and checked,
//! `.lock` corrected, the index caught up, a torn tail mended.

use super::base::Base;
use crate::directory::{check_file, open_error, share, sync_name};
use crate::layout::Layout;
use crate::listing;
use crate::lock::{self, IdleLock, Lock, Request};
use crate::os::{How, Os, error_at, sync_directory};
use crate::parts::Active;
use logbook_format::lock_line::FormatVersion;
use logbook_format::{LockLine, SegmentName};
use logbook_model::error::Result;

/// The writers' lock is held.
pub(super) struct Locked {
    lock: Lock,
    /// Whether the listing of the segments is still right, if that was found out while the lock was
    /// taken.
    listing_holds: Option<bool>,
}

/// The lock is held, and the state is that of the disk.
pub(super) struct Ready<'w, 'o> {
    pub base: &'w mut Base<'o>,
    pub lock: &'w Lock,
    pub line: LockLine,
    /// `None`: there is no segment yet, or the last one was sealed.
    pub active: Option<Active>,
}

/// The lock is held, and `active` has room for the rows of the call.
pub(super) struct Writable<'w, 'o> {
    pub base: &'w mut Base<'o>,
    pub lock: &'w Lock,
    pub line: LockLine,
    pub active: Active,
}

impl Locked {
    /// Takes the lock. `idle` is its file from the last call.
    pub(super) fn take(base: &mut Base<'_>, idle: Option<IdleLock>) -> Result<Locked> {
        let timeout_ms = base.lock_timeout_ms();
        let (os, directory, listing) = (base.os, &base.directory, &mut base.listing);
        let (index, active) = (&mut base.index, &base.active);
        let mut listing_holds = None;
        // As long as the directory has not changed since the lock's file was found in it, that file
        // has its name.
        let mut is_at_path = || *listing_holds.insert(listing.holds(os, directory)) && listing.lock_is_there;
        // What other writers append meanwhile is read now, to shorten the time under the lock.
        let mut while_waiting = || active.iter().for_each(|active| index.read_ahead(os, active));
        let lock = Lock::take(
            os,
            Request {
                path: &directory.join(lock::WRITERS),
                settings: &base.settings,
                timeout_ms,
                idle,
                is_at_path: &mut is_at_path,
                while_waiting: &mut while_waiting,
            },
        )?;
        // An answer from before another file was locked may be outdated.
        let listing_holds = listing_holds.filter(|_| lock.was_idle);
        listing.lock_is_there |= listing_holds == Some(true);
        Ok(Locked { lock, listing_holds })
    }

    /// Reads what has changed since the last call.
    pub(super) fn catch_up<'w, 'o>(&'w self, base: &'w mut Base<'o>) -> Result<Ready<'w, 'o>> {
        let os = base.os;
        let line = self.lock.read(os)?;
        // If no name in the directory has changed, the segments are the known ones, each the same
        // file.
        let listing_holds = self.listing_holds.unwrap_or_else(|| base.listing.holds(os, &base.directory));
        let is_same = listing_holds && !base.raw.is_empty();
        if !is_same {
            base.raw = listing::raw(os, &base.directory)?;
        }
        let last = base.raw.last().copied();
        let opened = base.active.take().filter(|active| Some(active.name) == last);
        let (line, name) = self.catch_up_sealed(base, line, opened.is_some())?;
        let Some(name) = name else { return Ok(Ready { base, lock: &self.lock, line, active: None }) };
        let opened = match opened {
            Some(active) => base.stat_again(active, is_same)?,
            None => None,
        };
        let mut active = match opened {
            Some(active) => active,
            None => base.open_active(name)?,
        };
        // A higher number was in use: a copy has the lock's file of a later moment, or the newest
        // segment was lost. The rows of this one count, and it takes no more.
        active.is_closed = line.synced > name.number;
        let torn_at = base.index.catch_up(os, &active)?;
        if torn_at < active.bytes {
            base.mend(&mut active, torn_at)?;
        }
        Ok(Ready { base, lock: &self.lock, line, active: Some(active) })
    }

    /// Finds out which segment is active, corrects the lock line, and reads what was sealed.
    /// `is_open`: this writer has the last segment open.
    fn catch_up_sealed(
        &self,
        base: &mut Base<'_>,
        line: Option<LockLine>,
        is_open: bool,
    ) -> Result<(LockLine, Option<SegmentName>)> {
        let os = base.os;
        let is_lost = line.is_none();
        let mut line = line.unwrap_or(LockLine { version: FormatVersion::CURRENT, synced: 0, suspects: Vec::new() });
        let highest = base.raw.last().map_or(0, |name| name.number);
        let layout = match &base.raw[..] {
            // This writer found it or made it, and it is sealed under the lock only.
            [sealed @ .., name] if is_open && highest == line.synced => {
                Layout { active: Some(*name), sealed, sealed_end: name.number - 1 }
            }
            _ => Layout::with(os, &base.directory, &base.raw, is_lost || line.synced > highest)?,
        };
        if is_lost || layout.highest() > line.synced {
            // A writer died after it made the segment and before it wrote the line.
            sync_directory(os, &base.directory).map_err(error_at(&base.directory))?;
            if is_lost {
                // The process that made the logbook may have died before it synced its name.
                sync_name(os, &base.directory)?;
            }
            line.synced = line.synced.max(layout.highest());
            self.lock.write(os, &line)?;
        }
        base.sealed_end = layout.sealed_end;
        base.index.catch_up_sealed(os, &base.directory, layout)?;
        Ok((line, layout.active))
    }

    /// Releases the lock. Gives its file for the next call.
    pub(super) fn release(self, os: &dyn Os) -> Option<IdleLock> {
        self.lock.release(os)
    }
}

impl Base<'_> {
    /// Updates the length of the segment; `None` if another file is at its path. `is_same`: that is
    /// not possible.
    fn stat_again(&mut self, mut active: Active, is_same: bool) -> Result<Option<Active>> {
        let path = &active.path;
        let fail = error_at(path);
        // Reading to its end gives the length, too.
        if is_same && let Some(bytes) = self.index.read_on(self.os, &active).map_err(fail)? {
            active.bytes = bytes;
            return Ok(Some(active));
        }
        let stat = self.os.stat_path(path).map_err(fail)?;
        if stat.identity != active.identity {
            return Ok(None);
        }
        check_file(self.os, path, &stat, &self.settings)?;
        active.bytes = stat.bytes;
        Ok(Some(active))
    }

    fn open_active(&mut self, name: SegmentName) -> Result<Active> {
        let path = self.directory.join(name.to_string());
        let file = self.os.open(&path, How::Append, 0).map_err(|error| open_error(&path, &error))?;
        let mut stat = self.os.stat(&file).map_err(|error| open_error(&path, &error))?;
        share(self.os, &file, &mut stat, &self.settings);
        check_file(self.os, &path, &stat, &self.settings)?;
        let (identity, bytes) = (stat.identity, stat.bytes);
        let active = Active { name, path, file: file.into(), identity, bytes, opened_at: bytes, is_closed: false };
        self.begin_group_commit(&active);
        Ok(active)
    }
}
