//! The rows of pieces, with their fields picked and corrections applied: what one thread does.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;

use memchr::{memchr, memchr_iter};

use super::damaged;
use super::documents::{self, for_each_value};
use super::layout::{Layout, SOURCE_FIELD, behind_prefix};
use super::line_numbers::Counter;
use super::line_search::{Search, searches};
use super::pieces::{Piece, each_stretch, is_damage};
use super::rows::{Block, RawLine, behind_marks, for_each_block, is_whole, one_line};
use super::scan::{Scanned, Wanted};
use super::skipped::{Class, Skipped};
use super::source::{Fate, Source};
use logbook_format::corrections;
use logbook_json::bits::{Finder, Line};
use logbook_json::{self as json, Limits, ObjectFault, frame};
use logbook_query::{Place, Row};
use logbook_store::Input;
use logbook_store::compression::{NotRead, decompress};

/// What reading a piece yields.
pub(super) enum Event<'m> {
    /// A row, the name of its input, and the list of skipped rows, to which the receiver may add.
    Row(&'m Row<'m>, &'m str, &'m mut Skipped),
    /// The end of a block, which begins at this byte of its input: the texts of its rows are
    /// valid until here.
    BlockEnd(&'m [u8], u64),
}

/// The input of a piece.
#[derive(Debug, Clone, Copy)]
struct InputInfo<'a> {
    /// Its number.
    input: u32,
    name: &'a str,
    /// It is not a segment of a logbook.
    is_foreign: bool,
    /// It can be read only once.
    is_once: bool,
}

/// Reads pieces.
pub(super) struct Reader<'s> {
    source: &'s Source,
    wanted: Wanted<'s>,
    finder: Finder,
    /// The searches for lines that need to be looked at; empty: all lines do.
    searches: Vec<Search<'s>>,
    /// Each row gets the field that names its input.
    names_source: bool,
}

