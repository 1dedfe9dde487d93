//! `logbook tail FILE`: the newest rows of files that are not a logbook, then new rows as they
//! come, also after a file was truncated or replaced.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use memchr::memchr;

use super::tail_rows::{Printer, passing};
use crate::cmd::Door;
use crate::cmd::shared::following::Alarm;
use crate::cmd::shared::reading::{self, RowFilter, mismatches};
use logbook_json::{self as json, Limits, frame};
use logbook_model::READ_ROW_BYTES_MAX;
use logbook_model::error::{Error, Exit, Result};
use logbook_query::eval::doubts::Doubts;
use logbook_query::eval::source::Eval;
use logbook_query::{Place, Row};
use logbook_scan::{self as scan, Class, Scanned, Source, rows};
use logbook_store::{Input, os_real};

/// Bytes read at a time.
const BLOCK_BYTES: usize = 128 << 10;

/// Prints the newest `count` rows of `inputs` that pass, and with `follows` new ones as they come.
pub fn follow(
    inputs: &Source,
    filter: RowFilter<'_>,
    count: usize,
    follows: bool,
    out: &mut Printer,
    door: &mut Door<'_>,
) -> Result<Exit> {
    let mut newest: VecDeque<Vec<u8>> = VecDeque::new();
    let mut keep = |row: &[u8]| {
        if newest.len() == count {
            newest.pop_front();
        }
        if count > 0 {
            newest.push_back(row.to_vec());
        }
    };
    let mut scanned = Scanned::default();
    let (mut followed, mut doubts) = (Vec::new(), Doubts::default());
    for (at, input) in (0u32..).zip(inputs.iter()) {
        if follows && input.is_once() {
            return Err(Error::usage(format!("{} cannot be followed", input.name()))
                .hint("logbook query - …   # shows rows as they come"));
        }
        match Followed::open(input) {
            Ok(Some(mut file)) => {
                let mut lines = LineFilter::new(filter, &mut scanned);
                let read = file.new_lines(&mut |line, at| lines.line(line, at, true, &mut keep));
                if !follows {
                    file.last_line(&mut |line, at| lines.line(line, at, false, &mut keep));
                }
                doubts.merge(lines.eval.doubts);
                if let Err(error) = read {
                    scanned.skipped.add(&file.name, Class::Unreadable, file.at, error.to_string());
                }
                followed.push(file);
            }
            _ => {
                let (read, more) = passing(&inputs.only(at), filter, false, &mut keep, door);
                scanned.join(read);
                doubts.merge(more);
            }
        }
    }
    for note in mismatches::notes(filter.plan, &doubts) {
        door.note(note);
    }
    for row in newest {
        out.print(&row, door)?;
    }
    let exit = reading::note_skipped(door, &mut scanned, inputs, false);
    if !follows || followed.is_empty() {
        return Ok(exit);
    }
    door.out.flush()?;
    let parents = followed.iter().map(|file| file.path.parent().filter(|path| !path.as_os_str().is_empty()));
    let parents: Vec<&Path> = parents.map(|parent| parent.unwrap_or(Path::new("."))).collect();
    let alarm = Alarm::of(&parents);
    loop {
        if os_real::output_is_gone() {
            return Ok(Exit::Done);
        }
        alarm.wait();
        let mut came = Scanned::default();
        let mut failed = None;
        for file in &mut followed {
            let mut lines = LineFilter::new(filter, &mut came);
            let mut print = |row: &[u8]| {
                if failed.is_none() {
                    failed = out.print(row, door).err();
                }
            };
            let mut each = |line: &[u8], at: At<'_>| lines.line(line, at, true, &mut print);
            let read = file.new_lines(&mut each).and_then(|()| file.renew());
            let read = read.and_then(|renewed| match renewed {
                Some(why) => file.new_lines(&mut each).map(|()| Some(why)),
                None => Ok(None),
            });
            match read {
                Ok(None) => {}
                Ok(Some(why)) => door.note(format_args!("{}: {why}", file.name)),
                Err(error) => return Err(Error::io(format!("{}: {error}", file.name))),
            }
        }
        if let Some(error) = failed.or_else(|| door.out.flush().err()) {
            return Err(error);
        }
        for line in came.skipped.lines() {
            door.note(line);
        }
    }
}

/// The position of a line.
#[derive(Debug, Clone, Copy)]
struct At<'f> {
    name: &'f str,
    offset: u64,
    number: u64,
}

/// Filters lines, and counts those that are not rows.
struct LineFilter<'p> {
    filter: RowFilter<'p>,
    eval: Eval<'p>,
    scanned: &'p mut Scanned,
}

