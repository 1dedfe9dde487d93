//! The table of aggregates: how each begins, takes a row, merges and ends.

use crate::amount::Unit;
use crate::ast::Function;
use crate::eval::source::{Eval, Fault, Source};
use crate::row::Row;
use logbook_json::plain_digits;

use super::by_unit::{ByUnit, Ignored};
use super::percentile::Percentile;
use super::sum::{Mean, Total};
use super::values::{DistinctValues, MinMax};

/// The number in the field that was read last, so that aggregates of one field decode it once.
#[derive(Debug, Default)]
pub(crate) struct NumberCache(Option<(usize, Option<(i64, u32)>)>);

impl NumberCache {
    /// [`plain_digits`] of the field of `source`, if it is a top-level field with such a number.
    #[inline]
    fn of(&mut self, source: &Source, row: &Row<'_>) -> Option<(i64, u32)> {
        let slot = source.slot()?;
        match self.0 {
            Some((read, digits)) if read == slot => digits,
            _ => self.0.insert((slot, row.field(slot).and_then(plain_digits))).1,
        }
    }
}

/// One aggregate of one group.
#[derive(Debug, Clone)]
pub(crate) enum Accumulator {
    /// `count`, `count(f)`
    Count(u64),
    /// `sum(f)`
    Sum(ByUnit<Total>),
    /// `avg(f)`
    Avg(ByUnit<Mean>),
    /// `min(f)`, `max(f)`
    MinMax(MinMax),
    /// `pNN(f)`
    Percentile(ByUnit<Percentile>),
    /// `distinct(f)`
    Distinct(DistinctValues),
    /// `first(f)`
    First(Option<Box<[u8]>>),
    /// `last(f)`
    Last(Option<Box<[u8]>>),
    /// `list(f)`
    List(DistinctValues),
}

impl Accumulator {
    /// The aggregate before its first row; `unit` is what the name of its field implies.
    pub(crate) fn new(function: Function, unit: Option<Unit>) -> Accumulator {
        match function {
            Function::Count => Accumulator::Count(0),
            Function::Sum => Accumulator::Sum(ByUnit::new(Total::default(), unit)),
            Function::Avg => Accumulator::Avg(ByUnit::new(Mean::default(), unit)),
            Function::Min => Accumulator::MinMax(MinMax::new(false)),
            Function::Max => Accumulator::MinMax(MinMax::new(true)),
            Function::Percentile(thousandths) => {
                Accumulator::Percentile(ByUnit::new(Percentile::new(thousandths), unit))
            }
            Function::Distinct => Accumulator::Distinct(DistinctValues::new(false)),
            Function::First => Accumulator::First(None),
            Function::Last => Accumulator::Last(None),
            Function::List => Accumulator::List(DistinctValues::new(true)),
        }
    }

    /// Takes a row. `count`, `first` and `last` use the whole value; the others each element, if it
    /// is an array.
    pub(crate) fn push(
        &mut self,
        of: Option<&Source>,
        row: &Row<'_>,
        digits: &mut NumberCache,
        eval: &mut Eval<'_>,
    ) -> Result<(), Fault> {
        let Some(source) = of else {
            if let Accumulator::Count(count) = self {
                *count += 1;
            }
            return Ok(());
        };
        let is_taken = match self {
            Accumulator::Sum(state) => digits.of(source, row).is_some_and(|digits| state.push_digits(digits)),
            Accumulator::Avg(state) => digits.of(source, row).is_some_and(|digits| state.push_digits(digits)),
            Accumulator::Percentile(state) => digits.of(source, row).is_some_and(|digits| state.push_digits(digits)),
            _ => false,
        };
        if is_taken {
            return Ok(());
        }
        match self {
            Accumulator::Count(count) => *count += u64::from(source.value(row, eval)?.is_some()),
            Accumulator::First(Some(_)) => {}
            Accumulator::First(slot) => *slot = source.value(row, eval)?.map(|value| (*value).into()),
            Accumulator::Last(slot) => {
                if let Some(value) = source.value(row, eval)? {
                    *slot = Some((*value).into());
                }
            }
            Accumulator::Sum(state) => source.each(row, eval, |value| state.push(value))?,
            Accumulator::Avg(state) => source.each(row, eval, |value| state.push(value))?,
            Accumulator::Percentile(state) => source.each(row, eval, |value| state.push(value))?,
            Accumulator::MinMax(state) => {
                let zone = eval.clock.zone;
                source.each(row, eval, |value| state.push(value, &zone))?;
            }
            Accumulator::Distinct(state) | Accumulator::List(state) => {
                source.each(row, eval, |value| state.push(value))?;
            }
        }
        Ok(())
    }

    /// The memory that [`Accumulator::pack`] can reduce.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Accumulator::Percentile(state) => state.bytes(Percentile::bytes),
            _ => 0,
        }
    }

    /// Stores numbers in less memory, which takes time.
    pub(crate) fn pack(&mut self) {
        if let Accumulator::Percentile(state) = self {
            state.each().for_each(Percentile::pack);
        }
    }

    /// Merges what later rows made.
    pub(crate) fn merge(&mut self, later: Accumulator) {
        match (self, later) {
            (Accumulator::Count(count), Accumulator::Count(more)) => *count += more,
            (Accumulator::Sum(state), Accumulator::Sum(later)) => state.merge(later),
            (Accumulator::Avg(state), Accumulator::Avg(later)) => state.merge(later),
            (Accumulator::MinMax(state), Accumulator::MinMax(later)) => state.merge(later),
            (Accumulator::Percentile(state), Accumulator::Percentile(later)) => state.merge(later),
            (Accumulator::Distinct(state), Accumulator::Distinct(later))
            | (Accumulator::List(state), Accumulator::List(later)) => {
                state.merge(later);
            }
            (Accumulator::First(slot @ None), Accumulator::First(later)) => *slot = later,
            (Accumulator::Last(slot), Accumulator::Last(Some(later))) => *slot = Some(later),
            // The first value stays, and one that has no value replaces nothing. Accumulators of
            // one plan are of one kind each. All are named, so that a new one cannot be forgotten
            // here.
            (
                Accumulator::Count(_)
                | Accumulator::Sum(_)
                | Accumulator::Avg(_)
                | Accumulator::MinMax(_)
                | Accumulator::Percentile(_)
                | Accumulator::Distinct(_)
                | Accumulator::List(_)
                | Accumulator::First(_)
                | Accumulator::Last(_),
                _,
            ) => {}
        }
    }

    /// Appends the result as JSON.
    pub(crate) fn finish(self, out: &mut Vec<u8>, ignored: &mut Ignored) {
        let or_null = |value: Option<Box<[u8]>>, out: &mut Vec<u8>| {
            out.extend_from_slice(value.as_deref().unwrap_or(b"null"));
        };
        match self {
            Accumulator::Count(count) => out.extend_from_slice(count.to_string().as_bytes()),
            Accumulator::Sum(state) => state.finish(out, ignored),
            Accumulator::Avg(state) => state.finish(out, ignored),
            Accumulator::Percentile(state) => state.finish(out, ignored),
            Accumulator::MinMax(state) => or_null(state.finish(), out),
            Accumulator::First(value) | Accumulator::Last(value) => or_null(value, out),
            Accumulator::Distinct(state) => out.extend_from_slice(state.count().to_string().as_bytes()),
            Accumulator::List(state) => state.finish(out),
        }
    }
}
