//! Group commit (`docs/durability.md`, Together): of many writers that wait for the disk, one syncs
//! at a time. It notes what it made durable, and the others need no sync of their own.
//!
//! A successful sync covers what was written before it began and **after its file was opened**: the
//! kernel reports each failed write once to each file that was open then. Bytes from before could
//! have been lost, and the loss reported to another process. So a note names both ends. A failed
//! sync is not noted: each writer that waits for it syncs its own open file, and gets the same
//! error.
//!
//! The note is a hint in `cache/`, written only after a sync has succeeded. If it is lost or in
//! doubt, the cost is one more sync.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use crate::cache::{self, SYNCED};
use crate::os::{How, Os, Stat, What, interrupted, read_full};
use crate::parts::Active;

/// "lbsync" and the version of the layout.
const MAGIC: u64 = 0x0001_636e_7973_626c;
const WORDS: usize = 7;
const BYTES: usize = WORDS * 8 + 8;

/// How long a writer waits for the sync of another one before it syncs on its own.
const WAIT_MS: u64 = 100;
/// A writer that waits looks at the note after half the time of a sync, then after twice as long
/// each time: many that look often would leave no processor to the one that syncs. The shortest and
/// the longest pause, microseconds.
const PAUSE_US: (u64, u64) = (50, 5000);

/// Rows of one writer in one segment that are not durable yet.
#[derive(Debug)]
pub(super) struct Unsynced {
    /// The number of the segment.
    pub number: u64,
    file: Arc<OwnedFd>,
    /// The length of the segment when `file` was opened.
    opened_at: u64,
    /// Where the first of the rows begins, and where the last ends.
    from: u64,
    to: u64,
    /// Why they never will be: a sync of the segment failed when it was sealed.
    pub lost: Option<String>,
}

impl Unsynced {
    /// Adds the bytes of `active` in `from..to` to those that are not durable.
    pub(super) fn add(list: &mut Vec<Unsynced>, active: &Active, from: u64, to: u64) {
        let number = active.name.number;
        match list.iter_mut().find(|unsynced| unsynced.number == number) {
            Some(unsynced) => {
                unsynced.from = unsynced.from.min(from);
                unsynced.to = unsynced.to.max(to);
            }
            None => {
                let (file, opened_at) = (Arc::clone(&active.file), active.opened_at);
                list.push(Unsynced { number, file, opened_at, from, to, lost: None });
            }
        }
    }
}

/// What the last sync made durable, as its writer noted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Note {
    number: u64,
    identity: (u64, u64),
    /// The bytes of the segment that are durable.
    from: u64,
    to: u64,
    /// The time of the sync, microseconds.
    took_us: u64,
}

