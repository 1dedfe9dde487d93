//! Runs that end in an error: what the exit code says is held against what is
//! on file, after every single call.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bed::{self, Ended, Fate};
use crate::ledger::{Ledger, Steps};

/// One logbook, one writer, one call after the other.
pub struct Caller<'a> {
    pub book: &'a Path,
    /// Beside it, never on the disk that is full.
    scratch: PathBuf,
    pub ledger: Ledger,
    pub violations: Vec<String>,
    next: u64,
}

impl<'a> Caller<'a> {
    pub fn new(book: &'a Path, scratch: &Path) -> Caller<'a> {
        Caller { book, scratch: scratch.join("in"), ledger: Ledger::default(), violations: Vec::new(), next: 0 }
    }

    /// Sends `rows` rows of `bytes` each by the command that `wrap` makes of the
    /// arguments, with ids; one row as an argument, more through stdin.
    pub fn send(&mut self, rows: u64, bytes: u64, wrap: &dyn Fn(&Path, &[&str]) -> Command) -> Ended {
        let from = self.next;
        self.next += rows;
        let texts: Vec<String> = (from..self.next).map(|number| bed::row_with_id(1, number, bytes)).collect();
        let mut command;
        if rows == 1 {
            command = wrap(self.book, &["append", &texts[0]]);
        } else {
            command = wrap(self.book, &["append", "-"]);
            command.stdin(bed::input(&self.scratch, (texts.join("\n") + "\n").as_bytes()));
        }
        let ended = bed::end(command);
        match (ended.fate(), rows, stored(&ended.stderr)) {
            // What a batch has stored before the error it says itself.
            (Fate::Absent, 2.., Some(stored)) => {
                let stored = stored.min(rows);
                self.ledger.note_batch(1, from, from + stored, Fate::Stored);
                self.ledger.note_batch(1, from + stored, self.next, Fate::Absent);
            }
            (fate, ..) => self.ledger.note_batch(1, from, self.next, fate),
        }
        ended
    }

    /// Sends again, with the same ids, the rows of the last call; nothing is in the way now.
    pub fn retry(&mut self, rows: u64, bytes: u64) -> Ended {
        let from = self.next - rows;
        let text: String = (from..self.next).map(|number| bed::row_with_id(1, number, bytes) + "\n").collect();
        let mut command = bed::logbook(self.book, &["append", "-"]);
        command.stdin(bed::input(&self.scratch, text.as_bytes()));
        let ended = bed::end(command);
        if ended.is_done() {
            self.ledger.note_batch(1, from, self.next, Fate::Stored);
        }
        ended
    }

    /// One row with nothing in the way: the logbook must take it.
    pub fn goes_on(&mut self, after: &str) {
        let ended = self.send(1, 300, &bed::logbook);
        if !ended.is_done() {
            self.violations.push(format!("after {after}, the next append: {}", ended.told()));
        }
    }

    /// Holds what was said against what is there.
    pub fn judge(&mut self, after: &str, steps: Steps) {
        let found = self.ledger.judge(self.book, steps);
        self.violations.extend(found.violations.into_iter().map(|what| format!("after {after}: {what}")));
    }
}

/// `(3 rows stored)` at the end of a batch's message.
fn stored(stderr: &str) -> Option<u64> {
    let (before, _) = stderr.rsplit_once(" stored")?;
    let (_, count) = before.rsplit_once('(')?;
    count.split(' ').next()?.parse().ok()
}
