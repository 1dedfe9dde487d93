//! What rows tell that proves, or names, something: their numbers, receipts of deletions, rows that
//! stand again in place of others, and segments that are not here. Taken in as the bytes of
//! segments come by, each segment once, in order.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::steps::Steps;
use logbook_format::lines::Lines;
use logbook_format::receipt::Receipt;
use logbook_format::repair::Missing;
use logbook_format::{Voiding, carried};
use logbook_json::bits::Finder;
use logbook_json::{self as json, frame};
use logbook_model::{Kind, READ_ROW_BYTES_MAX, run_id};
use logbook_store::index::Place;

const NAMES: [&str; 3] = ["run_id", "step", "kind"];
/// Oddities kept of one segment.
const ODD_MAX: usize = 8;

/// A row that stands again, as a `repair` row before it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Again {
    /// Where the `repair` row stands.
    pub repair: Place,
    /// Where the row stands now.
    pub place: Place,
    /// What the `repair` row says.
    pub voiding: Voiding,
}

/// What was taken in so far.
pub(crate) struct Rows {
    finder: Finder,
    steps: Steps,
    /// The row before voids a place.
    announced: Option<(Place, Voiding)>,
    begun: Vec<u8>,
    at: Place,
    odd: Vec<(u64, String)>,
    /// Where the whole rows of each segment end that were taken in.
    pub ends: BTreeMap<u64, u64>,
    /// Receipts, and where they stand.
    pub receipts: Vec<(Place, Receipt)>,
    /// The segment in which each step of the logbook's own run stands.
    pub own: BTreeMap<u64, u64>,
    /// Rows that stand again.
    pub again: Vec<Again>,
    /// The segments that tell of others that are not here.
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
            again: Vec::new(),
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

    /// Takes the next bytes of the segment, cut anywhere.
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
                    // Behind a hole that a power cut left may stand a whole row.
                    let hole = line.text.iter().take_while(|byte| **byte == 0).count();
                    let (text, place) = (&line.text[hole..], Place { offset: place.offset + hole as u64, ..place });
                    match frame::pick(text, &NAMES, &mut values) {
                        Ok(()) => self.row(text, &values, place),
                        Err(_) if !line.text.is_empty() => self.tell(place, "no row stands here".to_owned()),
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

    /// Takes whole lines that were appended behind what was taken in, for their receipts alone.
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

    /// Ends the segment; gives what was odd in it, each with its byte.
    pub(crate) fn finish(&mut self) -> Vec<(u64, String)> {
        std::mem::take(&mut self.odd)
    }

    fn row(&mut self, text: &[u8], values: &[Option<&[u8]>], place: Place) {
        let [run, step, kind] = values else { return };
        let announced = self.announced.take().filter(|(_, voiding)| voiding.is_kept_by(text));
        let again = announced.is_some();
        self.again.extend(announced.map(|(repair, voiding)| Again { repair, place, voiding }));
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
        if let Some(odd) = step.and_then(|step| self.steps.take(&run, step, again)) {
            self.tell(place, odd);
        }
    }

    fn tell(&mut self, place: Place, what: String) {
        if self.odd.len() < ODD_MAX {
            self.odd.push((place.offset, what));
        }
    }
}
