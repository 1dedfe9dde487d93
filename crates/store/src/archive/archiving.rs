//! Archiving a covered segment, and removing its raw file (`docs/format.md`, Archiving). The
//! process may be killed after any step, and no step is repeated then.

use std::io::{ErrorKind, Read};
use std::path::Path;

use super::content::{self, Sums, archive_path, raw_path};
use super::keeper::Keeper;
use super::manifest::Entry;
use super::pack;
use crate::directory::{Modes, check_file};
use crate::listing::archive_directory;
use crate::os::{How, Stat, error_at, io_error, sync_directory, write_full};
use logbook_format::SegmentName;
use logbook_format::manifest::{Covered, Event};
use logbook_model::error::{Error, Exit, Result};

/// A segment that was archived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    /// The name of the segment.
    pub segment: SegmentName,
    /// The size of the raw file, bytes.
    pub bytes: u64,
    /// The size of the archive, bytes.
    pub archive_bytes: u64,
}

impl Keeper<'_> {
    /// Removes the temporary files of an archiver or a restore that died.
    pub fn tidy(&self) -> Result<()> {
        for folder in [&archive_directory(&self.directory), &self.directory] {
            let mut left = Vec::new();
            match self.os.list(folder, &mut |name| {
                let half = name.strip_prefix(b".").and_then(|name| name.strip_suffix(b".tmp"));
                if half.is_some_and(|name| SegmentName::parse(name).or(SegmentName::parse_archive(name)).is_some()) {
                    left.extend(std::str::from_utf8(name).map(|name| folder.join(name)));
                }
            }) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(io_error(folder, error));
                }
                _ => {}
            }
            for path in left {
                self.os.unlink(&path).map_err(error_at(&path))?;
            }
        }
        Ok(())
    }

    /// The covered segments that have a raw file, as the manifest has them.
    pub fn raw_covered(&self) -> Result<Vec<Entry>> {
        let sealed = self.sealed()?;
        Ok(sealed.iter().filter_map(|name| self.known.segments.get(&name.number).cloned()).collect())
    }

    /// Archives the segment that `entry` is about, and removes its raw file.
    pub fn archive(&mut self, entry: &Entry, level: i32, threads: usize) -> Result<Archived> {
        let name = entry.segment;
        let (raw, packed) = (raw_path(&self.directory, &name), archive_path(&self.directory, &name));
        // An archiver that died after the rename, or a restore, has left an archive. It is used if
        // its content is right.
        let there = content::sum_packed(self.os, &packed, |_| {}).ok().and_then(|found| whole(found, entry));
        let made = there.is_none();
        let before = self.stat_raw(&raw)?;
        let file = match there {
            Some(file) => file,
            None => {
                self.write_archive(&raw, &packed, level, threads)?;
                let found = content::sum_packed(self.os, &packed, |_| {}).map_err(error_at(&packed))?;
                whole(found, entry).ok_or_else(|| {
                    let text =
                        format!("{}: does not hold what the manifest says; the raw file stays", packed.display());
                    Error::new(Exit::Damaged, text).hint("logbook verify")
                })?
            }
        };
        let (archive_bytes, archive_sha256) = file;
        if entry.archive.as_ref() != Some(&(archive_bytes, archive_sha256.clone())) {
            let event = Event::Archived { archive_bytes, archive_sha256 };
            self.known.append(self.os, &self.directory, name, event)?;
        }
        // An archive made just now has the content of the raw file, unless that has changed since.
        // Any other is compared with it.
        let same = match made {
            true => self.stat_raw(&raw)? == before,
            // In a copy the raw file may have the beginning only: the archive was copied later.
            false => self.holds(&raw, entry)? || self.is_beginning(&raw, &packed)?,
        };
        if !same {
            let text = format!("{}: is not what the manifest says it was; it stays", raw.display());
            return Err(Error::new(Exit::Damaged, text).hint("logbook verify"));
        }
        self.os.unlink(&raw).map_err(error_at(&raw))?;
        sync_directory(self.os, &self.directory).map_err(error_at(&self.directory))?;
        Ok(Archived { segment: name, bytes: entry.covered.bytes, archive_bytes })
    }

    fn stat_raw(&self, raw: &Path) -> Result<Stat> {
        let stat = self.os.stat_path(raw).map_err(error_at(raw))?;
        check_file(self.os, raw, &stat, &self.settings)?;
        Ok(stat)
    }

    fn holds(&self, path: &Path, entry: &Entry) -> Result<bool> {
        let sums = content::open(self.os, path).and_then(|mut reader| content::sum(&mut reader, |_| {}));
        let sums = sums.map_err(error_at(path))?;
        Ok(is(&sums, &entry.covered))
    }

    /// Whether the content of the archive at `packed` begins with that of the raw file.
    fn is_beginning(&self, raw: &Path, packed: &Path) -> Result<bool> {
        let sums = content::open(self.os, raw).and_then(|mut reader| content::sum(&mut reader, |_| {}));
        let sums = sums.map_err(error_at(raw))?;
        let beginning = content::open_packed(self.os, packed)
            .and_then(|reader| content::sum(&mut reader.take(sums.bytes), |_| {}))
            .map_err(error_at(packed))?;
        Ok((sums.bytes, sums.sha256) == (beginning.bytes, beginning.sha256))
    }

    fn write_archive(&self, raw: &Path, packed: &Path, level: i32, threads: usize) -> Result<()> {
        let folder = archive_directory(&self.directory);
        match self.os.mkdir(&folder, Modes::of(&self.settings).directory) {
            Ok(()) => sync_directory(self.os, &self.directory).map_err(error_at(&self.directory))?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(io_error(&folder, error)),
        }
        let name = packed.file_name().unwrap_or_default().to_string_lossy();
        let temporary = folder.join(format!(".{name}.tmp"));
        let mode = Modes::of(&self.settings).file;
        let file = self.os.open(&temporary, How::New, mode).map_err(error_at(&temporary))?;
        self.os.set_access(&file, mode, self.settings.gid).map_err(error_at(&temporary))?;
        let made = content::open(self.os, raw).and_then(|mut reader| {
            let mut write = |bytes: &[u8]| write_full(self.os, &file, bytes).map_err(|(_, error)| error);
            pack::pack(&mut reader, level, threads, &mut write)?;
            self.os.sync_all(&file)
        });
        let named = made.and_then(|()| self.os.rename(&temporary, packed));
        if let Err(error) = named {
            // If this fails, the next archiver removes the file.
            let _ = self.os.unlink(&temporary);
            return Err(io_error(packed, error));
        }
        sync_directory(self.os, &folder).map_err(error_at(&folder))
    }
}

/// The size and the digest of an archive, if its content is that of `entry`.
fn whole((bytes, sha256, content): (u64, String, std::io::Result<Sums>), entry: &Entry) -> Option<(u64, String)> {
    content.is_ok_and(|sums| is(&sums, &entry.covered)).then_some((bytes, sha256))
}

/// Whether a stream with these sums is the content that was covered.
pub(super) fn is(sums: &Sums, covered: &Covered) -> bool {
    (sums.bytes, &sums.sha256) == (covered.bytes, &covered.sha256)
}
