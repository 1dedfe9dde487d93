//! `manifest.jsonl` on disk: reading its lines, and appending one to the chain (`docs/format.md`,
//! Manifest).

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::directory::Modes;
use crate::os::{How, Os, error_at, read_full, replace_file, sync_directory, write_full};
use logbook_format::SegmentName;
use logbook_format::manifest::{Covered, Event, Line, NOTHING, committed_end, digest};
use logbook_model::error::{Error, Result};

/// A larger file is not a manifest: a segment needs 300 bytes, and 17 for each MiB.
const BYTES_MAX: u64 = 1 << 30;

/// The path of the manifest of the logbook at `directory`.
pub(crate) fn path(directory: &Path) -> PathBuf {
    directory.join("manifest.jsonl")
}

/// All bytes of the manifest; none if there is no such file.
pub fn read(os: &dyn Os, directory: &Path) -> Result<Vec<u8>> {
    let path = path(directory);
    let fail = error_at(&path);
    let file = match os.open(&path, How::Read, 0) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fail(error)),
    };
    let bytes = os.stat(&file).map_err(fail)?.bytes;
    if bytes > BYTES_MAX {
        return Err(Error::io(format!("{}: longer than a manifest can be", path.display())));
    }
    let mut text = vec![0; bytes as usize];
    let read = read_full(os, &file, &mut text, 0).map_err(fail)?;
    text.truncate(read);
    Ok(text)
}

/// The content of the segment `number` as the manifest of the logbook at `directory` records it.
pub fn said_of(os: &dyn Os, directory: &Path, number: u64) -> Option<Covered> {
    let known = Known::parse(&read(os, directory).ok()?, &path(directory)).ok()?;
    Some(known.segments.get(&number)?.covered.clone())
}

/// Whether the manifest of the logbook at `directory` records that the segment `number` was
/// deleted. It does so before the files go.
pub fn is_deleted(os: &dyn Os, directory: &Path, number: u64) -> bool {
    let known = read(os, directory).ok().and_then(|text| Known::parse(&text, &path(directory)).ok());
    known.is_some_and(|known| known.segments.get(&number).is_some_and(|entry| entry.deleted))
}

/// The manifest: the entry of each segment, and the end of the chain.
#[derive(Debug, Default)]
pub struct Known {
    /// The entries, by segment number.
    pub segments: BTreeMap<u64, Entry>,
    /// The digest of the last line.
    pub prev: String,
}

/// What the manifest records about one segment.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The name of the segment.
    pub segment: SegmentName,
    /// Its content.
    pub covered: Covered,
    /// The size and the SHA-256 of its archive.
    pub archive: Option<(u64, String)>,
    /// Whether it was deleted.
    pub deleted: bool,
    /// The names of the receipts for that.
    pub receipts: Vec<String>,
}

impl Known {
    /// Parses the lines of `text`. A last line without a newline does not count. Errors: exit 5 if
    /// a line is broken or not in the chain: nothing is added to such a manifest.
    pub fn parse(text: &[u8], path: &Path) -> Result<Known> {
        let mut known = Known { prev: NOTHING.to_owned(), ..Known::default() };
        let mut at = 0;
        for line in text[..committed_end(text)].split_inclusive(|byte| *byte == b'\n') {
            let body = line.strip_suffix(b"\n").unwrap_or(line);
            let parsed = Line::parse(body).filter(|line| line.prev == known.prev);
            let Some(parsed) = parsed else {
                let place = format!("{}: byte {at}: this line is broken or not of the chain", path.display());
                return Err(Error::new(logbook_model::error::Exit::Damaged, place).hint("logbook verify"));
            };
            known.take(parsed);
            at += line.len();
        }
        Ok(known)
    }

    fn take(&mut self, line: Line) {
        self.prev = digest(&line.print());
        let number = line.segment.number;
        match (line.event, self.segments.get_mut(&number)) {
            (Event::Covered(covered), _) => {
                let entry =
                    Entry { segment: line.segment, covered, archive: None, deleted: false, receipts: Vec::new() };
                self.segments.insert(number, entry);
            }
            (Event::Archived { archive_bytes, archive_sha256 }, Some(entry)) => {
                entry.archive = Some((archive_bytes, archive_sha256));
            }
            (Event::Deleted { receipt, .. }, Some(entry)) => {
                entry.deleted = true;
                entry.receipts.push(receipt);
            }
            // A line about a segment that is not covered is ignored. `verify` reports it.
            (_, None) => {}
        }
    }

    /// Appends a line about `segment`, and syncs it.
    pub(crate) fn append(&mut self, os: &dyn Os, directory: &Path, segment: SegmentName, event: Event) -> Result<()> {
        let path = path(directory);
        let fail = error_at(&path);
        let line = Line { segment, event, prev: self.prev.clone() };
        let mut text = line.print();
        text.push('\n');
        let (file, new) = match os.open(&path, How::Append, 0) {
            Ok(file) => (file, false),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let mode = Modes::below(os, directory).file;
                let file = os.open(&path, How::New, mode).map_err(fail)?;
                os.set_access(&file, mode, None).map_err(fail)?;
                (file, true)
            }
            Err(error) => return Err(fail(error)),
        };
        write_full(os, &file, text.as_bytes()).map_err(|(_, error)| fail(error))?;
        os.sync_all(&file).map_err(fail)?;
        if new {
            sync_directory(os, directory).map_err(fail)?;
        }
        self.take(line);
        Ok(())
    }
}

/// Removes the torn line of an archiver that died, which was never reported as written. The file is
/// replaced as a whole.
pub fn mend(os: &dyn Os, directory: &Path, text: &mut Vec<u8>) -> Result<()> {
    let end = committed_end(text);
    if end == text.len() {
        return Ok(());
    }
    text.truncate(end);
    let (path, temporary) = (path(directory), directory.join("manifest.tmp"));
    replace_file(os, &path, &temporary, Modes::below(os, directory).file, text).map_err(error_at(&temporary))
}
