//! What `archive --delete-older-than` deletes, and what it carries over: the facts of deleted rows
//! that gates and writers still rest on.
//!
//! Not here: the facts themselves (`view::carry`), deleting (`store::archive`).

use std::ops::ControlFlow;

use crate::cmd::shared::reading::{self, Corrections};
use logbook_model::error::Result;
use logbook_model::{Address, Instant};
use logbook_scan as scan;
use logbook_store::append::State;
use logbook_store::archive::Facts;
use logbook_store::archive::manifest::Entry;
use logbook_store::index::Place;
use logbook_store::{Location, end_of};
use logbook_view::Carry;

/// Segments that are old enough to be deleted.
#[derive(Debug, Default)]
pub struct Old {
    /// They go.
    pub doomed: Vec<Entry>,
    /// They stay, since a younger one stands before them: rows rest on the rows before them, never
    /// on those behind.
    pub kept: Vec<Entry>,
}

impl Old {
    /// Among `entries`, in the order of their numbers, those that are `old`.
    pub fn among<'e>(entries: impl Iterator<Item = &'e Entry>, old: impl Fn(&Entry) -> bool) -> Old {
        let (mut found, mut younger) = (Old::default(), false);
        for entry in entries {
            match (old(entry), younger) {
                (true, false) => found.doomed.push(entry.clone()),
                (true, true) => found.kept.push(entry.clone()),
                (false, _) => younger = true,
            }
        }
        found
    }
}

/// The facts of one logbook.
pub struct OfLogbook<'l> {
    location: &'l Location,
    now: fn() -> Instant,
    carry: Carry,
    seen: Place,
    texts: Vec<Vec<u8>>,
}

impl OfLogbook<'_> {
    /// Those of the logbook at `location`.
    pub fn new(location: &Location, now: fn() -> Instant) -> OfLogbook<'_> {
        let seen = Place { segment: 0, offset: 0 };
        OfLogbook { location, now, carry: Carry::default(), seen, texts: Vec::new() }
    }
}

impl Facts for OfLogbook<'_> {
    fn texts(&mut self, last: u64) -> Result<Vec<Vec<u8>>> {
        let mut carry = Carry::until(last);
        let found = reading::logbook_at(self.location, Corrections::AsWritten, None)?;
        self.seen = end_of(&found.inputs);
        let scanned = scan::feed(&found.inputs, &mut std::io::empty(), &[], false, |row, _, _| {
            if let Some(place) = reading::address(&found.inputs, row.place) {
                carry.push(row.text, &place);
            }
            ControlFlow::Continue(())
        });
        // What nobody has read cannot be carried over.
        scanned.skipped.refuse_unread()?;
        self.texts = carry.texts((self.now)())?;
        self.carry = carry;
        Ok(self.texts.clone())
    }

    fn hold(&mut self, state: &mut State<'_, '_>) -> Result<bool> {
        let carry = &mut self.carry;
        state.rows_since(self.seen, &mut |place, row| {
            carry.push(row, &Address::Place { segment: place.segment, offset: place.offset });
        })?;
        Ok(carry.texts((self.now)())? == self.texts)
    }
}
