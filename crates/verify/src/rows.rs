//! What rows prove or name: receipts of deletions, rows that were stored again, segments that are
//! missing; and oddities such as a gap between steps. The bytes of each segment are added once, in
//! order.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::ControlFlow;

use logbook_format::lines::Lines;
use logbook_format::receipt::Receipt;
use logbook_format::repair::Missing;
use logbook_format::{Voiding, carried};
use logbook_json::bits::Finder;
use logbook_json::{self as json, frame};
use logbook_model::{Kind, READ_ROW_BYTES_MAX, run_id};
use logbook_store::Place;

const NAMES: [&str; 3] = ["run_id", "step", "kind"];
/// At most this many oddities are kept of one segment.
const ODD_MAX: usize = 8;

/// Something odd about a line of a segment. It is part of a finding if the segment was changed,
/// and at most a note otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Oddity {
    /// The line is not a row.
    NotARow,
    /// The step of the row before, once more.
    Repeated { run: String, step: u64 },
    /// A step that is lower than the last one of its run.
    Lower { run: String, step: u64, last: u64 },
    /// A step that is not the next one of its run. Writers may number their rows themselves, so
    /// that a gap alone proves nothing.
    Gap { run: String, step: u64, last: u64 },
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Oddity::NotARow => write!(f, "this line is not a row"),
            Oddity::Repeated { run, step } => write!(f, "{run}#{step} is here a second time"),
            Oddity::Lower { run, step, last } => {
                write!(f, "{run}#{step} comes after {run}#{last}: it was moved or copied")
            }
            Oddity::Gap { run, step, last } => {
                write!(f, "{run}#{step} comes after {run}#{last}: the rows between are missing")
            }
        }
    }
}

/// The last step of each run so far.
#[derive(Debug, Default)]
struct Steps {
    last: HashMap<Vec<u8>, u64>,
}

impl Steps {
    /// The rows of `run` up to `last` were deleted, and a carried row says so.
    fn carry(&mut self, run: &str, last: u64) {
        let known = self.last.entry(run.as_bytes().to_vec()).or_default();
        *known = last.max(*known);
    }

    /// Adds the next row of `run`, and returns what is odd about its step. `again`: the row was
    /// stored again, and keeps its step.
    fn push(&mut self, run: &[u8], step: u64, again: bool) -> Option<Oddity> {
        let last = self.last.get(run).copied().unwrap_or(0);
        if again && step <= last {
            return None;
        }
        if step > last {
            self.last.insert(run.to_vec(), step);
        }
        let run = || String::from_utf8_lossy(run).into_owned();
        match step {
            _ if step == last => Some(Oddity::Repeated { run: run(), step }),
            _ if step < last => Some(Oddity::Lower { run: run(), step, last }),
            _ if step > last + 1 => Some(Oddity::Gap { run: run(), step, last }),
            _ => None,
        }
    }
}

/// A row that was stored again, as the `repair` row before it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredAgain {
    /// The place of the `repair` row.
    pub repair: Place,
    /// The place of the row.
    pub place: Place,
    /// The place that is voided, and the name of the row.
    pub voiding: Voiding,
}

/// What was read so far.
pub(crate) struct Rows {
    finder: Finder,
    steps: Steps,
    /// The row before, if it voids a place.
    announced: Option<(Place, Voiding)>,
    begun: Vec<u8>,
    at: Place,
    odd: Vec<(u64, Oddity)>,
    /// The end of the whole rows that were read of each segment.
    pub ends: BTreeMap<u64, u64>,
    /// Receipts, with their places.
    pub receipts: Vec<(Place, Receipt)>,
    /// The segment of each step of the run `_logbook`.
    pub own: BTreeMap<u64, u64>,
    /// Rows that were stored again.
    pub stored_again: Vec<StoredAgain>,
    /// Missing segments, each with the segment whose row reports them.
    pub missing: Vec<(u64, Missing)>,
}

impl Default for Rows {
    fn default() -> Rows {
        Rows {
            finder: Finder::new(&NAMES),
            steps: Steps::default(),
            announced: None,
            begun: Vec::new(),
            at: Place { segment: 0, offset: 0 },
            odd: Vec::new(),
            ends: BTreeMap::new(),
            receipts: Vec::new(),
            own: BTreeMap::new(),
            stored_again: Vec::new(),
            missing: Vec::new(),
        }
    }
}

