//! Append if: the one primitive. Rows are stored, numbered, once each, when a
//! check holds on the state caught up under the lock (`docs/format.md`, Appending).

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::{Durability, Settings};
use super::directory;
use super::index::build;
use super::index::{Index, Place, RunEntry, Turn};
use super::listed::Listed;
use super::lock::{self, Kept, Lock};
use super::once::Pending;
use super::os::{Os, write_full};
use super::together::{Together, Unsynced};
use logbook_format::{Drafts, LockLine, SegmentName};
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Instant, run_id};

/// The active segment, open under the lock.
#[derive(Debug)]
pub(crate) struct Active {
    pub(super) name: SegmentName,
    pub(super) path: PathBuf,
    pub(super) file: Arc<OwnedFd>,
    pub(super) identity: (u64, u64),
    pub(super) bytes: u64,
    /// How long it was when it was opened.
    pub(super) opened: u64,
    /// A higher number was in use: it takes no more.
    pub(super) is_closed: bool,
}

/// A row that is on file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Its index among the drafts.
    pub draft: usize,
    /// Its step.
    pub step: u64,
    /// Where it stands.
    pub place: Place,
    /// Whether it was there before, under the same id.
    pub again: bool,
}

/// What came of a call.
#[derive(Debug, Default)]
pub struct Appended {
    /// The rows on file, in order.
    pub rows: Vec<Stored>,
    /// Rows refused under the lock: index among the drafts, and why.
    pub refused: Vec<(usize, Error)>,
    /// What went wrong on the way, if the rest was not tried.
    pub failed: Option<Error>,
}

impl Appended {
    /// The result when any failure is one of the whole.
    pub fn all(mut self) -> Result<Vec<Stored>> {
        match self.failed.take().or_else(|| self.refused.drain(..).next().map(|(_, error)| error)) {
            Some(error) => Err(error),
            None => Ok(self.rows),
        }
    }
}

/// What happens to the other rows of a call when one is refused under the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRefused {
    /// Rows before it are stored, it and those after it are not.
    Stop,
    /// All others are stored.
    Skip,
    /// None is stored.
    Abort,
}

/// At most this many runs that had ended are kept: more than are named, so that it can be said that
/// there are more.
const LATE_MAX: usize = 4;

/// How a writer is to behave.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What a success promises; `None`: as the settings say.
    pub durability: Option<Durability>,
    /// How long to wait for the lock, milliseconds; `None`: as the settings say.
    pub lock_timeout_ms: Option<u64>,
    /// The clock.
    pub now: fn() -> Instant,
}

/// Appends to one logbook.
pub struct Writer<'o> {
    pub(super) os: &'o dyn Os,
    pub(super) directory: PathBuf,
    pub(super) settings: Settings,
    options: Options,
    kept_lock: Option<Kept>,
    pub(super) active: Option<Active>,
    pub(super) index: Index,
    pub(super) raw: Vec<SegmentName>,
    /// The highest number that is sealed, as it was found under the lock.
    pub(super) sealed_end: u64,
    /// Whether `raw` is still what a listing would give.
    pub(super) listed: Listed,
    /// What was said of that when the lock was taken, if it was asked.
    pub(super) listed_still: Option<bool>,
    /// Segments that hold rows of this writer that are not synced yet.
    pub(super) unsynced: Vec<Unsynced>,
    pub(super) together: Together,
    /// Up to here the index is to be told of the rows just written.
    wrote_to: Option<u64>,
    /// A sync that failed on the way, with rows of this writer behind it.
    pub(super) lost_sync: Option<String>,
    /// A segment whose sync failed under the lock, which the lock line does not say yet.
    pub(super) failed_sync: Option<u64>,
    /// Runs that seem to have ended and got rows all the same.
    late: Vec<String>,
    out: Vec<u8>,
}

/// The state under the lock, for a check.
pub struct State<'a, 'o> {
    pub(super) writer: &'a mut Writer<'o>,
}

