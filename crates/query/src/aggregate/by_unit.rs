//! The values of sum, avg and percentiles: numbers, also in quotes, and amounts with a unit.
//! Numbers, durations and sizes are kept apart, since they cannot be added.
//!
//! If the name of the field implies a unit (`duration_ms`), an amount counts as a number of that
//! unit, and the result is a number. Otherwise the result is of the first kind that occurs, in this
//! order: numbers, durations, sizes. Values of another kind are left out and counted. Null is
//! skipped without a note.

use crate::amount::{Amount, Dimension, Unit};
use logbook_json::{Decimal, Kind, decode, kind, plain_digits, quote};

/// Values that an aggregate could not use, to be reported beside its result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ignored {
    /// Values that are neither numbers nor amounts; null is not counted.
    pub not_numbers: u64,
    /// Durations or sizes beside numbers, or sizes beside durations.
    pub other_units: u64,
    /// Sums whose terms are too far apart in magnitude to be written out.
    pub too_wide: u64,
}

/// An aggregate of numbers.
pub(crate) trait NumberFold {
    /// The same aggregate before its first number.
    fn fresh(&self) -> Self;
    /// Takes a number of [`plain_digits`]; false if it must be passed to [`NumberFold::add`]
    /// instead.
    fn push_digits(&mut self, digits: (i64, u32)) -> bool;
    /// Takes any number.
    fn add(&mut self, number: Decimal);
    /// Merges what later rows made.
    fn merge(&mut self, later: Self);
    fn count(&self) -> u64;
    /// The result. `None` if the numbers are too far apart in magnitude, `Some(None)` if there are
    /// none.
    fn finish(self) -> Option<Option<Decimal>>;
}

/// One aggregate for each kind of value.
#[derive(Debug, Clone)]
pub(crate) struct ByUnit<T> {
    unit: Option<Unit>,
    numbers: T,
    /// For durations and for sizes, once one of them occurs.
    amounts: Option<Box<[T; 2]>>,
    /// Values of other types; null is not counted.
    others: u64,
}

impl<T: NumberFold> ByUnit<T> {
    /// The state before the first value; `unit` is what the name of the field implies.
    pub(super) fn new(numbers: T, unit: Option<Unit>) -> ByUnit<T> {
        ByUnit { unit, numbers, amounts: None, others: 0 }
    }

    /// Takes a number of [`plain_digits`]; false if it must be passed to [`ByUnit::push`] instead.
    #[inline]
    pub(super) fn push_digits(&mut self, digits: (i64, u32)) -> bool {
        self.numbers.push_digits(digits)
    }

    /// Takes a value as it is written.
    pub(super) fn push(&mut self, value: &[u8]) {
        if !plain_digits(value).is_some_and(|digits| self.push_digits(digits)) {
            self.push_odd(value);
        }
    }

    fn push_odd(&mut self, value: &[u8]) {
        match kind(value) {
            Some(Kind::Null) => {}
            Some(Kind::Number) => match Decimal::parse(value) {
                Some(number) => self.numbers.add(number),
                None => self.others += 1,
            },
            Some(Kind::String) => {
                let characters = decode(value).unwrap_or_default();
                match (Decimal::parse(&characters), Amount::parse(&characters)) {
                    (Some(number), _) => self.numbers.add(number),
                    (None, Some(amount)) => self.push_amount(amount),
                    (None, None) => self.others += 1,
                }
            }
            _ => self.others += 1,
        }
    }

    fn push_amount(&mut self, amount: Amount) {
        if let Some(unit) = self.unit {
            match unit.count(&amount) {
                Some(number) => self.numbers.add(number),
                None => self.others += 1,
            }
            return;
        }
        let fresh = || Box::new([self.numbers.fresh(), self.numbers.fresh()]);
        let [durations, sizes] = &mut **self.amounts.get_or_insert_with(fresh);
        match amount.dimension {
            Dimension::Duration => durations.add(amount.value),
            Dimension::Size => sizes.add(amount.value),
        }
    }

    pub(super) fn merge(&mut self, later: ByUnit<T>) {
        self.numbers.merge(later.numbers);
        self.others += later.others;
        match (&mut self.amounts, later.amounts) {
            (Some(mine), Some(later)) => mine.iter_mut().zip(*later).for_each(|(mine, later)| mine.merge(later)),
            (mine @ None, later) => *mine = later,
            (Some(_), None) => {}
        }
    }

    /// The aggregates of each kind.
    pub(super) fn each(&mut self) -> impl Iterator<Item = &mut T> {
        std::iter::once(&mut self.numbers).chain(self.amounts.iter_mut().flat_map(|amounts| amounts.iter_mut()))
    }

    /// The sum of `of` over the aggregates of each kind.
    pub(super) fn bytes(&self, of: fn(&T) -> usize) -> usize {
        of(&self.numbers) + self.amounts.iter().flat_map(|amounts| amounts.iter()).map(of).sum::<usize>()
    }

    pub(super) fn finish(self, out: &mut Vec<u8>, ignored: &mut Ignored) {
        ignored.not_numbers += self.others;
        let mut list = vec![(None, self.numbers)];
        if let Some(amounts) = self.amounts {
            list.extend([Some(Dimension::Duration), Some(Dimension::Size)].into_iter().zip(*amounts));
        }
        let first = list.iter().position(|(_, of)| of.count() > 0).unwrap_or(0);
        let (dimension, of) = list.swap_remove(first);
        ignored.other_units += list.iter().map(|(_, of)| of.count()).sum::<u64>();
        match (of.finish(), dimension) {
            (Some(Some(value)), Some(dimension)) => {
                out.extend_from_slice(&quote(&Amount { dimension, value }.text()));
            }
            (Some(Some(number)), None) => out.extend_from_slice(number.to_string().as_bytes()),
            (Some(None), _) => out.extend_from_slice(b"null"),
            (None, _) => {
                ignored.too_wide += 1;
                out.extend_from_slice(b"null");
            }
        }
    }
}
