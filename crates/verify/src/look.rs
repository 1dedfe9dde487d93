//! One look at a logbook that may be at work: the names of its segments, then the manifest. What
//! was read before may be older than what is read later, so that whatever seems broken is looked at
//! again (`segments`).

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

/// What was seen.
pub(crate) struct Look<'l> {
    os: &'l dyn Os,
    directory: &'l Path,
    raw: Vec<SegmentName>,
    archived: Vec<SegmentName>,
    /// The manifest.
    pub chain: Chain,
    claims: BTreeMap<u64, Claims>,
}

/// The files of one segment: which they are, and how long.
pub(crate) type Sight = [Option<((u64, u64), u64)>; 2];

impl<'l> Look<'l> {
    /// Looks at the logbook at `directory`.
    pub(crate) fn take(os: &'l dyn Os, directory: &'l Path) -> Result<Look<'l>> {
        let (raw, archived, chain, claims) = (Vec::new(), Vec::new(), Chain::default(), BTreeMap::new());
        let mut look = Look { os, directory, raw, archived, chain, claims };
        look.again()?;
        Ok(look)
    }

    /// Looks once more.
    pub(crate) fn again(&mut self) -> Result<()> {
        // The raw files before the archive: what is archived meanwhile is in both, never in
        // neither. The manifest last: a line is there before the file goes that it tells of.
        self.raw = listing::raw(self.os, self.directory)?;
        self.archived = listing::archived(self.os, self.directory)?;
        self.read_manifest()
    }

    /// Reads the manifest once more.
    pub fn read_manifest(&mut self) -> Result<()> {
        self.chain = chain::read(&manifest::read(self.os, self.directory)?);
        self.claims = claims::of(&self.chain);
        Ok(())
    }

    /// What the manifest claims of the segment with this number.
    pub(crate) fn claims(&self, number: u64) -> Claims {
        self.claims.get(&number).cloned().unwrap_or_default()
    }

    /// All claims, by number.
    pub(crate) fn all_claims(&self) -> &BTreeMap<u64, Claims> {
        &self.claims
    }

    /// The highest number that a bound line covers.
    pub(crate) fn covered_number(&self) -> u64 {
        let covered = |claims: &Claims| claims.covered.as_ref().is_some_and(|(_, link)| link.is_some());
        self.claims.iter().rev().find(|(_, claims)| covered(claims)).map_or(0, |(number, _)| *number)
    }

    /// Every segment that there is or that is spoken of, by number.
    pub(crate) fn names(&self) -> BTreeMap<u64, SegmentName> {
        let spoken_of = self.claims.values().filter_map(|claims| claims.name);
        self.archived.iter().chain(&self.raw).copied().chain(spoken_of).map(|name| (name.number, name)).collect()
    }

    /// Whether `name` is the segment that takes rows: the highest raw one, and neither archived nor
    /// covered.
    pub(crate) fn is_active(&self, name: &SegmentName) -> bool {
        self.raw.last() == Some(name)
            && self.archived.last().is_none_or(|archived| archived.number < name.number)
            && self.claims.last_key_value().is_none_or(|(covered, _)| *covered < name.number)
    }

    /// The files of `name` as they are now.
    pub fn sight(&self, name: &SegmentName) -> Sight {
        [raw_path(self.directory, name), archive_path(self.directory, name)]
            .map(|path| self.os.stat_path(&path).ok().map(|stat| (stat.identity, stat.bytes)))
    }

    /// Numbers below the highest that no segment has and no line speaks of, as first and last.
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
