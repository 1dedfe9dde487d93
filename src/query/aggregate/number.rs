//! sum, avg and percentiles: of numbers only, exactly. Null is passed over in
//! silence, anything else that is no number is counted as ignored.

use crate::json::{Decimal, Kind, Sum, kind, plain_digits};

use super::state::Ignored;

/// The number that a value is; counts what is neither number nor null.
fn number(value: &[u8], not_numbers: &mut u64) -> Option<Decimal> {
    match kind(value) {
        Some(Kind::Null) => None,
        Some(Kind::Number) => Decimal::parse(value),
        _ => {
            *not_numbers += 1;
            None
        }
    }
}

/// `sum`: 0 of nothing.
#[derive(Debug, Clone, Default)]
pub struct Total {
    sum: Sum,
    not_numbers: u64,
}

impl Total {
    /// Takes a number of [`plain_digits`]; false: it is to be taken as it is written.
    #[inline]
    pub(super) fn push_digits(&mut self, (digits, places): (i64, u32)) -> bool {
        self.sum.add_plain(digits, places)
    }

    pub(super) fn push(&mut self, value: &[u8]) {
        self.add(value);
    }

    /// Whether it was a number.
    #[inline]
    fn add(&mut self, value: &[u8]) -> bool {
        if plain_digits(value).is_some_and(|digits| self.push_digits(digits)) {
            return true;
        }
        let number = number(value, &mut self.not_numbers);
        if let Some(number) = &number {
            self.sum.add(number);
        }
        number.is_some()
    }

    pub(super) fn merge(&mut self, later: &Total) {
        self.sum.merge(&later.sum);
        self.not_numbers += later.not_numbers;
    }

    pub(super) fn finish(self, out: &mut Vec<u8>, ignored: &mut Ignored) {
        ignored.not_numbers += self.not_numbers;
        write_or_null(self.sum.total().ok(), out, &mut ignored.too_wide);
    }
}

/// `avg`: null of nothing; 17 significant digits.
#[derive(Debug, Clone, Default)]
pub struct Mean {
    total: Total,
    count: u64,
}

impl Mean {
    /// As [`Total::push_digits`].
    #[inline]
    pub(super) fn push_digits(&mut self, digits: (i64, u32)) -> bool {
        let is_taken = self.total.push_digits(digits);
        self.count += u64::from(is_taken);
        is_taken
    }

    pub(super) fn push(&mut self, value: &[u8]) {
        self.count += u64::from(self.total.add(value));
    }

    pub(super) fn merge(&mut self, later: &Mean) {
        self.total.merge(&later.total);
        self.count += later.count;
    }

    pub(super) fn finish(self, out: &mut Vec<u8>, ignored: &mut Ignored) {
        ignored.not_numbers += self.total.not_numbers;
        if self.count == 0 {
            return out.extend_from_slice(b"null");
        }
        write_or_null(self.total.sum.mean(self.count).ok(), out, &mut ignored.too_wide);
    }
}

/// `pNN` by nearest rank: the least number such that NN percent of all are not
/// greater. It is one of the numbers, so it is exact. Keeps them all: four bytes for each
/// whole one, eight for each other that has few digits.
#[derive(Debug, Clone)]
pub struct Rank {
    thousandths: u32,
    whole: Vec<u32>,
    /// In units of 10^[`UNIT`].
    plain: Vec<i64>,
    others: Vec<Decimal>,
    not_numbers: u64,
}

/// Costs and times have so many places at most, most of them.
const UNIT: i64 = -(PLACES as i64);
const PLACES: u32 = 6;
const FACTORS: [i64; PLACES as usize + 1] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000];
/// A number of fewer digits fits, whatever its unit.
const PLAIN_MAX: i64 = 1_000_000_000_000;

impl Rank {
    pub(super) fn new(thousandths: u32) -> Rank {
        Rank { thousandths, whole: Vec::new(), plain: Vec::new(), others: Vec::new(), not_numbers: 0 }
    }

    /// As [`Total::push_digits`].
    #[inline]
    pub(super) fn push_digits(&mut self, (digits, places): (i64, u32)) -> bool {
        if let (Ok(whole), 0) = (u32::try_from(digits), places) {
            self.whole.push(whole);
            return true;
        }
        let fits = digits < PLAIN_MAX && places <= PLACES;
        if fits {
            self.plain.push(digits * FACTORS[(PLACES - places) as usize]);
        }
        fits
    }

    pub(super) fn push(&mut self, value: &[u8]) {
        if plain_digits(value).is_some_and(|digits| self.push_digits(digits)) {
            return;
        }
        if let Some(number) = number(value, &mut self.not_numbers) {
            match number.in_units(UNIT) {
                Some(units) => self.plain.push(units),
                None => self.others.push(number),
            }
        }
    }

    pub(super) fn merge(&mut self, mut later: Rank) {
        // Their order does not matter: the fewer are moved.
        if self.whole.len() + self.plain.len() < later.whole.len() + later.plain.len() {
            std::mem::swap(&mut self.whole, &mut later.whole);
            std::mem::swap(&mut self.plain, &mut later.plain);
        }
        self.whole.extend(later.whole);
        self.plain.extend(later.plain);
        self.others.extend(later.others);
        self.not_numbers += later.not_numbers;
    }

    pub(super) fn finish(mut self, out: &mut Vec<u8>, ignored: &mut Ignored) {
        ignored.not_numbers += self.not_numbers;
        let count = self.whole.len() + self.plain.len() + self.others.len();
        if count == 0 {
            return out.extend_from_slice(b"null");
        }
        let rank = (count as u128 * u128::from(self.thousandths)).div_ceil(100_000) as usize;
        let at = rank.clamp(1, count) - 1;
        let found = if self.whole.len() == count {
            Decimal::from(i64::from(*self.whole.select_nth_unstable(at).1))
        } else if self.others.is_empty() {
            self.plain.extend(self.whole.drain(..).map(in_units));
            Decimal::from_units(*self.plain.select_nth_unstable(at).1, UNIT)
        } else {
            let whole = self.whole.iter().map(|whole| in_units(*whole));
            let all = self.plain.iter().copied().chain(whole);
            self.others.extend(all.map(|units| Decimal::from_units(units, UNIT)));
            self.others.select_nth_unstable(at).1.clone()
        };
        out.extend_from_slice(found.to_string().as_bytes());
    }
}

fn in_units(whole: u32) -> i64 {
    i64::from(whole) * FACTORS[PLACES as usize]
}

fn write_or_null(number: Option<Decimal>, out: &mut Vec<u8>, too_wide: &mut u64) {
    match number {
        Some(number) => out.extend_from_slice(number.to_string().as_bytes()),
        None => {
            *too_wide += 1;
            out.extend_from_slice(b"null");
        }
    }
}
