//! Snapshots for readers: the segments in order, each number once, and how far each may be read
//! (`docs/format.md`, Reading).

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use memchr::memrchr;

use crate::archived::{LOOKS_MAX, holds_more, line_at};
use crate::index::{Identity, Summary, summary};
use crate::listing;
use crate::os::{How, Os, Stat, What, error_at, interrupted, io_error, read_full};
use crate::os_real::REAL;
use crate::parts::Place;
pub use crate::parts::Segment;
use logbook_format::SegmentName;
pub use logbook_format::segment_name::Form;
use logbook_model::READ_ROW_BYTES_MAX;
use logbook_model::error::{Error, Result};

/// All segments, by number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The segments, by number.
    pub segments: Vec<Segment>,
}

impl Snapshot {
    /// Where its rows end, and later rows begin.
    pub fn end(&self) -> Place {
        match self.segments.last() {
            Some(last) if last.form == Form::Plain => Place { segment: last.number, offset: last.bytes },
            Some(last) => Place { segment: last.number + 1, offset: 0 },
            None => Place { segment: 0, offset: 0 },
        }
    }
}

/// Lists the logbook at `directory`.
pub fn snapshot(directory: &Path) -> Result<Snapshot> {
    take(&REAL, directory)
}

/// Lists the logbook at `directory`, and calls `known` with the summaries of sealed segments in
/// `cache/`, by number. The segments are not opened for it.
pub fn snapshot_with_summaries(directory: &Path, known: &mut dyn FnMut(u64, Summary)) -> Result<Snapshot> {
    settle(&REAL, directory, Some(known))
}

/// As [`snapshot`], with any [`Os`].
pub fn take(os: &dyn Os, directory: &Path) -> Result<Snapshot> {
    settle(os, directory, None)
}

/// Called with the number of a segment and its summary.
type Take<'k> = &'k mut dyn FnMut(u64, Summary);

fn settle(os: &dyn Os, directory: &Path, mut known: Option<Take<'_>>) -> Result<Snapshot> {
    // An archiver may move a segment while it is looked for. Each attempt gets past at least one
    // move.
    let mut last_error = None;
    for _ in 0..16 {
        match look(os, directory, &mut known) {
            Ok(Some(snapshot)) => return Ok(snapshot),
            Ok(None) => {}
            Err(error) => last_error = Some(error),
        }
        if last_error.is_some() {
            break;
        }
    }
    Err(last_error
        .unwrap_or_else(|| Error::io(format!("{}: segments keep moving while they are listed", directory.display()))))
}

/// One attempt; `None` if a segment was moved or deleted meanwhile.
fn look(os: &dyn Os, directory: &Path, known: &mut Option<Take<'_>>) -> Result<Option<Snapshot>> {
    // Raw segments first: one that is archived in between is then seen twice, and never missed.
    let raw = listing::raw(os, directory)?;
    let archived = listing::archived(os, directory)?;
    let highest = raw.last().map_or(0, |name| name.number).max(archived.last().map_or(0, |name| name.number));
    let mut segments = Vec::with_capacity(raw.len() + archived.len());
    let mut is_known = |number: u64, form: Form, stat: &Stat| {
        let Some(take) = known else { return false };
        let summary = Identity::of(number, form, stat).and_then(|it| summary::load(os, directory, &it));
        summary.map(|summary| take(number, summary)).is_some()
    };
    let mut packed = |name: &SegmentName, is_known: &mut dyn FnMut(u64, Form, &Stat) -> bool| -> Result<bool> {
        let path = listing::archive_directory(directory).join(name.archive());
        let Some(stat) = gone(&path, os.stat_path(&path))? else { return Ok(false) };
        is_known(name.number, Form::Zstd, &stat);
        segments.push(Segment { number: name.number, path, form: Form::Zstd, sealed: true, bytes: stat.bytes });
        Ok(true)
    };
    let mut left = Vec::with_capacity(raw.len());
    for name in &archived {
        if raw.binary_search_by_key(&name.number, |raw| raw.number).is_err() && !packed(name, &mut is_known)? {
            return Ok(None);
        }
    }
    for name in &raw {
        let path = directory.join(name.to_string());
        let stat = gone(&path, os.stat_path(&path))?;
        let both = archived.binary_search_by_key(&name.number, |archived| archived.number).ok();
        match stat {
            Some(stat) if !both.is_some_and(|at| holds_more(os, directory, &archived[at], stat.bytes)) => {
                left.push((name, path, stat));
            }
            // There is only the archive, or it has more content. If that is gone, too, the segment
            // was deleted.
            _ if packed(both.map_or(name, |at| &archived[at]), &mut is_known)? => {}
            _ => return Ok(None),
        }
    }
    for (name, path, stat) in left {
        let sealed = name.number < highest;
        // Only segments that end in a newline have summaries, so the length is right.
        let bytes = if sealed && is_known(name.number, Form::Plain, &stat) {
            stat.bytes
        } else if stat.what == What::File && stat.bytes > 0 {
            // A segment that is archived by now is read from the archive, up to this length.
            match cut_at_newline(os, &path, stat.bytes)? {
                Some(bytes) => bytes,
                None if sealed => stat.bytes,
                None => return Ok(None),
            }
        } else {
            0
        };
        segments.push(Segment { number: name.number, path, form: Form::Plain, sealed, bytes });
    }
    segments.sort_unstable_by_key(|segment| segment.number);
    Ok(Some(Snapshot { segments }))
}

