//! A time zone in the syntax of `TZ` in POSIX: `UTC0`, `<+03>-3`, `CET-1CEST,M3.5.0,M10.5.0/3`.
//! Offsets count west, and one rule holds for all years.

use chrono::{Datelike, NaiveDate, NaiveDateTime};

/// Longest text that is accepted, in bytes.
const TEXT_BYTES_MAX: usize = 80;
/// The rule of summer time without one (`EST5EDT4`): that of the United States, as in other
/// programs.
const RULE_WITHOUT_ONE: &str = "M3.2.0,M11.1.0";
const DAY: i64 = 86_400;

/// A zone with one rule for all years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PosixZone {
    text: [u8; TEXT_BYTES_MAX],
    length: usize,
    standard: Named,
    summer: Option<Summer>,
}

/// An offset, and the range of its name in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Named {
    from: usize,
    to: usize,
    /// Seconds east.
    offset: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Summer {
    named: Named,
    begins: Change,
    ends: Change,
}

/// When the clocks change: a day, and seconds after its midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    day: Day,
    time: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    /// 1 to 365, never counting 29 February.
    Julian(i64),
    /// 0 to 365, counting 29 February.
    Ordinal(i64),
    /// The first to fourth such weekday of a month (0 is Sunday), or the last (5).
    Week { month: u32, week: u32, weekday: u32 },
}

impl PosixZone {
    /// Parses a zone.
    pub(crate) fn parse(text: &str) -> Option<PosixZone> {
        let mut kept = [0; TEXT_BYTES_MAX];
        kept.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        let mut reader = Reader { text, at: 0 };
        let (from, to) = reader.name()?;
        let standard = Named { from, to, offset: reader.offset()? };
        let summer = match reader.rest() {
            "" => None,
            _ => {
                let (from, to) = reader.name()?;
                let offset = match reader.rest() {
                    rest if rest.is_empty() || rest.starts_with(',') => standard.offset + 3600,
                    _ => reader.offset()?,
                };
                let rule = match reader.rest() {
                    "" => RULE_WITHOUT_ONE,
                    rest => rest.strip_prefix(',')?,
                };
                let (begins, ends) = rule.split_once(',')?;
                let (begins, ends) = (Change::parse(begins)?, Change::parse(ends)?);
                Some(Summer { named: Named { from, to, offset }, begins, ends })
            }
        };
        Some(PosixZone { text: kept, length: text.len(), standard, summer })
    }

    /// The text that it was parsed from.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.text[..self.length]).unwrap_or_default()
    }

    /// The offset at this time, in seconds east.
    pub(crate) fn offset_at(&self, seconds: i64) -> i32 {
        self.named_at(seconds).offset
    }

    /// The name of the offset at this time.
    pub(crate) fn name_at(&self, seconds: i64) -> &str {
        let named = self.named_at(seconds);
        self.text().get(named.from..named.to).unwrap_or_default()
    }

    /// The time of a local time: the earlier of two; the first after a gap.
    pub(crate) fn seconds_of_local(&self, local: NaiveDateTime) -> i64 {
        let local = local.and_utc().timestamp();
        let summer = self.summer.map_or(self.standard.offset, |summer| summer.named.offset);
        let (greatest, least) = (summer.max(self.standard.offset), summer.min(self.standard.offset));
        let (mut before, mut after) = (local - i64::from(greatest), local - i64::from(least));
        for (at, offset) in [(before, greatest), (after, least)] {
            if self.offset_at(at) == offset {
                return at;
            }
        }
        let was = self.offset_at(before);
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if self.offset_at(middle) == was {
                before = middle;
            } else {
                after = middle;
            }
        }
        after
    }

    fn named_at(&self, seconds: i64) -> Named {
        let Some(summer) = self.summer else { return self.standard };
        let local = chrono::DateTime::from_timestamp(seconds.saturating_add(i64::from(self.standard.offset)), 0);
        let Some(year) = local.map(|local| local.year()) else { return self.standard };
        let begins = summer.begins.in_year(year).map(|at| at - i64::from(self.standard.offset));
        let ends = summer.ends.in_year(year).map(|at| at - i64::from(summer.named.offset));
        let (Some(begins), Some(ends)) = (begins, ends) else { return self.standard };
        let is_summer = match begins < ends {
            true => (begins..ends).contains(&seconds),
            // In the southern hemisphere the year begins in summer time.
            false => !(ends..begins).contains(&seconds),
        };
        if is_summer { summer.named } else { self.standard }
    }
}

