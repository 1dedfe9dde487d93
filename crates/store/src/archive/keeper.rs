//! One archiver at a time: the archivers' lock, and the manifest.

use std::path::{Path, PathBuf};

use super::manifest::{self, Known};
use crate::config::Settings;
use crate::layout::Layout;
use crate::listing;
use crate::lock::{ARCHIVERS, Lock};
use crate::os::Os;
use logbook_format::SegmentName;
use logbook_model::error::Result;

/// Holds the archivers' lock of one logbook.
pub struct Keeper<'o> {
    pub(super) os: &'o dyn Os,
    pub(super) directory: PathBuf,
    pub(super) settings: Settings,
    pub(super) known: Known,
    _lock: Lock,
}

impl<'o> Keeper<'o> {
    /// Takes the lock of the logbook at `directory`, waits for it at most `lock_timeout_ms`, and
    /// reads the manifest. Errors: exit 75 if another archiver has the lock, exit 5 if the manifest
    /// is broken.
    pub fn open(os: &'o dyn Os, directory: &Path, settings: Settings, lock_timeout_ms: u64) -> Result<Keeper<'o>> {
        crate::directory::check(os, directory, &settings)?;
        let lock = Lock::take_at(os, &directory.join(ARCHIVERS), &settings, lock_timeout_ms)?;
        let mut text = manifest::read(os, directory)?;
        let known = Known::parse(&text, &manifest::path(directory))?;
        manifest::mend(os, directory, &mut text)?;
        Ok(Keeper { os, directory: directory.to_path_buf(), settings, known, _lock: lock })
    }

    /// The manifest.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// The raw segments that are sealed, by number.
    pub fn sealed(&self) -> Result<Vec<SegmentName>> {
        let raw = listing::raw(self.os, &self.directory)?;
        Ok(Layout::of(self.os, &self.directory, &raw)?.sealed.to_vec())
    }
}
