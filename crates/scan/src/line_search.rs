//! Finds the lines of a block that can matter without looking at the others: those that contain a
//! literal, or a name with a value behind it that may pass the filter.
//!
//! A search pays off while such lines are few. Where they are dense, the next search is tried on
//! the rest of the block, and the one that failed is tried again only some blocks later.

use std::collections::BTreeMap;
use std::iter::Peekable;

use memchr::{memchr, memmem, memrchr};

use super::rows::Block;
use super::scan::Wanted;
use super::source::Fate;
use logbook_query::Probe;

/// Looking at every line is cheaper if matching lines are nearer to each other than this.
const DENSE_BYTES: usize = 4096;
/// This many near matches make a block dense.
const DENSE_HITS: usize = 32;
/// Each literal is a pass of its own over a block, so that more of them cost as much as looking at
/// every line.
const LITERALS_MAX: usize = 4;
/// Smaller blocks are read line by line: it is fast enough, and every line that is not a row is
/// reported.
const BLOCK_BYTES_MIN: usize = 64 << 10;
/// A failed search is tried again after at most this many blocks.
const REST_MAX: u32 = 64;

/// A string to search for.
struct Needle<'q> {
    finder: memmem::Finder<'q>,
    /// Decides for each occurrence whether the line may pass. Each thread has its own copy.
    probe: Option<Probe>,
}

/// One search for lines.
pub(super) struct Search<'q> {
    needles: Vec<Needle<'q>>,
    /// The number of blocks for which it is not tried, because matches were dense in the last one;
    /// doubled on each failure.
    rest: u32,
    rest_next: u32,
}

/// The searches that find the wanted lines, the most selective first.
pub(super) fn searches<'q>(wanted: &Wanted<'q>) -> Vec<Search<'q>> {
    if wanted.strict {
        return Vec::new();
    }
    let needle = |literal: &'q [u8], probe| Needle { finder: memmem::Finder::new(literal), probe };
    let way = |mut needles: Vec<Needle<'q>>| {
        // An escape may spell the same text in another way.
        needles.push(needle(b"\\u", None));
        Search { needles, rest: 0, rest_next: 1 }
    };
    let literals = wanted.literals.iter().map(|literal| needle(literal, None)).collect::<Vec<_>>();
    let literals = (1..=LITERALS_MAX).contains(&literals.len()).then_some(literals);
    let probe = wanted.probe.map(|probe| vec![needle(probe.key(), Some(probe.clone()))]);
    literals.into_iter().chain(probe).map(way).collect()
}

impl<'q> Search<'q> {
    /// The matching lines of `block` from `from` on; `None` if this search is not to be used now.
    pub(crate) fn lines<'w>(
        &'w mut self,
        block: Block<'w>,
        from: usize,
        fates: Option<&BTreeMap<u64, Fate>>,
    ) -> Option<Matches<'w, 'q>> {
        if block.bytes.len() < BLOCK_BYTES_MIN {
            return None;
        }
        if self.rest > 0 {
            self.rest -= 1;
            return None;
        }
        let here = block.offset + from as u64..block.offset + block.bytes.len() as u64;
        let fated: Vec<usize> = fates.map_or_else(Vec::new, |fates| {
            fates.range(here).map(|(offset, _)| (offset - block.offset) as usize).collect()
        });
        let next = vec![None; self.needles.len()];
        let fated = fated.into_iter().peekable();
        Some(Matches { block: block.bytes, search: self, next, fated, begin: from, from, hits: 0 })
    }
}

/// The lines of a block that contain a needle or any `\u` escape, and the lines of corrected rows:
/// the text of a corrected row need not contain what its corrected form contains.
pub(super) struct Matches<'w, 'q> {
    block: &'w [u8],
    search: &'w mut Search<'q>,
    /// The next occurrence of each needle; `None` if it was not searched for yet.
    next: Vec<Option<usize>>,
    /// The offsets of rows with a fate.
    fated: Peekable<std::vec::IntoIter<usize>>,
    begin: usize,
    from: usize,
    hits: usize,
}

impl Matches<'_, '_> {
    /// The next matching line, without its newline; `None` at the end, and also when matches are
    /// dense.
    pub(crate) fn next(&mut self) -> Option<(usize, usize)> {
        if self.is_dense() {
            return None;
        }
        for (next, needle) in self.next.iter_mut().zip(&self.search.needles) {
            if next.is_none_or(|at| at < self.from) {
                *next = Some(needle.find(self.block, self.from));
            }
        }
        while self.fated.next_if(|at| *at < self.from).is_some() {}
        let found = self.next.iter().flatten().chain(self.fated.peek());
        let at = found.copied().min().filter(|at| *at < self.block.len())?;
        let begin = memrchr(b'\n', &self.block[self.from..at]).map_or(self.from, |newline| self.from + newline + 1);
        let end = memchr(b'\n', &self.block[at..]).map_or(self.block.len(), |newline| at + newline);
        self.from = end + 1;
        self.hits += 1;
        Some((begin, end))
    }

    /// Whether matches are so dense that the search no longer pays off.
    fn is_dense(&self) -> bool {
        self.hits >= DENSE_HITS && self.hits * DENSE_BYTES > self.from - self.begin
    }

    /// Whether the whole block was searched. If not, this search pauses for some blocks.
    pub(crate) fn ended(self) -> bool {
        if !self.is_dense() {
            self.search.rest_next = 1;
            return true;
        }
        self.search.rest = self.search.rest_next;
        self.search.rest_next = (self.search.rest_next * 2).min(REST_MAX);
        false
    }
}

impl Needle<'_> {
    /// The first occurrence at or after `from` that the probe accepts; `usize::MAX` if there is
    /// none.
    fn find(&self, block: &[u8], mut from: usize) -> usize {
        while let Some(rest) = block.get(from..)
            && let Some(at) = self.finder.find(rest)
        {
            let behind = from + at + self.finder.needle().len();
            if self.probe.as_ref().is_none_or(|probe| probe.may_pass(&block[behind..])) {
                return from + at;
            }
            from = behind;
        }
        usize::MAX
    }
}
