//! Restoring the raw file of an archived segment, byte for byte. The archive stays.

use std::io::ErrorKind;

use super::archiving::is;
use super::content::{self, archive_path, raw_path};
use super::keeper::Keeper;
use super::manifest::Entry;
use crate::directory::Modes;
use crate::os::{How, error_at, io_error, sync_directory, write_full};
use logbook_model::error::{Error, Exit, Result};

impl Keeper<'_> {
    /// Restores the segment of `entry`. Gives false if its raw file exists.
    pub fn restore(&self, entry: &Entry) -> Result<bool> {
        let name = entry.segment;
        let (raw, packed) = (raw_path(&self.directory, &name), archive_path(&self.directory, &name));
        match self.os.stat_path(&raw) {
            Ok(_) => return Ok(false),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(io_error(&raw, error)),
        }
        let temporary = self.directory.join(format!(".{name}.tmp"));
        match self.os.unlink(&temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(io_error(&temporary, error)),
            _ => {}
        }
        let mode = Modes::of(&self.settings).file;
        let file = self.os.open(&temporary, How::New, mode).map_err(error_at(&temporary))?;
        self.os.set_access(&file, mode, self.settings.gid).map_err(error_at(&temporary))?;
        let mut failed = None;
        let sums = content::open_packed(self.os, &packed)
            .and_then(|mut reader| {
                content::sum(&mut reader, |block| {
                    if failed.is_none() {
                        failed = write_full(self.os, &file, block).err().map(|(_, error)| error);
                    }
                })
            })
            .map_err(error_at(&packed));
        let made = match (sums, failed) {
            (_, Some(error)) => Err(io_error(&temporary, error)),
            (Err(error), None) => Err(error),
            (Ok(sums), None) if is(&sums, &entry.covered) => Ok(()),
            (Ok(_), None) => Err(Error::new(
                Exit::Damaged,
                format!("{}: does not hold what the manifest says; nothing was restored", packed.display()),
            )
            .hint("logbook verify")),
        };
        let linked = made.and_then(|()| {
            self.os.sync_all(&file).map_err(error_at(&temporary))?;
            // Not a rename, which would replace a file that was created meanwhile.
            self.os.link(&temporary, &raw).map_err(error_at(&raw))
        });
        // Before the directory is synced: a segment with two names is neither written to nor
        // archived.
        let removed = self.os.unlink(&temporary).map_err(error_at(&temporary));
        linked.and(removed)?;
        sync_directory(self.os, &self.directory).map_err(error_at(&self.directory))?;
        Ok(true)
    }
}
