//! sum and avg, exact.

use logbook_json::{Decimal, Sum};

use super::by_unit::NumberFold;

/// `sum`; zero if there are no numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Total {
    sum: Sum,
    count: u64,
}

/// `avg`, with 17 significant digits; null if there are no numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mean(Total);

impl NumberFold for Total {
    fn fresh(&self) -> Total {
        Total::default()
    }

    #[inline]
    fn push_digits(&mut self, (digits, places): (i64, u32)) -> bool {
        let is_taken = self.sum.add_plain(digits, places);
        self.count += u64::from(is_taken);
        is_taken
    }

    fn add(&mut self, number: Decimal) {
        self.sum.add(&number);
        self.count += 1;
    }

    fn merge(&mut self, later: Total) {
        self.sum.merge(&later.sum);
        self.count += later.count;
    }

    fn count(&self) -> u64 {
        self.count
    }

    fn finish(self) -> Option<Option<Decimal>> {
        self.sum.total().ok().map(Some)
    }
}

impl NumberFold for Mean {
    fn fresh(&self) -> Mean {
        Mean::default()
    }

    #[inline]
    fn push_digits(&mut self, digits: (i64, u32)) -> bool {
        self.0.push_digits(digits)
    }

    fn add(&mut self, number: Decimal) {
        self.0.add(number);
    }

    fn merge(&mut self, later: Mean) {
        self.0.merge(later.0);
    }

    fn count(&self) -> u64 {
        self.0.count
    }

    fn finish(self) -> Option<Option<Decimal>> {
        match self.0.count {
            0 => Some(None),
            count => self.0.sum.mean(count).ok().map(Some),
        }
    }
}
