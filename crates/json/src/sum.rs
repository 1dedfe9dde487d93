//! Exact sums of decimals. The total does not depend on the order of the terms. Neither does the
//! only way in which a sum can fail: terms whose digits are too far apart to be written out.

use std::borrow::Cow;

use num_bigint::BigInt;

use super::decimal::Decimal;

/// Digits between the lowest digit of any term and the highest, at most. A wider sum is refused: it
/// would need that many digits.
pub(crate) const SUM_DIGITS_MAX: i64 = 10_000;
/// Significant digits of a mean.
pub(crate) const MEAN_DIGITS: i64 = 17;

/// The terms span more than [`SUM_DIGITS_MAX`] digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooWide;

/// A running exact sum.
#[derive(Debug, Clone)]
pub struct Sum {
    total: Total,
    /// The total is in units of 10^exponent.
    exponent: i64,
    /// The lowest exponent and the greatest magnitude of all terms.
    span: Option<(i64, i64)>,
}

#[derive(Debug, Clone)]
enum Total {
    Small(i128),
    Big(BigInt),
}

impl Default for Sum {
    fn default() -> Self {
        Sum { total: Total::Small(0), exponent: 0, span: None }
    }
}

impl PartialEq for Sum {
    /// Sums are equal if their totals and spans are, in whatever order the terms came: the unit is
    /// the lowest exponent.
    fn eq(&self, other: &Sum) -> bool {
        self.span == other.span && (self.too_wide() || self.big() == other.big())
    }
}

impl Sum {
    /// Adds one number.
    pub fn add(&mut self, term: &Decimal) {
        if term.is_zero() || !self.widen(term.exponent(), term.magnitude()) {
            return;
        }
        self.lower(term.exponent());
        let by = term.exponent() - self.exponent;
        if let (Total::Small(total), Some(digits)) = (&self.total, term.small_digits())
            && let Some(sum) = scale(i128::from(digits), by).and_then(|digits| total.checked_add(digits))
        {
            self.total = Total::Small(sum);
            return;
        }
        let digits = term.big_digits() * power(by);
        self.add_big(digits);
    }

    /// Adds `digits × 10^-places`, with `digits` not negative, if that does not widen the span.
    /// Returns false if it does not add it.
    #[inline]
    pub fn add_plain(&mut self, digits: i64, places: u32) -> bool {
        if digits == 0 {
            return true;
        }
        let (Total::Small(total), Some((low, high))) = (&mut self.total, self.span) else { return false };
        let by = -i64::from(places) - self.exponent;
        let reach = usize::try_from(high + i64::from(places)).ok().and_then(|width| POWERS.get(width));
        let inside = -i64::from(places) >= low && reach.is_some_and(|reach| i128::from(digits) < *reach);
        match scale(i128::from(digits), by).filter(|_| inside).and_then(|digits| total.checked_add(digits)) {
            Some(sum) => {
                *total = sum;
                true
            }
            None => false,
        }
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Sum) {
        let Some((from, to)) = other.span else { return };
        if !self.widen(from, to) {
            return;
        }
        self.lower(other.exponent);
        let by = other.exponent - self.exponent;
        if let (Total::Small(total), Total::Small(digits)) = (&self.total, &other.total)
            && let Some(sum) = scale(*digits, by).and_then(|digits| total.checked_add(digits))
        {
            self.total = Total::Small(sum);
            return;
        }
        let digits = match &other.total {
            Total::Small(small) => BigInt::from(*small),
            Total::Big(big) => big.clone(),
        };
        self.add_big(digits * power(by));
    }

    /// The parts of the sum, for storing: the span of its terms in powers of ten, and the total in
    /// units of the lowest, as a signed little-endian number.
    pub fn parts(&self) -> (Option<(i64, i64)>, Cow<'static, [u8]>) {
        let total = match &self.total {
            Total::Small(0) => Cow::Borrowed(&[][..]),
            Total::Small(total) => Cow::Owned(total.to_le_bytes().to_vec()),
            Total::Big(total) => Cow::Owned(total.to_signed_bytes_le()),
        };
        (self.span, total)
    }

