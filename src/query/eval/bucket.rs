//! Time buckets: the start of the minute, hour, day, week, month or other
//! stretch that an instant falls in, by the clocks of a zone.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, SecondsFormat, TimeDelta, Timelike};

use crate::model::{Instant, Zone};

use crate::query::ast::Every;

const DAY_MS: u64 = 86_400_000;

/// The bucket's start, as it is written: RFC 3339 with the zone's offset below
/// a day, `2026-04-15` for days and weeks (from Monday), `2026-04` for months.
/// `None` outside the calendar.
pub fn start(at: Instant, every: Every, zone: &Zone) -> Option<String> {
    let local = zone.to_local(at)?;
    let day = local.date_naive();
    match every {
        Every::Minute => Some(time_text(cut(local, 60_000)?)),
        Every::Hour => Some(time_text(cut(local, 3_600_000)?)),
        Every::Day => Some(day.to_string()),
        Every::Week => {
            Some(day.checked_sub_signed(TimeDelta::days(i64::from(day.weekday().num_days_from_monday())))?.to_string())
        }
        Every::Month => Some(day.format("%Y-%m").to_string()),
        Every::Ms(0) => None,
        Every::Ms(ms) if ms % DAY_MS == 0 => {
            // Whole days are counted from 1970-01-01, whatever the clocks do.
            let first = NaiveDate::from_ymd_opt(1970, 1, 1)?;
            let days = day.signed_duration_since(first).num_days();
            let width = i64::try_from(ms / DAY_MS).ok()?;
            Some(first.checked_add_signed(TimeDelta::days(days - days.rem_euclid(width)))?.to_string())
        }
        Every::Ms(ms) => Some(time_text(cut(local, ms)?)),
    }
}

/// Cuts the local time down to a multiple of `ms` since local midnight; of
/// more than a day, since the midnight of 1970-01-01.
fn cut(local: DateTime<FixedOffset>, ms: u64) -> Option<DateTime<FixedOffset>> {
    let ms = i64::try_from(ms).ok()?;
    let of_day =
        i64::from(local.num_seconds_from_midnight()) * 1000 + i64::from(local.nanosecond() / 1_000_000).min(999);
    let since = if ms < DAY_MS as i64 { of_day } else { local.naive_local().and_utc().timestamp_millis() };
    let below_ms = i64::from(local.nanosecond() % 1_000_000);
    local
        .checked_sub_signed(TimeDelta::milliseconds(since.rem_euclid(ms)))?
        .checked_sub_signed(TimeDelta::nanoseconds(below_ms))
}

fn time_text(time: DateTime<FixedOffset>) -> String {
    let format = if time.timestamp_subsec_nanos() == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
    time.to_rfc3339_opts(format, true)
}
