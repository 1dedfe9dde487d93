//! distinct and list: the different values, null among them. 1 and 1.0 are
//! one value, and so is a string however it is escaped; the first by position
//! is the one that is shown.

use std::collections::HashSet;

use crate::eval::order::write_identity;

/// Identity and text.
type Listed = (Box<[u8]>, Box<[u8]>);

/// The different values so far.
#[derive(Debug, Clone)]
pub(crate) struct DistinctValues {
    seen: HashSet<Box<[u8]>>,
    /// Identity and text in order of first appearance; only where they are shown.
    listed: Option<Vec<Listed>>,
    identity: Vec<u8>,
}

impl DistinctValues {
    pub(super) fn new(listed: bool) -> DistinctValues {
        DistinctValues { seen: HashSet::new(), listed: listed.then(Vec::new), identity: Vec::new() }
    }

    pub(super) fn push(&mut self, value: &[u8]) {
        self.identity.clear();
        write_identity(Some(value), &mut self.identity);
        if self.seen.contains(&*self.identity) {
            return;
        }
        let identity: Box<[u8]> = self.identity.as_slice().into();
        if let Some(listed) = &mut self.listed {
            listed.push((identity.clone(), value.into()));
        }
        self.seen.insert(identity);
    }

    pub(super) fn merge(&mut self, later: DistinctValues) {
        match (&mut self.listed, later.listed) {
            (Some(listed), Some(later)) => {
                for (identity, text) in later {
                    if self.seen.insert(identity.clone()) {
                        listed.push((identity, text));
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
        for (index, (_, text)) in self.listed.unwrap_or_default().iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(text);
        }
        out.push(b']');
    }
}
