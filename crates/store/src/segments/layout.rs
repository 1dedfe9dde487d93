//! Which raw segment takes rows, and which numbers are sealed (`docs/format.md`, Sealed). Only this
//! file decides it.
//!
//! The highest raw segment takes rows, unless an archive or a line of the manifest shows that it
//! was sealed. `.lock` does not decide: in a copy that was made while writers were at work it may
//! name a segment that the copy does not have, and the rows of the last segment of such a copy
//! count.

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::path::Path;

use super::listing::{self, archive_directory};
use crate::os::{How, Os, What, error_at, io_error, read_full};
use logbook_format::SegmentName;
use logbook_format::manifest::last_covered;
use logbook_model::error::{Error, Result};

/// This many bytes of the manifest's end are read first. They nearly always have a line that covers
/// a segment.
const TAIL_BYTES: u64 = 16 << 10;
/// A longer file is not a manifest of this program.
const MANIFEST_BYTES_MAX: u64 = 1 << 30;

/// The raw segments, divided into the active one and the sealed ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout<'r> {
    /// The segment that takes rows. `None`: the next append makes one.
    pub active: Option<SegmentName>,
    /// The others, by number.
    pub sealed: &'r [SegmentName],
    /// The highest number that is sealed, whether the segment is raw, archived or deleted.
    pub sealed_end: u64,
}

impl<'r> Layout<'r> {
    /// The layout of the logbook at `directory`, whose raw segments are `raw`, by number.
    pub(crate) fn of(os: &dyn Os, directory: &Path, raw: &'r [SegmentName]) -> Result<Layout<'r>> {
        Layout::with(os, directory, raw, false)
    }

    /// The same. With `in_doubt` the archive is always listed.
    pub(crate) fn with(os: &dyn Os, directory: &Path, raw: &'r [SegmentName], in_doubt: bool) -> Result<Layout<'r>> {
        let covered = covered_number(os, directory)?;
        if let Some((last, sealed)) = raw.split_last()
            && last.number > covered
            && !in_doubt
            && !is_archived(os, directory, last)?
        {
            return Ok(Layout { active: Some(*last), sealed, sealed_end: last.number - 1 });
        }
        let archived = listing::archived(os, directory)?.last().map_or(0, |name| name.number);
        let sealed_to = covered.max(archived);
        Ok(match raw.split_last() {
            Some((last, sealed)) if last.number > sealed_to => {
                Layout { active: Some(*last), sealed, sealed_end: last.number - 1 }
            }
            _ => Layout { active: None, sealed: raw, sealed_end: sealed_to },
        })
    }

    /// The highest number in use.
    pub(crate) fn highest(&self) -> u64 {
        self.active.map_or(self.sealed_end, |active| active.number)
    }
}

/// Whether `name` has an archive.
fn is_archived(os: &dyn Os, directory: &Path, name: &SegmentName) -> Result<bool> {
    let path = archive_directory(directory).join(name.archive());
    match os.stat_path(&path) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(io_error(&path, error)),
    }
}

/// The highest number that the manifest covers; 0 without a manifest. Segments are covered in
/// order, so it is in the last such line.
pub(crate) fn covered_number(os: &dyn Os, directory: &Path) -> Result<u64> {
    let path = directory.join("manifest.jsonl");
    let fail = error_at(&path);
    let file = match os.open(&path, How::Read, 0) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(fail(error)),
    };
    let stat = os.stat(&file).map_err(fail)?;
    if stat.what != What::File || stat.bytes > MANIFEST_BYTES_MAX {
        return Err(Error::io(format!("{}: not a manifest", path.display())).hint("logbook verify"));
    }
    let mut want = TAIL_BYTES;
    loop {
        let tail = tail(os, &file, stat.bytes, want).map_err(fail)?;
        let whole = want >= stat.bytes;
        match last_covered(&tail, whole) {
            Some(name) => return Ok(name.number),
            None if whole => return Ok(0),
            None => want *= 16,
        }
    }
}

/// The last `want` bytes of a file that is `bytes` long.
fn tail(os: &dyn Os, file: &OwnedFd, bytes: u64, want: u64) -> std::io::Result<Vec<u8>> {
    let from = bytes.saturating_sub(want);
    let mut tail = vec![0; (bytes - from) as usize];
    let read = read_full(os, file, &mut tail, from)?;
    tail.truncate(read);
    Ok(tail)
}
