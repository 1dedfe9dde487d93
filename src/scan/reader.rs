//! Rows of one piece after the other, with the wanted fields found and corrections folded in: what one thread does.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};
use std::iter::Peekable;
use std::ops::ControlFlow;

use memchr::{memchr, memchr_iter, memmem, memrchr};

use super::feed::Scanned;
use super::pieces::{Piece, Stretch};
use super::rows::{Block, for_each_block, one_line};
use super::skipped::{Class, Skipped};
use super::source::{Fate, Source};
use crate::format::corrections;
use crate::json::bits::{Finder, Line};
use crate::json::{self, Limits, ObjectFault, frame};
use crate::model::READ_ROW_BYTES_MAX;
use crate::query::{Place, Row};

/// Lines with a literal that are this near to each other, in bytes, are cheaper to find with all the others.
const DENSE_BYTES: usize = 4096;
/// Each literal is a pass of its own over a block: more of them cost as much as looking at every line.
const LITERALS_MAX: usize = 4;
/// At most so many blocks are read before the literals are tried again.
const REST_MAX: u32 = 64;
/// How many of them tell that a block is dense.
const DENSE_HITS: usize = 32;

/// What a scan asks of every row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'q> {
    /// The fields that are picked, in order.
    pub names: &'q [String],
    /// Every row is judged whole, else by its frame.
    pub strict: bool,
    /// Only lines that hold one of these, or some `\u`, need to be looked at; none: all lines.
    pub literals: &'q [Vec<u8>],
}

/// Reads pieces.
pub(super) struct Reader<'s> {
    source: &'s Source,
    wanted: Wanted<'s>,
    finder: Finder,
    /// The literals, and what else could spell one; none: every line is looked at.
    finders: Vec<memmem::Finder<'s>>,
    /// Blocks in which the literals are not looked for, since they stood too dense in the last one; doubled each time.
    rest: u32,
    rest_next: u32,
}

