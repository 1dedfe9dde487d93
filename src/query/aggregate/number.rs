//! sum and avg: of numbers only, exactly. Null is passed over in
//! silence, anything else that is no number is counted as ignored.

use crate::json::{Decimal, Kind, Sum, kind, plain_digits};

use super::state::Ignored;

/// The number that a value is; counts what is neither number nor null.
pub(super) fn number(value: &[u8], not_numbers: &mut u64) -> Option<Decimal> {
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

fn write_or_null(number: Option<Decimal>, out: &mut Vec<u8>, too_wide: &mut u64) {
    match number {
        Some(number) => out.extend_from_slice(number.to_string().as_bytes()),
        None => {
            *too_wide += 1;
            out.extend_from_slice(b"null");
        }
    }
}
