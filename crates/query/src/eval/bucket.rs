//! Time buckets: the start of the minute, hour, day, week, month or other period that an instant is
//! in, by the clocks of a zone.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, SecondsFormat, TimeDelta, Timelike};

use logbook_model::{Instant, Zone};

use crate::ast::Every;

const DAY_MS: i64 = 86_400_000;

/// No zone's clocks were ever set by more than this: a local time that was shown twice within it
/// was shown with two offsets.
const SHIFT_MAX_S: i64 = 26 * 3600;

/// Clocks that are set more often than this between two starts of a bucket are not followed
/// further.
const REGIMES_MAX: usize = 64;

/// The start of a bucket as it is printed: RFC 3339 with the zone's offset for buckets shorter than
/// a day, `2026-04-15` for days and weeks (from Monday), `2026-04` for months. `None` outside the
/// calendar.
pub fn start(at: Instant, every: Every, zone: &Zone) -> Option<String> {
    let local = zone.to_local(at)?;
    let day = local.date_naive();
    match every {
        Every::Minute => stretch(local, 60_000, zone).map(time_text),
        Every::Hour => stretch(local, 3_600_000, zone).map(time_text),
        Every::Day => Some(day.to_string()),
        Every::Week => {
            Some(day.checked_sub_signed(TimeDelta::days(i64::from(day.weekday().num_days_from_monday())))?.to_string())
        }
        Every::Month => Some(day.format("%Y-%m").to_string()),
        Every::Ms(0) => None,
        Every::Ms(ms) => {
            let ms = i64::try_from(ms).ok()?;
            if ms % DAY_MS != 0 {
                return stretch(local, ms, zone).map(time_text);
            }
            // Whole days are counted from 1970-01-01, however clocks are set.
            let first = NaiveDate::from_ymd_opt(1970, 1, 1)?;
            let days = day.signed_duration_since(first).num_days();
            let width = ms / DAY_MS;
            Some(first.checked_add_signed(TimeDelta::days(days - days.rem_euclid(width)))?.to_string())
        }
    }
}

/// The start of the period of `ms` that `local` is in.
///
/// A period begins when the clock shows a multiple of `ms` since local midnight (for more than a
/// day, since the midnight of 1970-01-01), and ends when the next one begins. If clocks are set
/// forward over a start, the period begins at the first instant after the gap. If clocks are set
/// back and show a start again, that begins a new period, unless periods are longer than the shift.
/// So periods have no gaps, and each begins at an instant that exists.
fn stretch(mut local: DateTime<FixedOffset>, ms: i64, zone: &Zone) -> Option<DateTime<FixedOffset>> {
    for _ in 0..REGIMES_MAX {
        // The instant at which the clock shows the multiple, if it was not set in between.
        let begin = cut(local, ms)?;
        if is_steady(begin, ms, zone) {
            return Some(begin);
        }
        let shown = begin.naive_local();
        let Some(set) = when_set(local, begin.min(local), zone) else { return Some(begin) };
        let before = zone.to_local(Instant::from_chrono((set - TimeDelta::nanoseconds(1)).to_utc()))?;
        // The first local time that had not been shown before the clock was set.
        let unshown = set.naive_utc().checked_add_offset(*before.offset())?;
        let shift_ms = (unshown - set.naive_local()).num_milliseconds();
        if begin >= set && (shown >= unshown || ms <= shift_ms) {
            return Some(begin);
        }
        if begin < set && shift_ms < 0 && shown >= unshown {
            return Some(set);
        }
        local = before;
    }
    None
}

/// Rounds the local time down to a multiple of `ms` since local midnight; for more than a day,
/// since the midnight of 1970-01-01.
fn cut(local: DateTime<FixedOffset>, ms: i64) -> Option<DateTime<FixedOffset>> {
    let of_day =
        i64::from(local.num_seconds_from_midnight()) * 1000 + i64::from(local.nanosecond() / 1_000_000).min(999);
    let since = if ms < DAY_MS { of_day } else { local.naive_local().and_utc().timestamp_millis() };
    let below_ms = i64::from(local.nanosecond() % 1_000_000);
    local
        .checked_sub_signed(TimeDelta::milliseconds(since.rem_euclid(ms)))?
        .checked_sub_signed(TimeDelta::nanoseconds(below_ms))
}

