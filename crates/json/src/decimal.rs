//! Numbers without floats: read from JSON text, ordered, compared and printed exactly. `0.1`, 30
//! digits and `1e400` keep their value.
//!
//! Not here: sums (`sum`). A number is its significant digits and a power of ten, and is never
//! expanded: `1e999999999` costs no more than `1`.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::BigInt;

/// Exponents further from 0 than this are cut to it. Only there is the order not exact:
/// `1e1000000000000000000` equals `1e1000000000000000001`.
const EXPONENT_MAX: i64 = 1_000_000_000_000_000_000;
/// Significant digits that are stored without allocation.
const SMALL_DIGITS: usize = 18;

/// An exact number: significant digits times a power of ten.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decimal(Form);

// Each value has one form: no trailing zeros, and `Small` if 18 digits suffice. So the derived
// equality and hash are those of the value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Form {
    Small { digits: i64, exponent: i64 },
    Large(Box<Large>),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Large {
    negative: bool,
    /// ASCII, more than 18, first and last not `0`.
    digits: Box<[u8]>,
    exponent: i64,
}

impl Decimal {
    /// Zero.
    pub(crate) const ZERO: Decimal = Decimal(Form::Small { digits: 0, exponent: 0 });

    /// Reads JSON number text; `None` if it is not exactly that.
    pub fn parse(text: &[u8]) -> Option<Decimal> {
        if let Some(short) = Decimal::parse_short(text) {
            return Some(short);
        }
        let (negative, unsigned) = match text.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let whole = digits_of(unsigned);
        if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
            return None;
        }
        let mut rest = &unsigned[whole.len()..];
        let mut fraction: &[u8] = b"";
        if let Some(after) = rest.strip_prefix(b".") {
            fraction = digits_of(after);
            rest = &after[fraction.len()..];
            if fraction.is_empty() {
                return None;
            }
        }
        let mut exponent = 0;
        if let [b'e' | b'E', after @ ..] = rest {
            exponent = read_exponent(after)?;
        } else if !rest.is_empty() {
            return None;
        }
        Some(Decimal::from_parts(negative, whole, fraction, exponent))
    }

    /// The fast path for most numbers: see [`plain_digits`]. `None` if it is not one of them.
    #[inline]
    fn parse_short(text: &[u8]) -> Option<Decimal> {
        let (digits, places) = plain_digits(text)?;
        Some(Decimal::scaled(digits, -i64::from(places)))
    }

    /// `digits × 10^exponent`. Digits beyond 18 must be zeros.
    #[inline]
    fn scaled(mut digits: i64, mut exponent: i64) -> Decimal {
        if digits == 0 {
            return Decimal::ZERO;
        }
        while digits % 10 == 0 {
            digits /= 10;
            exponent += 1;
        }
        Decimal(Form::Small { digits, exponent })
    }

    /// This number in units of 10^exponent, if that is an integer of at most 18 digits.
    pub fn in_units(&self, exponent: i64) -> Option<i64> {
        let Form::Small { digits, exponent: mine } = &self.0 else { return None };
        let factor = 10i64.checked_pow(u32::try_from(mine - exponent).ok()?)?;
        digits.checked_mul(factor).filter(|units| units.unsigned_abs() < 1_000_000_000_000_000_000)
    }

    /// The number that [`Decimal::in_units`] returned `units` for.
    pub fn from_units(units: i64, exponent: i64) -> Decimal {
        Decimal::scaled(units, exponent)
    }

    /// `whole.fraction × 10^exponent`. The caller has checked the digits.
    fn from_parts(negative: bool, whole: &[u8], fraction: &[u8], exponent: i64) -> Decimal {
        let fraction = trim_end(fraction);
        let (whole, whole_zeros) = if fraction.is_empty() {
            let trimmed = trim_end(whole);
            (trimmed, whole.len() - trimmed.len())
        } else {
            (whole, 0)
        };
        let exponent = (exponent + whole_zeros as i64 - fraction.len() as i64).clamp(-EXPONENT_MAX, EXPONENT_MAX);
        let whole = trim_start(whole);
        let fraction = if whole.is_empty() { trim_start(fraction) } else { fraction };
        let count = whole.len() + fraction.len();
        if count == 0 {
            return Decimal::ZERO;
        }
        if count <= SMALL_DIGITS {
            let value = whole.iter().chain(fraction).fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
            return Decimal(Form::Small { digits: if negative { -value } else { value }, exponent });
        }
        Decimal(Form::Large(Box::new(Large { negative, digits: [whole, fraction].concat().into(), exponent })))
    }

    /// `value × 10^exponent`.
    pub(super) fn from_big(value: &BigInt, exponent: i64) -> Decimal {
        let text = value.magnitude().to_string();
        Decimal::from_parts(value.sign() == num_bigint::Sign::Minus, text.as_bytes(), b"", exponent)
    }

    /// Whether this is zero, however it was written (`-0.0` too).
    pub fn is_zero(&self) -> bool {
        matches!(self.0, Form::Small { digits: 0, .. })
    }

    /// Whether this is below zero.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Form::Small { digits, .. } => *digits < 0,
            Form::Large(large) => large.negative,
        }
    }

    /// Whether a float represents it uniquely among numbers of as few digits: at most 15 digits and
    /// no extreme exponent. Then floats and exact numbers compare alike.
    pub fn is_the_same_as_a_float(&self) -> bool {
        match &self.0 {
            Form::Small { digits, exponent } => {
                digits.unsigned_abs() < 1_000_000_000_000_000 && (-250..=250).contains(exponent)
            }
            Form::Large(_) => false,
        }
    }

    /// The power of ten of the last significant digit.
    pub(super) fn exponent(&self) -> i64 {
        match &self.0 {
            Form::Small { exponent, .. } => *exponent,
            Form::Large(large) => large.exponent,
        }
    }

    /// The power of ten right above the first significant digit: 0 for 0.5.
    pub(super) fn magnitude(&self) -> i64 {
        match &self.0 {
            Form::Small { digits, exponent } => exponent + i64::from(count_digits(digits.unsigned_abs())),
            Form::Large(large) => large.exponent + large.digits.len() as i64,
        }
    }

    /// The significant digits as an integer, if there are at most 18.
    pub(super) fn small_digits(&self) -> Option<i64> {
        match &self.0 {
            Form::Small { digits, .. } => Some(*digits),
            Form::Large(_) => None,
        }
    }

    /// The significant digits as an integer. Takes time quadratic in their number.
    pub(super) fn big_digits(&self) -> BigInt {
        match &self.0 {
            Form::Small { digits, .. } => BigInt::from(*digits),
            Form::Large(large) => {
                let value = BigInt::parse_bytes(&large.digits, 10).unwrap_or_default();
                if large.negative { -value } else { value }
            }
        }
    }

    /// The power of ten of the first significant digit: 0 for 1 to 9, -1 for 0.5.
    pub fn power(&self) -> i64 {
        self.magnitude() - 1
    }

    /// This number times `factor × 10^exponent`.
    pub fn times(&self, factor: u64, exponent: i64) -> Decimal {
        let exponent = (self.exponent() + exponent).clamp(-EXPONENT_MAX, EXPONENT_MAX);
        match &self.0 {
            Form::Small { digits: 0, .. } => Decimal::ZERO,
            Form::Small { digits, .. } if factor == 1 => Decimal::scaled(*digits, exponent),
            _ => Decimal::from_big(&(self.big_digits() * factor), exponent),
        }
    }

    /// This number divided by `factor × 10^exponent`; `None` if the quotient has no finite number
    /// of digits.
    pub fn divided(&self, factor: u64, exponent: i64) -> Option<Decimal> {
        if factor <= 1 {
            return Some(self.times(1, -exponent));
        }
        // 64 more digits suffice for every power of 2 and 5 in a factor.
        const PLACES: u32 = 64;
        let digits = self.big_digits() * BigInt::from(10).pow(PLACES);
        let exact = &digits % factor == BigInt::ZERO;
        exact.then(|| Decimal::from_big(&(digits / factor), self.exponent() - i64::from(PLACES) - exponent))
    }

    /// This number with the other sign.
    pub fn negated(&self) -> Decimal {
        match &self.0 {
            Form::Small { digits, exponent } => Decimal(Form::Small { digits: -digits, exponent: *exponent }),
            Form::Large(large) => {
                Decimal(Form::Large(Box::new(Large { negative: !large.negative, ..(**large).clone() })))
            }
        }
    }

    fn compare_magnitude(&self, other: &Decimal) -> Ordering {
        let by_size = self.magnitude().cmp(&other.magnitude());
        if by_size != Ordering::Equal {
            return by_size;
        }
        if let (Form::Small { digits: a, exponent: x }, Form::Small { digits: b, exponent: y }) = (&self.0, &other.0) {
            // The same size and at most 18 digits each: the exponents differ by at most 17.
            let scale = |digits: i64, by: i64| {
                i128::from(digits.unsigned_abs()) * 10i128.pow(u32::try_from(by.max(0)).unwrap_or(0).min(18))
            };
            return scale(*a, x - y).cmp(&scale(*b, y - x));
        }
        // Compare the digits as text. A missing digit is a zero, and neither ends in zeros.
        let mut buffers = ([0; 20], [0; 20]);
        self.digits_text(&mut buffers.0).cmp(other.digits_text(&mut buffers.1))
    }

    fn digits_text<'a>(&'a self, buffer: &'a mut [u8; 20]) -> &'a [u8] {
        match &self.0 {
            Form::Large(large) => &large.digits,
            Form::Small { digits, .. } => {
                let mut rest = digits.unsigned_abs();
                let mut at = buffer.len();
                while at > 0 {
                    at -= 1;
                    buffer[at] = b'0' + (rest % 10) as u8;
                    rest /= 10;
                    if rest == 0 {
                        break;
                    }
                }
                &buffer[at..]
            }
        }
    }
}

