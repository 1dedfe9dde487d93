//! The number of rows that have something in common, and the places of the first of them.

use std::collections::BTreeMap;

use logbook_query::Place;

/// Places kept per tally.
const PLACES_MAX: usize = 3;
/// Names of tallies are limited, since they may come from data.
const NAMES_MAX: usize = 64;
/// The name for all further ones.
const OTHERS: &str = "something else";

/// Rows that have something in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// The number of rows.
    pub count: u64,
    /// The places of the first of them.
    pub places: Vec<Place>,
    /// The description of the first one.
    pub first: String,
}

impl Tally {
    /// Counts a row; `says` is called only for the first.
    pub(crate) fn add(&mut self, place: Place, says: impl FnOnce() -> String) {
        if self.count == 0 {
            self.first = says();
        }
        self.count += 1;
        if self.places.len() < PLACES_MAX {
            self.places.push(place);
        }
    }

    /// Adds later rows.
    pub(crate) fn join(&mut self, later: Tally) {
        if self.count == 0 {
            self.first = later.first;
        }
        self.count += later.count;
        self.places.extend(later.places);
        self.places.truncate(PLACES_MAX);
    }
}

/// Tallies by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tallies(BTreeMap<String, Tally>);

impl Tallies {
    /// Counts a row under `name`.
    pub fn add(&mut self, name: &str, place: Place, says: impl FnOnce() -> String) {
        self.of(name).add(place, says);
    }

    /// Adds later rows.
    pub fn join(&mut self, later: Tallies) {
        later.0.into_iter().for_each(|(name, tally)| self.of(&name).join(tally));
    }

    fn of(&mut self, name: &str) -> &mut Tally {
        let name = if self.0.len() < NAMES_MAX || self.0.contains_key(name) { name } else { OTHERS };
        self.0.entry(name.to_owned()).or_default()
    }

    /// The tallies with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tally)> {
        self.0.iter().map(|(name, tally)| (name.as_str(), tally))
    }
}
