//! The names of the segments of a logbook in use, and its manifest, read at one moment. Files may
//! change between two reads, so that `segments` refreshes the catalog before it reports a
//! contradiction.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::chain::{self, Chain};
use super::claims::{self, Claims};
use logbook_format::SegmentName;
use logbook_model::error::Result;
use logbook_store::archive::content::{archive_path, raw_path};
use logbook_store::archive::manifest;
use logbook_store::listing;
use logbook_store::os::Os;

/// What was read.
pub(crate) struct Catalog<'l> {
    os: &'l dyn Os,
    directory: &'l Path,
    raw: Vec<SegmentName>,
    archived: Vec<SegmentName>,
    /// The parsed manifest.
    pub chain: Chain,
    claims: BTreeMap<u64, Claims>,
}

/// The raw file and the archive of a segment, each with its identity and size.
pub(crate) type FileStats = [Option<((u64, u64), u64)>; 2];

impl<'l> Catalog<'l> {
    /// Reads the catalog of the logbook at `directory`.
    pub(crate) fn take(os: &'l dyn Os, directory: &'l Path) -> Result<Catalog<'l>> {
        let (raw, archived, chain, claims) = (Vec::new(), Vec::new(), Chain::default(), BTreeMap::new());
        let mut catalog = Catalog { os, directory, raw, archived, chain, claims };
        catalog.refresh()?;
        Ok(catalog)
    }

    /// Reads everything again.
    pub(crate) fn refresh(&mut self) -> Result<()> {
        // Raw files are listed before archives: a segment that is archived in between is in both
        // lists, never in neither. The manifest is read last: a line is written before the file
        // that it is about is removed.
        self.raw = listing::raw(self.os, self.directory)?;
        self.archived = listing::archived(self.os, self.directory)?;
        self.read_manifest()
    }

    /// Reads the manifest again.
    pub fn read_manifest(&mut self) -> Result<()> {
        self.chain = chain::read(&manifest::read(self.os, self.directory)?);
        self.claims = claims::of(&self.chain);
        Ok(())
    }

    /// What the manifest claims about the segment with this number.
    pub(crate) fn claims(&self, number: u64) -> Claims {
        self.claims.get(&number).cloned().unwrap_or_default()
    }

    /// All claims, by segment number.
    pub(crate) fn all_claims(&self) -> &BTreeMap<u64, Claims> {
        &self.claims
    }

    /// The highest number that a bound line covers.
    pub(crate) fn covered_number(&self) -> u64 {
        let covered = |claims: &Claims| claims.covered.as_ref().is_some_and(|(_, link)| link.is_some());
        self.claims.iter().rev().find(|(_, claims)| covered(claims)).map_or(0, |(number, _)| *number)
    }

    /// Every segment that has a file or is mentioned in the manifest, by number.
    pub(crate) fn names(&self) -> BTreeMap<u64, SegmentName> {
        let mentioned = self.claims.values().filter_map(|claims| claims.name);
        self.archived.iter().chain(&self.raw).copied().chain(mentioned).map(|name| (name.number, name)).collect()
    }

    /// Whether `name` is the active segment: the highest raw one, neither archived nor covered.
    pub(crate) fn is_active(&self, name: &SegmentName) -> bool {
        self.raw.last() == Some(name)
            && self.archived.last().is_none_or(|archived| archived.number < name.number)
            && self.claims.last_key_value().is_none_or(|(covered, _)| *covered < name.number)
    }

    /// The current identities and sizes of the files of `name`.
    pub fn stats(&self, name: &SegmentName) -> FileStats {
        [raw_path(self.directory, name), archive_path(self.directory, name)]
            .map(|path| self.os.stat_path(&path).ok().map(|stat| (stat.identity, stat.bytes)))
    }

    /// Ranges of numbers below the highest that no segment has and no line mentions, as first and
    /// last.
    pub(crate) fn gaps(&self) -> Vec<(u64, u64)> {
        let numbers: BTreeSet<u64> = self.names().into_keys().collect();
        let mut gaps = Vec::new();
        let mut expected = 1;
        for number in numbers {
            if number > expected {
                gaps.push((expected, number - 1));
            }
            expected = number + 1;
        }
        gaps
    }
}