impl<'s> Reader<'s> {
    pub(crate) fn new(source: &'s Source, wanted: Wanted<'s>) -> Reader<'s> {
        // The field is not in the text of the row, so that no search can find it.
        let names_source = source.layout().with_source || wanted.names.iter().any(|name| name == SOURCE_FIELD);
        let searches = if names_source { Vec::new() } else { searches(&wanted) };
        Reader { source, wanted, finder: Finder::new(wanted.names), searches, names_source }
    }

    /// Hands the rows of `piece` to `each`. `stdin` is read if the input is standard input.
    pub fn piece(
        &mut self,
        piece: Piece,
        stdin: Option<&mut dyn BufRead>,
        scanned: &mut Scanned,
        each: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Some(input) = self.source.get(piece.input as usize) else { return ControlFlow::Continue(()) };
        let name = input.name();
        let about = InputInfo {
            input: piece.input,
            name: &name,
            is_foreign: !matches!(input, Input::Segment(_)),
            is_once: input.is_once(),
        };
        let mut flow = ControlFlow::Continue(());
        let read = match piece.range {
            Some(range) => {
                let mut damage = Skipped::default();
                let mut damaged = |at, why: String| damage.add(&name, Class::BadArchive, at, why);
                let read = each_stretch(input, range, &mut damaged, &mut |reader, offset| {
                    self.stream(reader, about, offset, scanned, each, &mut flow)
                });
                scanned.skipped.join(damage);
                read
            }
            None => match (input.open(), stdin) {
                (Ok(Some(mut reader)), _) => self.stream(&mut *reader, about, 0, scanned, each, &mut flow),
                (Ok(None), Some(stdin)) => decompress(stdin)
                    .and_then(|mut reader| self.stream(&mut reader, about, 0, scanned, each, &mut flow)),
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
                let class = match error.kind() {
                    io::ErrorKind::NotFound if damaged::is_deleted(input) => Class::Deleted,
                    _ if is_damage(&error) => Class::BadArchive,
                    _ => Class::Unreadable,
                };
                scanned.skipped.add(&name, class, 0, why_not(&error, input));
            }
        }
        flow
    }

    fn stream(
        &mut self,
        reader: &mut dyn Read,
        about: InputInfo<'_>,
        start: u64,
        scanned: &mut Scanned,
        each: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
        flow: &mut ControlFlow<()>,
    ) -> io::Result<u64> {
        let Scanned { rows, skipped, partly, mended, .. } = scanned;
        let source = self.source;
        let layout = source.layout();
        let member = self.names_source.then(|| source_member(about.name));
        let fates = source.fates(about.input);
        let wanted = self.wanted;
        let mut judge = RowReader {
            source,
            wanted,
            layout,
            fates,
            about,
            member,
            seeks_first: start == 0,
            rows,
            partly,
            mended,
            each,
        };
        if layout.documents {
            return for_each_value(reader, layout.row_bytes_max, &mut |item, at| {
                *flow = judge.value(item, at, skipped);
                *flow
            });
        }
        let mut counter = about.is_once.then(Counter::default);
        for_each_block(reader, about.name, start, layout.row_bytes_max, skipped, |block, skipped| {
            if let Some(counter) = &mut counter {
                counter.begin(about.name, skipped);
            }
            *flow = self.block(block, &mut judge, skipped);
            if let Some(counter) = &mut counter {
                counter.end(about.name, block, skipped);
            }
            if flow.is_continue() {
                *flow = (judge.each)(Event::BlockEnd(block.bytes, block.offset));
            }
            *flow
        })
    }

    fn block(
        &mut self,
        mut block: Block<'_>,
        judge: &mut RowReader<'_, impl FnMut(Event<'_>) -> ControlFlow<()>>,
        skipped: &mut Skipped,
    ) -> ControlFlow<()> {
        if !block.whole {
            return judge.line(block.bytes, block.offset, block.nuls, false, skipped);
        }
        if block.nuls > 0 {
            let end = memchr(b'\n', block.bytes).unwrap_or(block.bytes.len());
            judge.line(&block.bytes[..end], block.offset, block.nuls, true, skipped)?;
            block.bytes = block.bytes.get(end + 1..).unwrap_or_default();
            block.offset += end as u64 + 1;
        }
        let mut from = 0;
        let passed = |rows: &mut u64, partly: &mut bool, bytes: &[u8]| {
            *partly |= !bytes.is_empty();
            if self.wanted.counts {
                *rows += memchr_iter(b'\n', bytes).count() as u64;
            }
        };
        // Every line is looked at until there is a row, so that a file without any row is reported
        // in full.
        while !self.searches.is_empty() && judge.seeks_first && from < block.bytes.len() {
            let end = memchr(b'\n', &block.bytes[from..]).map_or(block.bytes.len(), |at| from + at);
            let rows = *judge.rows;
            judge.line(&block.bytes[from..end], block.offset + from as u64, 0, true, skipped)?;
            judge.seeks_first = *judge.rows == rows;
            from = (end + 1).min(block.bytes.len());
        }
        for search in &mut self.searches {
            let Some(mut lines) = search.lines(block, from, judge.fates) else { continue };
            while let Some((at, end)) = lines.next() {
                passed(judge.rows, judge.partly, &block.bytes[from..at]);
                let (lines, length) = (&block.bytes[at..], end + 1 - at);
                self.finder.first(lines, length, |line| judge.found(line, block.offset + at as u64, skipped))?;
                from = end + 1;
            }
            if lines.ended() {
                passed(judge.rows, judge.partly, &block.bytes[from..]);
                return ControlFlow::Continue(());
            }
        }
        let offset = block.offset + from as u64;
        self.finder.lines(&block.bytes[from..], |line| judge.found(line, offset, skipped))
    }
}

/// Turns the lines of one input into rows.
struct RowReader<'j, E> {
    source: &'j Source,
    wanted: Wanted<'j>,
    layout: Layout,
    fates: Option<&'j BTreeMap<u64, Fate>>,
    about: InputInfo<'j>,
    /// The member that names the input, if rows get it.
    member: Option<Vec<u8>>,
    /// There was no row in the input so far.
    seeks_first: bool,
    rows: &'j mut u64,
    partly: &'j mut bool,
    mended: &'j mut Skipped,
    each: &'j mut E,
}