impl Note {
    fn print(&self) -> [u8; BYTES] {
        let words = [MAGIC, self.number, self.identity.0, self.identity.1, self.from, self.to, self.took_us];
        let mut bytes = [0; BYTES];
        for (at, word) in words.into_iter().enumerate() {
            bytes[at * 8..][..8].copy_from_slice(&word.to_le_bytes());
        }
        let sum = xxh3_64(&bytes[..WORDS * 8]);
        bytes[WORDS * 8..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    fn parse(bytes: &[u8; BYTES]) -> Option<Note> {
        let (words, _) = bytes.as_chunks::<8>();
        let [magic, number, device, inode, from, to, took_us, sum] = words else { return None };
        let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
        let whole = word(magic) == MAGIC && word(sum) == xxh3_64(&bytes[..WORDS * 8]);
        whole.then_some(Note {
            number: word(number),
            identity: (word(device), word(inode)),
            from: word(from),
            to: word(to),
            took_us: word(took_us),
        })
    }

    fn covers(&self, rows: &Unsynced, identity: (u64, u64)) -> bool {
        (self.number, self.identity) == (rows.number, identity) && self.from <= rows.from && rows.to <= self.to
    }

    /// Joined with the note before, if their bytes meet.
    fn joined_with(self, before: Option<Note>) -> Note {
        match before {
            Some(old)
                if (old.number, old.identity) == (self.number, self.identity)
                    && self.from <= old.to
                    && old.from <= self.to =>
            {
                Note { from: self.from.min(old.from), to: self.to.max(old.to), ..self }
            }
            _ => self,
        }
    }
}

/// The part of one writer in shared syncs.
#[derive(Debug, Default)]
pub(super) struct GroupCommit {
    /// The file of the note, once it was asked for. `Some(None)` if there is none, and each writer
    /// syncs alone.
    file: Option<Option<OwnedFd>>,
    /// A segment whose note was wrong.
    distrusted: Option<u64>,
}

impl GroupCommit {
    /// Checks the note before the first row is written to a segment that was just opened, under the
    /// lock. A note of more bytes than the segment has is about another file: a backup was
    /// restored.
    pub(super) fn begin(&mut self, os: &dyn Os, directory: &Path, active: &Active) {
        let Some(file) = self.file(os, directory) else { return };
        if read(os, file).is_some_and(|note| note.number == active.name.number && note.to > active.bytes) {
            self.distrusted = Some(active.name.number);
        }
    }

    /// Makes `rows` durable: by a sync of their file, or by that of another writer that covers
    /// them.
    pub(super) fn sync(&mut self, os: &dyn Os, directory: &Path, rows: &Unsynced) -> std::io::Result<()> {
        let alone = self.distrusted == Some(rows.number);
        let (Some(file), Ok(stat)) = (self.file(os, directory).filter(|_| !alone), os.stat(&rows.file)) else {
            return os.sync_data(&rows.file);
        };
        let start_ms = os.elapsed_ms();
        for looks in 0u32.. {
            let note = read(os, file);
            if note.is_some_and(|note| note.covers(rows, stat.identity)) {
                return Ok(());
            }
            let took_us = note.map_or(0, |note| note.took_us);
            let waited_ms = os.elapsed_ms().saturating_sub(start_ms);
            match os.try_lock(file) {
                // Nobody else has synced meanwhile: the note and the stat are current.
                Ok(()) if looks == 0 => return lead(os, file, rows, &stat, note),
                Ok(()) => {
                    let (stat, note) = (os.stat(&rows.file).unwrap_or(stat), read(os, file));
                    if note.is_some_and(|note| note.covers(rows, stat.identity)) {
                        let _ = os.unlock(file);
                        return Ok(());
                    }
                    return lead(os, file, rows, &stat, note);
                }
                Err(error) if interrupted(&error) => {}
                Err(error)
                    if error.kind() == std::io::ErrorKind::WouldBlock
                        && waited_ms < WAIT_MS + took_us.saturating_mul(10) / 1000 =>
                {
                    let pause_us = (took_us / 2).max(PAUSE_US.0).saturating_mul(1 << looks.min(16));
                    os.pause(pause_us.min(PAUSE_US.1));
                }
                // The writer that syncs hangs, or the lock cannot be taken.
                Err(_) => break,
            }
        }
        os.sync_data(&rows.file)
    }

    fn file(&mut self, os: &dyn Os, directory: &Path) -> Option<&OwnedFd> {
        self.file.get_or_insert_with(|| open(os, directory)).as_ref()
    }
}

fn open(os: &dyn Os, directory: &Path) -> Option<OwnedFd> {
    if !os.shares_syncs() {
        return None;
    }
    let cache = cache::directory(directory);
    let modes = cache::create(os, &cache);
    let file = os.open(&cache.join(SYNCED), How::Update, modes.file).ok()?;
    let stat = os.stat(&file).ok().filter(|stat| stat.what == What::File)?;
    if stat.bytes == 0 {
        // Regardless of the umask.
        os.set_access(&file, modes.file, None).ok()?;
    }
    Some(file)
}

fn read(os: &dyn Os, file: &OwnedFd) -> Option<Note> {
    let mut bytes = [0; BYTES];
    let read = read_full(os, file, &mut bytes, 0).ok()?;
    Note::parse(&bytes).filter(|_| read == BYTES)
}

/// Syncs for all writers, holding the lock of `file`. `stat` is the segment before the sync, which
/// covers no more than that; `before` is the note that was found.
fn lead(os: &dyn Os, file: &OwnedFd, rows: &Unsynced, stat: &Stat, before: Option<Note>) -> std::io::Result<()> {
    let start_us = os.elapsed_us();
    let synced = os.sync_data(&rows.file);
    // First, so that a writer that reads the note finds the lock free.
    let _ = os.unlock(file);
    if synced.is_ok() {
        let took_us = os.elapsed_us().saturating_sub(start_us);
        let (number, identity) = (rows.number, stat.identity);
        let note = Note { number, identity, from: rows.opened_at, to: stat.bytes, took_us };
        // If this fails, the others sync, too.
        let _ = os.write_at(file, &note.joined_with(before).print(), 0);
    }
    synced
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: Note = Note { number: 7, identity: (1, 2), from: 100, to: 500, took_us: 9 };

    #[test]
    fn a_note_is_read_as_it_was_written_or_not_at_all() {
        let bytes = NOTE.print();
        assert_eq!(Note::parse(&bytes), Some(NOTE));
        for bit in 0..BYTES * 8 {
            let mut other = bytes;
            other[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Note::parse(&other), None, "bit {bit}");
        }
    }

    #[test]
    fn notes_whose_bytes_meet_are_joined() {
        let later = Note { from: 400, to: 900, ..NOTE };
        assert_eq!(later.joined_with(Some(NOTE)), Note { from: 100, to: 900, ..NOTE });
        assert_eq!(NOTE.joined_with(Some(later)), Note { from: 100, to: 900, ..NOTE });
        let apart = Note { from: 501, to: 900, ..NOTE };
        assert_eq!(apart.joined_with(Some(NOTE)), apart);
        let other = Note { identity: (1, 3), ..later };
        assert_eq!(other.joined_with(Some(NOTE)), other);
        assert_eq!(later.joined_with(None), later);
    }
}
