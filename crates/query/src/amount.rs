//! Amounts with a unit, as people and programs write them: `975ms`, `1.2s`, `1h30m`, `12 MiB`. And
//! units that the name of a field implies: `duration_ms`, `bodyBytes`.
//!
//! Not here: durations of options and of `age` (`model::duration`), which allow no fractions. The
//! rules are in `docs/query.md`, Durations and sizes.

use logbook_json::{Decimal, Sum};

/// What a unit measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Lengths of time, in seconds.
    Duration,
    /// Sizes of data, in bytes.
    Size,
}

/// A unit of `factor × 10^exponent` seconds or bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Unit {
    /// What it measures.
    pub dimension: Dimension,
    factor: u64,
    exponent: i64,
}

/// An exact duration or size.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount {
    /// Whether it is a duration or a size.
    pub dimension: Dimension,
    /// In seconds or bytes.
    pub value: Decimal,
}

const fn duration(factor: u64, exponent: i64) -> Unit {
    Unit { dimension: Dimension::Duration, factor, exponent }
}

const fn size(factor: u64, exponent: i64) -> Unit {
    Unit { dimension: Dimension::Size, factor, exponent }
}

/// Units after a number. `Kb` and `Mb` are missing, since they may mean bits. So are `K` and `M`:
/// programs disagree whether they are powers of 1000 or of 1024.
const WRITTEN: &[(&[&str], Unit)] = &[
    (&["ns"], duration(1, -9)),
    (&["us", "µs", "μs"], duration(1, -6)),
    (&["ms"], duration(1, -3)),
    (&["s", "sec", "secs", "second", "seconds"], duration(1, 0)),
    (&["m", "min", "mins", "minute", "minutes"], duration(60, 0)),
    (&["h", "hr", "hrs", "hour", "hours"], duration(3600, 0)),
    (&["d", "day", "days"], duration(86_400, 0)),
    (&["w", "week", "weeks"], duration(604_800, 0)),
    (&["B", "byte", "bytes"], size(1, 0)),
    (&["kB", "KB", "kb"], size(1, 3)),
    (&["MB", "mb"], size(1, 6)),
    (&["GB", "gb"], size(1, 9)),
    (&["TB", "tb"], size(1, 12)),
    (&["PB", "pb"], size(1, 15)),
    (&["KiB", "kiB", "kib"], size(1 << 10, 0)),
    (&["MiB", "mib"], size(1 << 20, 0)),
    (&["GiB", "gib"], size(1 << 30, 0)),
    (&["TiB", "tib"], size(1 << 40, 0)),
    (&["PiB", "pib"], size(1 << 50, 0)),
];

/// More units in which the name of a field may end, beside those in [`WRITTEN`].
const NAMED: &[(&str, Unit)] = &[
    ("millis", duration(1, -3)),
    ("milliseconds", duration(1, -3)),
    ("micros", duration(1, -6)),
    ("microseconds", duration(1, -6)),
    ("nanos", duration(1, -9)),
    ("nanoseconds", duration(1, -9)),
];

/// The most parts of a duration.
const PARTS_MAX: usize = 8;
/// The longest text that is read as an amount.
const BYTES_MAX: usize = 64;

fn written(unit: &str) -> Option<Unit> {
    WRITTEN.iter().find(|(spellings, _)| spellings.contains(&unit)).map(|(_, unit)| *unit)
}

impl Unit {
    /// The unit in which the name of a field ends: `duration_ms`, `wait-s`, `bodyBytes`; or the
    /// whole name if it is a word (`bytes`, `seconds`). A name may mean something else (`_min`:
    /// minutes or minimum), which only a literal shows, so no name is an error.
    pub(crate) fn of_name(name: &str) -> Option<Unit> {
        let of = |unit: &str| {
            let lower = unit.to_ascii_lowercase();
            let further = NAMED.iter().find(|(word, _)| *word == lower).map(|(_, unit)| *unit);
            further.or_else(|| written(&lower)).or_else(|| (lower == "b").then_some(size(1, 0)))
        };
        if let Some((before, unit)) = name.rsplit_once(['_', '-', '.']) {
            return if before.is_empty() { None } else { of(unit) };
        }
        // camelCase: the last word, which begins at a capital after a letter that is not one
        // (`sizeMB`, `latencyMs`).
        let mut capital = name.len();
        for (at, byte) in name.bytes().enumerate().rev() {
            match byte.is_ascii_uppercase() {
                true => capital = at,
                false if capital < name.len() => break,
                false => {}
            }
        }
        match capital {
            0 => None,
            at if at < name.len() => of(&name[at..]),
            _ => (name.len() > 3).then(|| of(name)).flatten(),
        }
    }