/// Whether the clock was not set between some time before `begin` and the end of the period. Clocks
/// are never set twice within two days.
fn is_steady(begin: DateTime<FixedOffset>, ms: i64, zone: &Zone) -> bool {
    let at = |seconds: i64| {
        let instant = Instant { seconds: begin.timestamp().saturating_sub(seconds), attos: 0 };
        zone.to_local(instant).is_some_and(|local| local.offset() == begin.offset())
    };
    matches!(*zone, Zone::Fixed(_) | Zone::UTC) || (at(SHIFT_MAX_S) && (ms < DAY_MS || at(0)))
}

/// The instant since which the clock has the offset of `local`, if it was set between some time
/// before `begin` and then.
fn when_set(local: DateTime<FixedOffset>, begin: DateTime<FixedOffset>, zone: &Zone) -> Option<DateTime<FixedOffset>> {
    let offset = *local.offset();
    let is_same = |seconds: i64| zone.to_local(Instant { seconds, attos: 0 }).is_some_and(|at| *at.offset() == offset);
    let mut same = local.timestamp();
    let from = [begin.timestamp(), begin.timestamp().saturating_sub(SHIFT_MAX_S)];
    let mut other = from.into_iter().find(|seconds| !is_same(*seconds))?;
    while same - other > 1 {
        let middle = other + (same - other) / 2;
        if is_same(middle) { same = middle } else { other = middle }
    }
    zone.to_local(Instant { seconds: same, attos: 0 })
}

fn time_text(time: DateTime<FixedOffset>) -> String {
    let format = if time.timestamp_subsec_nanos() == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
    time.to_rfc3339_opts(format, true)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use chrono::{NaiveDateTime, NaiveTime};
    use proptest::prelude::*;

    use super::*;

    const ZONES: [&str; 10] = [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "America/Havana",
        "Asia/Beirut",
        "Pacific/Apia",
        "Antarctica/Troll",
        "Africa/Casablanca",
        "UTC",
    ];
    const MINUTE_S: i64 = 60;

    /// The slow way: walks minute by minute from two weeks before, and keeps the last start.
    fn slowly(at_s: i64, minutes: i64, zone: &Zone) -> Option<String> {
        let number = |local: NaiveDateTime| {
            let day = if minutes < 24 * 60 { local.date() } else { NaiveDate::default() };
            (local - day.and_time(NaiveTime::MIN)).num_minutes()
        };
        let mut shown: HashMap<NaiveDateTime, i64> = HashMap::new();
        let mut newest = None;
        let mut before: Option<NaiveDateTime> = None;
        for seconds in (at_s - 14 * 86_400..=at_s).step_by(60) {
            let now = zone.to_local(Instant { seconds, attos: 0 })?;
            let local = now.naive_local();
            let first = *shown.entry(local).or_insert(seconds);
            let again = first == seconds || minutes * MINUTE_S <= seconds - first;
            let mut begins = number(local) % minutes == 0 && again;
            let mut skipped = before.map_or(local, |before| before + TimeDelta::minutes(1));
            while skipped < local {
                begins |= number(skipped) % minutes == 0;
                skipped += TimeDelta::minutes(1);
            }
            before = Some(local);
            if begins {
                newest = Some(now);
            }
        }
        newest.map(time_text)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Clocks are set on some of these days, so most instants are near such a change.
        #[test]
        fn stretches_begin_where_clocks_show_it(
            zone in 0..ZONES.len(),
            year in 2005..2026_i32,
            near in prop::sample::select(vec![(3, 29), (3, 9), (10, 26), (11, 2), (4, 6), (10, 5), (2, 16), (10, 19), (12, 30), (6, 1)]),
            minute in -4320..4320_i64,
            width in prop::sample::select(vec![1, 7, 30, 45, 60, 70, 120, 180, 240, 360, 420, 720, 1439, 1500, 2160, 10_000]),
        ) {
            let zone = Zone::parse(ZONES[zone]).unwrap_or(Zone::UTC);
            let day = NaiveDate::from_ymd_opt(year, near.0, near.1).unwrap_or_default().and_time(NaiveTime::MIN);
            let seconds = day.and_utc().timestamp() + minute * MINUTE_S;
            let found = start(Instant { seconds, attos: 0 }, Every::Ms(width as u64 * 60_000), &zone);
            prop_assert!(found.is_some());
            prop_assert_eq!(found, slowly(seconds, width, &zone), "{} {}", zone, seconds);
        }
    }
}
