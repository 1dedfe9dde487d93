//! Times as people write them, relative to a given clock: dates, times with parts missing, words,
//! and durations before now.
//!
//! Not here: the grammar of durations (`model::duration`), which fields hold times (`compile`),
//! where the clock and the zone come from (`cmd`). The table is in `docs/query.md`, Times.

use chrono::{NaiveDate, NaiveTime, TimeDelta};

use logbook_model::zone::offset_minutes;
use logbook_model::{Instant, Zone, duration_ms};

/// What the times of a query are relative to: one clock for the whole query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// The instant from which `now`, `-12h` and `age` count.
    pub now: Instant,
    /// The zone of times without an offset, of days, and of time buckets.
    pub zone: Zone,
}

/// A period that includes its start and excludes its end; for one instant, `end` equals `start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first instant in it.
    pub start: Instant,
    /// The first instant after it.
    pub end: Instant,
}

impl Period {
    /// One instant.
    pub(crate) fn point(at: Instant) -> Period {
        Period { start: at, end: at }
    }

    /// Whether it is one instant.
    pub(crate) fn is_point(&self) -> bool {
        self.start == self.end
    }

    fn of_ms(start: Instant, ms: i64) -> Period {
        Period { start, end: start.plus_ms(ms) }
    }
}

/// Reads `word` as a time: `None` if it does not look like one, an error if it does but is not
/// valid (`2026-02-30`, or `12h` without its minus).
///
/// Where numbers are allowed as well, try a number first: `-12` is a number, and an error here,
/// since a duration needs a unit.
pub fn read(word: &str, clock: &Clock) -> Option<Result<Period, String>> {
    if let Some(instant) = Instant::parse(word) {
        return Some(Ok(Period::point(instant)));
    }
    match word.to_ascii_lowercase().as_str() {
        "now" => return Some(Ok(Period::point(clock.now))),
        "today" => return Some(day_from_today(clock, 0)),
        "yesterday" => return Some(day_from_today(clock, -1)),
        "tomorrow" => return Some(day_from_today(clock, 1)),
        _ => {}
    }
    let first = *word.as_bytes().first()?;
    if looks_like_date(word) {
        return Some(calendar(word, &clock.zone).ok_or_else(|| not_a_date(word)));
    }
    if let Some(at) = epoch(word.as_bytes()) {
        return Some(Ok(Period::point(at)));
    }
    if first == b'-' || first == b'+' {
        if !word.as_bytes().get(1)?.is_ascii_digit() {
            return None;
        }
        return Some(duration_ms(&word[1..]).map(|ms| {
            let ms = i64::try_from(ms).unwrap_or(i64::MAX);
            Period::point(clock.now.plus_ms(if first == b'-' { -ms } else { ms }))
        }));
    }
    if !first.is_ascii_digit() {
        return None;
    }
    Some(Err(match duration_ms(word) {
        Ok(_) => format!("`{word}` is a duration, not a time: write `-{word}` for that long ago"),
        Err(_) => format!("`{word}` is not a time: write a date (2026-04-15) or how long ago (-12h)"),
    }))
}

/// Reads the characters of a row's value where the query expects a time: RFC 3339 or nearly so, a
/// date, or digits since 1970. A period is read as its start.
///
/// Words and `-12h` are not times here, since their meaning changes from day to day.
pub(crate) fn of_value(text: &[u8], zone: &Zone) -> Option<Instant> {
    let text = std::str::from_utf8(text).ok()?;
    if !looks_like_date(text) {
        return epoch(text.as_bytes());
    }
    Some(calendar(text, zone)?.start)
}

/// Seconds since 1970 as 9 to 11 digits, milliseconds as 12 to 14, microseconds as 15 to 17,
/// nanoseconds as 18 to 20; a fraction may follow. So all of them begin in 1973, and a year, a day
/// of 8 digits or a small count is not a time.
pub(crate) fn epoch(digits: &[u8]) -> Option<Instant> {
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let power = match count {
        9..=11 => 0,
        12..=14 => 3,
        15..=17 => 6,
        18..=20 => 9,
        _ => return None,
    };
    let (whole, rest) = digits.split_at(count);
    let fraction = match rest {
        [] => rest,
        [b'.', fraction @ ..] if !fraction.is_empty() && fraction.iter().all(u8::is_ascii_digit) => fraction,
        _ => return None,
    };
    if whole.starts_with(b"0") {
        return None;
    }
    let number = |digits: &[u8]| digits.iter().fold(0u128, |value, digit| value * 10 + u128::from(digit - b'0'));
    let whole = number(whole);
    let unit = 10u128.pow(power);
    let places = (18 - power as usize).min(fraction.len());
    let below = number(&fraction[..places]) * 10u128.pow(18 - power - places as u32);
    let attos = whole % unit * 10u128.pow(18 - power) + below;
    Some(Instant { seconds: i64::try_from(whole / unit).ok()?, attos: attos as u64 })
}

