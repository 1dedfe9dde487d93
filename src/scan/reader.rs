//! Rows of one piece after the other, with the wanted fields found and corrections folded in: what one thread does.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;

use memchr::{memchr, memchr_iter};

use super::damaged;
use super::feed::Scanned;
use super::pieces::{Piece, each_stretch, is_damage};
use super::rows::{Block, for_each_block, one_line};
use super::skipped::{Class, Skipped};
use super::source::{Fate, Source};
use super::sparse::{self, Way};
use crate::format::corrections;
use crate::json::bits::{Finder, Line};
use crate::json::{self, Limits, ObjectFault, frame};
use crate::model::READ_ROW_BYTES_MAX;
use crate::query::{Place, Probe, Row};

/// What a scan asks of every row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'q> {
    /// The fields that are picked, in order.
    pub names: &'q [String],
    /// Every row is judged whole, else by its frame.
    pub strict: bool,
    /// Only lines that hold one of these, or some `\u`, need to be looked at; none: all lines.
    pub literals: &'q [Vec<u8>],
    /// Only lines that may pass by this, or hold some `\u`, need to be looked at.
    pub probe: Option<&'q Probe>,
    /// Lines that are passed over are counted too.
    pub counts: bool,
}

/// What is met in a piece.
pub(super) enum Met<'m> {
    /// A row, in the input of this name; what its taker itself adds to the account.
    Row(&'m Row<'m>, &'m str, &'m mut Skipped),
    /// The end of a block: texts of rows in it last until here.
    BlockEnd(&'m [u8]),
}

/// Reads pieces.
pub(super) struct Reader<'s> {
    source: &'s Source,
    wanted: Wanted<'s>,
    finder: Finder,
    /// Ways to find the lines that need to be looked at; none: all do.
    ways: Vec<Way<'s>>,
}

impl<'s> Reader<'s> {
    pub fn new(source: &'s Source, wanted: Wanted<'s>) -> Reader<'s> {
        Reader { source, wanted, finder: Finder::new(wanted.names), ways: sparse::ways(&wanted) }
    }

    /// Hands the rows of `piece` to `each`. `stdin` is read where the input is standard input.
    pub fn piece(
        &mut self,
        piece: Piece,
        stdin: Option<&mut dyn BufRead>,
        scanned: &mut Scanned,
        each: &mut impl FnMut(Met<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Some(input) = self.source.get(piece.input as usize) else { return ControlFlow::Continue(()) };
        let name = input.name();
        let mut flow = ControlFlow::Continue(());
        let read = match piece.range {
            Some(range) => {
                let mut damage = Skipped::default();
                let mut damaged = |at, why: String| damage.add(&name, Class::BadArchive, at, why);
                let read = each_stretch(input, range, &mut damaged, &mut |reader, offset| {
                    self.stream(reader, &name, (piece.input, offset), scanned, each, &mut flow)
                });
                scanned.skipped.join(damage);
                read
            }
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
            Ok(bytes) => {
                scanned.bytes += bytes;
                if piece.range.is_none() && flow.is_continue() && damaged::is_cut(input, bytes) {
                    scanned.skipped.add(&name, Class::BadArchive, bytes, "it ends too early");
                }
            }
            Err(error) => {
                let class = if is_damage(&error) { Class::BadArchive } else { Class::Unreadable };
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
        each: &mut impl FnMut(Met<'_>) -> ControlFlow<()>,
        flow: &mut ControlFlow<()>,
    ) -> io::Result<u64> {
        let Scanned { rows, skipped, .. } = scanned;
        let source = self.source;
        let mut judge = Judge { source, wanted: self.wanted, fates: source.fates(input), name, input, rows, each };
        for_each_block(reader, name, start, skipped, |block, skipped| {
            *flow = self.block(block, &mut judge, skipped);
            if flow.is_continue() {
                *flow = (judge.each)(Met::BlockEnd(block.bytes));
            }
            *flow
        })
    }

    fn block(
        &mut self,
        mut block: Block<'_>,
        judge: &mut Judge<'_, impl FnMut(Met<'_>) -> ControlFlow<()>>,
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
        let passed = |rows: &mut u64, bytes: &[u8]| {
            if self.wanted.counts {
                *rows += memchr_iter(b'\n', bytes).count() as u64;
            }
        };
        for way in &mut self.ways {
            let Some(mut lines) = way.lines(block, from, judge.fates) else { continue };
            while let Some((at, end)) = lines.next() {
                passed(judge.rows, &block.bytes[from..at]);
                let (lines, length) = (&block.bytes[at..], end + 1 - at);
                self.finder.first(lines, length, |line| judge.found(line, block.offset + at as u64, skipped))?;
                from = end + 1;
            }
            if lines.ended() {
                passed(judge.rows, &block.bytes[from..]);
                return ControlFlow::Continue(());
            }
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

impl<E: FnMut(Met<'_>) -> ControlFlow<()>> Judge<'_, E> {
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
                return (self.each)(Met::Row(
                    &Row { text: &text, fields: &fields, place, lasts: false },
                    self.name,
                    skipped,
                ));
            }
        }
        *self.rows += 1;
        (self.each)(Met::Row(&Row { text, fields, place, lasts: true }, self.name, skipped))
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
