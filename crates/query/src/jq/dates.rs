//! Local time for jq programs, in the query's zone; the engine would use the machine's.
//! `prelude.jq` defines `localtime` and `strflocaltime` with these.

use chrono::{DateTime, FixedOffset};
use jaq_core::data::JustLut;
use jaq_core::native::{Filter, bome, run, unary, v};
use jaq_core::{Error, Native, RunPtr, ValR};
use jaq_json::Val;
use jaq_std::ValT as _;

use logbook_model::{Instant, Zone};

type Data = JustLut<Val>;

/// The functions; the last argument of each is the zone's name.
pub(super) fn functions() -> impl Iterator<Item = Filter<Native<Data>>> {
    let functions: [Filter<RunPtr<Data>>; 3] = [
        ("__utc_offset", v(1), |cv| {
            unary(cv, |at, zone| {
                let (_, local, _) = local(&at, &zone)?;
                Ok(Val::from(local.offset().local_minus_utc() as isize))
            })
        }),
        ("__from_local", v(1), |cv| {
            unary(cv, |clock, zone| {
                let clock = DateTime::from_timestamp(seconds(&clock)?, 0).ok_or_else(|| beyond(&clock))?;
                Ok(whole(zone_of(&zone)?.instant_of_local(clock.naive_utc()).seconds))
            })
        }),
        ("__in_zone", v(2), |mut cv| {
            let zone = cv.0.pop_var();
            let at = cv.0.pop_var();
            bome(in_zone(&cv.1, &at, &zone))
        }),
    ];
    functions.into_iter().map(run::<Data>)
}

/// Replaces `%Z`, `%z` and `%s` of a format, since the engine's formatter knows UTC only.
fn in_zone(format: &Val, at: &Val, zone: &Val) -> ValR<Val> {
    let format = text(format)?;
    let (instant, local, zone) = local(at, zone)?;
    let mut out = String::with_capacity(format.len());
    let mut rest = format.chars();
    while let Some(character) = rest.next() {
        if character != '%' {
            out.push(character);
            continue;
        }
        match rest.next() {
            Some('Z') => out.push_str(&zone.short_name(instant).replace('%', "%%")),
            Some('z') => out.push_str(&local.format("%z").to_string()),
            Some('s') => out.push_str(&instant.seconds.to_string()),
            Some(other) => out.extend(['%', other]),
            None => out.push('%'),
        }
    }
    Ok(Val::from(out))
}

fn local(at: &Val, zone: &Val) -> Result<(Instant, DateTime<FixedOffset>, Zone), Error<Val>> {
    let zone = zone_of(zone)?;
    let instant = Instant { seconds: seconds(at)?, attos: 0 };
    let local = zone.to_local(instant).ok_or_else(|| beyond(at))?;
    Ok((instant, local, zone))
}

fn seconds(at: &Val) -> Result<i64, Error<Val>> {
    match (at.as_isize(), at.as_f64()) {
        (Some(whole), _) => Ok(whole as i64),
        // Saturates beyond the range of i64, which is outside the calendar anyway.
        (None, Some(float)) => Ok(float.floor() as i64),
        (None, None) => Err(Error::typ(at.clone(), "number")),
    }
}

fn whole(seconds: i64) -> Val {
    isize::try_from(seconds).map_or(Val::Null, Val::from)
}

fn text(value: &Val) -> Result<&str, Error<Val>> {
    let bytes = value.as_utf8_bytes().ok_or_else(|| Error::typ(value.clone(), "string"))?;
    std::str::from_utf8(bytes).map_err(Error::str)
}

fn zone_of(name: &Val) -> Result<Zone, Error<Val>> {
    Zone::parse(text(name)?).ok_or_else(|| Error::str("no such time zone"))
}

fn beyond(at: &Val) -> Error<Val> {
    Error::str(format_args!("{at} is beyond the calendar"))
}
