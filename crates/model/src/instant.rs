//! RFC 3339 times as points in time. The digits of a second are kept as given. The order is exact
//! to 10⁻¹⁸ s: further digits are kept but not compared.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike, Utc};

/// A point in time. A leap second (`:60`) is the second after `:59`, as in POSIX time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    /// Whole seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// The fraction of a second, in units of 10⁻¹⁸ s.
    pub attos: u64,
}

/// Units of [`Instant::attos`] in a second.
const ATTOS: u64 = 1_000_000_000_000_000_000;

/// The parts of an RFC 3339 text, checked.
struct Parts<'a> {
    date: NaiveDate,
    hour: u32,
    minute: u32,
    second: u32,
    /// Digits after the point, as given.
    fraction: &'a str,
    offset_minutes: i64,
}

impl Instant {
    /// Parses an RFC 3339 date and time: `T`, `t` or a blank between them, any number of digits of
    /// a second, and `Z`, `z` or `±hh:mm`. `None` for anything else, such as a date alone or
    /// February 30.
    pub fn parse(text: &str) -> Option<Instant> {
        let parts = Parts::read(text)?;
        Some(parts.instant())
    }

    /// The fast path of [`Instant::parse`], for times as the log writes them:
    /// `2026-04-15T09:30:00Z`, with at most 18 digits of a second. `None` for other texts, which
    /// may still be valid.
    #[inline]
    pub fn parse_plain(text: &[u8]) -> Option<Instant> {
        let (date_time, rest) = text.split_first_chunk::<19>()?;
        let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1] = *date_time else {
            return None;
        };
        let two = |tens: u8, ones: u8| {
            let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
            if tens > 9 || ones > 9 { u32::MAX } else { u32::from(tens * 10 + ones) }
        };
        let (century, year, month, day) = (two(y0, y1), two(y2, y3), two(m0, m1), two(d0, d1));
        let (hour, minute, second) = (two(h0, h1), two(n0, n1), two(s0, s1));
        // Every month has 28 days. Later days need the calendar.
        if century > 99 || year > 99 || !(1..=12).contains(&month) || !(1..=28).contains(&day) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let attos = match rest {
            [b'Z'] => 0,
            [b'.', digits @ .., b'Z'] if (1..=18).contains(&digits.len()) => {
                let mut value = 0u64;
                for digit in digits {
                    let digit = digit.wrapping_sub(b'0');
                    if digit > 9 {
                        return None;
                    }
                    value = value * 10 + u64::from(digit);
                }
                value * 10u64.pow(18 - digits.len() as u32)
            }
            _ => return None,
        };
        let days = days_since_1970(i64::from(century * 100 + year), i64::from(month), i64::from(day));
        let seconds = days * 86_400 + i64::from(hour * 3600 + minute * 60 + second);
        Some(Instant { seconds, attos })
    }

    /// From chrono's type.
    pub fn from_chrono(time: DateTime<Utc>) -> Instant {
        let nanos = u64::from(time.timestamp_subsec_nanos());
        // In chrono a leap second has 10⁹ nanoseconds or more.
        Instant {
            seconds: time.timestamp() + (nanos / 1_000_000_000) as i64,
            attos: nanos % 1_000_000_000 * 1_000_000_000,
        }
    }

    /// To chrono's type, cut to nanoseconds; `None` outside its years.
    pub(crate) fn to_chrono(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.seconds, (self.attos / 1_000_000_000) as u32)
    }

    /// This instant, moved by `ms` milliseconds.
    pub fn plus_ms(self, ms: i64) -> Instant {
        let total = i128::from(self.attos) + i128::from(ms.rem_euclid(1000)) * 1_000_000_000_000_000;
        let carry = (total / i128::from(ATTOS)) as i64;
        Instant {
            seconds: self.seconds.saturating_add(ms.div_euclid(1000)).saturating_add(carry),
            attos: (total % i128::from(ATTOS)) as u64,
        }
    }

    /// Milliseconds since `earlier`, rounded down.
    pub fn ms_since(self, earlier: Instant) -> i64 {
        let attos = i128::from(self.seconds - earlier.seconds) * i128::from(ATTOS) + i128::from(self.attos)
            - i128::from(earlier.attos);
        i64::try_from(attos.div_euclid(1_000_000_000_000_000)).unwrap_or(if attos < 0 { i64::MIN } else { i64::MAX })
    }

    /// RFC 3339 in UTC with milliseconds: what `append` fills in.
    pub fn to_utc_ms(self) -> String {
        match self.to_chrono() {
            // Formatted by hand: chrono would parse its format string at every append.
            Some(time) if (0..=9999).contains(&time.year()) => format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                time.year(),
                time.month(),
                time.day(),
                time.hour(),
                time.minute(),
                time.second(),
                time.nanosecond() % 1_000_000_000 / 1_000_000
            ),
            Some(time) => time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            None => format!("{self}"),
        }
    }

    /// Appends what [`fmt::Display`] prints, but faster.
    pub fn write_to(self, out: &mut Vec<u8>) {
        let Some(time) = self.to_chrono().filter(|time| (0..=9999).contains(&time.year())) else {
            return out.extend_from_slice(self.to_string().as_bytes());
        };
        let nanos = time.nanosecond() % 1_000_000_000;
        let (fraction, places) = match nanos {
            0 => (0, 0),
            nanos if nanos % 1_000_000 == 0 => (nanos / 1_000_000, 3),
            nanos if nanos % 1_000 == 0 => (nanos / 1_000, 6),
            nanos => (nanos, 9),
        };
        let point: &[u8] = if places > 0 { b"." } else { b"" };
        let parts: [(u32, u32, &[u8]); 7] = [
            (time.year() as u32, 4, b"-"),
            (time.month(), 2, b"-"),
            (time.day(), 2, b"T"),
            (time.hour(), 2, b":"),
            (time.minute(), 2, b":"),
            (time.second(), 2, point),
            (fraction, places, b"Z"),
        ];
        for (value, places, behind) in parts {
            out.extend((0..places).rev().map(|place| b'0' + (value / 10u32.pow(place) % 10) as u8));
            out.extend_from_slice(behind);
        }
    }

    /// The UTC day, `2026-04-15`; `None` outside the years 0 to 9999.
    pub fn utc_day(self) -> Option<String> {
        let time = self.to_chrono()?;
        (0..=9999).contains(&time.year()).then(|| format!("{:04}-{:02}-{:02}", time.year(), time.month(), time.day()))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_chrono() {
            Some(time) => write!(f, "{}", time.format("%Y-%m-%dT%H:%M:%S%.fZ")),
            None => write!(f, "@{}", self.seconds),
        }
    }
}

