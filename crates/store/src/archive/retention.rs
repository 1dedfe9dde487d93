//! Deleting old segments: first a receipt is stored and synced, then the manifest records it, then
//! the files are removed (`docs/format.md`, Retention).

use std::io::ErrorKind;
use std::path::Path;

use super::content::{archive_path, raw_path};
use super::keeper::Keeper;
use super::manifest::Entry;
use crate::append::{OnRefused, Options, State, Writer};
use crate::listing::archive_directory;
use crate::os::{io_error, sync_directory};
use logbook_format::manifest::Event;
use logbook_format::once_id::{RECEIPT, once_id};
use logbook_format::{Drafts, Rules, receipt};
use logbook_json as json;
use logbook_model::error::{Error, Result};
use logbook_model::{Address, Kind, Vocabulary, run_id};

/// At most this many segments are in one receipt: their digests must fit into a row.
const SEGMENTS_MAX: usize = 2000;

/// Segments that were deleted with one receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// The number of segments.
    pub segments: usize,
    /// The number of their rows.
    pub rows: u64,
    /// The name of the receipt.
    pub receipt: String,
}

/// What the rows to be deleted say and is still needed. It is carried over into new rows.
pub trait CarriedOver {
    /// The new rows, if all segments up to the number `last` are deleted.
    fn texts(&mut self, last: u64) -> Result<Vec<Vec<u8>>>;
    /// Whether those rows are still right, under the lock.
    fn hold(&mut self, state: &mut State<'_, '_>) -> Result<bool>;
}

/// If what is carried over changes meanwhile, this many attempts are made.
const TRIES_MAX: usize = 16;

impl Keeper<'_> {
    /// Deletes the segments of `entries`, which must be covered and the first of the logbook. `why`
    /// is the reason in the receipt. What is carried over is stored first.
    pub fn delete(
        &mut self,
        entries: &[Entry],
        why: &str,
        options: Options,
        carried_over: &mut dyn CarriedOver,
    ) -> Result<Vec<Deleted>> {
        entries.chunks(SEGMENTS_MAX).map(|entries| self.delete_some(entries, why, options, carried_over)).collect()
    }

    fn delete_some(
        &mut self,
        entries: &[Entry],
        why: &str,
        options: Options,
        carried_over: &mut dyn CarriedOver,
    ) -> Result<Deleted> {
        let receipt = self.write_receipt(entries, why, options, carried_over)?;
        let deleted_at = (options.now)().to_utc_ms();
        for entry in entries.iter().filter(|entry| !entry.deleted) {
            let event = Event::Deleted { deleted_at: deleted_at.clone(), receipt: receipt.clone() };
            self.known.append(self.os, &self.directory, entry.segment, event)?;
        }
        for entry in entries {
            self.remove(entry)?;
        }
        self.sync_both()?;
        Ok(Deleted { segments: entries.len(), rows: rows_of(entries), receipt })
    }

    /// Removes files of segments that the manifest and a receipt say are deleted: an archiver died
    /// before it removed them. Gives the number of segments.
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

    /// Stores the receipt for `entries` once, behind what is carried over. Gives its name.
    fn write_receipt(
        &self,
        entries: &[Entry],
        why: &str,
        options: Options,
        carried_over: &mut dyn CarriedOver,
    ) -> Result<String> {
        let receipt = receipt_text(entries, why);
        let vocabulary = Vocabulary::default();
        let rules = Rules { vocabulary: &vocabulary, run_id: None, agent_id: None, own: true, redactor: None };
        let last = entries.iter().map(|entry| entry.segment.number).max().unwrap_or(0);
        let mut writer = Writer::open(self.os, &self.directory, self.settings.clone(), options)?;
        for _ in 0..TRIES_MAX {
            let mut drafts = Drafts::new();
            let now = (options.now)().to_utc_ms();
            // Before the receipt: if the receipt is on file, they are.
            for text in carried_over.texts(last)?.iter().chain([&receipt]) {
                drafts.push(text, &rules, &now, None)?;
            }
            let mut changed = false;
            let stored = writer.append_if(&drafts, OnRefused::Abort, &mut |state| {
                changed = !carried_over.hold(state)?;
                if changed { Err(Error::io("what is carried over changed meanwhile")) } else { Ok(()) }
            });
            if !changed {
                let stored = stored.all()?;
                writer.sync()?;
                let step = stored.last().map_or(0, |row| row.step);
                return Ok(Address::Step { run_id: run_id::LOGBOOK.to_owned(), step }.to_string());
            }
        }
        Err(Error::io("what is carried over changes all the time; nothing was deleted"))
    }

    /// Removes the files of one segment. Gives whether there were any.
    fn remove(&self, entry: &Entry) -> Result<bool> {
        let mut removed = false;
        // The archive first: a reader uses the raw file if there is one.
        for path in [archive_path(&self.directory, &entry.segment), raw_path(&self.directory, &entry.segment)] {
            match self.os.unlink(&path) {
                Ok(()) => removed = true,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(io_error(&path, error)),
            }
        }
        Ok(removed)
    }

    fn sync_both(&self) -> Result<()> {
        let sync = |path: &Path| match sync_directory(self.os, path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(io_error(path, error)),
            _ => Ok(()),
        };
        sync(&archive_directory(&self.directory))?;
        sync(&self.directory)
    }
}

/// The row that says that the segments of `entries` are deleted.
fn receipt_text(entries: &[Entry], why: &str) -> Vec<u8> {
    let rows = rows_of(entries);
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
    // An archiver that died and tries again deletes the same segments, and this row is stored once.
    let id = once_id(RECEIPT, segments.as_bytes());
    text.extend_from_slice(format!(",\"id\":\"{id}\"}}").as_bytes());
    text
}

fn rows_of(entries: &[Entry]) -> u64 {
    entries.iter().map(|entry| entry.covered.rows).sum()
}