    /// `number` of this unit, in seconds or bytes.
    pub fn amount(self, number: &Decimal) -> Amount {
        Amount { dimension: self.dimension, value: number.times(self.factor, self.exponent) }
    }

    /// `amount` as a number of this unit, if it has finitely many digits.
    pub fn count(self, amount: &Amount) -> Option<Decimal> {
        (amount.dimension == self.dimension).then(|| amount.value.divided(self.factor, self.exponent)).flatten()
    }
}

impl Amount {
    /// Reads `975ms`, `1.2 s`, `-5m`, `1h30m`, `12 MiB`. `None` if it is not an amount, or is
    /// ambiguous.
    pub fn parse(text: &[u8]) -> Option<Amount> {
        let (negative, mut rest) = match text.split_first()? {
            (b'-', rest) => (true, rest),
            _ => (false, text),
        };
        if !rest.first()?.is_ascii_digit() || text.len() > BYTES_MAX || !text.last().is_some_and(|end| is_letter(*end))
        {
            return None;
        }
        let mut total: Option<Amount> = None;
        let mut last: Option<Decimal> = None;
        for _ in 0..PARTS_MAX {
            let (number, after) = number(rest)?;
            let after = after.strip_prefix(b" ").unwrap_or(after);
            let letters = after.iter().take_while(|byte| is_letter(**byte)).count();
            let unit = written(std::str::from_utf8(&after[..letters]).ok()?)?;
            let one = unit.amount(&Decimal::from(1));
            // A greater unit comes before a smaller one, and only durations have parts.
            if last.as_ref().is_some_and(|last| *last <= one.value || unit.dimension == Dimension::Size) {
                return None;
            }
            let part = unit.amount(&number);
            total = Some(match total {
                None => part,
                Some(total) if total.dimension == part.dimension => {
                    Amount { value: plus(&total.value, &part.value)?, ..total }
                }
                Some(_) => return None,
            });
            last = Some(one.value);
            rest = &after[letters..];
            if rest.is_empty() {
                return total.map(|total| if negative { total.negated() } else { total });
            }
            rest = rest.strip_prefix(b" ").unwrap_or(rest);
        }
        None
    }

    fn negated(self) -> Amount {
        Amount { value: self.value.negated(), ..self }
    }

    /// The amount in the form that [`Amount::parse`] reads, with every digit: `1m30.5s`, `975ms`,
    /// `12.582912MB`.
    pub fn text(&self) -> String {
        match self.dimension {
            Dimension::Duration => duration_text(&self.value),
            Dimension::Size => {
                let units = ["B", "kB", "MB", "GB", "TB", "PB"];
                let power = (self.value.power().max(0) / 3).min(5);
                let unit = units.get(power as usize).copied().unwrap_or("B");
                format!("{}{unit}", self.value.times(1, -3 * power))
            }
        }
    }
}