impl State<'_, '_> {
    /// Calls `each` with every row that begins at or after `from`, in order:
    /// what was appended since the caller looked.
    pub fn rows_since(&mut self, from: Place, each: &mut dyn FnMut(Place, &[u8])) -> Result<()> {
        self.writer.rows_since(from, each)
    }
}

impl<'o> Writer<'o> {
    /// A writer for the logbook at `directory`, which is made if it is missing.
    pub fn open(os: &'o dyn Os, directory: &Path, settings: Settings, options: Options) -> Result<Writer<'o>> {
        directory::create(os, directory)?;
        directory::check(os, directory, &settings)?;
        Ok(Writer {
            os,
            directory: directory.to_path_buf(),
            settings,
            options,
            kept_lock: None,
            active: None,
            index: Index::default(),
            raw: Vec::new(),
            sealed_end: 0,
            listed: Listed::default(),
            listed_still: None,
            unsynced: Vec::new(),
            together: Together::default(),
            wrote_to: None,
            lost_sync: None,
            failed_sync: None,
            late: Vec::new(),
            out: Vec::new(),
        })
    }

    /// What a success of this writer promises.
    pub(crate) fn durability(&self) -> Durability {
        self.options.durability.unwrap_or(self.settings.durability)
    }

    /// Appends the rows: [`Writer::append_if`] without a check.
    pub fn append(&mut self, drafts: &Drafts, on_refused: OnRefused) -> Appended {
        self.append_if(drafts, on_refused, &mut |_| Ok(()))
    }

    /// Appends the rows if `check` lets them, in one hold of the lock. What is
    /// stored is visible when this returns, and durable after [`Writer::sync`].
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
        let result = self.hold(drafts, on_refused, check, &mut appended);
        if let Err(error) = result {
            // What memory says may not be what the disk says.
            self.index.forget();
            self.raw.clear();
            self.listed = Listed::default();
            self.active = None;
            appended.failed = Some(error);
        }
        appended
    }

    fn hold(
        &mut self,
        drafts: &Drafts,
        on_refused: OnRefused,
        check: &mut dyn FnMut(&mut State<'_, 'o>) -> Result<()>,
        appended: &mut Appended,
    ) -> Result<()> {
        if self.raw.is_empty() {
            let raw = self.listed.list(self.os, &self.directory)?;
            build::prepare(self.os, &self.directory, &mut self.index, &raw)?;
            self.raw = raw;
        }
        let today = self.today();
        let lock = self.lock()?;
        let mut result = self.locked(&lock, &today, drafts, on_refused, check, appended);
        if let Some(number) = self.failed_sync.take()
            && let Err(why) = lock.mark_suspect(self.os, number)
        {
            result = result.map_err(|error| error.within(format_args!("{why}; it could not be marked suspect")));
        }
        self.kept_lock = lock.release(self.os);
        // Nobody waits for this.
        if let Some(end) = self.wrote_to.take()
            && result.is_ok()
        {
            self.note_rows(drafts, &appended.rows);
            self.index.wrote(end);
        }
        result
    }

    /// Takes the writers' lock. What it asks of the directory on the way is for
    /// [`Writer::find_active`].
    pub(super) fn lock(&mut self) -> Result<Lock> {
        let (os, directory, listed) = (self.os, &self.directory, &mut self.listed);
        let (index, active) = (&mut self.index, &self.active);
        let mut still = None;
        // While the directory is as it was when the file was found in it, so is the file's name.
        let mut is_there = || *still.insert(listed.holds(os, directory)) && listed.lock_is_there;
        // What others write meanwhile is read now, so that it need not be while others wait.
        let mut meanwhile = || active.iter().for_each(|active| index.read_ahead(os, active));
        let kept = self.kept_lock.take();
        let timeout_ms = self.options.lock_timeout_ms.unwrap_or(self.settings.lock_timeout_ms);
        let path = directory.join(lock::WRITERS);
        let lock = Lock::take(os, &path, &self.settings, timeout_ms, kept, &mut is_there, &mut meanwhile);
        // What was asked before another file was locked may no longer be so.
        self.listed_still = still.filter(|_| lock.as_ref().is_ok_and(|lock| lock.used_before));
        self.listed.lock_is_there |= self.listed_still == Some(true);
        lock
    }

