//! Rows of the active segment that were read and not parsed. Under the lock a writer needs only the
//! last step of the run or two that it writes to, and a search of the text gives that. All other
//! questions are rare; for them the rows are parsed.
//!
//! Not here: parsing a row (`entries`). The search must give the same answer.

use std::io;
use std::os::fd::OwnedFd;

use memchr::memchr;
use memchr::memmem::Finder;
use xxhash_rust::xxh3::xxh3_128;

use super::entries::{Entries, LastStep, Turn};
use crate::os::{Os, interrupted};
use crate::parts::Place;
use logbook_format::lines::Lines;

/// Bytes per read call.
const READ_BYTES: usize = 64 << 10;
/// At most this many runs are searched for. For more of them all rows are parsed.
const SEARCHES_MAX: usize = 4;
/// Above this many bytes the rows are parsed.
const TEXT_BYTES_MAX: usize = 4 << 20;

/// Unparsed rows, in pieces of whole lines.
#[derive(Debug, Default)]
pub(crate) struct Unparsed {
    /// A buffer that is reused: only its first `filled` bytes count.
    text: Vec<u8>,
    filled: usize,
    /// Where each piece begins in `text`, and where in the segment.
    pieces: Vec<(usize, Place)>,
    searches: Vec<Search>,
}

/// What a search for a run has found so far.
#[derive(Debug)]
struct Search {
    run: RunPattern,
    /// The end of the text that was searched.
    to: usize,
    last_step: u64,
    turn: Option<Turn>,
}

/// How rows of one run are recognized. It is made once for each run: a writer asks for the same run
/// under every lock.
#[derive(Debug)]
struct RunPattern {
    run: String,
    hash: u128,
    /// The first bytes of a row, as this program writes it.
    begin: Vec<u8>,
    name: Finder<'static>,
    step_key: Finder<'static>,
    /// Bytes in every row that begins or ends a run.
    turn: Finder<'static>,
    /// Whether the name of the run is the same bytes in every row without an escape.
    is_plain: bool,
}

impl Unparsed {
    /// Reads the rows of `segment` in `at..to`. Gives the offset after the last newline.
    pub(crate) fn read(&mut self, os: &dyn Os, file: &OwnedFd, segment: u64, at: u64, to: u64) -> io::Result<u64> {
        let begin = self.filled;
        self.fill(os, file, at, Some(to))?;
        Ok(self.keep_whole(begin, Place { segment, offset: at }))
    }

    /// Reads the rows of `segment` from `known`, where a row ended, to the end of the file. Gives
    /// the offset after the last newline, and the length of the file. A length below `known` means
    /// that no row ends there any more.
    pub(crate) fn read_behind(
        &mut self,
        os: &dyn Os,
        file: &OwnedFd,
        segment: u64,
        known: u64,
    ) -> io::Result<(u64, u64)> {
        let begin = self.filled;
        self.fill(os, file, known - 1, None)?;
        if self.read_so_far()[begin..].first() != Some(&b'\n') {
            self.filled = begin;
            return Ok((known, known - 1));
        }
        let bytes = known - 1 + (self.filled - begin) as u64;
        // The newline stays at the end of the piece before, as a blank line.
        Ok((self.keep_whole(begin + 1, Place { segment, offset: known }), bytes))
    }

    fn read_so_far(&self) -> &[u8] {
        &self.text[..self.filled]
    }