    /// The sum that [`Sum::parts`] returned these for.
    pub fn from_parts(reach: Option<(i64, i64)>, total: &[u8]) -> Sum {
        let total = match (total.is_empty(), total.try_into()) {
            (true, _) => Total::Small(0),
            (false, Ok(total)) => Total::Small(i128::from_le_bytes(total)),
            (false, Err(_)) => Total::Big(BigInt::from_signed_bytes_le(total)),
        };
        Sum { total, exponent: reach.map_or(0, |(from, _)| from), span: reach }
    }

    /// The total.
    pub fn total(&self) -> Result<Decimal, TooWide> {
        match &self.total {
            _ if self.too_wide() => Err(TooWide),
            Total::Small(total) if total.unsigned_abs() < 1_000_000_000_000_000_000 => {
                Ok(Decimal::from_units(*total as i64, self.exponent))
            }
            _ => Ok(Decimal::from_big(&self.big(), self.exponent)),
        }
    }

    /// The total divided by `count`, rounded half to even to 17 significant
    /// digits; 0 for no terms.
    pub fn mean(&self, count: u64) -> Result<Decimal, TooWide> {
        if self.too_wide() {
            return Err(TooWide);
        }
        let total = self.big();
        if count == 0 || total == BigInt::ZERO {
            return Ok(Decimal::ZERO);
        }
        let length = |number: &BigInt| number.magnitude().to_string().len() as i64;
        let count = BigInt::from(count);
        // Enough places for a quotient of 17 or 18 digits; if it has 18, it is computed again with
        // one place less.
        let places = MEAN_DIGITS - (length(&total) - length(&count));
        let mut exponent = self.exponent;
        for places in [places, places - 1] {
            let quotient = divide_even(&(&total * power(places)), &(&count * power(-places)));
            exponent = self.exponent - places;
            if length(&quotient) <= MEAN_DIGITS || quotient.magnitude() == &BigInt::from(10).pow(17).into_parts().1 {
                return Ok(Decimal::from_big(&quotient, exponent));
            }
        }
        Ok(Decimal::from_big(&total, exponent))
    }

    fn too_wide(&self) -> bool {
        self.span.is_some_and(|(from, to)| to - from > SUM_DIGITS_MAX)
    }

    /// Widens the span by a term. Returns false if that makes the sum too wide.
    fn widen(&mut self, from: i64, to: i64) -> bool {
        let was_empty = self.span.is_none();
        self.span = Some(self.span.map_or((from, to), |(low, high)| (low.min(from), high.max(to))));
        if self.too_wide() {
            self.total = Total::Small(0);
            return false;
        }
        if was_empty {
            self.exponent = from;
        }
        true
    }

    /// Lowers the unit to 10^exponent.
    fn lower(&mut self, exponent: i64) {
        let by = self.exponent - exponent;
        if by <= 0 {
            return;
        }
        self.exponent = exponent;
        self.total = match &self.total {
            Total::Small(total) => match scale(*total, by) {
                Some(total) => Total::Small(total),
                None => Total::Big(BigInt::from(*total) * power(by)),
            },
            Total::Big(total) => Total::Big(total * power(by)),
        };
    }

    fn add_big(&mut self, digits: BigInt) {
        self.total = Total::Big(self.big() + digits);
    }

    fn big(&self) -> BigInt {
        match &self.total {
            Total::Small(small) => BigInt::from(*small),
            Total::Big(big) => big.clone(),
        }
    }
}

#[inline]
fn scale(digits: i128, by: i64) -> Option<i128> {
    match by {
        0 => Some(digits),
        _ => digits.checked_mul(*POWERS.get(usize::try_from(by).ok()?)?),
    }
}

/// Powers of ten that fit.
const POWERS: [i128; 39] = {
    let mut powers = [1; 39];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// 10^by, and 1 below zero.
fn power(by: i64) -> BigInt {
    BigInt::from(10).pow(u32::try_from(by.max(0)).unwrap_or(0))
}

/// The quotient rounded to the nearest integer, halves to the even one.
fn divide_even(a: &BigInt, b: &BigInt) -> BigInt {
    let quotient = a / b;
    let twice: BigInt = (a - &quotient * b) * 2;
    let odd = &quotient % 2 != BigInt::ZERO;
    match twice.magnitude().cmp(b.magnitude()) {
        std::cmp::Ordering::Less => quotient,
        std::cmp::Ordering::Equal if !odd => quotient,
        _ if a.sign() == num_bigint::Sign::Minus => quotient - 1,
        _ => quotient + 1,
    }
}
