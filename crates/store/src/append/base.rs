//! What a writer knows of its logbook, from one call to the next, and the questions about rows on
//! file that it answers.

use std::path::{Path, PathBuf};

use super::group_commit::{GroupCommit, Unsynced};
use crate::archived;
use crate::config::{Durability, Settings};
use crate::index::{Index, Key, build};
use crate::listing_check::ListingCheck;
use crate::os::Os;
use crate::parts::{Active, Place};
use crate::snapshot::row_of;
use logbook_format::lines::Lines;
use logbook_format::{Drafts, Rules, SegmentName};
use logbook_json as json;
use logbook_model::error::Result;
use logbook_model::{Instant, Vocabulary, run_id};

/// How a writer behaves.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What a success promises; `None` for what the settings say.
    pub durability: Option<Durability>,
    /// How long to wait for the lock, milliseconds; `None` for what the settings say.
    pub lock_timeout_ms: Option<u64>,
    /// The clock that rows are stamped with.
    pub now: fn() -> Instant,
}

/// A row on file, and its text.
pub(super) struct Found {
    pub place: Place,
    pub text: Vec<u8>,
}

/// What a writer knows of its logbook.
pub(super) struct Base<'o> {
    pub os: &'o dyn Os,
    pub directory: PathBuf,
    pub settings: Settings,
    pub options: Options,
    pub index: Index,
    /// The raw segments, by number. Empty if they are not known.
    pub raw: Vec<SegmentName>,
    /// Whether `raw` is still what a listing would give.
    pub listing: ListingCheck,
    /// The highest number that was sealed when the lock was last held.
    pub sealed_end: u64,
    /// The active segment, from the last call.
    pub active: Option<Active>,
    /// Segments with rows that are not durable yet.
    pub unsynced: Vec<Unsynced>,
    pub group_commit: GroupCommit,
    /// Runs that seemed to have ended and got rows all the same.
    pub late: Vec<String>,
}

impl<'o> Base<'o> {
    pub(super) fn new(os: &'o dyn Os, directory: &Path, settings: Settings, options: Options) -> Base<'o> {
        Base {
            os,
            directory: directory.to_path_buf(),
            settings,
            options,
            index: Index::default(),
            raw: Vec::new(),
            listing: ListingCheck::default(),
            sealed_end: 0,
            active: None,
            unsynced: Vec::new(),
            group_commit: GroupCommit::default(),
            late: Vec::new(),
        }
    }

    /// Lists the segments and prepares the index, if that was not done before. Called without the
    /// lock: what changes until it is held is read then.
    pub(super) fn prepare(&mut self) -> Result<()> {
        if self.raw.is_empty() {
            let raw = self.listing.list(self.os, &self.directory)?;
            build::prepare(self.os, &self.directory, &mut self.index, &raw)?;
            self.raw = raw;
        }
        Ok(())
    }

    /// After a failure: the memory may not agree with the disk.
    pub(super) fn forget(&mut self) {
        self.index.forget();
        self.raw.clear();
        self.listing = ListingCheck::default();
        self.active = None;
    }

    /// What a success of this writer promises.
    pub(super) fn durability(&self) -> Durability {
        self.options.durability.unwrap_or(self.settings.durability)
    }

    pub(super) fn lock_timeout_ms(&self) -> u64 {
        self.options.lock_timeout_ms.unwrap_or(self.settings.lock_timeout_ms)
    }

    /// The current day, UTC.
    pub(super) fn today(&self) -> String {
        (self.options.now)().utc_day().unwrap_or_else(|| "1970-01-01".to_owned())
    }

    /// Prepares for shared syncs of a segment that was just opened.
    pub(super) fn begin_group_commit(&mut self, active: &Active) {
        if self.durability() == Durability::Data {
            self.group_commit.begin(self.os, &self.directory, active);
        }
    }

    pub(super) fn last_step(&mut self, run: &str) -> Result<u64> {
        self.index.last_step(self.os, &self.directory, run)
    }

    pub(super) fn places(&mut self, key: Key<'_>) -> Result<Vec<Place>> {
        self.index.places(self.os, &self.directory, key)
    }

    /// The row on file with this id. Of several the last one counts: a row that a `repair` row
    /// voided has a later one.
    pub(super) fn on_file(&mut self, id: &str) -> Result<Option<Found>> {
        for place in self.places(Key::Id(id))?.into_iter().rev() {
            if let Some(text) = self.row_on_file(place)?
                && id_of(&text).as_deref() == Some(id)
                // A row damaged by a power cut does not use up its id: its writer never reported
                // it as stored.
                && json::validate(&text, json::Limits::GRAMMAR).is_ok()
            {
                return Ok(Some(Found { place, text }));
            }
        }
        Ok(None)
    }

    pub(super) fn row_on_file(&self, place: Place) -> Result<Option<Vec<u8>>> {
        row_of(self.os, &self.directory, &self.raw, place)
    }

    /// Calls `each` with every row that begins at or after `from`, in order.
    pub(super) fn rows_since(&self, from: Place, each: &mut dyn FnMut(Place, &[u8])) -> Result<()> {
        let end = self.raw.last().map_or(0, |name| name.number).max(self.sealed_end);
        for name in archived::sealed_names(self.os, &self.directory, &self.raw, from.segment.saturating_sub(1), end)? {
            let start = if name.number == from.segment { from.offset } else { 0 };
            archived::each_sealed_block(self.os, &self.directory, &name, start, |at, block| {
                for line in Lines::new(block).filter(|line| line.whole) {
                    each(Place { segment: name.number, offset: at + line.at as u64 }, line.text);
                }
            })?;
        }
        Ok(())
    }

    /// A row about the logbook itself, with its newline.
    pub(super) fn own_row(&self, text: &[u8], step: u64) -> Result<Vec<u8>> {
        let mut drafts = Drafts::new();
        let vocabulary = Vocabulary::default();
        let rules =
            Rules { vocabulary: &vocabulary, run_id: Some(run_id::LOGBOOK), agent_id: None, own: true, redactor: None };
        drafts.push(text, &rules, &(self.options.now)().to_utc_ms(), None)?;
        let mut out = Vec::new();
        if let Some(draft) = drafts.rows().first() {
            drafts.render(draft, step, &mut out);
        }
        Ok(out)
    }
}

fn id_of(row: &[u8]) -> Option<String> {
    let mut values = Vec::new();
    json::pick(row, &["id"], &mut values).ok()?;
    Some(String::from_utf8_lossy(&json::decode(values[0]?)?).into_owned())
}
