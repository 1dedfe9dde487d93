//! Heads: the whole chain, and the first bytes of the newest segment, in one line that is kept
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
    /// The head of the logbook as it is now, up to the last whole row; of what is sealed, all must
    /// be covered. `None` when nothing was ever stored. What it stands for is durable when this
    /// returns: whoever keeps it can hold it against what a power cut left. Errors: exit 4 when
    /// that cannot be promised, and then there is no head.
    pub fn head(&self, options: Options) -> Result<Option<Head>> {
        let covered = self.known.segments.keys().next_back().copied().unwrap_or(0);
        let raw = listing::raw(self.os, &self.directory)?;
        let archived = listing::archived(self.os, &self.directory)?;
        // The first one that is not covered: what was sealed meanwhile is not under the last line.
        let next = raw.iter().find(|name| name.number > covered);
        let newest = [raw.last(), archived.last()].into_iter().flatten().max_by_key(|name| name.number);
        let Some(segment) = next.or(newest).copied() else { return Ok(None) };
        let fail = |error: std::io::Error| Error::io(format!("{segment}: {error}"));
        let mut whole = 0u64;
        let mut at = 0u64;
        // Once to find the last newline, once to that place: what is written meanwhile does not
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

    /// Syncs what a head over `segment` stands for: its rows, the manifest, and the names of both.
    /// An archiver that died may have written a line, and a writer begun a segment, and not have
    /// come to that.
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
