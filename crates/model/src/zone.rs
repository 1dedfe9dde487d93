//! A time zone as a value: the one zone in which a query reads times, makes time buckets and shows
//! tables.
//!
//! Not here: the zone of the machine (`cmd` asks for it).
//!
//! Two rules make every local time an instant:
//! - A local time that occurs twice (clocks are set back) is the earlier one.
//! - A local time that does not exist (clocks are set forward) is the first instant after the gap.

use std::fmt;

use chrono::{DateTime, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone};
use chrono_tz::{OffsetName, TZ_VARIANTS, Tz};

use crate::Instant;
use crate::posix_zone::PosixZone;

/// A time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// A zone of the IANA database, with its history of rules.
    Named(Tz),
    /// A fixed offset from UTC.
    Fixed(FixedOffset),
    /// A POSIX rule, the same for all years.
    Posix(PosixZone),
}

impl Zone {
    /// UTC.
    pub const UTC: Zone = Zone::Named(Tz::UTC);

    /// Parses `Europe/Berlin` (in any case), `UTC`, `Z`, `+02:00`, `-0530`, `+02`, or a POSIX rule
    /// (`CET-1CEST,M3.5.0,M10.5.0/3`).
    pub fn parse(text: &str) -> Option<Zone> {
        if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
            return Some(Zone::UTC);
        }
        if let Some(minutes) = offset_minutes(text) {
            return FixedOffset::east_opt(minutes * 60).map(Zone::Fixed);
        }
        let named = TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(text));
        named.map(|zone| Zone::Named(*zone)).or_else(|| PosixZone::parse(text).map(Zone::Posix))
    }

    /// `instant` in local time, cut to nanoseconds; `None` outside the years of the calendar
    /// (±262,000).
    pub fn to_local(&self, instant: Instant) -> Option<DateTime<FixedOffset>> {
        let utc = instant.to_chrono()?;
        let offset = match self {
            Zone::Named(zone) => zone.offset_from_utc_datetime(&utc.naive_utc()).fix(),
            Zone::Fixed(offset) => *offset,
            Zone::Posix(zone) => FixedOffset::east_opt(zone.offset_at(instant.seconds))?,
        };
        // Adding the offset could leave the calendar.
        utc.naive_utc().checked_add_offset(offset)?;
        Some(utc.with_timezone(&offset))
    }

    /// The instant of a local time, by the two rules at the top of this file.
    pub fn instant_of_local(&self, local: NaiveDateTime) -> Instant {
        match self {
            Zone::Named(zone) => named_from_local(*zone, local),
            Zone::Fixed(offset) => at_utc(local, i64::from(offset.local_minus_utc())),
            Zone::Posix(zone) => {
                Instant { seconds: zone.seconds_of_local(local), ..Instant::from_chrono(local.and_utc()) }
            }
        }
    }

    /// The instant at which `day` begins in this zone.
    pub fn start_of_day(&self, day: NaiveDate) -> Instant {
        self.instant_of_local(day.and_time(NaiveTime::MIN))
    }

    /// The short name in force at `instant`, for tables: `CEST`, `UTC`, `+02:00`.
    pub fn short_name(&self, instant: Instant) -> String {
        match (self, instant.to_chrono()) {
            (Zone::Named(zone), Some(utc)) => {
                let offset = zone.offset_from_utc_datetime(&utc.naive_utc());
                offset.abbreviation().map_or_else(|| offset.fix().to_string(), str::to_owned)
            }
            (Zone::Posix(zone), _) => zone.name_at(instant.seconds).to_owned(),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Zone::Named(zone) => f.write_str(zone.name()),
            Zone::Fixed(offset) => write!(f, "{offset}"),
            Zone::Posix(zone) => f.write_str(zone.text()),
        }
    }
}

/// The minutes east of UTC of `±hh:mm`, `±hhmm` or `±hh`.
pub fn offset_minutes(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-'])?;
    let (hours, minutes) = match (digits.len(), digits.as_bytes().get(2)) {
        (2, _) => (digits, "0"),
        (4, _) => (digits.get(..2)?, digits.get(2..)?),
        (5, Some(b':')) => (digits.get(..2)?, digits.get(3..)?),
        _ => return None,
    };
    if !hours.bytes().chain(minutes.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let east = (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)?;
    Some(if text.starts_with('-') { -east } else { east })
}

/// The instant of a local time that is `offset` seconds east of UTC.
fn at_utc(local: NaiveDateTime, offset: i64) -> Instant {
    let mut instant = Instant::from_chrono(local.and_utc());
    instant.seconds -= offset;
    instant
}

fn named_from_local(zone: Tz, local: NaiveDateTime) -> Instant {
    let found = |at: NaiveDateTime| match zone.from_local_datetime(&at) {
        LocalResult::Single(time) => Some((time, time)),
        LocalResult::Ambiguous(one, other) => Some((one.min(other), one.max(other))),
        LocalResult::None => None,
    };
    if let Some((earlier, _)) = found(local) {
        return at_utc(local, i64::from(earlier.offset().fix().local_minus_utc()));
    }
    // In a gap. The longest on record is a day (Samoa, 2011-12-30), so the local times two days
    // before and after it exist, with one jump between them.
    let near = |step: i64| {
        (1..=48).find_map(|hours| found(local.checked_add_signed(TimeDelta::hours(step * hours))?)).map(
            |(one, other)| {
                if step < 0 { other.timestamp() } else { one.timestamp() }
            },
        )
    };
    let (Some(mut before), Some(mut after)) = (near(-1), near(1)) else {
        return at_utc(local, 0);
    };
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        let shown = DateTime::from_timestamp(middle, 0).map(|utc| utc.with_timezone(&zone).naive_local());
        if shown.is_some_and(|shown| shown > local) {
            after = middle;
        } else {
            before = middle;
        }
    }
    Instant { seconds: after, attos: 0 }
}
