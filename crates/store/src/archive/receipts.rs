//! Receipts on file. A line of the manifest that says that a segment was deleted counts only with
//! its receipt.

use memchr::memmem::Finder;

use super::content::{archive_path, raw_path};
use super::keeper::Keeper;
use crate::archived::each_sealed_block;
use crate::os::io_error;
use crate::{listing, os::What};
use logbook_format::lines::Lines;
use logbook_format::receipt::Receipt;
use logbook_model::Kind;
use logbook_model::error::Result;

impl Keeper<'_> {
    /// Ignores the deletions of segments that still have files and have no receipt: without one
    /// nothing is removed. Such lines are in a copy whose manifest is newer than the segments, or
    /// were forged.
    pub(super) fn drop_unreceipted(&mut self) -> Result<()> {
        let mut doubtful = Vec::new();
        for entry in self.known.segments.values().filter(|entry| entry.deleted) {
            for path in [archive_path(&self.directory, &entry.segment), raw_path(&self.directory, &entry.segment)] {
                match self.os.stat_path(&path) {
                    Ok(stat) if stat.what == What::File => doubtful.push(entry.segment.number),
                    Ok(_) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => return Err(io_error(&path, error)),
                }
            }
        }
        if doubtful.is_empty() {
            return Ok(());
        }
        let receipts = self.receipts()?;
        for number in doubtful {
            if let Some(entry) = self.known.segments.get_mut(&number) {
                let tells = |receipt: &Receipt| {
                    entry.receipts.contains(&receipt.name) && receipt.records(&entry.segment, &entry.covered.sha256)
                };
                entry.deleted = receipts.iter().any(|(segment, receipt)| *segment > number && tells(receipt));
            }
        }
        Ok(())
    }

    /// All receipts, with the numbers of the segments that they are in.
    fn receipts(&self) -> Result<Vec<(u64, Receipt)>> {
        let finder = Finder::new(Kind::ArchiveReceipt.word());
        let mut all = Vec::new();
        let mut names = listing::archived(self.os, &self.directory)?;
        names.extend(listing::raw(self.os, &self.directory)?);
        names.sort_unstable_by_key(|name| name.number);
        names.dedup_by_key(|name| name.number);
        for name in names {
            each_sealed_block(self.os, &self.directory, &name, 0, |_, block| {
                if finder.find(block).is_some() {
                    let lines = Lines::new(block).filter(|line| line.whole);
                    all.extend(lines.filter_map(|line| Some((name.number, Receipt::read(line.text)?))));
                }
            })?;
        }
        Ok(all)
    }
}
