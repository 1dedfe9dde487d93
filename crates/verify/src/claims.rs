//! What the chain says of each segment. A claim proves nothing by itself: `segments` and `deleted`
//! look for its proof.

use std::collections::BTreeMap;

use super::chain::Chain;
use logbook_format::SegmentName;
use logbook_format::manifest::{Covered, Event, Line};

/// Where a line stands in the chain, from 0; `None`: behind a break, where nothing is bound.
pub(crate) type Link = Option<usize>;

/// A deletion that a line tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deletion {
    /// The row that is to tell of it.
    pub receipt: String,
    /// The line.
    pub link: Link,
}

/// What the manifest claims of one segment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    /// Its name.
    pub name: Option<SegmentName>,
    /// What it held, and the line that says so.
    pub covered: Option<(Covered, Link)>,
    /// Bytes and SHA-256 of its archive's file.
    pub archive: Option<(u64, String)>,
    /// Deletions, the first first. One without its receipt does not count, and may be followed by
    /// another.
    pub deleted: Vec<Deletion>,
    /// Some line about it stands behind a break.
    pub unbound: bool,
    /// What is wrong with the lines themselves.
    pub wrong: Vec<&'static str>,
}

/// What the manifest claims of all segments, by number.
pub(crate) fn of(chain: &Chain) -> BTreeMap<u64, Claims> {
    let mut all: BTreeMap<u64, Claims> = BTreeMap::new();
    let mut highest = 0;
    let bound = chain.lines.iter().enumerate().map(|(at, line)| (line, Some(at)));
    for (line, link) in bound.chain(chain.unbound.iter().map(|line| (line, None))) {
        let claims = all.entry(line.segment.number).or_default();
        claims.take(line, link);
        if matches!(line.event, Event::Covered(_)) {
            if line.segment.number < highest {
                claims.wrong.push("the manifest covers it behind segments with higher numbers: it was put in");
            }
            highest = highest.max(line.segment.number);
        }
    }
    all
}

impl Claims {
    fn take(&mut self, line: &Line, link: Link) {
        self.unbound |= link.is_none();
        if self.name.replace(line.segment).is_some_and(|name| name != line.segment) {
            self.wrong.push("the manifest has two names for one number");
        }
        match &line.event {
            Event::Covered(covered) if self.covered.is_none() => self.covered = Some((covered.clone(), link)),
            Event::Covered(_) => self.wrong.push("the manifest covers it twice"),
            Event::Archived { archive_bytes, archive_sha256 } => {
                self.archive = Some((*archive_bytes, archive_sha256.clone()));
            }
            Event::Deleted { receipt, .. } => self.deleted.push(Deletion { receipt: receipt.clone(), link }),
        }
        if self.covered.is_none() {
            self.wrong.push("the manifest tells of it before it is covered");
        }
    }
}
