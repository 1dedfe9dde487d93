//! The next segment (`docs/format.md`, Rotation): the old one is synced, the new file has its final
//! name from the start, and its directory entry is synced before the lock is released.

use super::catch_up::{Ready, Writable};
use crate::directory::{Modes, share};
use crate::os::{How, error_at, sync_directory};
use crate::parts::Active;
use logbook_format::SegmentName;
use logbook_model::error::{Error, Result};

impl<'w, 'o> Ready<'w, 'o> {
    /// Begins the next segment if the active one takes no more rows, or has no room for `more`
    /// bytes.
    pub(super) fn make_room(self, more: u64, today: &str) -> Result<Writable<'w, 'o>> {
        let takes_more = |active: &Active| {
            let is_full = active.bytes + more > self.base.settings.segment_bytes_max;
            let is_over = active.bytes > 0 && (is_full || today > active.name.day());
            !active.is_closed && !is_over && !self.line.is_suspect(active.name.number)
        };
        if !self.active.as_ref().is_some_and(takes_more) {
            return self.rotate(today);
        }
        match self {
            Ready { base, lock, line, active: Some(active) } => Ok(Writable { base, lock, line, active }),
            other => other.rotate(today),
        }
    }

    /// Seals the active segment if it has rows. Gives whether it did. The next one is empty.
    pub(super) fn seal(self, today: &str) -> Result<bool> {
        if self.active.as_ref().is_none_or(|active| active.bytes == 0) {
            return Ok(false);
        }
        let Writable { base, active, .. } = self.rotate(today)?;
        base.active = Some(active);
        Ok(true)
    }

    /// Seals the active segment, if there is one, and makes the next.
    fn rotate(mut self, today: &str) -> Result<Writable<'w, 'o>> {
        let old = self.active.take();
        if let Some(old) = &old {
            self.sync_sealed(old)?;
        }
        let Ready { base, lock, mut line, .. } = self;
        let day = base.raw.last().map_or(today, |last| last.day().max(today)).to_owned();
        let highest = base.raw.last().map_or(0, |name| name.number);
        let number = line.synced.max(highest) + 1;
        let Some(name) = SegmentName::new(&day, number) else {
            return Err(Error::io(format!("no segment can be named after the day {day:?}")));
        };
        let path = base.directory.join(name.to_string());
        let fail = |error: std::io::Error| Error::io(format!("{}: cannot be created: {error}", path.display()));
        let file = base.os.open(&path, How::New, Modes::of(&base.settings).file).map_err(fail)?;
        let mut stat = base.os.stat(&file).map_err(fail)?;
        share(base.os, &file, &mut stat, &base.settings);
        sync_directory(base.os, &base.directory).map_err(error_at(&base.directory))?;
        line.synced = number;
        lock.write(base.os, &line)?;
        base.raw.push(name);
        base.index.rotated(base.os, old.as_ref(), number);
        let (file, identity) = (file.into(), stat.identity);
        let active = Active { name, path, file, identity, bytes: 0, opened_at: 0, is_closed: false };
        base.begin_group_commit(&active);
        Ok(Writable { base, lock, line, active })
    }

    /// Syncs the segment that is sealed, unless it is suspect. The rows of this writer in it are
    /// then durable, or known to be lost.
    fn sync_sealed(&mut self, old: &Active) -> Result<()> {
        let number = old.name.number;
        if self.line.is_suspect(number) {
            return Ok(());
        }
        let unsynced = &mut self.base.unsynced;
        match self.base.os.sync_data(&old.file) {
            Ok(()) => unsynced.retain(|unsynced| unsynced.number != number),
            Err(error) => {
                self.line.mark_suspect(number);
                // At once: what follows may fail, and the next writer must know.
                self.lock.write(self.base.os, &self.line).map_err(|why| {
                    Error::io(format!("{}: {error}; it could not be marked suspect: {why}", old.path.display()))
                })?;
                for unsynced in unsynced.iter_mut().filter(|unsynced| unsynced.number == number) {
                    unsynced.lost = Some(format!("{}: {error}", old.path.display()));
                }
            }
        }
        Ok(())
    }
}