/// The fast path for most numbers: digits without a sign, with at most one point or a small
/// negative exponent, that fit an integer. Returns all digits as one integer, and the number of
/// decimal places. `None` for other numbers, and for other text.
#[inline]
pub fn plain_digits(text: &[u8]) -> Option<(i64, u32)> {
    if text.is_empty() || text.len() > SMALL_DIGITS || (text[0] == b'0' && text.len() > 1 && text[1] != b'.') {
        return None;
    }
    let (mut digits, mut point) = (0i64, None);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => digits = digits * 10 + i64::from(byte - b'0'),
            b'.' if point.is_none() && at > 0 && at + 1 < text.len() => point = Some(at),
            b'e' | b'E' if at > 0 && point != Some(at - 1) => {
                let more = match text[at + 1..] {
                    [b'-', one @ b'0'..=b'9'] => one - b'0',
                    [b'-', ten @ b'0'..=b'9', one @ b'0'..=b'9'] => (ten - b'0') * 10 + one - b'0',
                    _ => return None,
                };
                return Some((digits, point.map_or(0, |point| (at - 1 - point) as u32) + u32::from(more)));
            }
            _ => return None,
        }
    }
    Some((digits, point.map_or(0, |at| (text.len() - 1 - at) as u32)))
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        let mut buffer = [0; 20];
        let text = Decimal(Form::Small { digits: value, exponent: 0 });
        Decimal::from_parts(value < 0, text.digits_text(&mut buffer), b"", 0)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Decimal| match (number.is_zero(), number.is_negative()) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        match (sign(self), sign(other)) {
            (a, b) if a != b => a.cmp(&b),
            (0, _) => Ordering::Equal,
            (1, _) => self.compare_magnitude(other),
            _ => other.compare_magnitude(self),
        }
    }
}

