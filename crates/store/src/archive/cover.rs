//! Covering: a sealed segment is synced and digested, and a line of the manifest records its
//! content. Archives without a line are covered, too, as in a copy whose manifest is older than
//! they are.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::ops::ControlFlow;

use super::content::{self, Sums, archive_path, raw_path};
use super::keeper::Keeper;
use super::manifest::Entry;
use crate::append::{Options, Writer};
use crate::archived::holds_more;
use crate::directory::check_file;
use crate::listing;
use crate::os::{How, Stat, error_at, io_error, sync_directory};
use logbook_format::SegmentName;
use logbook_format::manifest::{Covered, Event};
use logbook_json::bits::Finder;
use logbook_json::{self as json, frame};
use logbook_model::error::{Error, Exit, Result};
use logbook_model::{Instant, READ_ROW_BYTES_MAX};

const NAMES: [&str; 1] = ["timestamp"];

/// The result of covering.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Covering {
    /// The number of segments that were covered.
    pub segments: usize,
    /// Archives that had no line in the manifest and have one now.
    pub adopted: Vec<SegmentName>,
}

impl Keeper<'_> {
    /// Covers the sealed segments that are not covered yet, in order. Calls `before_each` with each
    /// of them. A segment below a covered one was not there when that was covered: `verify` reports
    /// it.
    pub fn cover(&mut self, options: Options, before_each: &mut dyn FnMut(&SegmentName)) -> Result<Covering> {
        let mut covering = Covering::default();
        let last = self.known.segments.keys().next_back().copied().unwrap_or(0);
        let raw = self.sealed()?;
        let archived = listing::archived(self.os, &self.directory)?;
        for name in &archived {
            if self.lacks_archived_line(name)?
                && let Some((content, archive)) = self.read_archived(name)?
                && self.known.segments.get(&name.number).is_some_and(|entry| content.sha256 == entry.covered.sha256)
            {
                before_each(name);
                self.known.append(self.os, &self.directory, *name, archive)?;
                covering.adopted.push(*name);
            }
        }
        let names: BTreeMap<u64, SegmentName> = archived
            .into_iter()
            .chain(raw)
            .map(|name| (name.number, name))
            .filter(|(number, _)| *number > last)
            .collect();
        for name in names.into_values() {
            before_each(&name);
            if let Some(covered) = self.read_sealed(&name, options)? {
                self.known.append(self.os, &self.directory, name, Event::Covered(covered))?;
            } else if let Some((covered, archive)) = self.read_archived(&name)? {
                self.known.append(self.os, &self.directory, name, Event::Covered(covered))?;
                self.known.append(self.os, &self.directory, name, archive)?;
                covering.adopted.push(name);
            } else {
                // Neither file can be read to its end, so its content is unknown.
                continue;
            }
            covering.segments += 1;
        }
        Ok(covering)
    }

    /// Whether `name` is covered and has only an archive, and no line records the archive: the
    /// manifest is older.
    fn lacks_archived_line(&self, name: &SegmentName) -> Result<bool> {
        let is_unsaid = |entry: &Entry| entry.segment == *name && entry.archive.is_none() && !entry.deleted;
        if !self.known.segments.get(&name.number).is_some_and(is_unsaid) {
            return Ok(false);
        }
        let raw = raw_path(&self.directory, name);
        match self.os.stat_path(&raw) {
            Ok(_) => Ok(false),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
            Err(error) => Err(io_error(&raw, error)),
        }
    }

    /// The content of the archive of `name`, and the line that records it. `None` if it cannot be
    /// decompressed.
    fn read_archived(&self, name: &SegmentName) -> Result<Option<(Covered, Event)>> {
        let path = archive_path(&self.directory, name);
        let fail = error_at(&path);
        let file = self.os.open(&path, How::Read, 0).map_err(fail)?;
        let stat = self.os.stat(&file).map_err(fail)?;
        check_file(self.os, &path, &stat, &self.settings)?;
        // A copied archive may not be synced yet.
        self.os.sync_all(&file).map_err(fail)?;
        sync_directory(self.os, &listing::archive_directory(&self.directory)).map_err(fail)?;
        let mut times = Times::default();
        let (archive_bytes, archive_sha256, content) =
            content::sum_packed(self.os, &path, |block| times.take(block)).map_err(fail)?;
        let Ok(sums) = content else { return Ok(None) };
        let archive = Event::Archived { archive_bytes, archive_sha256 };
        Ok(Some((covered(sums, &times, &stat), archive)))
    }

    /// The content of the raw file of `name`, synced. `None` if there is none, or its archive has
    /// more.
    fn read_sealed(&self, name: &SegmentName, options: Options) -> Result<Option<Covered>> {
        let path = raw_path(&self.directory, name);
        let fail = error_at(&path);
        let file = match self.os.open(&path, How::Read, 0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file.map_err(fail)?,
        };
        let stat = self.os.stat(&file).map_err(fail)?;
        check_file(self.os, &path, &stat, &self.settings)?;
        if holds_more(self.os, &self.directory, name, stat.bytes) {
            return Ok(None);
        }
        let mut writer = Writer::open(self.os, &self.directory, self.settings.clone(), options)?;
        if writer.is_suspect(name.number)? {
            // A second sync proves nothing. What is read from the disk is covered.
            self.os.forget_cached(&file);
        } else if let Err(error) = self.os.sync_all(&file) {
            writer.mark_suspect(name.number)?;
            return Err(Error::new(Exit::Unknown, format!("{}: {error}; it is marked suspect", path.display()))
                .hint("logbook doctor"));
        }
        let mut times = Times::default();
        let mut reader = content::open(self.os, &path).map_err(fail)?;
        let sums = content::sum(&mut reader, |block| times.take(block)).map_err(fail)?;
        Ok(Some(covered(sums, &times, &stat)))
    }
}

