//! How many rows have something in common, and where the first of them stand.

use std::collections::BTreeMap;

use logbook_query::Place;

/// Places that are kept of each.
const PLACES_MAX: usize = 3;
/// Sorts that are told apart; the names of further ones may come from anywhere.
const SORTS_MAX: usize = 64;
/// The sort of all others.
const OTHERS: &str = "something else";

/// Rows of one sort.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// Where the first of them stand.
    pub places: Vec<Place>,
    /// What is to be said of the first one.
    pub first: String,
}

impl Tally {
    /// Counts one more; `says` is asked of the first one alone.
    pub(crate) fn add(&mut self, place: Place, says: impl FnOnce() -> String) {
        if self.count == 0 {
            self.first = says();
        }
        self.count += 1;
        if self.places.len() < PLACES_MAX {
            self.places.push(place);
        }
    }
}

impl Tally {
    /// Takes in rows that stand behind these.
    pub(crate) fn join(&mut self, later: Tally) {
        if self.count == 0 {
            self.first = later.first;
        }
        self.count += later.count;
        self.places.extend(later.places);
        self.places.truncate(PLACES_MAX);
    }
}

/// Rows of several sorts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tallies(BTreeMap<String, Tally>);

impl Tallies {
    /// Counts one more of the sort `name`.
    pub fn add(&mut self, name: &str, place: Place, says: impl FnOnce() -> String) {
        self.of(name).add(place, says);
    }

    /// Takes in rows that stand behind these.
    pub fn join(&mut self, later: Tallies) {
        later.0.into_iter().for_each(|(name, tally)| self.of(&name).join(tally));
    }

    fn of(&mut self, name: &str) -> &mut Tally {
        let name = if self.0.len() < SORTS_MAX || self.0.contains_key(name) { name } else { OTHERS };
        self.0.entry(name.to_owned()).or_default()
    }

    /// Each sort by its name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tally)> {
        self.0.iter().map(|(name, tally)| (name.as_str(), tally))
    }
}
