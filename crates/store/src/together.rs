//! Syncs that are shared (`docs/durability.md`, Together): of many writers that wait for the disk,
//! one syncs at a time, and what it made durable is noted for the others, who then need no sync of
//! their own.
//!
//! A sync that returns 0 speaks for what was written before it began and **after its file was
//! opened**: the kernel tells each open file of every failed write since its opening, once. What
//! stood there before could have been lost, and the loss told to somebody else. So a note names
//! both ends. A failed sync is noted nowhere: whoever waits for it syncs its own open file, and is
//! told the same.
//!
//! The note is a hint in `cache/`, written only after a sync succeeded: losing it costs a sync, and
//! any doubt about it does.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use xxhash_rust::xxh3::xxh3_64;

use super::append::Active;
use super::index::make_cache;
use super::listing::cache_directory;
use super::os::{How, Os, Stat, What, interrupted, read_full};

/// The note's file in `cache/`, which is also the lock of the one who syncs.
pub(super) const NAME: &str = "synced";
/// "lbsync" and the version of the layout.
const MAGIC: u64 = 0x0001_636e_7973_626c;
const WORDS: usize = 7;
const BYTES: usize = WORDS * 8 + 8;

/// How long somebody waits for another's sync before it makes its own beside it.
const WAIT_MS: u64 = 100;
/// The first look is after half of a sync's time, the next ones after twice as long each: many that
/// look often would leave no processor to the one who syncs. Bounds, microseconds.
const PAUSE_US: (u64, u64) = (50, 5000);

/// Rows of one writer that are to be made durable.
#[derive(Debug)]
pub(crate) struct Unsynced {
    /// The segment.
    pub(super) number: u64,
    pub(super) file: Arc<OwnedFd>,
    /// How long the segment was when `file` was opened.
    pub(super) opened: u64,
    /// Where the first of the rows begins, and the last ends.
    pub(super) from: u64,
    pub(super) to: u64,
}

/// What a sync made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Note {
    number: u64,
    identity: (u64, u64),
    /// From where to where the segment is durable.
    from: u64,
    to: u64,
    /// How long the sync took, microseconds.
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

    /// With what was durable before, where both meet.
    fn with(self, before: Option<Note>) -> Note {
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

/// A writer's part in it.
#[derive(Debug, Default)]
pub(super) struct Together {
    /// The note's file, once it was asked for; `None` in it: there is none, and each syncs alone.
    file: Option<Option<OwnedFd>>,
    /// A segment of which the note said what cannot be.
    distrusted: Option<u64>,
}

impl Together {
    /// Looks at the note before the first row is written to a segment just opened, under the lock.
    /// One that tells of more bytes than there are is about another file: a copy was put back.
    pub(crate) fn begin(&mut self, os: &dyn Os, directory: &Path, active: &Active) {
        let Some(file) = self.file(os, directory) else { return };
        if read(os, file).is_some_and(|note| note.number == active.name.number && note.to > active.bytes) {
            self.distrusted = Some(active.name.number);
        }
    }

    /// Makes `rows` durable: by a sync of their file, or by that of another writer which covers
    /// them.
    pub(crate) fn sync(&mut self, os: &dyn Os, directory: &Path, rows: &Unsynced) -> std::io::Result<()> {
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
                // Nobody else was there: what was just asked still holds.
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
                // Whoever syncs is stopped, or the lock cannot be had.
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
    let cache = cache_directory(directory);
    let modes = make_cache(os, &cache);
    let file = os.open(&cache.join(NAME), How::Update, modes.file).ok()?;
    let stat = os.stat(&file).ok().filter(|stat| stat.what == What::File)?;
    if stat.bytes == 0 {
        // Whatever the umask said.
        os.set_access(&file, modes.file, None).ok()?;
    }
    Some(file)
}

fn read(os: &dyn Os, file: &OwnedFd) -> Option<Note> {
    let mut bytes = [0; BYTES];
    let read = read_full(os, file, &mut bytes, 0).ok()?;
    Note::parse(&bytes).filter(|_| read == BYTES)
}

/// Syncs for all who wrote before, holding the lock of `file`. `stat`: the segment before the sync,
/// which speaks for what stood there when it began; `before`: the note that was found.
fn lead(os: &dyn Os, file: &OwnedFd, rows: &Unsynced, stat: &Stat, before: Option<Note>) -> std::io::Result<()> {
    let start = Instant::now();
    let synced = os.sync_data(&rows.file);
    // First, so that who reads the note finds the lock free.
    let _ = os.unlock(file);
    if synced.is_ok() {
        let took_us = start.elapsed().as_micros() as u64;
        let (number, identity) = (rows.number, stat.identity);
        let note = Note { number, identity, from: rows.opened, to: stat.bytes, took_us };
        // Where this fails, the others sync too.
        let _ = os.write_at(file, &note.with(before).print(), 0);
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
    fn notes_that_meet_are_one() {
        let later = Note { from: 400, to: 900, ..NOTE };
        assert_eq!(later.with(Some(NOTE)), Note { from: 100, to: 900, ..NOTE });
        assert_eq!(NOTE.with(Some(later)), Note { from: 100, to: 900, ..NOTE });
        let apart = Note { from: 501, to: 900, ..NOTE };
        assert_eq!(apart.with(Some(NOTE)), apart);
        let other = Note { identity: (1, 3), ..later };
        assert_eq!(other.with(Some(NOTE)), other);
        assert_eq!(later.with(None), later);
    }
}
