//! min and max, in the order of `order`: booleans, numbers, times, amounts, strings,
//! arrays' elements each. Null is passed over. Of equal values the first by
//! position is shown, as it was written.

use std::cmp::Ordering;

use crate::eval::order::Key;
use logbook_model::Zone;

/// The least or greatest value so far.
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