impl Rows {
    /// Begins the segment with this number.
    pub(crate) fn begin(&mut self, number: u64) {
        self.begun.clear();
        self.odd.clear();
        self.announced = None;
        self.at = Place { segment: number, offset: 0 };
    }

    /// Adds the next bytes of the segment, cut anywhere.
    pub(crate) fn take(&mut self, block: &[u8]) {
        let Some(end) = memchr::memrchr(b'\n', block).map(|at| at + 1) else {
            if self.begun.len() <= READ_ROW_BYTES_MAX {
                self.begun.extend_from_slice(block);
            }
            return;
        };
        let mut lines = std::mem::take(&mut self.begun);
        lines.extend_from_slice(&block[..end]);
        self.lines(&lines);
        self.begun.extend_from_slice(&block[end..]);
    }

    fn lines(&mut self, lines: &[u8]) {
        let begin = self.at;
        let mut finder = std::mem::replace(&mut self.finder, Finder::new::<&str>(&[]));
        let _ = finder.lines(lines, |line| {
            let place = Place { offset: begin.offset + line.at as u64, ..begin };
            match line.values {
                Some(values) => self.row(line.text, values, place),
                None => {
                    let mut values = Vec::new();
                    // There may be a whole row behind the NULs that a power cut left.
                    let hole = line.text.iter().take_while(|byte| **byte == 0).count();
                    let (text, place) = (&line.text[hole..], Place { offset: place.offset + hole as u64, ..place });
                    match frame::pick(text, &NAMES, &mut values) {
                        Ok(()) => self.row(text, &values, place),
                        Err(_) if !line.text.is_empty() => self.note_odd(place, Oddity::NotARow),
                        Err(_) => {}
                    }
                }
            }
            ControlFlow::Continue(())
        });
        self.finder = finder;
        self.at.offset += lines.len() as u64;
        self.ends.insert(self.at.segment, self.at.offset);
    }

    /// Adds the receipts in whole lines that were appended after the segment was read.
    pub(crate) fn take_receipts(&mut self, place: Place, lines: &[u8]) {
        self.ends.insert(place.segment, place.offset + lines.len() as u64);
        for line in Lines::new(lines).filter(|line| line.whole) {
            if let Some(receipt) = Receipt::read(line.text) {
                let place = Place { offset: place.offset + line.at as u64, ..place };
                self.own.insert(receipt.step, place.segment);
                self.receipts.push((place, receipt));
            }
        }
    }

    /// Ends the segment, and returns its oddities, each with its offset.
    pub(crate) fn finish(&mut self) -> Vec<(u64, Oddity)> {
        std::mem::take(&mut self.odd)
    }

    fn row(&mut self, text: &[u8], values: &[Option<&[u8]>], place: Place) {
        let [run, step, kind] = values else { return };
        let announced = self.announced.take().filter(|(_, voiding)| voiding.is_kept_by(text));
        let again = announced.is_some();
        self.stored_again.extend(announced.map(|(repair, voiding)| StoredAgain { repair, place, voiding }));
        let Some(run) = run.and_then(json::decode) else { return };
        let step = step.and_then(|step| std::str::from_utf8(step).ok()?.parse::<u64>().ok());
        if *run == *run_id::LOGBOOK.as_bytes() {
            self.own.extend(step.map(|step| (step, place.segment)));
            match Kind::of(*kind) {
                Kind::Repair => {
                    self.announced = Voiding::read(text).map(|voiding| (place, voiding));
                    self.missing.extend(Missing::read(text).map(|missing| (place.segment, missing)));
                }
                Kind::ArchiveCarried => {
                    carried::runs(text).iter().for_each(|of| self.steps.carry(&of.run, of.last_step));
                }
                Kind::ArchiveReceipt => {
                    self.receipts.extend(Receipt::read(text).map(|receipt| (place, receipt)));
                }
                _ => {}
            }
        }
        if let Some(odd) = step.and_then(|step| self.steps.push(&run, step, again)) {
            self.note_odd(place, odd);
        }
    }

    fn note_odd(&mut self, place: Place, oddity: Oddity) {
        if self.odd.len() < ODD_MAX {
            self.odd.push((place.offset, oddity));
        }
    }
}
