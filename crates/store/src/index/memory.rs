//! The index of one logbook in memory: the tables on disk that were opened, and the entries of the
//! rows that no table covers. It is a hint: what is found is checked against the rows.
//!
//! Not here: making tables (`build`), asking (`lookup`).

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use foldhash::fast::RandomState;

use super::entries::{Entries, Key, LastStep, RunEntry};
use super::table::{Contents, Cover, Table};
use super::unparsed::Unparsed;
use crate::archived;
use crate::cache::tail_hash;
use crate::layout::Layout;
use crate::os::{Os, error_at};
use crate::parts::{Active, Place};
use logbook_model::error::{Error, Result};

/// The steps and ids of the logbook, as far as they are known.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Tables on disk, in the order of the segments that they cover. The last one may cover a part
    /// of the active segment.
    pub(crate) tables: Vec<(PathBuf, Table)>,
    /// Rows of sealed segments that are in no table.
    pub(crate) older: Vec<Entries>,
    /// Rows of the active segment behind `base`.
    tail: Entries,
    /// More of them, not parsed yet.
    pub(super) unparsed: Unparsed,
    /// What the table of the active segment covers of it.
    pub(crate) base: Cover,
    /// The highest sealed segment that is known as a whole.
    pub(crate) sealed: u64,
    /// The number of the active segment, and the offset up to which it is known.
    pub(crate) active: (u64, u64),
    /// Segments that this writer sealed, and that have no table yet.
    pub(crate) finished: Vec<Contents>,
    /// Whether this writer has made the active segment's table once.
    pub(crate) saved: bool,
    /// Whether the tables were found damaged: then only what is read counts.
    pub(crate) distrust: bool,
    pub(super) answers: TableAnswers,
}

/// What the tables say of the runs that were asked for: a writer asks for one run again and again.
#[derive(Debug, Default)]
pub(super) struct TableAnswers {
    /// The tables that were asked.
    pub nonces: Vec<u64>,
    pub by_run: HashMap<u128, LastStep, RandomState>,
}

impl Index {
    /// Forgets everything: what is in memory may no longer be true.
    pub(crate) fn forget(&mut self) {
        *self = Index { distrust: self.distrust, ..Index::default() };
    }

    /// Reads, under the lock, the segments that were sealed since the index was made.
    pub(crate) fn catch_up_sealed(&mut self, os: &dyn Os, directory: &Path, layout: Layout<'_>) -> Result<()> {
        for name in archived::sealed_names(os, directory, layout.sealed, self.sealed, layout.sealed_end)? {
            let is_known = self.active.0 == name.number;
            let from = if is_known { self.active.1 } else { 0 };
            self.parse();
            let mut entries = if is_known { std::mem::take(&mut self.tail) } else { Entries::default() };
            archived::each_sealed_block(os, directory, &name, from, |offset, block| {
                entries.add_block(name.number, offset, block);
            })?;
            self.older.push(entries);
            self.sealed = name.number;
        }
        self.sealed = self.sealed.max(layout.sealed_end);
        Ok(())
    }

    /// Reads, under the lock, the rest of `active`. Gives the offset at which a torn tail begins,
    /// which is the length of the segment if there is none.
    pub(crate) fn catch_up(&mut self, os: &dyn Os, active: &Active) -> Result<u64> {
        if self.active.0 != active.name.number {
            self.parse();
            self.active = (active.name.number, 0);
            self.base = Cover::default();
        }
        if self.active.1 > active.bytes {
            return Err(Error::io(format!("{}: shorter than it was", active.path.display())));
        }
        self.read_to(os, &active.file, active.bytes).map_err(error_at(&active.path))
    }

    /// The same for a file that is known to be the active segment still, and whose length was not
    /// asked for: it is read from the last known byte to its end. Gives the length; `None` if that
    /// byte is no longer there.
    pub(crate) fn read_on(&mut self, os: &dyn Os, active: &Active) -> std::io::Result<Option<u64>> {
        if self.active.0 != active.name.number || self.active.1 == 0 {
            return Ok(None);
        }
        if self.unparsed.is_large() {
            self.parse();
        }
        let (number, known) = self.active;
        let (end, bytes) = self.unparsed.read_behind(os, &active.file, number, known)?;
        if bytes < known {
            return Ok(None);
        }
        self.active.1 = end;
        Ok(Some(bytes))
    }

    /// Reads whole rows that other writers wrote, without the lock: a row never changes once its
    /// newline is written. A failure is left to the read under the lock.
    pub(crate) fn read_ahead(&mut self, os: &dyn Os, active: &Active) {
        if self.read_on(os, active).is_ok_and(|bytes| bytes.is_some()) {
            self.unparsed.search();
        }
    }

    /// Reads the active segment up to `to`. Gives the offset after the last newline.
    pub(crate) fn read_to(&mut self, os: &dyn Os, file: &OwnedFd, to: u64) -> std::io::Result<u64> {
        let (number, from) = self.active;
        if from < to {
            if self.unparsed.is_large() {
                self.parse();
            }
            self.active.1 = self.unparsed.read(os, file, number, from, to)?;
        }
        Ok(self.active.1)
    }

    /// Parses the rows that were only read so far.
    pub(crate) fn parse(&mut self) {
        let tail = &mut self.tail;
        self.unparsed.take(|place, block| tail.add_block(place.segment, place.offset, block));
    }

    /// Adds rows of `run` that this writer wrote to the active segment.
    pub(crate) fn add_run(&mut self, run: &str, rows: &RunEntry) {
        self.tail.add_run(run, rows);
    }

    /// Adds a row that this writer wrote to the active segment.
    pub(crate) fn add_place(&mut self, key: Key<'_>, place: Place) {
        self.tail.add_place(key, place);
    }

    /// The active segment is known up to `end`: this writer wrote it.
    pub(crate) fn wrote_to(&mut self, end: u64) {
        self.active.1 = end;
    }

    /// This writer sealed `old`, whose rows are all known, and goes on in the segment `new`.
    pub(crate) fn rotated(&mut self, os: &dyn Os, old: Option<&Active>, new: u64) {
        self.parse();
        if let Some(old) = old
            && self.active == (old.name.number, old.bytes)
        {
            if let Some(contents) = self.active_contents(os, &old.file, old.identity.1) {
                self.finished.push(contents);
            }
            self.sealed = old.name.number;
        }
        self.older.push(std::mem::take(&mut self.tail));
        self.base = Cover::default();
        self.active = (new, 0);
    }

    /// Everything that is known of the active segment, whose rows must all be parsed.
    pub(crate) fn active_contents(&self, os: &dyn Os, file: &OwnedFd, inode: u64) -> Option<Contents> {
        let (number, end) = self.active;
        let (line_from, line_hash) = tail_hash(os, file, end)?;
        let cover = Cover { low: number, high: number, inode, end, line_from, line_hash };
        let new = Contents::new(cover, &self.tail);
        if self.base.high != number {
            return Some(new);
        }
        let base = self.tables.iter().find(|(_, table)| table.cover == self.base)?;
        Some(base.1.contents(os)?.followed_by(new))
    }

    /// The rows that are in no table, as far as they are parsed: `older` and the tail.
    pub(super) fn in_memory(&self) -> impl Iterator<Item = &Entries> {
        self.older.iter().chain([&self.tail])
    }

    /// The active segment is known as far as a table covers it, and not behind that.
    pub(crate) fn cut_to(&mut self, cover: Cover) {
        self.unparsed.take(|_, _| ());
        self.tail = Entries::default();
        self.base = cover;
        self.active = (cover.high, cover.end);
    }
}