    /// Reads on from `at`, to the end of the file or up to `to`.
    fn fill(&mut self, os: &dyn Os, file: &OwnedFd, mut at: u64, to: Option<u64>) -> io::Result<()> {
        let begin = self.filled;
        loop {
            let want = to.map_or(READ_BYTES, |to| to.saturating_sub(at).min(READ_BYTES as u64) as usize);
            let end = self.filled + want;
            if self.text.len() < end {
                self.text.resize(end, 0);
            }
            match os.read_at(file, &mut self.text[self.filled..end], at) {
                Err(error) if interrupted(&error) => {}
                Err(error) => {
                    self.filled = begin;
                    return Err(error);
                }
                Ok(0) => return Ok(()),
                Ok(read) => {
                    self.filled += read;
                    at += read as u64;
                    // Under the lock nobody else writes: a short read is the end of the file.
                    if to.map_or(read < want, |to| at >= to) {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Keeps the whole lines of what was read from `place` on. Gives the offset after the last.
    fn keep_whole(&mut self, begin: usize, place: Place) -> u64 {
        let whole = memchr::memrchr(b'\n', &self.read_so_far()[begin..]).map_or(0, |end| end + 1);
        self.filled = begin + whole;
        if whole > 0 {
            self.pieces.push((begin, place));
        }
        place.offset + whole as u64
    }

    /// Whether so much was read that it should be parsed.
    pub(crate) fn is_large(&self) -> bool {
        self.filled > TEXT_BYTES_MAX
    }

    /// Calls `each` with the blocks of lines, in order, and forgets them.
    pub(crate) fn take(&mut self, mut each: impl FnMut(Place, &[u8])) {
        let ends = self.pieces.iter().skip(1).map(|(begin, _)| *begin).chain([self.filled]);
        for ((begin, place), end) in self.pieces.iter().zip(ends) {
            each(*place, &self.text[*begin..end]);
        }
        self.filled = 0;
        self.pieces.clear();
        self.searches.clear();
    }

    /// The highest step of `run` in these rows, 0 for none, and the row that began or ended it
    /// last. `None` if too many runs were searched for, and the rows must be parsed.
    pub(crate) fn last_step(&mut self, run: &str) -> Option<LastStep> {
        if self.filled == 0 {
            return Some(LastStep::default());
        }
        let at = match self.searches.iter().position(|search| search.run.run == run) {
            Some(at) => at,
            None if self.searches.len() >= SEARCHES_MAX => return None,
            None => {
                self.searches.push(Search { run: RunPattern::new(run), to: 0, last_step: 0, turn: None });
                self.searches.len() - 1
            }
        };
        let search = &mut self.searches[at];
        search.search(&self.text[..self.filled], &self.pieces);
        Some((search.last_step, search.turn))
    }

    /// Searches for the runs that were asked for before: they will be asked for again.
    pub(crate) fn search(&mut self) {
        for search in &mut self.searches {
            search.search(&self.text[..self.filled], &self.pieces);
        }
    }
}

impl Search {
    fn search(&mut self, text: &[u8], pieces: &[(usize, Place)]) {
        if self.to < text.len() {
            self.last_step = self.last_step.max(self.run.last_step_in(&text[self.to..]));
            if let Some((at, is_end)) = self.run.turn_in(&text[self.to..]) {
                let at = self.to + at;
                let piece = pieces.iter().rev().find(|(begin, _)| *begin <= at);
                let place = piece.map(|(begin, place)| Place { offset: place.offset + (at - begin) as u64, ..*place });
                self.turn = self.turn.max(place.map(|place| Turn { place, is_end }));
            }
            self.to = text.len();
        }
    }
}

impl RunPattern {
    fn new(run: &str) -> RunPattern {
        RunPattern {
            run: run.to_owned(),
            hash: xxh3_128(run.as_bytes()),
            begin: format!("{{\"run_id\":\"{run}\",\"step\":").into_bytes(),
            name: Finder::new(run).into_owned(),
            step_key: Finder::new("\"step\""),
            turn: Finder::new("\"run."),
            is_plain: !run.is_empty() && run.bytes().all(|byte| byte >= b' ' && !matches!(byte, b'"' | b'\\')),
        }
    }

    /// Where in a block of lines the last row that begins or ends the run is, and whether it ends
    /// it.
    fn turn_in(&self, block: &[u8]) -> Option<(usize, bool)> {
        // A kind that is written with an escape is not found. Then the warning about a run that has
        // ended is missing.
        let mut found = None;
        let mut from = 0;
        while let Some(at) = self.turn.find(&block[from..]) {
            let at = from + at;
            let begin = memchr::memrchr(b'\n', &block[..at]).map_or(0, |newline| newline + 1);
            let end = memchr(b'\n', &block[at..])? + at;
            let line = &block[begin..end];
            if !self.is_plain || self.name.find(line).is_some() {
                let mut row = Entries::default();
                row.add_row(Place { segment: 0, offset: 0 }, line);
                let turn = row.runs.get(&self.hash).and_then(|entry| entry.turn);
                found = turn.map(|turn| (begin, turn.is_end)).or(found);
            }
            from = end;
        }
        found
    }

    /// The highest step of the run in a block of lines. The search is from the end, where it most
    /// often is. The first bytes of an earlier row, as this program writes it, show that its step
    /// is lower.
    fn last_step_in(&self, block: &[u8]) -> u64 {
        // Only a name without an escape can be compared by its bytes.
        let escaped = memchr(b'\\', block).is_some();
        if self.is_plain && !escaped && self.name.find(block).is_none() {
            return 0;
        }
        let lines: Vec<_> = Lines::new(block).filter(|line| line.whole).collect();
        let mut last = 0;
        for line in lines.into_iter().rev() {
            let text = line.text;
            if self.is_plain && !(escaped && memchr(b'\\', text).is_some()) {
                let says_no_more = match text.strip_prefix(self.begin.as_slice()) {
                    Some(rest) => step_at(rest).is_some_and(|step| step <= last) && self.step_key.find(rest).is_none(),
                    None => self.name.find(text).is_none(),
                };
                if says_no_more {
                    continue;
                }
            }
            let mut row = Entries::default();
            row.add_row(Place { segment: 0, offset: 0 }, text);
            last = last.max(row.runs.get(&self.hash).map_or(0, |entry| entry.last_step));
        }
        last
    }
}

/// The whole number at the begin of `text`, if the member ends behind it.
fn step_at(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let ends = matches!(text.get(digits), Some(b',' | b'}'));
    std::str::from_utf8(&text[..digits]).ok().filter(|_| ends)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plain way: every row read.
    fn plainly(block: &[u8], run: &str) -> u64 {
        let mut all = Entries::default();
        all.add_block(0, 0, block);
        all.runs.get(&xxh3_128(run.as_bytes())).map_or(0, |entry| entry.last_step)
    }

    #[test]
    fn a_look_from_the_end_finds_the_step_that_reading_all_finds() {
        let rows = [
            r#"{"run_id":"r-1","step":4,"action":"a"}"#,
            r#"{"run_id":"r-1","step":3}"#,
            r#"{"run_id":"r-2","step":9,"note":"r-1"}"#,
            r#"{"run_id":"r-1","step":2,"step":8}"#,
            r#"{"run_id":"r-1","step":2,"run_id":"r-2"}"#,
            r#"{"run_id":"r-\u0031","step":11}"#,
            r#"{"run_id":"r-1","st\u0065p":12}"#,
            r#"{"step":13,"run_id":"r-1"}"#,
            r#"{"run_id":"r-1","step":14,"action":"torn"#,
            r#"{"run_id":"r-1","step":15.5}"#,
            r#"{"run_id":"r-1","step":16 ,"a":1}"#,
            r#"{"run_id":"r-1","step":017}"#,
            r#"{"run_id":"r-1","step":99999999999999999999}"#,
            r#"{"run_id":"r-12","step":40}"#,
            r#"{"run_id":"r-1","action":"no step"}"#,
            "not JSON r-1",
            "",
        ];
        // Every pair of rows, in both orders, with and without one before them.
        for first in rows {
            for second in rows {
                for third in rows {
                    let block = format!("{first}\n{second}\n{third}\n");
                    for run in ["r-1", "r-2", "r-12", "r-3"] {
                        let (found, wanted) =
                            (RunPattern::new(run).last_step_in(block.as_bytes()), plainly(block.as_bytes(), run));
                        assert_eq!(found, wanted, "{run} in {block}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_comes_is_searched_once_and_taken_whole() {
        let mut unparsed = Unparsed::default();
        let put = |unparsed: &mut Unparsed, text: &str, offset| {
            unparsed.pieces.push((unparsed.filled, Place { segment: 1, offset }));
            unparsed.text.extend_from_slice(text.as_bytes());
            unparsed.filled = unparsed.text.len();
        };
        put(&mut unparsed, "{\"run_id\":\"a\",\"step\":7}\n", 100);
        assert_eq!(unparsed.last_step("a"), Some((7, None)));
        put(&mut unparsed, "{\"run_id\":\"a\",\"step\":8}\n", 400);
        assert_eq!((unparsed.last_step("a"), unparsed.last_step("b")), (Some((8, None)), Some((0, None))));
        assert_eq!((unparsed.last_step("c"), unparsed.last_step("d")), (Some((0, None)), Some((0, None))));
        assert_eq!(unparsed.last_step("e"), None);
        let mut seen = Vec::new();
        unparsed.take(|place, block| seen.push((place.offset, block.len())));
        assert_eq!(seen, [(100, 24), (400, 24)]);
        assert_eq!(unparsed.last_step("e"), Some((0, None)));
    }
}
