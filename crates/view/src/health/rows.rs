//! The fold over all rows, with corrections applied.

use std::collections::HashMap;

use super::schema::Schema;
use super::tally::{Tallies, Tally};
use crate::approvals::Approvals;
use crate::facts::{Facts, FieldSet, Picked};
use crate::past::{self, Past};
use crate::runs::{self, Runs};
use logbook_format::Correction;
use logbook_json as json;
use logbook_model::{Address, Field, Instant, Kind, Status, Vocabulary, run_id};
use logbook_query::{Place, Row};

/// The fields that are picked of each row: those of runs, of requests, and the id.
pub const FIELDS: FieldSet = runs::FIELDS.join(&Approvals::FIELDS).and(&[Field::Id]);

/// A jump of the clock is a fault beyond this. The clocks of writers on one machine differ by less,
/// and rows wait less for the lock.
const JUMP_MS: i64 = 10 * 60 * 1000;

/// A torn row that a later writer closed, as its repair row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// The number of its segment.
    pub segment: u64,
    /// The offset of its first byte.
    pub offset: u64,
    /// Its length.
    pub bytes: u64,
}

/// The facts in the rows, and what is wrong with them. Each thread makes a [`HealthPart`] of the
/// rows that it reads; parts are joined in the order of their rows.
#[derive(Debug, Default)]
pub struct Health {
    /// All runs.
    pub runs: Runs<'static>,
    /// All requests.
    pub approvals: Approvals,
    /// The faults of single rows.
    pub faults: Faults,
    last_at: Option<Instant>,
    is_stored_again: bool,
}

/// The faults of single rows.
#[derive(Debug, Default)]
pub struct Faults {
    /// Rows that `append` would refuse, by reason.
    pub refused: Tallies,
    /// Rows that say that their run is blocked, but not on what.
    pub blocked: Tally,
    /// Rows whose timestamp is far before that of the row before them.
    pub back: Tally,
    /// Rows with a timestamp in the future.
    pub ahead: Tally,
    /// Torn rows that a later writer closed.
    pub closed: Vec<Closed>,
    /// All corrections.
    pub corrections: Vec<Correction>,
    /// The addresses of correction rows that name no row.
    pub aimless: Vec<String>,
}

impl Faults {
    fn join(&mut self, later: Faults) {
        self.refused.join(later.refused);
        self.blocked.join(later.blocked);
        self.back.join(later.back);
        self.ahead.join(later.ahead);
        self.closed.extend(later.closed);
        self.corrections.extend(later.corrections);
        self.aimless.extend(later.aimless);
    }

    fn back(&mut self, last: Option<Instant>, at: Instant, place: Place) {
        if let Some(last) = last.filter(|last| last.ms_since(at) > JUMP_MS) {
            self.back.add(place, || format!("from {last} back to {at}"));
        }
    }
}

/// The health of consecutive rows.
#[derive(Debug)]
pub struct HealthPart<'v> {
    now: Instant,
    schema: Schema<'v>,
    runs: Runs<'static>,
    faults: Faults,
    /// Rows about requests, with their addresses.
    of_requests: Vec<(Vec<u8>, Address)>,
    /// The steps of each run, in order. Only earlier rows say which of them are too low.
    steps: HashMap<String, Vec<Step>>,
    /// The run of the first row, if it has a step: it may be a row that was stored again.
    first_run: Option<String>,
    first_at: Option<(Instant, Place)>,
    last_at: Option<Instant>,
    /// Whether the row before voids a place, so that the next row is stored again and keeps its
    /// step; `None` if there is no row before.
    is_stored_again: Option<bool>,
}

/// The step of one row.
#[derive(Debug, Clone, Copy)]
struct Step {
    step: u64,
    place: Place,
    /// The row was stored again and keeps its step.
    again: bool,
}

impl Health {
    /// Adds the next rows.
    pub fn join(&mut self, mut later: HealthPart<'_>) {
        let again = later.first_run.as_ref().filter(|_| self.is_stored_again).and_then(|run| later.steps.get_mut(run));
        if let Some(first) = again.and_then(|steps| steps.first_mut()) {
            first.again = true;
        }
        self.is_stored_again = later.is_stored_again.unwrap_or(self.is_stored_again);
        self.steps(later.steps);
        if let Some((at, place)) = later.first_at {
            self.faults.back(self.last_at, at, place);
        }
        self.last_at = later.last_at.or(self.last_at);
        self.runs.join(later.runs);
        for (text, place) in later.of_requests {
            past::show(&mut self.approvals, &text, &place);
        }
        self.faults.join(later.faults);
    }

