//! The writer: append if, the one primitive, and making rows durable (`docs/durability.md`).

use std::io::ErrorKind;
use std::ops::RangeInclusive;
use std::path::Path;

use super::base::{Base, Options};
use super::catch_up::{Locked, Ready};
use super::check::State;
use super::group_commit::Unsynced;
use super::rows::{Appended, OnRefused, bytes_of};
use crate::config::{Durability, Settings};
use crate::index::build;
use crate::lock::{self, IdleLock, Lock, Request};
use crate::os::{How, Os};
use crate::{directory, listing};
use logbook_format::Drafts;
use logbook_model::error::{Error, Exit, Result};

/// Appends to one logbook.
pub struct Writer<'o> {
    base: Base<'o>,
    /// The lock's file between two calls.
    idle_lock: Option<IdleLock>,
    /// A buffer for the rows of a call.
    out: Vec<u8>,
}

impl<'o> Writer<'o> {
    /// A writer for the logbook at `directory`, which is created if it is missing.
    pub fn open(os: &'o dyn Os, directory: &Path, settings: Settings, options: Options) -> Result<Writer<'o>> {
        directory::create(os, directory)?;
        directory::check(os, directory, &settings)?;
        Ok(Writer { base: Base::new(os, directory, settings, options), idle_lock: None, out: Vec::new() })
    }

    /// Appends the rows: [`Writer::append_if`] without a check.
    pub fn append(&mut self, drafts: &Drafts, on_refused: OnRefused) -> Appended {
        self.append_if(drafts, on_refused, &mut |_| Ok(()))
    }

    /// Appends the rows if `check` succeeds. The lock is held for both. What is stored is visible
    /// when this returns, and durable after [`Writer::sync`].
    pub fn append_if(
        &mut self,
        drafts: &Drafts,
        on_refused: OnRefused,
        check: &mut dyn FnMut(&mut State<'_, 'o>) -> Result<()>,
    ) -> Appended {
        let mut appended = Appended::default();
        if drafts.rows().is_empty() {
            return appended;
        }
        let Writer { base, idle_lock, out } = self;
        let written = under_lock(base, idle_lock, |mut ready, today| {
            check(&mut State::of(&mut ready))?;
            ready.make_room(bytes_of(drafts), today)?.write(drafts, on_refused, out, &mut appended)
        });
        match written {
            Ok(written) => written.update_index(base, drafts, &appended.rows),
            Err(error) => appended.failed = Some(error),
        }
        appended
    }

    /// Seals the active segment if it has rows. Gives whether it did. The next one is empty.
    pub fn seal(&mut self) -> Result<bool> {
        under_lock(&mut self.base, &mut self.idle_lock, |ready, today| ready.seal(today))
    }

    /// Runs that seemed to have ended before rows of this writer came, the first few of them.
    pub fn late(&self) -> &[String] {
        &self.base.late
    }

    /// Makes the rows written since the last call durable, without the lock. Errors: exit 4; the
    /// segment is then marked suspect, and never synced again.
    pub fn sync(&mut self) -> Result<()> {
        let mut failed = None;
        for unsynced in std::mem::take(&mut self.base.unsynced) {
            if let Err(why) = self.sync_rows(unsynced) {
                failed.get_or_insert(why);
            }
        }
        let base = &mut self.base;
        match failed {
            None => {
                build::save_finished(base.os, &base.directory, &mut base.index);
                if let Some(active) = &base.active {
                    build::save_active(base.os, &base.directory, &mut base.index, &active.file, active.identity.1);
                }
                Ok(())
            }
            Some(why) => {
                base.index.forget();
                base.active = None;
                Err(Error::new(Exit::Unknown, format!("the rows were written but could not be synced: {why}"))
                    .hint("append them again with the same --id: each is then stored once, in a new segment"))
            }
        }
    }

    /// Errors: why the rows are not durable.
    fn sync_rows(&mut self, unsynced: Unsynced) -> std::result::Result<(), String> {
        let base = &mut self.base;
        let number = unsynced.number;
        match &unsynced.lost {
            Some(why) => Err(why.clone()),
            None if base.durability() == Durability::None => Ok(()),
            None => base.group_commit.sync(base.os, &base.directory, &unsynced).map_err(|error| {
                match self.mark_suspect(number) {
                    Ok(()) => format!("segment {number:06}: {error}"),
                    Err(why) => format!("segment {number:06}: {error}; it could not be marked suspect: {why}"),
                }
            }),
        }
    }

    /// Makes what was read of these segments durable, as [`Writer::sync_segment`] does for one.
    /// Archived and deleted ones are.
    pub fn sync_segments(&mut self, numbers: RangeInclusive<u64>) -> Result<()> {
        for name in listing::raw(self.base.os, &self.base.directory)? {
            if numbers.contains(&name.number) {
                self.sync_segment(name.number)?;
            }
        }
        Ok(())
    }

    /// Makes what was read of this segment durable, before a command acts on it. Errors: exit 4 if
    /// that fails now, or failed before (the segment is suspect): a power cut may take the rows,
    /// and the command must not act.
    pub fn sync_segment(&mut self, number: u64) -> Result<()> {
        let os = self.base.os;
        let raw = listing::raw(os, &self.base.directory)?;
        let at = raw.binary_search_by_key(&number, |name| name.number).ok();
        let file = match at.map(|at| os.open(&self.base.directory.join(raw[at].to_string()), How::Read, 0)) {
            Some(Ok(file)) => file,
            Some(Err(error)) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::io(format!("segment {number:06}: {error}")));
            }
            // An archive was synced before its raw file was removed.
            _ if self.is_archived(number)? => return Ok(()),
            _ => return Err(Error::io(format!("there is no segment {number:06}"))),
        };
        let why = match os.sync_data(&file) {
            Err(error) => {
                self.mark_suspect(number)?;
                error.to_string()
            }
            // After the sync: a writer whose sync failed may have marked it only meanwhile.
            Ok(()) if self.is_suspect(number)? => "an earlier sync failed".to_owned(),
            Ok(()) => return Ok(()),
        };
        Err(Error::new(Exit::Unknown, format!("segment {number:06}: a power cut may take its rows: {why}"))
            .hint("append them again with the same --id: each is then stored once, in a new segment"))
    }

    fn is_archived(&self, number: u64) -> Result<bool> {
        let archived = listing::archived(self.base.os, &self.base.directory)?;
        Ok(archived.binary_search_by_key(&number, |name| name.number).is_ok())
    }

    /// Whether a sync of this segment failed, as far as that could be recorded.
    pub(crate) fn is_suspect(&mut self, number: u64) -> Result<bool> {
        let line = self.with_lock(|os, lock| lock.read(os))?;
        Ok(line.is_some_and(|line| line.is_suspect(number)))
    }

    /// Records that a sync of this segment failed.
    pub(crate) fn mark_suspect(&mut self, number: u64) -> Result<()> {
        self.with_lock(|os, lock| lock.mark_suspect(os, number))
    }

    /// Uses the lock line alone: the state is not caught up.
    fn with_lock<T>(&mut self, work: impl FnOnce(&dyn Os, &Lock) -> Result<T>) -> Result<T> {
        let base = &self.base;
        let request = Request {
            path: &base.directory.join(lock::WRITERS),
            settings: &base.settings,
            timeout_ms: base.lock_timeout_ms(),
            idle: self.idle_lock.take(),
            is_at_path: &mut || false,
            while_waiting: &mut || (),
        };
        let lock = Lock::take(base.os, request)?;
        let result = work(base.os, &lock);
        self.idle_lock = lock.release(base.os);
        result
    }
}

/// Does `work` on the state under the lock. Its second argument is the current day.
fn under_lock<'o, T>(
    base: &mut Base<'o>,
    idle_lock: &mut Option<IdleLock>,
    work: impl FnOnce(Ready<'_, 'o>, &str) -> Result<T>,
) -> Result<T> {
    let hold = |base: &mut Base<'o>| {
        base.prepare()?;
        let today = base.today();
        let locked = Locked::take(base, idle_lock.take())?;
        let result = locked.catch_up(base).and_then(|ready| work(ready, &today));
        *idle_lock = locked.release(base.os);
        result
    };
    let result = hold(base);
    if result.is_err() {
        base.forget();
    }
    result
}