/// The record of a segment with these sums and times, in the file with this stat.
fn covered(sums: Sums, times: &Times, stat: &Stat) -> Covered {
    let (first_at, last_at) = times.span();
    Covered {
        rows: sums.rows,
        bytes: sums.bytes,
        first_at,
        last_at,
        sealed_at: Instant { seconds: stat.modified.0, attos: stat.modified.1 as u64 * 1_000_000_000 }.to_string(),
        sha256: sums.sha256,
        marks: sums.marks,
    }
}

/// The earliest and the latest `timestamp` of rows that come in blocks, which may end in the middle
/// of a line.
pub struct Times {
    finder: Finder,
    span: Option<(Instant, Instant)>,
    /// The beginning of a line whose newline is in a later block.
    begun: Vec<u8>,
}

impl Default for Times {
    fn default() -> Times {
        Times { finder: Finder::new(&NAMES), span: None, begun: Vec::new() }
    }
}

impl Times {
    /// `first_at` and `last_at` of a line of the manifest.
    pub fn span(&self) -> (Option<String>, Option<String>) {
        (self.span.map(|(first, _)| first.to_string()), self.span.map(|(_, last)| last.to_string()))
    }

    /// Adds the next block.
    pub fn take(&mut self, block: &[u8]) {
        let Some(end) = memchr::memrchr(b'\n', block).map(|at| at + 1) else {
            // A line longer than any row is not a row.
            if self.begun.len() <= READ_ROW_BYTES_MAX {
                self.begun.extend_from_slice(block);
            }
            return;
        };
        let (mut lines, rest) = block.split_at(end);
        if !self.begun.is_empty() {
            let first = memchr::memchr(b'\n', lines).map_or(end, |at| at + 1);
            let mut line = std::mem::take(&mut self.begun);
            line.extend_from_slice(&lines[..first]);
            self.lines(&line);
            lines = &lines[first..];
        }
        self.lines(lines);
        self.begun.extend_from_slice(rest);
    }

    fn lines(&mut self, lines: &[u8]) {
        let span = &mut self.span;
        let mut widen = |raw: Option<&[u8]>| {
            let text = raw.and_then(json::decode);
            if let Some(at) = text.and_then(|text| Instant::parse(std::str::from_utf8(&text).ok()?)) {
                *span = Some(span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
            }
        };
        let _ = self.finder.lines(lines, |line| {
            match line.values {
                Some(values) => widen(values.first().copied().flatten()),
                None => {
                    let mut values = Vec::new();
                    if frame::pick(line.text, &NAMES, &mut values).is_ok() {
                        widen(values.first().copied().flatten());
                    }
                }
            }
            ControlFlow::Continue(())
        });
    }
}