impl<'p> LineFilter<'p> {
    fn new(filter: RowFilter<'p>, scanned: &'p mut Scanned) -> LineFilter<'p> {
        LineFilter { filter, eval: filter.plan.eval(), scanned }
    }

    fn line(&mut self, line: &[u8], at: At<'_>, has_newline: bool, keep: &mut dyn FnMut(&[u8])) {
        let Scanned { rows, skipped, .. } = &mut *self.scanned;
        let before = skipped.count();
        let (text, offset) = rows::behind_marks(line, at.offset);
        let is_whole = |line: &[u8]| has_newline || json::validate(line, Limits::GRAMMAR).is_ok();
        let (filter, eval) = (self.filter, &mut self.eval);
        let _ = rows::one_line(
            rows::RawLine { text, offset, nuls: 0 },
            is_whole,
            READ_ROW_BYTES_MAX,
            at.name,
            skipped,
            &mut |text, offset, skipped| {
                let mut fields = Vec::new();
                let is_row = frame::pick(text, filter.plan.fields(), &mut fields).is_ok();
                let row = Row { text, fields: &fields, place: Place { input: 0, offset }, in_block: false };
                let passes = is_row && filter.passes(&row, eval);
                *rows += u64::from(is_row);
                match json::validate(text, Limits::GRAMMAR) {
                    Ok(()) if passes => keep(text),
                    Ok(()) if is_row => {}
                    Ok(()) => skipped.add(at.name, Class::NotObject, offset, ""),
                    Err(_) if is_row && !passes => {}
                    Err(fault) => {
                        let (class, detail) = scan::not_json(&fault);
                        skipped.add(at.name, class, offset, detail);
                    }
                }
                std::ops::ControlFlow::Continue(())
            },
        );
        if skipped.count() > before {
            skipped.guess_layout(at.name, line);
            skipped.number(at.name, offset, at.number);
        }
    }
}

/// A plain file that is being followed.
struct Followed {
    name: String,
    path: PathBuf,
    file: File,
    /// The number of bytes read, including `partial`.
    at: u64,
    /// A line without a newline so far.
    partial: Vec<u8>,
    /// The number of lines before that one.
    lines: u64,
}

impl Followed {
    /// Opens a plain file; `None` if the input is something else.
    fn open(input: &Input) -> io::Result<Option<Followed>> {
        let Input::File(path) = input else { return Ok(None) };
        if input.open_random_access()?.is_none_or(|stored| stored.is_packed()) {
            return Ok(None);
        }
        let file = File::open(path)?;
        Ok(Some(Followed { name: input.name(), path: path.clone(), file, at: 0, partial: Vec::new(), lines: 0 }))
    }

    /// Calls `each` with new complete lines.
    fn new_lines(&mut self, each: &mut dyn FnMut(&[u8], At<'_>)) -> io::Result<()> {
        let mut block = vec![0; BLOCK_BYTES];
        loop {
            let read = match self.file.read_at(&mut block, self.at) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.at += read as u64;
            let mut rest = &block[..read];
            while let Some(end) = memchr(b'\n', rest) {
                self.push(&rest[..end]);
                rest = &rest[end + 1..];
                let behind = rest.len() as u64 + 1;
                self.hand_on(behind, each);
            }
            self.push(rest);
        }
    }

    /// Calls `each` with a last line that has no newline.
    fn last_line(&mut self, each: &mut dyn FnMut(&[u8], At<'_>)) {
        if !self.partial.is_empty() {
            self.hand_on(0, each);
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        // A line that is too long is cut to one byte more than a row may have, and so is noticed.
        let room = (READ_ROW_BYTES_MAX + 1).saturating_sub(self.partial.len());
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// Calls `each` with the line that ends `behind` bytes before the end of what was read.
    fn hand_on(&mut self, behind: u64, each: &mut dyn FnMut(&[u8], At<'_>)) {
        let offset = self.at.saturating_sub(behind + self.partial.len() as u64);
        self.lines += 1;
        each(&self.partial, At { name: &self.name, offset, number: self.lines });
        self.partial.clear();
    }

    /// Starts again if the file was truncated or replaced; gives which.
    fn renew(&mut self) -> io::Result<Option<&'static str>> {
        let own = self.file.metadata()?;
        let why = match fs::metadata(&self.path) {
            Ok(named) if (named.dev(), named.ino()) != (own.dev(), own.ino()) && named.is_file() => {
                self.file = File::open(&self.path)?;
                "another file has this name now; its rows follow"
            }
            _ if own.len() < self.at => "the file was truncated; its rows follow from the start",
            // A file that is being rotated does not exist for a moment.
            _ => return Ok(None),
        };
        (self.at, self.lines) = (0, 0);
        self.partial.clear();
        Ok(Some(why))
    }
}