impl fmt::Display for Decimal {
    /// Prints JSON number text: without an exponent from 10⁻⁷ up to 40 digits, else with one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("0");
        }
        if self.is_negative() {
            f.write_str("-")?;
        }
        let mut buffer = [0; 20];
        let bytes = self.digits_text(&mut buffer);
        let digits = std::str::from_utf8(bytes).map_err(|_| fmt::Error)?;
        let (point, zeros) = (self.magnitude(), self.exponent());
        if zeros >= 0 && point <= 40 {
            return write!(f, "{digits}{:0<1$}", "", zeros as usize);
        }
        if zeros < 0 && (-6..=0).contains(&point) {
            return write!(f, "0.{:0<1$}{digits}", "", (-point) as usize);
        }
        if zeros < 0 && point > 0 {
            let (whole, fraction) = digits.split_at(point as usize);
            return write!(f, "{whole}.{fraction}");
        }
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        write!(f, "{first}{dot}{rest}e{}", point - 1)
    }
}

fn digits_of(text: &[u8]) -> &[u8] {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    &text[..count]
}

fn trim_start(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    &digits[zeros..]
}

fn trim_end(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().rev().take_while(|digit| **digit == b'0').count();
    &digits[..digits.len() - zeros]
}

fn read_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // Beyond the greatest exponent, so that `from_parts` cuts it together with the digits: the
    // printed form of a number at the end of the range must be read as the same number.
    let value = digits.iter().fold(0i64, |value, digit| {
        (value.saturating_mul(10).saturating_add(i64::from(digit - b'0'))).min(2 * EXPONENT_MAX)
    });
    Some(if negative { -value } else { value })
}

fn count_digits(value: u64) -> u32 {
    value.checked_ilog10().map_or(0, |log| log + 1)
}