fn gone<T>(path: &Path, result: io::Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error(path, error)),
    }
}

/// The length up to and including the last newline before `bytes`.
fn cut_at_newline(os: &dyn Os, path: &Path, bytes: u64) -> Result<Option<u64>> {
    let Some(file) = gone(path, os.open(path, How::Read, 0))? else { return Ok(None) };
    let fail = error_at(path);
    let mut last = [0u8; 1];
    if read_full(os, &file, &mut last, bytes - 1).map_err(fail)? == 1 && last[0] == b'\n' {
        return Ok(Some(bytes));
    }
    let mut end = bytes;
    let mut buffer = vec![0; 64 << 10];
    while end > 0 {
        let from = end.saturating_sub(buffer.len() as u64);
        let want = (end - from) as usize;
        let read = read_full(os, &file, &mut buffer[..want], from).map_err(fail)?;
        if let Some(at) = memrchr(b'\n', &buffer[..read]) {
            return Ok(Some(from + at as u64 + 1));
        }
        end = from;
    }
    Ok(Some(0))
}

/// The row at `place` of the logbook at `directory`, whose raw segments are `raw`, by number. The
/// segment may be raw or archived. `None` if no row begins there.
pub(crate) fn row_of(os: &dyn Os, directory: &Path, raw: &[SegmentName], place: Place) -> Result<Option<Vec<u8>>> {
    let mut listed;
    let mut raw = raw;
    for _ in 0..LOOKS_MAX {
        let mut is_raw = false;
        if let Ok(at) = raw.binary_search_by_key(&place.segment, |name| name.number) {
            let path = directory.join(raw[at].to_string());
            let fail = error_at(&path);
            match os.open(&path, How::Read, 0) {
                // Archived since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                file => {
                    is_raw = true;
                    let file = file.map_err(fail)?;
                    let bytes = os.stat(&file).map_err(fail)?.bytes;
                    let row = row_at(os, &file, place.offset, bytes).map_err(fail)?;
                    // A raw file may be shorter than its archive, which then has the row.
                    if row.is_some() {
                        return Ok(row);
                    }
                }
            }
        }
        let archived = listing::archived(os, directory)?;
        if let Ok(at) = archived.binary_search_by_key(&place.segment, |name| name.number) {
            let path = listing::archive_directory(directory).join(archived[at].archive());
            match line_at(os, &path, place.offset) {
                // Restored or deleted since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                row => return row.map_err(error_at(&path)),
            }
        }
        if is_raw {
            return Ok(None);
        }
        listed = listing::raw(os, directory)?;
        raw = &listed;
        if raw.binary_search_by_key(&place.segment, |name| name.number).is_err() {
            // Neither raw nor archived: it is gone, unless it was archived between the two
            // listings.
            let archived = listing::archived(os, directory)?;
            if archived.binary_search_by_key(&place.segment, |name| name.number).is_err() {
                return Ok(None);
            }
        }
    }
    Ok(None)
}

/// The same, with a new listing of the segments.
pub fn row(os: &dyn Os, directory: &Path, place: Place) -> Result<Option<Vec<u8>>> {
    row_of(os, directory, &listing::raw(os, directory)?, place)
}

/// The row at `offset` of an open file that may be read up to `end`.
fn row_at(os: &dyn Os, file: &OwnedFd, offset: u64, end: u64) -> io::Result<Option<Vec<u8>>> {
    // The byte before shows whether a row begins here: it is a newline, or the end of a hole of
    // NULs behind one.
    let lead = u64::from(offset > 0);
    let mut row: Vec<u8> = Vec::new();
    let mut at = offset - lead;
    let mut want = 4096;
    loop {
        let want_now = want.min(end.saturating_sub(at) as usize);
        let from = row.len();
        row.resize(from + want_now, 0);
        let read = match os.read_at(file, &mut row[from..], at) {
            Ok(read) => read,
            Err(error) if interrupted(&error) => 0,
            Err(error) => return Err(error),
        };
        row.truncate(from + read);
        at += read as u64;
        match row.first() {
            Some(0) if lead == 1 && from == 0 && !is_hole_before(os, file, offset)? => return Ok(None),
            Some(byte) if lead == 1 && !matches!(byte, 0 | b'\n') => return Ok(None),
            _ => {}
        }
        let body = row.get(lead as usize..).unwrap_or_default();
        if let Some(length) = memchr::memchr(b'\n', body) {
            let mut body = body[..length].to_vec();
            if body.last() == Some(&b'\r') {
                body.pop();
            }
            return Ok(Some(body));
        }
        if want_now == 0 || (read == 0 && want_now > 0 && at >= end) || row.len() > READ_ROW_BYTES_MAX {
            return Ok(None);
        }
        want = 64 << 10;
    }
}

/// Whether there are only NULs between the start of the line and `offset`.
fn is_hole_before(os: &dyn Os, file: &OwnedFd, offset: u64) -> io::Result<bool> {
    let mut end = offset;
    let mut buffer = [0; 4096];
    while end > 0 {
        let from = end.saturating_sub(buffer.len() as u64);
        let want = (end - from) as usize;
        let read = read_full(os, file, &mut buffer[..want], from)?;
        match buffer[..read].iter().rposition(|byte| *byte != 0) {
            Some(last) => return Ok(buffer[last] == b'\n'),
            None => end = from,
        }
    }
    Ok(true)
}
