//! A sealed segment, synced and digested: the line of the manifest that says what it holds.

use std::ops::ControlFlow;

use super::content::{self, raw_path};
use super::keeper::Keeper;
use crate::error::{Error, Exit, Result};
use crate::format::SegmentName;
use crate::format::manifest::{Covered, Event};
use crate::json::bits::Finder;
use crate::json::{self, frame};
use crate::model::{Instant, READ_ROW_BYTES_MAX};
use crate::store::append::{Options, Writer};
use crate::store::os::How;

const NAMES: [&str; 1] = ["timestamp"];

impl Keeper<'_> {
    /// Covers what is sealed and is not covered yet, in order; gives how many segments. `told` is called before each.
    pub fn cover(&mut self, options: Options, told: &mut dyn FnMut(&SegmentName)) -> Result<usize> {
        let mut covered = 0;
        for name in self.sealed()? {
            if self.known.segments.contains_key(&name.number) {
                continue;
            }
            told(&name);
            let event = Event::Covered(self.read_sealed(&name, options)?);
            self.known.append(self.os, &self.directory, name, event)?;
            covered += 1;
        }
        Ok(covered)
    }

    fn read_sealed(&self, name: &SegmentName, options: Options) -> Result<Covered> {
        let path = raw_path(&self.directory, name);
        let fail = |error: std::io::Error| Error::io(format!("{}: {error}", path.display()));
        let file = self.os.open(&path, How::Read, 0).map_err(fail)?;
        let stat = self.os.stat(&file).map_err(fail)?;
        crate::store::directory::check_file(self.os, &path, &stat, &self.settings)?;
        let mut writer = Writer::open(self.os, &self.directory, self.settings.clone(), options)?;
        // Of a suspect segment a second sync would say nothing; what the disk gives is covered.
        if !writer.is_suspect(name.number)?
            && let Err(error) = self.os.sync_all(&file)
        {
            writer.mark_suspect(name.number)?;
            return Err(Error::new(Exit::Unknown, format!("{}: {error}; it is marked suspect", path.display()))
                .hint("logbook doctor"));
        }
        let mut times = Times::new();
        let mut reader = content::open(self.os, &path).map_err(fail)?;
        let sums = content::sum(&mut reader, |block| times.take(block)).map_err(fail)?;
        let span = times.span;
        let text = |at: Instant| at.to_string();
        Ok(Covered {
            rows: sums.rows,
            bytes: sums.bytes,
            first_at: span.map(|(first, _)| text(first)),
            last_at: span.map(|(_, last)| text(last)),
            sealed_at: text(Instant { seconds: stat.modified.0, attos: stat.modified.1 as u64 * 1_000_000_000 }),
            sha256: sums.sha256,
            marks: sums.marks,
        })
    }
}

/// The least and the greatest instant that a `timestamp` says, of blocks that go on in the middle of a line.
struct Times {
    finder: Finder,
    span: Option<(Instant, Instant)>,
    /// The beginning of a line whose newline is in a block to come.
    begun: Vec<u8>,
}

impl Times {
    fn new() -> Times {
        Times { finder: Finder::new(&NAMES), span: None, begun: Vec::new() }
    }

    fn take(&mut self, block: &[u8]) {
        let Some(end) = memchr::memrchr(b'\n', block).map(|at| at + 1) else {
            // A line that is longer than any row says nothing.
            if self.begun.len() <= READ_ROW_BYTES_MAX {
                self.begun.extend_from_slice(block);
            }
            return;
        };
        let (mut lines, rest) = block.split_at(end);
        if !self.begun.is_empty() {
            let first = memchr::memchr(b'\n', lines).map_or(end, |at| at + 1);
            let mut line = std::mem::take(&mut self.begun);
            line.extend_from_slice(&lines[..first]);
            self.lines(&line);
            lines = &lines[first..];
        }
        self.lines(lines);
        self.begun.extend_from_slice(rest);
    }

    fn lines(&mut self, lines: &[u8]) {
        let span = &mut self.span;
        let mut widen = |raw: Option<&[u8]>| {
            let text = raw.and_then(json::decode);
            if let Some(at) = text.and_then(|text| Instant::parse(std::str::from_utf8(&text).ok()?)) {
                *span = Some(span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
            }
        };
        let _ = self.finder.lines(lines, |line| {
            match line.values {
                Some(values) => widen(values.first().copied().flatten()),
                None => {
                    let mut values = Vec::new();
                    if frame::pick(line.text, &NAMES, &mut values).is_ok() {
                        widen(values.first().copied().flatten());
                    }
                }
            }
            ControlFlow::Continue(())
        });
    }
}
