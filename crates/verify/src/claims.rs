//! What the manifest claims about each segment. A claim proves nothing by itself: `segments` and
//! `deleted` look for the proof.

use std::collections::BTreeMap;

use super::chain::Chain;
use logbook_format::SegmentName;
use logbook_format::manifest::{Covered, Event, Line};

/// The index of a line in the chain; `None` behind a break, where nothing is bound.
pub(crate) type LineIndex = Option<usize>;

/// A line that says that the segment was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deletion {
    /// The name of the row that must be its receipt.
    pub receipt: String,
    /// The index of the line.
    pub link: LineIndex,
}

/// What the manifest claims about one segment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    pub name: Option<SegmentName>,
    /// Its content, and the line that says so.
    pub covered: Option<(Covered, LineIndex)>,
    /// The size and SHA-256 of the file of its archive.
    pub archive: Option<(u64, String)>,
    /// Deletions, in order. One without its receipt does not count, and another may follow.
    pub deleted: Vec<Deletion>,
    /// A line about it is behind a break.
    pub unbound: bool,
    /// What is wrong with the lines about it.
    pub wrong: Vec<&'static str>,
}

/// What the manifest claims about all segments, by number.
pub(crate) fn of(chain: &Chain) -> BTreeMap<u64, Claims> {
    let mut all: BTreeMap<u64, Claims> = BTreeMap::new();
    let mut highest = 0;
    let bound = chain.lines.iter().enumerate().map(|(at, line)| (line, Some(at)));
    for (line, link) in bound.chain(chain.unbound.iter().map(|line| (line, None))) {
        let claims = all.entry(line.segment.number).or_default();
        claims.take(line, link);
        if matches!(line.event, Event::Covered(_)) {
            if line.segment.number < highest {
                claims.wrong.push("the manifest covers it after segments with higher numbers: it was inserted");
            }
            highest = highest.max(line.segment.number);
        }
    }
    all
}

impl Claims {
    fn take(&mut self, line: &Line, link: LineIndex) {
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
            self.wrong.push("the manifest mentions it before it covers it");
        }
    }
}