impl Change {
    /// `M3.5.0/2`, `J60`, `59/-1:30`
    fn parse(text: &str) -> Option<Change> {
        let (day, time) = match text.split_once('/') {
            Some((day, time)) => (day, seconds(time, 167)?),
            None => (text, 2 * 3600),
        };
        let number = |text: &str, among: std::ops::RangeInclusive<u32>| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|number| digits && among.contains(number))
        };
        let day = if let Some(rule) = day.strip_prefix('M') {
            let mut parts = rule.split('.');
            let mut part = |among| number(parts.next()?, among);
            let day = Day::Week { month: part(1..=12)?, week: part(1..=5)?, weekday: part(0..=6)? };
            if parts.next().is_some() {
                return None;
            }
            day
        } else if let Some(day) = day.strip_prefix('J') {
            Day::Julian(number(day, 1..=365)?.into())
        } else {
            Day::Ordinal(number(day, 0..=365)?.into())
        };
        Some(Change { day, time })
    }

    /// The change in this year, in seconds since 1970 by the local time before it.
    fn in_year(self, year: i32) -> Option<i64> {
        let first = NaiveDate::from_ymd_opt(year, 1, 1)?;
        let from_first = match self.day {
            Day::Ordinal(day) => day,
            Day::Julian(day) => day - 1 + i64::from(day >= 60 && first.leap_year()),
            Day::Week { month, week, weekday } => {
                let begins = NaiveDate::from_ymd_opt(year, month, 1)?;
                let next = if month == 12 {
                    NaiveDate::from_ymd_opt(year + 1, 1, 1)?
                } else {
                    begins.with_month(month + 1)?
                };
                let to_weekday = (7 + weekday - begins.weekday().num_days_from_sunday()) % 7;
                let mut day = i64::from(to_weekday + (week - 1) * 7);
                if day >= (next - begins).num_days() {
                    day -= 7;
                }
                (begins - first).num_days() + day
            }
        };
        let midnight = first.and_hms_opt(0, 0, 0)?.and_utc().timestamp();
        Some(midnight + from_first * DAY + self.time)
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The range of a name: at least three letters, or anything in angle brackets.
    fn name(&mut self) -> Option<(usize, usize)> {
        let rest = self.rest();
        let (from, to, next) = match rest.strip_prefix('<') {
            Some(quoted) => {
                let end = quoted.find('>')?;
                (self.at + 1, self.at + 1 + end, self.at + end + 2)
            }
            None => {
                let end = rest.find(|one: char| !one.is_ascii_alphabetic()).unwrap_or(rest.len());
                (self.at, self.at + end, self.at + end)
            }
        };
        let letters = self.text.get(from..to)?;
        let fits = |one: u8| one.is_ascii_alphanumeric() || matches!(one, b'+' | b'-');
        self.at = next;
        (letters.len() >= 3 && letters.bytes().all(fits)).then_some((from, to))
    }

    /// An offset in seconds east; in the text it counts west.
    fn offset(&mut self) -> Option<i32> {
        let rest = self.rest();
        let signed = usize::from(rest.starts_with(['+', '-']));
        let digits = |one: char| !(one.is_ascii_digit() || one == ':');
        let end = rest[signed..].find(digits).map_or(rest.len(), |at| at + signed);
        let west = seconds(&rest[..end], 23)?;
        self.at += end;
        i32::try_from(-west).ok()
    }
}

/// `[+-]hh[:mm[:ss]]`
fn seconds(text: &str, hours_max: i64) -> Option<i64> {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut sum = 0;
    let mut parts = 0;
    for (part, (unit, most)) in bare.split(':').zip([(3600, hours_max), (60, 59), (1, 59)]) {
        let digits = (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        let number: i64 = part.parse().ok().filter(|number| digits && *number <= most)?;
        sum += number * unit;
        parts += 1;
    }
    let whole = parts == bare.split(':').count();
    whole.then_some(if text.starts_with('-') { -sum } else { sum })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Instant, Zone};

    #[test]
    fn what_is_no_zone_is_none() {
        for text in
            ["UTC0", "EST5", "<+0330>-3:30", "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT4", "NZST-12NZDT,M9.5.0,M4.1.0/3"]
        {
            assert_eq!(PosixZone::parse(text).unwrap().text(), text);
        }
        for text in [
            "",
            "U0",
            "UTC",
            "Europe/Berlin",
            "UTC+24",
            "UTC0x",
            "<+03",
            "UTC0:60",
            "CET-1CEST,M3.5.0",
            "CET-1CEST,M13.5.0,M10.5.0",
            "UTC--1",
            "ü0",
        ] {
            assert_eq!(PosixZone::parse(text), None, "{text}");
        }
    }

    /// Against the same zones of the database, hour by hour over some years in which its rules
    /// held.
    #[test]
    fn rules_give_what_the_database_gives() {
        for (name, rule) in [
            ("Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3"),
            ("America/New_York", "EST5EDT,M3.2.0,M11.1.0"),
            ("America/New_York", "EST5EDT4"),
            ("Pacific/Auckland", "NZST-12NZDT,M9.5.0,M4.1.0/3"),
            ("Asia/Kolkata", "IST-5:30"),
            ("Australia/Lord_Howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"),
        ] {
            let named = Zone::parse(name).unwrap();
            let posix = Zone::Posix(PosixZone::parse(rule).unwrap());
            let first = Instant::parse("2023-01-01T00:00:00Z").unwrap();
            for half_hour in 0..3 * 366 * 48 {
                let at = Instant { seconds: first.seconds + half_hour * 1800, ..first };
                let shown = posix.to_local(at).unwrap();
                assert_eq!(named.to_local(at).unwrap(), shown, "{name} {at}");
                let wall = at.to_chrono().unwrap().naive_utc();
                assert_eq!(named.instant_of_local(wall), posix.instant_of_local(wall), "{name} {wall}");
            }
        }
    }
}
