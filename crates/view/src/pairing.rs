//! The rule that says which result belongs to which intent (`docs/format.md`, Calls). In the order
//! of the rows, a result ends the newest open call with its id. A second intent with the id of an
//! open call is a second call. A call without an id never gets a result; an empty id is an id.
//!
//! The rule has two forms: [`Pairing`] says which call, [`OpenCalls`] only how many, over any
//! number of parts of the rows.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// Open calls by id, each as a value of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pairing<T> {
    open: HashMap<Vec<u8>, Vec<T>>,
}

impl<T> Default for Pairing<T> {
    fn default() -> Pairing<T> {
        Pairing { open: HashMap::new() }
    }
}

impl<T> Pairing<T> {
    /// Adds the next intent.
    pub(crate) fn intent(&mut self, id: Option<&[u8]>, call: T) {
        if let Some(id) = id {
            self.open.entry(id.to_vec()).or_default().push(call);
        }
    }

    /// The newest open call with this id.
    pub(crate) fn newest(&self, id: Option<&[u8]>) -> Option<&T> {
        self.open.get(id?)?.last()
    }

    /// Adds the next result, and returns the call that it ends.
    pub(crate) fn result(&mut self, id: Option<&[u8]>) -> Option<T> {
        self.open.get_mut(id?)?.pop()
    }
}

/// The number of calls that are open in some rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenCalls<'a> {
    /// Calls without an id.
    pub unnamed: u64,
    /// Unpaired intents and results by id.
    by_id: BTreeMap<Cow<'a, str>, Unpaired>,
}

/// The unpaired rows with one id: the results are before the intents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unpaired {
    /// The number of results.
    pub results: u64,
    /// The number of intents.
    pub intents: u64,
}

impl<'a> OpenCalls<'a> {
    /// Adds the next intent.
    pub(crate) fn intent(&mut self, id: Option<Cow<'a, str>>) {
        match id {
            Some(id) => self.join_one(id, Unpaired { results: 0, intents: 1 }),
            None => self.unnamed += 1,
        }
    }

    /// Adds the next result.
    pub(crate) fn result(&mut self, id: Option<Cow<'a, str>>) {
        if let Some(id) = id {
            self.join_one(id, Unpaired { results: 1, intents: 0 });
        }
    }

    /// Adds the unpaired rows with this id in later rows.
    pub(crate) fn join_one(&mut self, id: Cow<'a, str>, later: Unpaired) {
        let known = self.by_id.get(&id).copied().unwrap_or_default();
        let paired = known.intents.min(later.results);
        let left = Unpaired {
            results: known.results + later.results - paired,
            intents: known.intents - paired + later.intents,
        };
        if left == Unpaired::default() {
            self.by_id.remove(&id);
        } else {
            self.by_id.insert(id, left);
        }
    }

    /// Adds the calls of later rows.
    pub(crate) fn join(&mut self, later: OpenCalls<'a>) {
        self.unnamed += later.unnamed;
        later.by_id.into_iter().for_each(|(id, unpaired)| self.join_one(id, unpaired));
    }

    /// The number of open calls.
    pub fn count(&self) -> u64 {
        self.unnamed + self.by_id.values().map(|unpaired| unpaired.intents).sum::<u64>()
    }

    /// The unpaired rows, by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Unpaired)> {
        self.by_id.iter().map(|(id, unpaired)| (&**id, *unpaired))
    }

    /// An owned copy.
    pub(crate) fn into_owned(self) -> OpenCalls<'static> {
        let own = |(id, unpaired): (Cow<'_, str>, Unpaired)| (Cow::Owned(id.into_owned()), unpaired);
        OpenCalls { unnamed: self.unnamed, by_id: self.by_id.into_iter().map(own).collect() }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However the rows are split into parts, as many calls are open as if each is paired by
        /// id.
        #[test]
        fn counts_are_those_of_pairs(rows in proptest::collection::vec((any::<bool>(), 0..4_u8, 0..5_u8), 0..40)) {
            let id = |of: u8| [None, Some(""), Some("a"), Some("b")][usize::from(of)];
            let (mut pairing, mut open) = (Pairing::default(), 0_u64);
            let mut parts = vec![OpenCalls::default()];
            for (is_intent, of, breaks) in rows {
                let bytes = id(of).map(str::as_bytes);
                if breaks == 0 {
                    parts.push(OpenCalls::default());
                }
                let part = parts.last_mut().unwrap();
                if is_intent {
                    pairing.intent(bytes, ());
                    open += 1;
                    part.intent(id(of).map(Cow::Borrowed));
                } else {
                    open -= u64::from(pairing.result(bytes).is_some());
                    part.result(id(of).map(Cow::Borrowed));
                }
            }
            // Joined from the right too: joining is associative.
            let mut right = OpenCalls::default();
            for part in parts.iter().rev() {
                let mut joined = part.clone();
                joined.join(right);
                right = joined;
            }
            let left = parts.into_iter().reduce(|mut all, part| { all.join(part); all }).unwrap_or_default();
            prop_assert_eq!(left.count(), open);
            prop_assert_eq!(left, right);
        }
    }
}