/// The same time in UTC, with the digits of its second as given (`docs/format.md`, timestamp).
/// `None` if `text` is not an RFC 3339 date and time, or not in the years 0000 to 9999.
pub fn to_utc_text(text: &str) -> Option<String> {
    let parts = Parts::read(text)?;
    let day = parts.date.and_hms_opt(parts.hour, parts.minute, 0)?;
    let utc = day.checked_sub_signed(TimeDelta::minutes(parts.offset_minutes))?;
    if !(0..=9999).contains(&utc.year()) {
        return None;
    }
    let point = if parts.fraction.is_empty() { "" } else { "." };
    Some(format!(
        "{}{:02}:{:02}:{:02}{point}{}Z",
        utc.format("%Y-%m-%dT"),
        utc.hour(),
        utc.minute(),
        parts.second,
        parts.fraction
    ))
}

/// Days from 1970-01-01 to a day of the Gregorian calendar (Howard Hinnant, "chrono-compatible
/// low-level date algorithms": years begin in March, so that the leap day is the last).
#[inline]
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

impl<'a> Parts<'a> {
    fn read(text: &'a str) -> Option<Parts<'a>> {
        let bytes = text.as_bytes();
        if bytes.len() < 20 || !text.is_ascii() {
            return None;
        }
        let number = |from: usize, to: usize| -> Option<u32> {
            bytes
                .get(from..to)?
                .iter()
                .try_fold(0u32, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0')))
        };
        let separators = bytes[4] == b'-'
            && bytes[7] == b'-'
            && matches!(bytes[10], b'T' | b't' | b' ')
            && bytes[13] == b':'
            && bytes[16] == b':';
        if !separators {
            return None;
        }
        let date = NaiveDate::from_ymd_opt(number(0, 4)? as i32, number(5, 7)?, number(8, 10)?)?;
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let mut at = 19;
        let mut fraction = "";
        if bytes[19] == b'.' {
            let digits = bytes[20..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return None;
            }
            fraction = &text[20..20 + digits];
            at = 20 + digits;
        }
        let offset_minutes = match bytes.get(at)? {
            b'Z' | b'z' if bytes.len() == at + 1 => 0,
            sign @ (b'+' | b'-') if bytes.len() == at + 6 && bytes[at + 3] == b':' => {
                let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                let minutes = i64::from(hours * 60 + minutes);
                if *sign == b'-' { -minutes } else { minutes }
            }
            _ => return None,
        };
        // :60 is valid in any minute: not every clock knows when leap seconds were.
        (hour < 24 && minute < 60 && second <= 60).then_some(Parts {
            date,
            hour,
            minute,
            second,
            fraction,
            offset_minutes,
        })
    }

    fn instant(&self) -> Instant {
        const DAYS_TO_1970: i64 = 719_163;
        let days = i64::from(self.date.num_days_from_ce()) - DAYS_TO_1970;
        let minutes = i64::from(self.hour * 60 + self.minute) - self.offset_minutes;
        let mut attos = 0u64;
        let mut unit = ATTOS;
        for digit in self.fraction.bytes().take(18) {
            unit /= 10;
            attos += u64::from(digit - b'0') * unit;
        }
        Instant { seconds: days * 86_400 + minutes * 60 + i64::from(self.second), attos }
    }
}