    /// The day that it is, UTC.
    pub(super) fn today(&self) -> String {
        (self.options.now)().utc_day().unwrap_or_else(|| "1970-01-01".to_owned())
    }

    fn locked(
        &mut self,
        lock: &Lock,
        today: &str,
        drafts: &Drafts,
        on_refused: OnRefused,
        check: &mut dyn FnMut(&mut State<'_, 'o>) -> Result<()>,
        appended: &mut Appended,
    ) -> Result<()> {
        let (mut line, active) = self.find_active(lock)?;
        let active = match active {
            Some(mut active) => {
                let torn_at = self.index.catch_up(self.os, &active)?;
                if torn_at < active.bytes {
                    self.mend(&mut active, torn_at)?;
                }
                Some(active)
            }
            None => None,
        };
        self.active = active;
        check(&mut State { writer: self })?;
        // 26 bytes for each step and its key: near enough to know when a segment is full.
        let more = (drafts.bytes() + drafts.rows().len() * 26) as u64;
        let active = match self.active.take() {
            Some(old) if line.is_suspect(old.name.number) || self.is_over(&old, more, today) => {
                self.rotate(lock, &mut line, Some(&old), today)?
            }
            Some(active) => active,
            None => self.rotate(lock, &mut line, None, today)?,
        };
        self.write_rows(active, &line, drafts, on_refused, appended)
    }

    fn write_rows(
        &mut self,
        mut active: Active,
        line: &LockLine,
        drafts: &Drafts,
        on_refused: OnRefused,
        appended: &mut Appended,
    ) -> Result<()> {
        let mut out = std::mem::take(&mut self.out);
        out.clear();
        // The last step of each run, and behind them that of the logbook's own, for rows that are
        // written of no draft.
        let mut steps: Vec<Option<u64>> = vec![None; drafts.runs().len() + 1];
        let own_run = drafts.runs().iter().position(|run| run == run_id::LOGBOOK).unwrap_or(drafts.runs().len());
        let mut rows = Vec::with_capacity(drafts.rows().len());
        // Whether rows of no draft are among them.
        let mut own = false;
        if active.bytes == 0
            && let Some(missing) = self.missing_before(active.name.number)?
        {
            own = true;
            let step = self.next_step(&mut steps[own_run], run_id::LOGBOOK)?;
            self.tell_missing(missing, step, &mut out)?;
        }
        for (index, draft) in drafts.rows().iter().enumerate() {
            let last = match steps[draft.run as usize] {
                Some(last) => last,
                None => self.index.last_step(self.os, &self.directory, drafts.run_of(draft))?,
            };
            let offset = active.bytes + out.len() as u64;
            let place = Place { segment: active.name.number, offset };
            let outcome = self.number(&active, line, drafts, draft, last, &Pending { rows: &rows, out: &out });
            match outcome {
                Ok(Verdict::Store(step)) => {
                    steps[draft.run as usize] = Some(last.max(step));
                    drafts.render(draft, step, &mut out);
                    rows.push(Stored { draft: index, step, place, again: false });
                }
                Ok(Verdict::There(step, place)) => {
                    rows.push(Stored { draft: index, step, place, again: true });
                }
                Ok(Verdict::Instead(step, voided)) => {
                    steps[draft.run as usize] = Some(last.max(step));
                    // The old place first: a write that stops in between must not leave the row
                    // there twice.
                    own = true;
                    let repair_step = self.next_step(&mut steps[own_run], run_id::LOGBOOK)?;
                    self.void(voided, repair_step, (drafts.run_of(draft), step), &mut out)?;
                    let place = Place { offset: active.bytes + out.len() as u64, ..place };
                    drafts.render(draft, step, &mut out);
                    rows.push(Stored { draft: index, step, place, again: false });
                }
                Err(error) if error.exit != Exit::Usage => return Err(error),
                Err(error) => {
                    appended.refused.push((index, error));
                    match on_refused {
                        OnRefused::Skip => {}
                        OnRefused::Stop => break,
                        OnRefused::Abort => {
                            self.out = out;
                            self.active = Some(active);
                            return Ok(());
                        }
                    }
                }
            }
        }
        if rows.iter().all(|row| row.again) {
            out.clear();
        }
        let start = active.bytes;
        let number = active.name.number;
        if !out.is_empty() {
            let to = start + out.len() as u64;
            match self.unsynced.iter_mut().find(|unsynced| unsynced.number == number) {
                Some(unsynced) => unsynced.to = to,
                None => {
                    let (file, opened) = (Arc::clone(&active.file), active.opened);
                    self.unsynced.push(Unsynced { number, file, opened, from: start, to });
                }
            }
        }
        if let Err((written, error)) = write_full(self.os, &active.file, &out) {
            let message = format!("{}: {error}", active.path.display());
            let whole = rows.iter().filter(|row| !row.again).take_while(|row| {
                let end = row_end(&out, (row.place.offset - start) as usize);
                end <= written
            });
            let whole = whole.count();
            let fresh: Vec<Stored> = rows.iter().filter(|row| !row.again).copied().collect();
            // All but the newline is a row that the next append adopts.
            let next = fresh.get(whole).map(|row| row_end(&out, (row.place.offset - start) as usize));
            appended.rows.extend(fresh.into_iter().take(whole));
            self.out = out;
            return Err(match next {
                Some(end) if written + 1 == end => Error::new(Exit::Unknown, message)
                    .hint("the row may be stored: append it again with the same --id to have it once"),
                _ => Error::io(message),
            });
        }
        active.bytes += out.len() as u64;
        self.note_late(drafts, &rows);
        // Rows that say something of other rows are left for the next look to read.
        let carries = rows.iter().any(|row| drafts.rows().get(row.draft).is_some_and(|draft| draft.is_carried));
        self.wrote_to = (!own && !carries).then_some(active.bytes);
        self.active = Some(active);
        self.out = out;
        appended.rows = rows;
        Ok(())
    }