fn duration_text(seconds: &Decimal) -> String {
    if seconds.is_zero() {
        return "0s".to_owned();
    }
    let power = seconds.power();
    if power < 0 {
        let (unit, shift) = match power {
            -3.. => ("ms", 3),
            -6.. => ("us", 6),
            _ => ("ns", 9),
        };
        return format!("{}{unit}", seconds.times(1, shift));
    }
    let text = seconds.to_string();
    let (sign, unsigned) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let Ok(mut rest) = whole.parse::<u64>() else { return format!("{text}s") };
    let mut out = sign.to_owned();
    for (unit, length) in [("d", 86_400), ("h", 3600), ("m", 60)] {
        if rest >= length {
            out.push_str(&format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    if rest > 0 || !fraction.is_empty() {
        let point = if fraction.is_empty() { "" } else { "." };
        out.push_str(&format!("{rest}{point}{fraction}s"));
    }
    out
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || !byte.is_ascii()
}

fn plus(one: &Decimal, other: &Decimal) -> Option<Decimal> {
    let mut sum = Sum::default();
    sum.add(one);
    sum.add(other);
    sum.total().ok()
}

/// The number at the start of `text`, which may have leading zeros, and the text after it.
fn number(text: &[u8]) -> Option<(Decimal, &[u8])> {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(0);
    let mut end = whole;
    if text.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        if fraction == 0 {
            return None;
        }
        end += 1 + fraction;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let from = (end + 1 + sign).min(text.len());
        let exponent = digits(from);
        if exponent > 0 {
            end = from + exponent;
        }
    }
    let zeros = text[..whole.saturating_sub(1)].iter().take_while(|byte| **byte == b'0').count();
    Some((Decimal::parse(&text[zeros..end])?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(text: &str) -> Option<String> {
        let amount = Amount::parse(text.as_bytes())?;
        Some(format!("{:?} {}", amount.dimension, amount.value))
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, expected) in [
            ("975ms", "Duration 0.975"),
            ("1.2s", "Duration 1.2"),
            ("1m30.5s", "Duration 90.5"),
            ("1h 08m", "Duration 4080"),
            ("350µs", "Duration 0.00035"),
            ("2 min", "Duration 120"),
            ("1.5e-05s", "Duration 0.000015"),
            ("-5ms", "Duration -0.005"),
            ("12 MiB", "Size 12582912"),
            ("10MB", "Size 10000000"),
            ("7B", "Size 7"),
        ] {
            assert_eq!(seconds(text).as_deref(), Some(expected), "{text}");
        }
        for text in
            ["", "5", "ms", "5 ", "1s1m", "1s1s", "10M", "10Mb", "1MB2kB", "1m2kB", ".5s", "5.s", "1,5s", "5  s", "5q"]
        {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn the_name_of_a_field_says_its_unit() {
        let unit = |name: &str| Unit::of_name(name).map(|unit| unit.amount(&Decimal::from(1)).text());
        for (name, expected) in [
            ("duration_ms", "1ms"),
            ("wait-s", "1s"),
            ("latencyMs", "1ms"),
            ("sizeMB", "1MB"),
            ("body_bytes", "1B"),
            ("bytes", "1B"),
            ("elapsedSeconds", "1s"),
            ("age_days", "1d"),
            ("time_nanos", "1ns"),
        ] {
            assert_eq!(unit(name).as_deref(), Some(expected), "{name}");
        }
        for name in ["latency", "ms", "s", "_s", "status", "items", "MS", "tokens_in", "cost_usd", ""] {
            assert_eq!(unit(name), None, "{name}");
        }
    }

    proptest! {
        /// Durations of options and of rows are read alike, as far as both grammars allow.
        #[test]
        fn what_options_read_is_read_the_same(ms in 0u64..1 << 50) {
            let text = logbook_model::duration_text(ms);
            let expected = Amount { dimension: Dimension::Duration, value: Decimal::from(ms as i64).times(1, -3) };
            prop_assert_eq!(Amount::parse(text.as_bytes()), Some(expected), "{}", text);
        }

        #[test]
        fn what_is_written_is_read_again(digits in any::<i64>(), exponent in -20i64..12, size in any::<bool>()) {
            let dimension = if size { Dimension::Size } else { Dimension::Duration };
            let amount = Amount { dimension, value: Decimal::from(digits).times(1, exponent) };
            let text = amount.text();
            prop_assert_eq!(Amount::parse(text.as_bytes()), Some(amount), "{}", text);
        }

        #[test]
        fn a_unit_counts_what_it_measures(digits in any::<i64>(), exponent in -20i64..12, at in 0usize..WRITTEN.len()) {
            let number = Decimal::from(digits).times(1, exponent);
            let unit = WRITTEN[at].1;
            prop_assert_eq!(unit.count(&unit.amount(&number)), Some(number));
        }
    }
}
