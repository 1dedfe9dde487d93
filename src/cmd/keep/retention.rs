//! What `archive --delete-older-than` deletes, and what it carries over: the facts of deleted rows
//! that gates and writers still need.
//!
//! Not here: the facts themselves (`view::carry`), deleting (`store::archive`).

use std::ops::ControlFlow;

use crate::cmd::shared::reading::{self, Corrections};
use logbook_model::error::Result;
use logbook_model::{Address, Instant};
use logbook_scan as scan;
use logbook_store::Place;
use logbook_store::append::State;
use logbook_store::archive::CarriedOver;
use logbook_store::archive::manifest::Entry;
use logbook_store::{Location, end_of};
use logbook_view::Carry;

/// Segments that are old enough to be deleted.
#[derive(Debug, Default)]
pub struct Old {
    pub to_delete: Vec<Entry>,
    /// These stay, because a younger segment is before them. Rows depend on earlier rows, never on
    /// later ones.
    pub kept: Vec<Entry>,
}

impl Old {
    /// The old ones among `entries`, which are in the order of their numbers.
    pub fn among<'e>(entries: impl Iterator<Item = &'e Entry>, old: impl Fn(&Entry) -> bool) -> Old {
        let (mut found, mut younger) = (Old::default(), false);
        for entry in entries {
            match (old(entry), younger) {
                (true, false) => found.to_delete.push(entry.clone()),
                (true, true) => found.kept.push(entry.clone()),
                (false, _) => younger = true,
            }
        }
        found
    }
}

/// The facts to carry over, read from a logbook.
pub struct CarriedFacts<'l> {
    location: &'l Location,
    now: fn() -> Instant,
    carry: Carry,
    seen: Place,
    texts: Vec<Vec<u8>>,
}

impl CarriedFacts<'_> {
    pub fn new(location: &Location, now: fn() -> Instant) -> CarriedFacts<'_> {
        let seen = Place { segment: 0, offset: 0 };
        CarriedFacts { location, now, carry: Carry::default(), seen, texts: Vec::new() }
    }
}

impl CarriedOver for CarriedFacts<'_> {
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
        // A row that cannot be read cannot be carried over.
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