    /// The step of the next row of `run`, whose `last` step is looked up once in a call.
    fn next_step(&mut self, last: &mut Option<u64>, run: &str) -> Result<u64> {
        let step = 1 + match *last {
            Some(step) => step,
            None => self.index.last_step(self.os, &self.directory, run)?,
        };
        *last = Some(step);
        Ok(step)
    }

    /// Notes which runs had ended that get these rows: hints, as the index says.
    fn note_late(&mut self, drafts: &Drafts, rows: &[Stored]) {
        if self.late.len() >= LATE_MAX {
            return;
        }
        let mut late = vec![None; drafts.runs().len()];
        for draft in rows.iter().filter(|row| !row.again).filter_map(|row| drafts.rows().get(row.draft)) {
            if let Some(late) = late.get_mut(draft.run as usize) {
                // Rows that begin or end it are no news.
                *late = Some(draft.turn.is_none() && draft.is_of_run && *late != Some(false));
            }
        }
        for (run, _) in drafts.runs().iter().zip(late).filter(|(_, late)| *late == Some(true)) {
            if self.late.len() >= LATE_MAX {
                return;
            }
            let turn = self.index.turn(self.os, &self.directory, run);
            if turn.is_ok_and(|turn| turn.is_some_and(|turn| turn.is_end)) && !self.late.contains(run) {
                self.late.push(run.clone());
            }
        }
    }

    /// Runs that seem to have ended before rows of this writer came, the first few of them.
    pub fn late(&self) -> &[String] {
        &self.late
    }

