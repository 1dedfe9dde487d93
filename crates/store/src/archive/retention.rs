//! Deleting old segments: a row that tells of it is stored and synced first, then the manifest says
//! so, then they go (`docs/format.md`, Retention).

use std::io::ErrorKind;
use std::path::Path;

use super::content::{archive_path, raw_path};
use super::keeper::Keeper;
use super::manifest::Entry;
use crate::append::{OnRefused, Options, State, Writer};
use crate::listing::archive_directory;
use crate::os::sync_directory;
use logbook_format::manifest::Event;
use logbook_format::once_id::{RECEIPT, once_id};
use logbook_format::{Drafts, Rules, receipt};
use logbook_json as json;
use logbook_model::error::{Error, Result};
use logbook_model::{Address, Kind, Vocabulary, run_id};

/// Segments in one receipt: their digests must fit a row.
const SEGMENTS_MAX: usize = 2000;

/// Segments that are to go, and the row that tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doomed {
    /// How many.
    pub segments: usize,
    /// How many rows they hold.
    pub rows: u64,
    /// The receipt's name.
    pub receipt: String,
}

/// What rows about to be deleted say that somebody still rests on.
pub trait Facts {
    /// The texts of the rows that say it, when all segments up to the number `last` go.
    fn texts(&mut self, last: u64) -> Result<Vec<Vec<u8>>>;
    /// Whether they still say it, under the lock.
    fn hold(&mut self, state: &mut State<'_, '_>) -> Result<bool>;
}

/// How often it is tried anew when what is carried over changes meanwhile.
const TRIES_MAX: usize = 16;

impl Keeper<'_> {
    /// Deletes the segments that `entries` are about, which are covered, and before which there are
    /// no others; `why` says what was asked for. What they say that still counts is stored first.
    pub fn delete(
        &mut self,
        entries: &[Entry],
        why: &str,
        options: Options,
        facts: &mut dyn Facts,
    ) -> Result<Vec<Doomed>> {
        entries.chunks(SEGMENTS_MAX).map(|entries| self.delete_some(entries, why, options, facts)).collect()
    }

    fn delete_some(&mut self, entries: &[Entry], why: &str, options: Options, facts: &mut dyn Facts) -> Result<Doomed> {
        let (receipt, rows) = self.write_receipt(entries, why, options, facts)?;
        let deleted_at = (options.now)().to_utc_ms();
        for entry in entries.iter().filter(|entry| !entry.deleted) {
            let event = Event::Deleted { deleted_at: deleted_at.clone(), receipt: receipt.clone() };
            self.known.append(self.os, &self.directory, entry.segment, event)?;
        }
        for entry in entries {
            self.remove(entry)?;
        }
        self.sync_both()?;
        Ok(Doomed { segments: entries.len(), rows, receipt })
    }

    /// Removes files of segments that the manifest and a receipt say are deleted: who wrote that
    /// died before it was done.
    pub fn finish_deleting(&mut self) -> Result<usize> {
        self.drop_unreceipted()?;
        let mut removed = 0;
        for entry in self.known.segments.values().filter(|entry| entry.deleted) {
            removed += usize::from(self.remove(entry)?);
        }
        if removed > 0 {
            self.sync_both()?;
        }
        Ok(removed)
    }

    /// The name of the receipt for `entries`, which is stored once, behind what is carried over;
    /// and the rows that they hold.
    fn write_receipt(
        &self,
        entries: &[Entry],
        why: &str,
        options: Options,
        facts: &mut dyn Facts,
    ) -> Result<(String, u64)> {
        let rows: u64 = entries.iter().map(|entry| entry.covered.rows).sum();
        let bytes: u64 = entries.iter().map(|entry| entry.covered.bytes).sum();
        let kind = Kind::ArchiveReceipt.word();
        let mut text = format!("{{\"run_id\":\"{}\",\"kind\":\"{kind}\",\"action\":", run_id::LOGBOOK).into_bytes();
        let s = if entries.len() == 1 { "" } else { "s" };
        json::quote_into(&format!("deleted {} segment{s}", entries.len()), &mut text);
        text.extend_from_slice(b",\"reason\":");
        json::quote_into(why, &mut text);
        let span = |which: fn(&Entry) -> Option<&String>| entries.iter().filter_map(which);
        let first = span(|entry| entry.covered.first_at.as_ref()).min();
        let last = span(|entry| entry.covered.last_at.as_ref()).max();
        for (name, at) in [("first_at", first), ("last_at", last)] {
            if let Some(at) = at {
                text.extend_from_slice(format!(",\"{name}\":\"{at}\"").as_bytes());
            }
        }
        let segments = entries.iter().map(|entry| (&entry.segment, entry.covered.sha256.as_str()));
        let segments = receipt::print_entries(segments);
        text.extend_from_slice(format!(",\"rows\":{rows},\"bytes\":{bytes},\"segments\":[{segments}]").as_bytes());
        // Who dies behind it and tries again deletes the same, and stores the same row once.
        let id = once_id(RECEIPT, segments.as_bytes());
        text.extend_from_slice(format!(",\"id\":\"{id}\"}}").as_bytes());
        let vocabulary = Vocabulary::default();
        let rules = Rules { vocabulary: &vocabulary, run_id: None, agent_id: None, own: true, redactor: None };
        let last = entries.iter().map(|entry| entry.segment.number).max().unwrap_or(0);
        let mut writer = Writer::open(self.os, &self.directory, self.settings.clone(), options)?;
        for _ in 0..TRIES_MAX {
            let mut drafts = Drafts::new();
            let now = (options.now)().to_utc_ms();
            // Before the receipt: whoever finds that has found them.
            for text in facts.texts(last)?.iter().chain([&text]) {
                drafts.push(text, &rules, &now, None)?;
            }
            let mut changed = false;
            let stored = writer.append_if(&drafts, OnRefused::Abort, &mut |state| {
                changed = !facts.hold(state)?;
                if changed { Err(Error::io("what is carried over changed meanwhile")) } else { Ok(()) }
            });
            if !changed {
                let stored = stored.all()?;
                writer.sync()?;
                let step = stored.last().map_or(0, |row| row.step);
                let name = Address::Step { run_id: run_id::LOGBOOK.to_owned(), step };
                return Ok((name.to_string(), rows));
            }
        }
        Err(Error::io("what is carried over changes all the time; nothing was deleted"))
    }

    /// Removes the files of one segment; gives whether there were any.
    fn remove(&self, entry: &Entry) -> Result<bool> {
        let mut removed = false;
        // The archive first: a reader that finds the raw file takes that.
        for path in [archive_path(&self.directory, &entry.segment), raw_path(&self.directory, &entry.segment)] {
            match self.os.unlink(&path) {
                Ok(()) => removed = true,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(Error::io(format!("{}: {error}", path.display()))),
            }
        }
        Ok(removed)
    }

    fn sync_both(&self) -> Result<()> {
        let sync = |path: &Path| match sync_directory(self.os, path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(format!("{}: {error}", path.display()))),
            _ => Ok(()),
        };
        sync(&archive_directory(&self.directory))?;
        sync(&self.directory)
    }
}
