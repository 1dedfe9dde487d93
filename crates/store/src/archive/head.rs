//! Heads: one line that commits to the whole chain and the newest segment so far, to be stored
//! elsewhere (`docs/evidence.md`).

use std::io::Read;

use super::content;
use super::keeper::Keeper;
use super::manifest;
use crate::append::{Options, Writer};
use crate::directory::sync_name;
use crate::listing;
use crate::os::{How, sync_directory};
use logbook_format::SegmentName;
use logbook_format::manifest::Head;
use logbook_model::error::{Error, Exit, Result};

impl Keeper<'_> {
    /// The head of the logbook as it is now, up to the last whole row. All sealed segments must be
    /// covered. `None` if nothing was ever stored. The rows under the head are durable when this
    /// returns, so the head is valid after a power cut, too. Errors: exit 4 if that cannot be
    /// promised.
    pub fn head(&self, options: Options) -> Result<Option<Head>> {
        let covered = self.known.segments.keys().next_back().copied().unwrap_or(0);
        let raw = listing::raw(self.os, &self.directory)?;
        let archived = listing::archived(self.os, &self.directory)?;
        // The first segment that is not covered: one that was sealed meanwhile is not under the
        // last line.
        let next = raw.iter().find(|name| name.number > covered);
        let newest = [raw.last(), archived.last()].into_iter().flatten().max_by_key(|name| name.number);
        let Some(segment) = next.or(newest).copied() else { return Ok(None) };
        let fail = |error: std::io::Error| Error::io(format!("{segment}: {error}"));
        let mut whole = 0u64;
        let mut at = 0u64;
        // The first pass finds the last newline, the second one reads up to it: later rows do not
        // count.
        content::sum(&mut *self.read(&segment).map_err(fail)?, |block| {
            if let Some(end) = memchr::memrchr(b'\n', block) {
                whole = at + end as u64 + 1;
            }
            at += block.len() as u64;
        })
        .map_err(fail)?;
        let sums = content::sum(&mut self.read(&segment).map_err(fail)?.take(whole), |_| {}).map_err(fail)?;
        self.sync_head(&segment, raw.contains(&segment), options)?;
        Ok(Some(Head { segment, bytes: whole, sha256: Head::seal(&self.known.prev, &sums.sha256) }))
    }

    fn read(&self, segment: &SegmentName) -> std::io::Result<Box<dyn Read + '_>> {
        content::open_counting(self.os, &self.directory, segment)
    }

    /// Syncs what is under a head over `segment`: its rows, the manifest, and the names of both. An
    /// archiver or a writer may have died before it synced a line or a new segment.
    fn sync_head(&self, segment: &SegmentName, is_raw: bool, options: Options) -> Result<()> {
        let refuse = |what: &str, why: String| {
            Error::new(Exit::Unknown, format!("no head is given: {what}: {why}"))
                .hint("logbook head --seal   # goes on in a new segment; logbook doctor")
        };
        if is_raw {
            let mut writer = Writer::open(self.os, &self.directory, self.settings.clone(), options)?;
            writer.sync_segment(segment.number).map_err(|error| match error.exit {
                Exit::Unknown => refuse(&segment.to_string(), error.message),
                _ => error,
            })?;
        }
        match self.os.open(&manifest::path(&self.directory), How::Read, 0) {
            Ok(file) => self.os.sync_all(&file).map_err(|error| refuse("manifest.jsonl", error.to_string()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io(format!("manifest.jsonl: {error}"))),
        }
        sync_directory(self.os, &self.directory)
            .map_err(|error| refuse(&self.directory.display().to_string(), error.to_string()))?;
        sync_name(self.os, &self.directory)
    }
}