impl<'s> Reader<'s> {
    pub fn new(source: &'s Source, wanted: Wanted<'s>) -> Reader<'s> {
        let few = !wanted.strict && (1..=LITERALS_MAX).contains(&wanted.literals.len());
        let literals = wanted.literals.iter().map(Vec::as_slice).chain([&b"\\u"[..]]);
        Reader {
            source,
            wanted,
            finder: Finder::new(wanted.names),
            finders: if few { literals.map(memmem::Finder::new).collect() } else { Vec::new() },
            rest: 0,
            rest_next: 1,
        }
    }

    /// Hands the rows of `piece` to `each`. `stdin` is read where the input is standard input.
    pub fn piece(
        &mut self,
        piece: Piece,
        stdin: Option<&mut dyn BufRead>,
        scanned: &mut Scanned,
        each: &mut impl FnMut(&Row<'_>, &str, &mut Skipped) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Some(input) = self.source.get(piece.input as usize) else { return ControlFlow::Continue(()) };
        let name = input.name();
        let mut flow = ControlFlow::Continue(());
        let read = match piece.range {
            Some(range) => input.open_anywhere().and_then(|stored| {
                let stored = stored.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
                let mut stretch = Stretch::new(stored, range)?;
                let offset = stretch.offset();
                self.stream(&mut stretch, &name, (piece.input, offset), scanned, each, &mut flow)
            }),
            None => match (input.open(), stdin) {
                (Ok(Some(mut reader)), _) => {
                    self.stream(&mut *reader, &name, (piece.input, 0), scanned, each, &mut flow)
                }
                (Ok(None), Some(stdin)) => {
                    self.stream(&mut StdinRead(stdin), &name, (piece.input, 0), scanned, each, &mut flow)
                }
                (Ok(None), None) => Ok(0),
                (Err(error), _) => Err(error),
            },
        };
        match read {
            Ok(bytes) => scanned.bytes += bytes,
            Err(error) => {
                let packed = matches!(
                    error.kind(),
                    io::ErrorKind::Other
                        | io::ErrorKind::InvalidData
                        | io::ErrorKind::InvalidInput
                        | io::ErrorKind::UnexpectedEof
                );
                let class = if packed { Class::BadArchive } else { Class::Unreadable };
                scanned.skipped.add(&name, class, 0, error.to_string());
            }
        }
        flow
    }

    fn stream(
        &mut self,
        reader: &mut dyn Read,
        name: &str,
        (input, start): (u32, u64),
        scanned: &mut Scanned,
        each: &mut impl FnMut(&Row<'_>, &str, &mut Skipped) -> ControlFlow<()>,
        flow: &mut ControlFlow<()>,
    ) -> io::Result<u64> {
        let Scanned { rows, skipped, .. } = scanned;
        let source = self.source;
        let mut judge = Judge { source, wanted: self.wanted, fates: source.fates(input), name, input, rows, each };
        for_each_block(reader, name, start, skipped, |block, skipped| {
            *flow = self.block(block, &mut judge, skipped);
            *flow
        })
    }

    fn block(
        &mut self,
        mut block: Block<'_>,
        judge: &mut Judge<'_, impl FnMut(&Row<'_>, &str, &mut Skipped) -> ControlFlow<()>>,
        skipped: &mut Skipped,
    ) -> ControlFlow<()> {
        if !block.whole {
            return judge.line(block.bytes, block.offset, block.nuls, is_whole, skipped);
        }
        if block.nuls > 0 {
            let end = memchr(b'\n', block.bytes).unwrap_or(block.bytes.len());
            judge.line(&block.bytes[..end], block.offset, block.nuls, |_| true, skipped)?;
            block.bytes = block.bytes.get(end + 1..).unwrap_or_default();
            block.offset += end as u64 + 1;
        }
        let mut from = 0;
        if self.rest > 0 {
            self.rest -= 1;
        } else if !self.finders.is_empty() {
            let mut sparse = Sparse::new(block, &self.finders, judge.fates);
            while let Some((at, end)) = sparse.next() {
                *judge.rows += memchr_iter(b'\n', &block.bytes[from..at]).count() as u64;
                let line = &block.bytes[at..=end];
                self.finder.lines(line, |line| judge.found(line, block.offset + at as u64, skipped))?;
                from = end + 1;
            }
            if !sparse.is_dense() {
                *judge.rows += memchr_iter(b'\n', &block.bytes[from..]).count() as u64;
                self.rest_next = 1;
                return ControlFlow::Continue(());
            }
            self.rest = self.rest_next;
            self.rest_next = (self.rest_next * 2).min(REST_MAX);
        }
        let offset = block.offset + from as u64;
        self.finder.lines(&block.bytes[from..], |line| judge.found(line, offset, skipped))
    }
}

/// What becomes of the lines of one input.
struct Judge<'j, E> {
    source: &'j Source,
    wanted: Wanted<'j>,
    fates: Option<&'j BTreeMap<u64, Fate>>,
    name: &'j str,
    input: u32,
    rows: &'j mut u64,
    each: &'j mut E,
}