    /// Tells the index of rows just written, once for each run.
    fn note_rows(&mut self, drafts: &Drafts, rows: &[Stored]) {
        let mut entries: Vec<Option<RunEntry>> = vec![None; drafts.runs().len()];
        for row in rows.iter().filter(|row| !row.again) {
            let Some(draft) = drafts.rows().get(row.draft) else { continue };
            if let Some(id) = &draft.id {
                self.index.note_id(row.place, id);
            }
            if draft.is_correction {
                self.index.note_correction(row.place);
            }
            if draft.is_hold {
                self.index.note_hold(row.place);
            }
            if draft.has_parent {
                self.index.note_parent(row.place, drafts.run_of(draft));
            }
            let new = RunEntry {
                last_step: row.step,
                rows: 1,
                first: row.place,
                newest: row.place,
                turn: draft.turn.map(|is_end| Turn { place: row.place, is_end }),
            };
            match entries.get_mut(draft.run as usize) {
                Some(Some(entry)) => entry.join(&new),
                Some(entry) => *entry = Some(new),
                None => {}
            }
        }
        for (run, entry) in drafts.runs().iter().zip(entries) {
            if let Some(entry) = entry {
                self.index.note_run(run, &entry);
            }
        }
    }

    pub(super) fn now_text(&self) -> String {
        (self.options.now)().to_utc_ms()
    }

    /// Makes the rows written since the last call durable, outside the lock.
    /// Errors: exit 4; the segment is then marked suspect, and never synced again.
    pub fn sync(&mut self) -> Result<()> {
        let mut failed = self.lost_sync.take();
        if self.durability() == Durability::Data {
            for unsynced in std::mem::take(&mut self.unsynced) {
                let number = unsynced.number;
                if let Err(error) = self.together.sync(self.os, &self.directory, &unsynced) {
                    let marked = self.mark_suspect(number);
                    failed.get_or_insert(match marked {
                        Ok(()) => format!("segment {number:06}: {error}"),
                        Err(why) => format!("segment {number:06}: {error}; it could not be marked suspect: {why}"),
                    });
                }
            }
        }
        self.unsynced.clear();
        match failed {
            None => {
                build::save_finished(self.os, &self.directory, &mut self.index);
                if let Some(active) = &self.active {
                    build::save_active(self.os, &self.directory, &mut self.index, &active.file, active.identity.1);
                }
                Ok(())
            }
            Some(why) => {
                self.index.forget();
                self.active = None;
                Err(Error::new(Exit::Unknown, format!("the rows were written but could not be synced: {why}"))
                    .hint("append them again with the same --id: each is then stored once, in a new segment"))
            }
        }
    }

    /// Whether a sync of this segment failed, as far as anybody could say so.
    pub(super) fn is_suspect(&mut self, number: u64) -> Result<bool> {
        let line = self.with_lock(|os, lock| lock.read(os))?;
        Ok(line.is_some_and(|line| line.is_suspect(number)))
    }

    pub(super) fn mark_suspect(&mut self, number: u64) -> Result<()> {
        self.with_lock(|os, lock| lock.mark_suspect(os, number))
    }

    fn with_lock<T>(&mut self, look: impl FnOnce(&dyn Os, &Lock) -> Result<T>) -> Result<T> {
        let timeout_ms = self.options.lock_timeout_ms.unwrap_or(self.settings.lock_timeout_ms);
        let (kept, path) = (self.kept_lock.take(), self.directory.join(lock::WRITERS));
        // Nothing is asked of the directory: nobody lists it here.
        let lock = Lock::take(self.os, &path, &self.settings, timeout_ms, kept, &mut || false, &mut || ())?;
        let result = look(self.os, &lock);
        self.kept_lock = lock.release(self.os);
        result
    }
}

/// The offset after the row that begins at `from` in `out`.
fn row_end(out: &[u8], from: usize) -> usize {
    memchr::memchr(b'\n', &out[from..]).map_or(out.len(), |length| from + length + 1)
}

/// What becomes of one draft.
pub(super) enum Verdict {
    /// Written with this step.
    Store(u64),
    /// It is on file already.
    There(u64, Place),
    /// Written again with this step, in place of the one in a suspect segment.
    Instead(u64, Place),
}
