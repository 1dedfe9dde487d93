//! The table of aggregates: how each begins, takes a row, joins and ends.

use crate::amount::Unit;
use crate::ast::Function;
use crate::eval::source::{Eval, Fault, Source};
use crate::row::Row;
use logbook_json::plain_digits;

use super::extreme::Extreme;
use super::measured::Measured;
use super::number::{Mean, Total};
use super::rank::Rank;
use super::values::Values;

/// What an aggregate could not use; for notes to the reader.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ignored {
    /// Values that are neither numbers nor amounts (null not counted).
    pub not_numbers: u64,
    /// Durations or sizes beside numbers, or sizes beside durations.
    pub other_units: u64,
    /// A sum whose terms lie too far apart to be written out.
    pub too_wide: u64,
}

/// The number in a field of a row, read once for all aggregates of it that stand together.
#[derive(Debug, Default)]
pub(crate) struct Digits(Option<(usize, Option<(i64, u32)>)>);

impl Digits {
    /// As [`plain_digits`] of the field that `source` is, if it is one.
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
pub(crate) enum State {
    /// `count`, `count(f)`
    Count(u64),
    /// `sum(f)`
    Sum(Measured<Total>),
    /// `avg(f)`
    Avg(Measured<Mean>),
    /// `min(f)`, `max(f)`
    Extreme(Extreme),
    /// `pNN(f)`
    Percentile(Measured<Rank>),
    /// `distinct(f)`
    Distinct(Values),
    /// `first(f)`
    First(Option<Box<[u8]>>),
    /// `last(f)`
    Last(Option<Box<[u8]>>),
    /// `list(f)`
    List(Values),
}

impl State {
    /// Before the first row. `unit`: what the name of the field says of its numbers.
    pub(crate) fn new(function: Function, unit: Option<Unit>) -> State {
        match function {
            Function::Count => State::Count(0),
            Function::Sum => State::Sum(Measured::new(Total::default(), unit)),
            Function::Avg => State::Avg(Measured::new(Mean::default(), unit)),
            Function::Min => State::Extreme(Extreme::new(false)),
            Function::Max => State::Extreme(Extreme::new(true)),
            Function::Percentile(thousandths) => State::Percentile(Measured::new(Rank::new(thousandths), unit)),
            Function::Distinct => State::Distinct(Values::new(false)),
            Function::First => State::First(None),
            Function::Last => State::Last(None),
            Function::List => State::List(Values::new(true)),
        }
    }

    /// Takes a row. `count`, `first` and `last` look at the whole value; the
    /// others at each element where it is an array.
    pub(crate) fn push(
        &mut self,
        of: Option<&Source>,
        row: &Row<'_>,
        digits: &mut Digits,
        eval: &mut Eval<'_>,
    ) -> Result<(), Fault> {
        let Some(source) = of else {
            if let State::Count(count) = self {
                *count += 1;
            }
            return Ok(());
        };
        let is_taken = match self {
            State::Sum(state) => digits.of(source, row).is_some_and(|digits| state.push_digits(digits)),
            State::Avg(state) => digits.of(source, row).is_some_and(|digits| state.push_digits(digits)),
            State::Percentile(state) => digits.of(source, row).is_some_and(|digits| state.push_digits(digits)),
            _ => false,
        };
        if is_taken {
            return Ok(());
        }
        match self {
            State::Count(count) => *count += u64::from(source.value(row, eval)?.is_some()),
            State::First(Some(_)) => {}
            State::First(slot) => *slot = source.value(row, eval)?.map(|value| (*value).into()),
            State::Last(slot) => {
                if let Some(value) = source.value(row, eval)? {
                    *slot = Some((*value).into());
                }
            }
            State::Sum(state) => source.each(row, eval, |value| state.push(value))?,
            State::Avg(state) => source.each(row, eval, |value| state.push(value))?,
            State::Percentile(state) => source.each(row, eval, |value| state.push(value))?,
            State::Extreme(state) => {
                let zone = eval.clock.zone;
                source.each(row, eval, |value| state.push(value, &zone))?;
            }
            State::Distinct(state) | State::List(state) => {
                source.each(row, eval, |value| state.push(value))?;
            }
        }
        Ok(())
    }

    /// How much memory takes what [`State::pack`] keeps in less.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            State::Percentile(state) => state.bytes(Rank::bytes),
            _ => 0,
        }
    }

    /// Keeps what it has in less room, which takes time.
    pub(crate) fn pack(&mut self) {
        if let State::Percentile(state) = self {
            state.each().for_each(Rank::pack);
        }
    }

    /// Joins what later rows made.
    pub(crate) fn merge(&mut self, later: State) {
        match (self, later) {
            (State::Count(count), State::Count(more)) => *count += more,
            (State::Sum(state), State::Sum(later)) => state.merge(later),
            (State::Avg(state), State::Avg(later)) => state.merge(later),
            (State::Extreme(state), State::Extreme(later)) => state.merge(later),
            (State::Percentile(state), State::Percentile(later)) => state.merge(later),
            (State::Distinct(state), State::Distinct(later)) | (State::List(state), State::List(later)) => {
                state.merge(later);
            }
            (State::First(slot @ None), State::First(later)) => *slot = later,
            (State::Last(slot), State::Last(Some(later))) => *slot = Some(later),
            _ => {}
        }
    }

    /// Appends the result as JSON.
    pub(crate) fn finish(self, out: &mut Vec<u8>, ignored: &mut Ignored) {
        let or_null = |value: Option<Box<[u8]>>, out: &mut Vec<u8>| {
            out.extend_from_slice(value.as_deref().unwrap_or(b"null"));
        };
        match self {
            State::Count(count) => out.extend_from_slice(count.to_string().as_bytes()),
            State::Sum(state) => state.finish(out, ignored),
            State::Avg(state) => state.finish(out, ignored),
            State::Percentile(state) => state.finish(out, ignored),
            State::Extreme(state) => or_null(state.finish(), out),
            State::First(value) | State::Last(value) => or_null(value, out),
            State::Distinct(state) => out.extend_from_slice(state.count().to_string().as_bytes()),
            State::List(state) => state.finish(out),
        }
    }
}