    /// Reports steps that do not rise, except in rows that were stored again.
    fn steps(&mut self, steps: HashMap<String, Vec<Step>>) {
        let mut low = Vec::new();
        for (run, steps) in steps {
            let mut last = self.runs.get(&run).map_or(0, |run| run.steps);
            for Step { step, place, again } in steps {
                if step <= last && !again {
                    low.push((place, format!("{run}#{step} comes after {run}#{last}")));
                }
                last = last.max(step);
            }
        }
        low.sort_unstable();
        for (place, says) in low {
            self.faults.refused.add("step is not higher than the run's last", place, || says);
        }
    }
}

impl<'v> HealthPart<'v> {
    /// Without any rows yet.
    pub fn new(vocabulary: &'v Vocabulary, now: Instant) -> HealthPart<'v> {
        HealthPart {
            now,
            schema: Schema::new(vocabulary),
            runs: Runs::default(),
            faults: Faults::default(),
            of_requests: Vec::new(),
            steps: HashMap::new(),
            first_run: None,
            first_at: None,
            last_at: None,
            is_stored_again: None,
        }
    }

    /// Adds the next row, its fields by [`FIELDS`]; `address` is the name of its place.
    pub fn push(&mut self, row: &Row<'_>, address: &Address) {
        let facts = Picked::new(&FIELDS, row.fields);
        let kind = facts.kind();
        self.shape(row, &facts);
        self.clock(row, &facts);
        self.step(row, &facts);
        self.runs.push(row.text, &facts, row.place);
        let decides = matches!(kind, Kind::ArchiveCarried | Kind::ApprovalRequested) || kind.verdict().is_some();
        if decides || facts.raw(Field::Answers).is_some() {
            self.of_requests.push((row.text.to_vec(), address.clone()));
        }
        self.is_stored_again = Some(kind == Kind::Repair && self.repair(row.text));
        if kind == Kind::Correction {
            match Correction::read(row.text, || address.to_string()) {
                Some(correction) => self.faults.corrections.push(correction),
                None => self.faults.aimless.push(address.to_string()),
            }
        }
    }

    /// Reports what `append` would refuse in it.
    fn shape(&mut self, row: &Row<'_>, facts: &Picked<'_>) {
        if facts.status() == Some(Status::Blocked) && facts.raw(Field::BlockedOn).is_none_or(|on| on == b"\"\"") {
            // A class of its own, since somebody waits here.
            self.faults.blocked.add(row.place, String::new);
        } else if let Err(error) = self.schema.check(row.text) {
            self.faults.refused.add(&Schema::sort(&error), row.place, || Schema::reason(&error).to_owned());
        } else if facts.raw(Field::RunId).is_none() {
            const ODD: &str = "run_id is spelled in a way that readers do not recognize";
            self.faults.refused.add(ODD, row.place, || ODD.to_owned());
        }
    }

    fn clock(&mut self, row: &Row<'_>, facts: &Picked<'_>) {
        let Some(text) = facts.chars(Field::Timestamp) else { return };
        let at = Instant::parse_plain(&text).or_else(|| Instant::parse(std::str::from_utf8(&text).ok()?));
        let Some(at) = at else { return };
        self.first_at.get_or_insert((at, row.place));
        self.faults.back(self.last_at, at, row.place);
        if at.ms_since(self.now) > JUMP_MS {
            self.faults.ahead.add(row.place, || format!("{at}, but it is {} now", self.now));
        }
        self.last_at = Some(at);
    }

    fn step(&mut self, row: &Row<'_>, facts: &Picked<'_>) {
        let (Some(step), true) = (facts.step(), facts.raw(Field::RunId).is_some()) else { return };
        let run = facts.text(Field::RunId);
        let step = Step { step, place: row.place, again: self.is_stored_again == Some(true) };
        if self.is_stored_again.is_none() {
            self.first_run = Some(run.clone());
        }
        match self.steps.get_mut(&run) {
            Some(steps) => steps.push(step),
            None => drop(self.steps.insert(run, vec![step])),
        }
    }

    /// Adds a repair row, and returns whether it voids a place.
    fn repair(&mut self, text: &[u8]) -> bool {
        let mut values = Vec::new();
        if json::pick(text, &["run_id", "voids", "segment", "offset", "bytes"], &mut values).is_err() {
            return false;
        }
        let own = values[0].and_then(json::decode).is_some_and(|run| *run == *run_id::LOGBOOK.as_bytes());
        let number = |at: usize| values[at].and_then(|raw| std::str::from_utf8(raw).ok()?.parse().ok());
        if own && let (Some(segment), Some(offset), Some(bytes)) = (number(2), number(3), number(4)) {
            self.faults.closed.push(Closed { segment, offset, bytes });
        }
        own && values[1].is_some()
    }
}