impl<E: FnMut(Event<'_>) -> ControlFlow<()>> RowReader<'_, E> {
    /// Takes a line from the finder, of a block that begins at `offset`.
    #[inline]
    fn found(&mut self, line: Line<'_, '_>, offset: u64, skipped: &mut Skipped) -> ControlFlow<()> {
        let at = offset + line.at as u64;
        match line.values {
            Some(fields) if line.text.len() <= self.layout.row_bytes_max => {
                self.row(line.text, at, fields, true, skipped)
            }
            _ => self.line(line.text, at, 0, true, skipped),
        }
    }

    /// Takes any line, the slow way.
    fn line(
        &mut self,
        line: &[u8],
        offset: u64,
        nuls: u64,
        has_newline: bool,
        skipped: &mut Skipped,
    ) -> ControlFlow<()> {
        let InputInfo { name, is_foreign, .. } = self.about;
        let (line, offset) = if is_foreign && nuls == 0 { behind_marks(line, offset) } else { (line, offset) };
        let torn = Cell::new(false);
        let (prefix, row_bytes_max) = (self.layout.prefix, self.layout.row_bytes_max);
        let ends = |line: &[u8]| {
            let from = if prefix { behind_prefix(line).unwrap_or(0) } else { 0 };
            torn.set(!has_newline && !is_whole(&line[from..]));
            !torn.get()
        };
        let raw = RawLine { text: line, offset, nuls };
        let flow = one_line(raw, ends, row_bytes_max, name, skipped, &mut |text, offset, skipped| {
            self.judged(text, offset, skipped)
        });
        if torn.get() && is_foreign {
            skipped.guess_layout(name, line);
        }
        flow
    }

    /// Takes a line that should be a row.
    fn judged(&mut self, text: &[u8], offset: u64, skipped: &mut Skipped) -> ControlFlow<()> {
        let InputInfo { name, is_foreign, .. } = self.about;
        // Allocated per line: a vector of borrowed slices cannot outlive the row.
        let mut fields = Vec::with_capacity(self.wanted.names.len());
        let fault = match frame::pick(text, self.wanted.names, &mut fields) {
            Ok(()) => return self.row(text, offset, &fields, true, skipped),
            Err(fault) => fault,
        };
        if self.layout.prefix
            && let Some(from) = behind_prefix(text)
            && frame::pick(&text[from..], self.wanted.names, &mut fields).is_ok()
        {
            return self.row(&text[from..], offset + from as u64, &fields, true, skipped);
        }
        match fault {
            ObjectFault::NotJson(at) if self.wanted.mends && !self.wanted.strict && is_framed(text) => {
                self.mended.add(name, Class::NotJson, offset, detail(text, at));
                let text = json::mend(text);
                let mut fields = Vec::with_capacity(self.wanted.names.len());
                // It cannot fail: `mend` made it valid.
                let _ = frame::pick(&text, self.wanted.names, &mut fields);
                return self.row(&text, offset, &fields, false, skipped);
            }
            ObjectFault::NotObject => skipped.add(name, Class::NotObject, offset, ""),
            ObjectFault::NotJson(at) => skipped.add(name, Class::NotJson, offset, detail(text, at)),
        }
        if is_foreign {
            skipped.guess_layout(name, text);
        }
        ControlFlow::Continue(())
    }

    /// Takes an item of an input that does not have one row per line.
    fn value(&mut self, item: documents::Item<'_>, at: documents::Position, skipped: &mut Skipped) -> ControlFlow<()> {
        let name = self.about.name;
        let before = skipped.count();
        let flow = match item {
            documents::Item::Value(text) => {
                let mut fields = Vec::with_capacity(self.wanted.names.len());
                match frame::pick(text, self.wanted.names, &mut fields) {
                    Ok(()) => return self.row(text, at.offset, &fields, false, skipped),
                    Err(ObjectFault::NotObject) => skipped.add(name, Class::NotObject, at.offset, ""),
                    Err(ObjectFault::NotJson(_)) => {
                        let why = json::validate(text, Limits::GRAMMAR).err().map(|fault| fault.to_string());
                        skipped.add(name, Class::NotJson, at.offset, why.unwrap_or_default());
                    }
                }
                ControlFlow::Continue(())
            }
            documents::Item::Skipped(class, why) => {
                skipped.add(name, class, at.offset, why);
                ControlFlow::Continue(())
            }
            documents::Item::Pause => (self.each)(Event::BlockEnd(b"", 0)),
        };
        if skipped.count() > before {
            skipped.number(name, at.offset, at.line);
        }
        flow
    }

    /// Takes a row with its fields. `in_block`: its text is part of the block.
    #[inline]
    fn row(
        &mut self,
        text: &[u8],
        offset: u64,
        fields: &[Option<&[u8]>],
        in_block: bool,
        skipped: &mut Skipped,
    ) -> ControlFlow<()> {
        let place = Place { input: self.about.input, offset };
        if self.wanted.strict
            && let Err(fault) = json::validate(text, Limits::GRAMMAR)
        {
            let (class, detail) = not_json(&fault);
            skipped.add(self.about.name, class, offset, detail);
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
                // It cannot fail: a corrected row is valid.
                let _ = frame::pick(&text, self.wanted.names, &mut fields);
                return self.hand_on(&Row { text: &text, fields: &fields, place, in_block: false }, skipped);
            }
        }
        self.hand_on(&Row { text, fields, place, in_block }, skipped)
    }

    #[inline]
    fn hand_on(&mut self, row: &Row<'_>, skipped: &mut Skipped) -> ControlFlow<()> {
        *self.rows += 1;
        let Some(member) = &self.member else {
            return (self.each)(Event::Row(row, self.about.name, skipped));
        };
        let text = with_member(row.text, member);
        let mut fields = Vec::with_capacity(self.wanted.names.len());
        // It cannot fail: the row was read without the member.
        let _ = frame::pick(&text, self.wanted.names, &mut fields);
        let row = Row { text: &text, fields: &fields, place: row.place, in_block: false };
        (self.each)(Event::Row(&row, self.about.name, skipped))
    }
}