impl<E: FnMut(&Row<'_>, &str, &mut Skipped) -> ControlFlow<()>> Judge<'_, E> {
    /// A line of a block that begins at `offset`.
    #[inline]
    fn found(&mut self, line: Line<'_, '_>, offset: u64, skipped: &mut Skipped) -> ControlFlow<()> {
        let at = offset + line.at as u64;
        match line.values {
            Some(fields) if line.text.len() <= READ_ROW_BYTES_MAX => self.row(line.text, at, fields, skipped),
            _ => self.line(line.text, at, 0, |_| true, skipped),
        }
    }

    /// Any line, the plain way.
    fn line(
        &mut self,
        line: &[u8],
        offset: u64,
        nuls: u64,
        is_whole: fn(&[u8]) -> bool,
        skipped: &mut Skipped,
    ) -> ControlFlow<()> {
        let name = self.name;
        one_line((line, offset, nuls), is_whole, name, skipped, &mut |text, offset, skipped| {
            // A vector of borrowed slices cannot outlive the row; it is as long as the query's list of fields.
            let mut fields = Vec::with_capacity(self.wanted.names.len());
            match frame::pick(text, self.wanted.names, &mut fields) {
                Ok(()) => return self.row(text, offset, &fields, skipped),
                Err(ObjectFault::NotObject) => skipped.add(name, Class::NotObject, offset, ""),
                Err(ObjectFault::NotJson(at)) => skipped.add(name, Class::NotJson, offset, detail(text, at)),
            }
            ControlFlow::Continue(())
        })
    }

    /// A row in its frame, with its fields.
    #[inline]
    fn row(&mut self, text: &[u8], offset: u64, fields: &[Option<&[u8]>], skipped: &mut Skipped) -> ControlFlow<()> {
        let place = Place { input: self.input, offset };
        if self.wanted.strict
            && let Err(fault) = json::validate(text, Limits::GRAMMAR)
        {
            let (class, detail) = not_json(&fault);
            skipped.add(self.name, class, offset, detail);
            return ControlFlow::Continue(());
        }
        match self.fates.and_then(|fates| fates.get(&offset)) {
            None => {}
            Some(Fate::Correction) if self.source.shows_corrections() => {}
            Some(Fate::Correction | Fate::Voided) => return ControlFlow::Continue(()),
            Some(Fate::Corrected(row)) if row.is_retracted() => return ControlFlow::Continue(()),
            Some(Fate::Corrected(row)) => {
                let text = corrections::apply(text, &row.corrections);
                let mut fields = Vec::with_capacity(self.wanted.names.len());
                // It was read once, and is written well.
                let _ = frame::pick(&text, self.wanted.names, &mut fields);
                *self.rows += 1;
                return (self.each)(&Row { text: &text, fields: &fields, place }, self.name, skipped);
            }
        }
        *self.rows += 1;
        (self.each)(&Row { text, fields, place }, self.name, skipped)
    }
}

/// The lines of a block that hold a literal, or any `\u`, by which it could be spelled otherwise, and those of rows
/// with a fate: a corrected row need not hold what it reads as holding.
struct Sparse<'b> {
    block: &'b [u8],
    finders: &'b [memmem::Finder<'b>],
    /// Where each is found next; `None`: not looked for yet.
    next: Vec<Option<usize>>,
    /// Where rows with a fate begin.
    fated: Peekable<std::vec::IntoIter<usize>>,
    from: usize,
    hits: usize,
}

impl<'b> Sparse<'b> {
    fn new(block: Block<'b>, finders: &'b [memmem::Finder<'_>], fates: Option<&BTreeMap<u64, Fate>>) -> Sparse<'b> {
        let here = block.offset..block.offset + block.bytes.len() as u64;
        let fated: Vec<usize> = fates.map_or_else(Vec::new, |fates| {
            fates.range(here).map(|(offset, _)| (offset - block.offset) as usize).collect()
        });
        let next = vec![None; finders.len()];
        Sparse { block: block.bytes, finders, next, fated: fated.into_iter().peekable(), from: 0, hits: 0 }
    }

    /// The next such line, without its newline; none also when they stand too dense.
    fn next(&mut self) -> Option<(usize, usize)> {
        if self.is_dense() {
            return None;
        }
        let rest = self.block.get(self.from..)?;
        for (next, finder) in self.next.iter_mut().zip(self.finders) {
            if next.is_none_or(|at| at < self.from) {
                *next = Some(finder.find(rest).map_or(usize::MAX, |at| self.from + at));
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
        self.hits >= DENSE_HITS && self.hits * DENSE_BYTES > self.from
    }
}

/// Why a row whose frame is broken is not JSON.
fn detail(text: &[u8], at: usize) -> String {
    match json::validate(text, Limits::GRAMMAR) {
        Err(fault) => not_json(&fault).1,
        Ok(()) => format!("column {}", at + 1),
    }
}

/// Why a whole row is not JSON, as the account tells it.
pub fn not_json(fault: &json::Fault) -> (Class, String) {
    (Class::NotJson, format!("column {}: {fault}", fault.at + 1))
}

/// A last line without a newline counts when it is a whole object.
pub(super) fn is_whole(line: &[u8]) -> bool {
    json::trim(line).starts_with(b"{") && json::validate(line, Limits::GRAMMAR).is_ok()
}

struct StdinRead<'a>(&'a mut dyn BufRead);

impl Read for StdinRead<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}
