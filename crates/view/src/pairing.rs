//! Which result belongs to which intent: the one rule (`docs/format.md`, Calls). In the order of
//! the rows, a result ends the newest open call of its id. A second intent of an id that is open is
//! a second call. Without an id nothing is known to be a call's result; an empty id is an id.
//!
//! Two shapes of it: [`Pairing`] says which call, [`OpenCalls`] only how many, of rows in any
//! number of parts.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// Open calls by their ids, each as whatever knows it.
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
    /// Takes the next intent.
    pub(crate) fn intent(&mut self, id: Option<&[u8]>, call: T) {
        if let Some(id) = id {
            self.open.entry(id.to_vec()).or_default().push(call);
        }
    }

    /// The call that the next result, or anything else that is said of an open call, is of.
    pub(crate) fn newest(&self, id: Option<&[u8]>) -> Option<&T> {
        self.open.get(id?)?.last()
    }

    /// Takes the next result; gives the call that it ends.
    pub(crate) fn result(&mut self, id: Option<&[u8]>) -> Option<T> {
        self.open.get_mut(id?)?.pop()
    }
}

/// How many calls are open in some rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenCalls<'a> {
    /// Without an id.
    pub unnamed: u64,
    /// By id, those that are not paired.
    by_id: BTreeMap<Cow<'a, str>, Unpaired>,
}

/// What is not paired of one id: the results stand before the intents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unpaired {
    /// Results.
    pub results: u64,
    /// Intents.
    pub intents: u64,
}

impl<'a> OpenCalls<'a> {
    /// Takes the next intent.
    pub(crate) fn intent(&mut self, id: Option<Cow<'a, str>>) {
        match id {
            Some(id) => self.join_one(id, Unpaired { results: 0, intents: 1 }),
            None => self.unnamed += 1,
        }
    }

    /// Takes the next result.
    pub(crate) fn result(&mut self, id: Option<Cow<'a, str>>) {
        if let Some(id) = id {
            self.join_one(id, Unpaired { results: 1, intents: 0 });
        }
    }

    /// Takes what is not paired of `id` in later rows.
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

    /// Takes those of later rows.
    pub(crate) fn join(&mut self, later: OpenCalls<'a>) {
        self.unnamed += later.unnamed;
        later.by_id.into_iter().for_each(|(id, unpaired)| self.join_one(id, unpaired));
    }

    /// How many calls are open.
    pub fn count(&self) -> u64 {
        self.unnamed + self.by_id.values().map(|unpaired| unpaired.intents).sum::<u64>()
    }

    /// What is not paired, by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Unpaired)> {
        self.by_id.iter().map(|(id, unpaired)| (&**id, *unpaired))
    }

    /// The same, which borrows nothing.
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
        /// In however many parts the rows come, as many calls are open as if each is paired by
        /// name.
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
            // From the right, too: joining is associative.
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