/// `"@file":"name"`
fn source_member(name: &str) -> Vec<u8> {
    [&json::quote(SOURCE_FIELD)[..], b":", &json::quote(name)[..]].concat()
}

/// The object `text` with one more member at its end; the last of two equal keys counts.
fn with_member(text: &[u8], member: &[u8]) -> Vec<u8> {
    let end = text.iter().rposition(|byte| *byte == b'}').unwrap_or(text.len());
    let is_empty = text[..end].trim_ascii_end().last() == Some(&b'{');
    [&text[..end], if is_empty { b"" } else { b"," }, member, b"}"].concat()
}

/// Why an input cannot be read, with a command that unpacks it.
fn why_not(error: &io::Error, input: &Input) -> String {
    let Some(NotRead { what, unpacks }) = error.get_ref().and_then(|inner| inner.downcast_ref()) else {
        return error.to_string();
    };
    match input {
        Input::File(path) | Input::Pipe(path) => {
            let path = path.display().to_string().replace('\'', "'\\''");
            format!("{what}; {unpacks} <'{path}' | logbook query -")
        }
        _ => format!("{what}; … | {unpacks} | logbook query -"),
    }
}

fn is_framed(text: &[u8]) -> bool {
    frame::pick(text, &[""; 0], &mut Vec::new()).is_ok()
}

/// Why a row with a broken structure is not JSON.
fn detail(text: &[u8], at: usize) -> String {
    match json::validate(text, Limits::GRAMMAR) {
        Err(fault) => not_json(&fault).1,
        Ok(()) => format!("column {}", at + 1),
    }
}

/// The class and description of an invalid row.
pub fn not_json(fault: &json::Fault) -> (Class, String) {
    (Class::NotJson, format!("column {}: {fault}", fault.at + 1))
}
