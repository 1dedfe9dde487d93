//! The next segment (`docs/format.md`, Rotation): final name, new file, its
//! directory entry synced before the lock is given back.

use super::append::{Active, Writer};
use super::config::Durability;
use super::directory::{Modes, check_file, open_error, share, sync_name};
use super::index::build;
use super::layout::Layout;
use super::listing;
use super::lock::Lock;
use super::os::{How, sync_directory};
use logbook_format::lock_line::FormatVersion;
use logbook_format::{LockLine, SegmentName};
use logbook_model::error::{Error, Result};

impl Writer<'_> {
    /// The active segment under the lock, opened and checked; `.lock` made true where it was not,
    /// and the index of what is sealed. No active segment: there is none to append to yet, or it
    /// was sealed.
    pub(super) fn find_active(&mut self, lock: &Lock) -> Result<(LockLine, Option<Active>)> {
        let fresh = LockLine { version: FormatVersion::CURRENT, synced: 0, suspects: Vec::new() };
        // Gone where this fails: the next one lists.
        let mut raw = std::mem::take(&mut self.raw);
        let said = lock.read(self.os)?;
        // No name in the directory has changed: the segments are those known, each the same file.
        let still = self.listed_still.take().unwrap_or_else(|| self.listed.holds(self.os, &self.directory));
        let same = still && !raw.is_empty();
        if !same {
            raw = listing::raw(self.os, &self.directory)?;
        }
        let unsaid = said.is_none();
        let mut line = said.unwrap_or(fresh);
        let last = raw.last().copied();
        let kept = self.active.take().filter(|active| Some(active.name) == last);
        let highest = last.map_or(0, |name| name.number);
        let layout = match &raw[..] {
            // This writer found it, or made it, and nobody seals it but under the lock.
            [sealed @ .., name] if kept.is_some() && highest == line.synced => {
                Layout { active: Some(*name), sealed, sealed_end: name.number - 1 }
            }
            _ => Layout::with(self.os, &self.directory, &raw, unsaid || line.synced > highest)?,
        };
        if unsaid || layout.highest() > line.synced {
            // A writer died between making the segment and saying so.
            sync_directory(self.os, &self.directory)
                .map_err(|error| Error::io(format!("{}: {error}", self.directory.display())))?;
            if unsaid {
                // Whoever made the logbook may have died before syncing its own name.
                sync_name(self.os, &self.directory)?;
            }
            line.synced = line.synced.max(layout.highest());
            lock.write(self.os, &line)?;
        }
        self.sealed_end = layout.sealed_end;
        self.index.catch_up_sealed(self.os, &self.directory, layout)?;
        let active = layout.active;
        self.raw = raw;
        let Some(name) = active else { return Ok((line, None)) };
        let active = match kept {
            Some(active) => self.restat(active, same)?,
            None => None,
        };
        let mut active = match active {
            Some(active) => active,
            None => self.open_active(name)?,
        };
        // A higher number was in use: a copy has the lock's file of a later moment, or the newest
        // segment was lost. What this one holds counts, and it takes no more.
        active.is_closed = line.synced > name.number;
        Ok((line, Some(active)))
    }

    /// The same file, as long as it is now; `None` when another is at its path. `same`: none can
    /// be.
    fn restat(&mut self, mut active: Active, same: bool) -> Result<Option<Active>> {
        let path = &active.path;
        let fail = |error: std::io::Error| Error::io(format!("{}: {error}", path.display()));
        // Reading what is new in it tells how long it is.
        if same && let Some(bytes) = self.index.read_on(self.os, &active).map_err(fail)? {
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
        Ok(self.opened(Active { name, path, file: file.into(), identity, bytes, opened: bytes, is_closed: false }))
    }

    fn opened(&mut self, active: Active) -> Active {
        if self.durability() == Durability::Data {
            self.together.begin(self.os, &self.directory, &active);
        }
        active
    }

    /// Whether `active` takes no more: a higher number was in use, its size with `more` bytes, or
    /// its day.
    pub(super) fn is_over(&self, active: &Active, more: u64, today: &str) -> bool {
        active.is_closed
            || active.bytes > 0 && (active.bytes + more > self.settings.segment_bytes_max || today > active.name.day())
    }

    /// Seals `old` and makes the next segment. The rows of this writer that are
    /// still to be synced in `old` are settled by this sync, or stay to be.
    pub(super) fn rotate(
        &mut self,
        lock: &Lock,
        line: &mut LockLine,
        old: Option<&Active>,
        today: &str,
    ) -> Result<Active> {
        if let Some(old) = old
            && !line.is_suspect(old.name.number)
        {
            match self.os.sync_data(&old.file) {
                Ok(()) => self.unsynced.retain(|unsynced| unsynced.number != old.name.number),
                Err(error) => {
                    line.mark_suspect(old.name.number);
                    // At once: what follows may fail, and the next writer must know.
                    lock.write(self.os, line).map_err(|why| {
                        Error::io(format!("{}: {error}; it could not be marked suspect: {why}", old.path.display()))
                    })?;
                    if self.unsynced.iter().any(|unsynced| unsynced.number == old.name.number) {
                        self.lost_sync.get_or_insert_with(|| format!("{}: {error}", old.path.display()));
                        self.unsynced.retain(|unsynced| unsynced.number != old.name.number);
                    }
                }
            }
        }
        let day = self.raw.last().map_or(today, |last| last.day().max(today)).to_owned();
        let highest = self.raw.last().map_or(0, |name| name.number);
        let number = line.synced.max(highest) + 1;
        let Some(name) = SegmentName::new(&day, number) else {
            return Err(Error::io(format!("no segment can be named after the day {day:?}")));
        };
        let path = self.directory.join(name.to_string());
        let fail = |error: std::io::Error| Error::io(format!("{}: cannot be created: {error}", path.display()));
        let file = self.os.open(&path, How::New, Modes::of(&self.settings).file).map_err(fail)?;
        let mut stat = self.os.stat(&file).map_err(fail)?;
        share(self.os, &file, &mut stat, &self.settings);
        sync_directory(self.os, &self.directory)
            .map_err(|error| Error::io(format!("{}: {error}", self.directory.display())))?;
        line.synced = number;
        lock.write(self.os, line)?;
        self.raw.push(name);
        self.index.rotated(self.os, old, number);
        Ok(self.opened(Active {
            name,
            path,
            file: file.into(),
            identity: stat.identity,
            bytes: 0,
            opened: 0,
            is_closed: false,
        }))
    }

    /// Seals the active segment, if it holds anything; gives whether it did. The next one is empty.
    pub fn seal(&mut self) -> Result<bool> {
        let raw = self.listed.list(self.os, &self.directory)?;
        build::prepare(self.os, &self.directory, &mut self.index, &raw)?;
        self.raw = raw;
        let lock = self.lock()?;
        let (mut line, active) = self.find_active(&lock)?;
        let Some(mut active) = active else { return Ok(false) };
        let torn_at = self.index.catch_up(self.os, &active)?;
        if torn_at < active.bytes {
            self.mend(&mut active, torn_at)?;
        }
        if active.bytes == 0 {
            return Ok(false);
        }
        let today = self.today();
        let next = self.rotate(&lock, &mut line, Some(&active), &today)?;
        self.active = Some(next);
        lock.release(self.os);
        Ok(true)
    }
}
