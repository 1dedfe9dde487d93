//! The aggregates of values of any type: min and max, distinct and list.

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::eval::order::{Key, write_identity};
use logbook_model::Zone;

/// min or max, in the order of `eval/order`. Null is skipped. Of equal values the first by position
/// is kept, as it was written.
#[derive(Debug, Clone)]
pub(crate) struct MinMax {
    greatest: bool,
    best: Option<(Key, Box<[u8]>)>,
}

impl MinMax {
    pub(super) fn new(greatest: bool) -> MinMax {
        MinMax { greatest, best: None }
    }

    fn wins(&self, key: &Key) -> bool {
        let better = if self.greatest { Ordering::Greater } else { Ordering::Less };
        self.best.as_ref().is_none_or(|(best, _)| key.cmp(best) == better)
    }

    pub(super) fn push(&mut self, value: &[u8], zone: &Zone) {
        let key = Key::of(Some(value), zone);
        if !key.is_absent() && self.wins(&key) {
            self.best = Some((key, value.into()));
        }
    }

    pub(super) fn merge(&mut self, later: MinMax) {
        if let Some((key, value)) = later.best
            && self.wins(&key)
        {
            self.best = Some((key, value));
        }
    }

    pub(super) fn finish(self) -> Option<Box<[u8]>> {
        self.best.map(|(_, value)| value)
    }
}

/// A value of list.
#[derive(Debug, Clone)]
struct ListedValue {
    identity: Box<[u8]>,
    text: Box<[u8]>,
}

/// distinct or list: the different values, null included. 1 and 1.0 are one value, and so is a
/// string however it is escaped; the first by position is the one that is shown.
#[derive(Debug, Clone)]
pub(crate) struct DistinctValues {
    seen: HashSet<Box<[u8]>>,
    /// In order of first appearance; for list only.
    in_order: Option<Vec<ListedValue>>,
    identity: Vec<u8>,
}

impl DistinctValues {
    pub(super) fn new(in_order: bool) -> DistinctValues {
        DistinctValues { seen: HashSet::new(), in_order: in_order.then(Vec::new), identity: Vec::new() }
    }

    pub(super) fn push(&mut self, value: &[u8]) {
        self.identity.clear();
        write_identity(Some(value), &mut self.identity);
        if self.seen.contains(&*self.identity) {
            return;
        }
        let identity: Box<[u8]> = self.identity.as_slice().into();
        if let Some(in_order) = &mut self.in_order {
            in_order.push(ListedValue { identity: identity.clone(), text: value.into() });
        }
        self.seen.insert(identity);
    }

    pub(super) fn merge(&mut self, later: DistinctValues) {
        match (&mut self.in_order, later.in_order) {
            (Some(in_order), Some(later)) => {
                for value in later {
                    if self.seen.insert(value.identity.clone()) {
                        in_order.push(value);
                    }
                }
            }
            _ => self.seen.extend(later.seen),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.seen.len()
    }

    pub(super) fn finish(self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (index, value) in self.in_order.unwrap_or_default().iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&value.text);
        }
        out.push(b']');
    }
}