/// Four digits, `-` and a digit are meant as a date.
fn looks_like_date(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() > 5 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-' && bytes[5].is_ascii_digit()
}

fn not_a_date(word: &str) -> String {
    format!("`{word}` is not a date or time such as 2026-04-15, 2026-04-15T08:30 or 2026-04-15T08:30:00Z")
}

fn day_from_today(clock: &Clock, days: i64) -> Result<Period, String> {
    let today = clock.zone.to_local(clock.now).map(|local| local.date_naive());
    let day = today.and_then(|today| today.checked_add_signed(TimeDelta::days(days)));
    day.and_then(|day| whole_day(day, &clock.zone)).ok_or_else(|| "the clock is outside the calendar".to_owned())
}

/// From midnight to midnight in the zone: 23, 24 or 25 hours.
fn whole_day(day: NaiveDate, zone: &Zone) -> Option<Period> {
    Some(Period { start: zone.start_of_day(day), end: zone.start_of_day(day.succ_opt()?) })
}

/// `2026-04`, `2026-04-15`, `2026-04-15T08`, `…T08:30`, `…T08:30:15.5`; the last three with an
/// offset, or else in the zone.
fn calendar(word: &str, zone: &Zone) -> Option<Period> {
    if !word.is_ascii() {
        return None;
    }
    let year: i32 = word[..4].parse().ok()?;
    let month = two_digits(word.get(5..7)?)?;
    let Some(rest) = word.get(7..).filter(|rest| !rest.is_empty()) else {
        return whole_month(NaiveDate::from_ymd_opt(year, month, 1)?, zone);
    };
    let day = NaiveDate::from_ymd_opt(year, month, two_digits(rest.strip_prefix('-')?.get(..2)?)?)?;
    let Some(rest) = rest.get(3..).filter(|rest| !rest.is_empty()) else {
        return whole_day(day, zone);
    };
    time_of_day(day, rest.strip_prefix(['T', 't', ' '])?, zone)
}

fn whole_month(first: NaiveDate, zone: &Zone) -> Option<Period> {
    let next = first.checked_add_months(chrono::Months::new(1))?;
    Some(Period { start: zone.start_of_day(first), end: zone.start_of_day(next) })
}

fn time_of_day(day: NaiveDate, text: &str, zone: &Zone) -> Option<Period> {
    let end = text.find(|character: char| !matches!(character, '0'..='9' | ':' | '.' | ',')).unwrap_or(text.len());
    let (time, offset) = text.split_at(end);
    // A blank is allowed before an offset: `08:30:00 +0000`, `08:30:00 UTC`.
    let offset_s = match offset.strip_prefix(' ').unwrap_or(offset) {
        "" if offset.is_empty() => None,
        "Z" | "z" | "UTC" => Some(0),
        offset => Some(i64::from(offset_minutes(offset)?) * 60),
    };
    let (time, fraction) = match time.split_once(['.', ',']) {
        Some((time, fraction)) if time.len() == 8 && !fraction.is_empty() => (time, fraction),
        Some(_) => return None,
        None => (time, ""),
    };
    let mut parts = [0u32; 3];
    let mut given = 0;
    for part in time.split(':') {
        *parts.get_mut(given)? = two_digits(part)?;
        given += 1;
    }
    let [hour, minute, second] = parts;
    // A leap second is the second after :59, as in all times of this project.
    let time = NaiveTime::from_hms_opt(hour, minute, second.min(59)).filter(|_| second <= 60)?;
    let local = day.and_time(time);
    let mut start = match offset_s {
        Some(offset) => {
            let mut instant = Instant::from_chrono(local.and_utc());
            instant.seconds -= offset;
            instant
        }
        None => zone.instant_of_local(local),
    };
    // A time in a gap was moved to the end of the gap, whatever its fraction.
    if offset_s.is_some() || zone.to_local(start).is_some_and(|shown| shown.naive_local() == local) {
        start.seconds += i64::from(second / 60);
        start.attos = attos(fraction)?;
    }
    Some(match given {
        1 => Period::of_ms(start, 3_600_000),
        2 => Period::of_ms(start, 60_000),
        _ => Period::point(start),
    })
}

/// The digits after the point in 10⁻¹⁸ s; further digits are ignored.
fn attos(fraction: &str) -> Option<u64> {
    let mut value = 0u64;
    let mut unit = 1_000_000_000_000_000_000u64;
    for digit in fraction.bytes() {
        unit /= 10;
        value += u64::from(digit.is_ascii_digit().then_some(digit - b'0')?) * unit;
    }
    Some(value)
}

fn two_digits(text: &str) -> Option<u32> {
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}
