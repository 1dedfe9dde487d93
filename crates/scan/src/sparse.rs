//! Lines that can matter, found in a block before any line of it is looked at: by a literal, or by
//! a name with a value behind it that may pass.
//!
//! Each way to find them pays while they are few. Where they stand too dense the next way is tried
//! on the rest of the block, and the one that failed only again some blocks later.

use std::collections::BTreeMap;
use std::iter::Peekable;

use memchr::{memchr, memmem, memrchr};

use super::rows::Block;
use super::scan::Wanted;
use super::source::Fate;
use logbook_query::Probe;

/// Lines to be looked at that are this near to each other, in bytes, are cheaper to find with all
/// the others.
const DENSE_BYTES: usize = 4096;
/// How many of them tell that a block is dense.
const DENSE_HITS: usize = 32;
/// Each literal is a pass of its own over a block: more of them cost as much as looking at every
/// line.
const LITERALS_MAX: usize = 4;
/// Fewer bytes are soon looked at line by line, and then all that is no row is told.
const BLOCK_BYTES_MIN: usize = 64 << 10;
/// At most so many blocks pass before a way is tried again.
const REST_MAX: u32 = 64;

/// What is looked for.
struct Needle<'q> {
    finder: memmem::Finder<'q>,
    /// Asked where it was found. Each thread has its own.
    probe: Option<Probe>,
}

/// A way to find lines.
pub(super) struct Way<'q> {
    needles: Vec<Needle<'q>>,
    /// So many blocks it is not tried, since lines stood too dense in the last one; doubled each
    /// time.
    rest: u32,
    rest_next: u32,
}

/// The ways to find lines that are wanted, the best first.
pub(super) fn ways<'q>(wanted: &Wanted<'q>) -> Vec<Way<'q>> {
    if wanted.strict {
        return Vec::new();
    }
    let needle = |literal: &'q [u8], probe| Needle { finder: memmem::Finder::new(literal), probe };
    let way = |mut needles: Vec<Needle<'q>>| {
        // What could spell the same in other letters.
        needles.push(needle(b"\\u", None));
        Way { needles, rest: 0, rest_next: 1 }
    };
    let literals = wanted.literals.iter().map(|literal| needle(literal, None)).collect::<Vec<_>>();
    let literals = (1..=LITERALS_MAX).contains(&literals.len()).then_some(literals);
    let probe = wanted.probe.map(|probe| vec![needle(probe.key(), Some(probe.clone()))]);
    literals.into_iter().chain(probe).map(way).collect()
}

impl<'q> Way<'q> {
    /// The lines of `block` from `from` on, if they are to be found in this way now.
    pub(crate) fn lines<'w>(
        &'w mut self,
        block: Block<'w>,
        from: usize,
        fates: Option<&BTreeMap<u64, Fate>>,
    ) -> Option<Sparse<'w, 'q>> {
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
        Some(Sparse { block: block.bytes, way: self, next, fated, begin: from, from, hits: 0 })
    }
}

/// The lines of a block that hold what is looked for, or any `\u`, by which it could be spelled
/// otherwise, and those of rows with a fate: a corrected row need not hold what it reads as
/// holding.
pub(super) struct Sparse<'w, 'q> {
    block: &'w [u8],
    way: &'w mut Way<'q>,
    /// Where each needle is found next; `None`: not looked for yet.
    next: Vec<Option<usize>>,
    /// Where rows with a fate begin.
    fated: Peekable<std::vec::IntoIter<usize>>,
    begin: usize,
    from: usize,
    hits: usize,
}

impl Sparse<'_, '_> {
    /// The next such line, without its newline; none also when they stand too dense.
    pub(crate) fn next(&mut self) -> Option<(usize, usize)> {
        if self.is_dense() {
            return None;
        }
        for (next, needle) in self.next.iter_mut().zip(&self.way.needles) {
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

    /// Whether it pays no longer to look for them.
    fn is_dense(&self) -> bool {
        self.hits >= DENSE_HITS && self.hits * DENSE_BYTES > self.from - self.begin
    }

    /// After the last line: whether it was the last of the block. If it was not, this way is not
    /// tried for a while.
    pub(crate) fn ended(self) -> bool {
        if !self.is_dense() {
            self.way.rest_next = 1;
            return true;
        }
        self.way.rest = self.way.rest_next;
        self.way.rest_next = (self.way.rest_next * 2).min(REST_MAX);
        false
    }
}

impl Needle<'_> {
    /// Where it stands first at or after `from`, if it is asked for there; the greatest number if
    /// nowhere.
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
