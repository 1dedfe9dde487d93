//! What was begun and not ended: calls by their id, approvals by the step that asked for one.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// Beginnings without an end, by name, in any order of rows: a name counts up where it begins and down where it ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pairs<'a>(BTreeMap<Cow<'a, str>, i64>);

impl<'a> Pairs<'a> {
    /// Counts `name` up by 1 where something begins, down by 1 where it ends.
    pub fn count(&mut self, name: Cow<'a, str>, by: i64) {
        let left = self.0.get(&name).copied().unwrap_or(0).saturating_add(by);
        if left == 0 {
            self.0.remove(&name);
        } else {
            self.0.insert(name, left);
        }
    }

    /// Takes in those of other rows.
    pub fn join(&mut self, other: Pairs<'a>) {
        other.0.into_iter().for_each(|(name, by)| self.count(name, by));
    }

    /// The same, which borrows nothing.
    pub fn into_owned(self) -> Pairs<'static> {
        Pairs(self.0.into_iter().map(|(name, by)| (Cow::Owned(name.into_owned()), by)).collect())
    }

    /// How many were begun and not ended.
    pub fn open(&self) -> u64 {
        self.0.values().map(|left| u64::try_from(*left).unwrap_or(0)).sum()
    }

    /// Names with their counts, none of them nought.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, i64)> {
        self.0.iter().map(|(name, by)| (&**name, *by))
    }
}
