//! `manifest.jsonl` on disk: its lines, the end of its chain, one more line (`docs/format.md`,
//! Manifest).

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::directory::Modes;
use crate::os::{How, Os, read_full, sync_directory, write_full};
use logbook_format::SegmentName;
use logbook_format::manifest::{Covered, Event, Line, NOTHING, committed_end, digest};
use logbook_model::error::{Error, Result};

/// Larger manifests are none of ours: 300 bytes and 17 for each MiB of a segment.
const BYTES_MAX: u64 = 1 << 30;

/// Where the manifest of the logbook at `directory` stands.
pub(crate) fn path(directory: &Path) -> PathBuf {
    directory.join("manifest.jsonl")
}

/// All bytes of the manifest; none when there is no such file.
pub fn read(os: &dyn Os, directory: &Path) -> Result<Vec<u8>> {
    let path = path(directory);
    let fail = |error: std::io::Error| Error::io(format!("{}: {error}", path.display()));
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

/// What the segment `number` of the logbook at `directory` held, as the manifest says; `None`: it
/// does not.
pub fn said_of(os: &dyn Os, directory: &Path, number: u64) -> Option<Covered> {
    let known = Known::parse(&read(os, directory).ok()?, &path(directory)).ok()?;
    Some(known.segments.get(&number)?.covered.clone())
}

/// What the manifest says of each segment, and where its chain ends.
#[derive(Debug, Default)]
pub struct Known {
    /// By number.
    pub segments: BTreeMap<u64, Entry>,
    /// Digest of the last line.
    pub prev: String,
}

/// What the manifest claims of one segment.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name.
    pub segment: SegmentName,
    /// What it held.
    pub covered: Covered,
    /// Bytes and SHA-256 of its archive's file.
    pub archive: Option<(u64, String)>,
    /// It was deleted.
    pub deleted: bool,
    /// The rows that are to tell of it.
    pub receipts: Vec<String>,
}

impl Known {
    /// Reads the lines of `text`. A last line without its newline was never said. Errors: exit 5
    /// when a line is broken or out of the chain: nothing is built on such a manifest.
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
            // A line about a segment that no line covers says nothing; `verify` tells of it.
            (_, None) => {}
        }
    }

    /// Appends a line about `segment`, synced.
    pub(crate) fn append(&mut self, os: &dyn Os, directory: &Path, segment: SegmentName, event: Event) -> Result<()> {
        let path = path(directory);
        let fail = |error: std::io::Error| Error::io(format!("{}: {error}", path.display()));
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

/// Takes away what an archiver that died left behind what was said: nobody was told of it. The file
/// is put in place of the old one whole.
pub fn mend(os: &dyn Os, directory: &Path, text: &mut Vec<u8>) -> Result<()> {
    let end = committed_end(text);
    if end == text.len() {
        return Ok(());
    }
    text.truncate(end);
    let path = path(directory);
    let temporary = directory.join("manifest.tmp");
    let fail = |error: std::io::Error| Error::io(format!("{}: {error}", temporary.display()));
    match os.unlink(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(fail(error)),
        _ => {}
    }
    let mode = Modes::below(os, directory).file;
    let file = os.open(&temporary, How::New, mode).map_err(fail)?;
    os.set_access(&file, mode, None).map_err(fail)?;
    write_full(os, &file, text).map_err(|(_, error)| fail(error))?;
    os.sync_all(&file).map_err(fail)?;
    os.rename(&temporary, &path).map_err(fail)?;
    sync_directory(os, directory).map_err(fail)
}
