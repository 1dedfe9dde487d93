//! The fold over all rows, as they read with corrections folded in.

use super::schema::Schema;
use super::tally::{Tallies, Tally};
use crate::format::Correction;
use crate::json;
use crate::model::{Address, Field, Instant, Kind, Status, Vocabulary, run_id};
use crate::query::Row;
use crate::view::approvals::Approvals;
use crate::view::facts::{Facts, FieldSet, Picked};
use crate::view::past::{self, Past};
use crate::view::runs::{self, Runs};

/// The fields that are read of each row: those of runs, of requests, and the id.
pub const FIELDS: FieldSet = runs::FIELDS.join(&Approvals::FIELDS).and(&[Field::Id]);

/// Clocks of one machine's writers differ by less, and rows wait for the lock less long.
const JUMP_MS: i64 = 10 * 60 * 1000;

/// A torn row that a writer closed, and told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// The segment it stands in.
    pub segment: u64,
    /// Its first byte.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
}

/// What the rows say, and what is wrong with them.
#[derive(Debug)]
pub struct Health<'v> {
    now: Instant,
    schema: Schema<'v>,
    last_at: Option<Instant>,
    /// The row before was one that voids a place: this one stands again, with the step that it had.
    stands_again: bool,
    /// The runs.
    pub runs: Runs<'static>,
    /// The requests.
    pub approvals: Approvals,
    /// Rows that `append` would refuse, by why.
    pub refused: Tallies,
    /// Rows that say that their run is blocked, and not on what.
    pub blocked: Tally,
    /// Rows whose time is far before that of the row before them.
    pub back: Tally,
    /// Rows whose time is still to come.
    pub ahead: Tally,
    /// Torn rows that were closed.
    pub closed: Vec<Closed>,
    /// Corrections by name, and the rows that they are about.
    pub corrections: Vec<Correction>,
    /// Where correction rows stand that name no row.
    pub aimless: Vec<String>,
}

impl<'v> Health<'v> {
    /// Before the first row.
    pub fn new(vocabulary: &'v Vocabulary, now: Instant) -> Health<'v> {
        Health {
            now,
            schema: Schema::new(vocabulary),
            last_at: None,
            stands_again: false,
            runs: Runs::default(),
            approvals: Approvals::default(),
            refused: Tallies::default(),
            blocked: Tally::default(),
            back: Tally::default(),
            ahead: Tally::default(),
            closed: Vec::new(),
            corrections: Vec::new(),
            aimless: Vec::new(),
        }
    }

    /// Takes in the next row, its fields by [`FIELDS`]; `address` is its name by its place.
    pub fn push(&mut self, row: &Row<'_>, address: &Address) {
        let facts = Picked::new(&FIELDS, row.fields);
        let kind = facts.kind();
        self.shape(row, &facts);
        self.clock(row, &facts);
        self.step(row, &facts);
        self.runs.push(row.text, &facts, row.place);
        if kind == Kind::ArchiveCarried {
            past::show(&mut self.approvals, row.text, address);
        } else {
            self.approvals.push(&facts, address);
        }
        self.stands_again = kind == Kind::Repair && self.repair(row.text);
        if kind == Kind::Correction {
            match Correction::read(row.text, || address.to_string()) {
                Some(correction) => self.corrections.push(correction),
                None => self.aimless.push(address.to_string()),
            }
        }
    }

    /// What `append` would refuse of it.
    fn shape(&mut self, row: &Row<'_>, facts: &Picked<'_>) {
        if facts.status() == Some(Status::Blocked) && facts.raw(Field::BlockedOn).is_none_or(|on| on == b"\"\"") {
            // Of a sort of its own, since people wait for each other then.
            self.blocked.add(row.place, String::new);
        } else if let Err(error) = self.schema.check(row.text) {
            self.refused.add(&Schema::sort(&error.message), row.place, || Schema::words(&error.message).to_owned());
        } else if facts.raw(Field::RunId).is_none() {
            const ODD: &str = "run_id is spelled in a way that readers do not know";
            self.refused.add(ODD, row.place, || ODD.to_owned());
        }
    }

    fn clock(&mut self, row: &Row<'_>, facts: &Picked<'_>) {
        let Some(text) = facts.chars(Field::Timestamp) else { return };
        let at = Instant::parse_plain(&text).or_else(|| Instant::parse(std::str::from_utf8(&text).ok()?));
        let Some(at) = at else { return };
        if let Some(last) = self.last_at.filter(|last| last.ms_since(at) > JUMP_MS) {
            self.back.add(row.place, || format!("from {last} back to {at}"));
        }
        if at.ms_since(self.now) > JUMP_MS {
            self.ahead.add(row.place, || format!("{at}, and it is {}", self.now));
        }
        self.last_at = Some(at);
    }

    /// Steps rise, but for a row that was stored again.
    fn step(&mut self, row: &Row<'_>, facts: &Picked<'_>) {
        let (Some(step), true) = (facts.step(), facts.raw(Field::RunId).is_some()) else { return };
        let run = facts.text(Field::RunId);
        let last = self.runs.get(&run).map_or(0, |run| run.steps);
        if step <= last && !self.stands_again {
            let says = || format!("{run}#{step} comes after {run}#{last}");
            self.refused.add("step is not higher than the run's last", row.place, says);
        }
    }

    /// Takes in a repair row; gives whether it voids a place.
    fn repair(&mut self, text: &[u8]) -> bool {
        let mut values = Vec::new();
        if json::pick(text, &["run_id", "voids", "segment", "offset", "bytes"], &mut values).is_err() {
            return false;
        }
        let own = values[0].and_then(json::decode).is_some_and(|run| *run == *run_id::LOGBOOK.as_bytes());
        let number = |at: usize| values[at].and_then(|raw| std::str::from_utf8(raw).ok()?.parse().ok());
        if own && let (Some(segment), Some(offset), Some(bytes)) = (number(2), number(3), number(4)) {
            self.closed.push(Closed { segment, offset, bytes });
        }
        own && values[1].is_some()
    }
}
