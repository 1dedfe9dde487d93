//! Times as people write them (`docs/query.md`, Times), and the zone rules.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use logbook_model::{Instant, Zone};
use logbook_model::{duration_ms, duration_text};
use logbook_query::run_in_memory;
use logbook_query::text::parse::Input;
use logbook_query::time::{Clock, Period, read};
use logbook_query::{Context, compile};

fn clock(zone: &str) -> Clock {
    Clock { now: Instant::parse("2026-04-15T12:30:00.25Z").unwrap(), zone: Zone::parse(zone).unwrap() }
}

/// word, zone, start, end; an empty end is a point.
const TIMES: &[(&str, &str, &str, &str)] = &[
    ("2026-04-15T00:00:00Z", "UTC", "2026-04-15T00:00:00Z", ""),
    ("2026-04-15T02:00:00.125+02:00", "UTC", "2026-04-15T00:00:00.125Z", ""),
    ("2026-04-15t00:00:00z", "UTC", "2026-04-15T00:00:00Z", ""),
    ("2026-04-15T00:00Z", "Europe/Berlin", "2026-04-15T00:00:00Z", "2026-04-15T00:01:00Z"),
    ("2026-04-15T00:00", "Europe/Berlin", "2026-04-14T22:00:00Z", "2026-04-14T22:01:00Z"),
    ("2026-04-15 08:30", "+02:00", "2026-04-15T06:30:00Z", "2026-04-15T06:31:00Z"),
    ("2026-04-15T08", "UTC", "2026-04-15T08:00:00Z", "2026-04-15T09:00:00Z"),
    ("2026-04-15T08Z", "Asia/Kolkata", "2026-04-15T08:00:00Z", "2026-04-15T09:00:00Z"),
    ("2026-04-15T08+0530", "UTC", "2026-04-15T02:30:00Z", "2026-04-15T03:30:00Z"),
    ("2026-04-15T08:30:15", "Asia/Kolkata", "2026-04-15T03:00:15Z", ""),
    ("2026-04-15T08:30:15.5", "Asia/Kolkata", "2026-04-15T03:00:15.5Z", ""),
    ("2016-12-31T23:59:60", "UTC", "2017-01-01T00:00:00Z", ""),
    ("2026-04-15", "UTC", "2026-04-15T00:00:00Z", "2026-04-16T00:00:00Z"),
    ("2026-04-15", "Europe/Berlin", "2026-04-14T22:00:00Z", "2026-04-15T22:00:00Z"),
    ("2026-04", "UTC", "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z"),
    ("2026-12", "UTC", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
    ("today", "UTC", "2026-04-15T00:00:00Z", "2026-04-16T00:00:00Z"),
    ("Today", "UTC", "2026-04-15T00:00:00Z", "2026-04-16T00:00:00Z"),
    ("yesterday", "UTC", "2026-04-14T00:00:00Z", "2026-04-15T00:00:00Z"),
    ("tomorrow", "UTC", "2026-04-16T00:00:00Z", "2026-04-17T00:00:00Z"),
    ("today", "Pacific/Auckland", "2026-04-15T12:00:00Z", "2026-04-16T12:00:00Z"),
    ("now", "UTC", "2026-04-15T12:30:00.25Z", ""),
    ("-12h", "UTC", "2026-04-15T00:30:00.25Z", ""),
    ("-7d", "Europe/Berlin", "2026-04-08T12:30:00.25Z", ""),
    ("-90m", "UTC", "2026-04-15T11:00:00.25Z", ""),
    ("-2w", "UTC", "2026-04-01T12:30:00.25Z", ""),
    ("-1h30m", "UTC", "2026-04-15T11:00:00.25Z", ""),
    ("+1h", "UTC", "2026-04-15T13:30:00.25Z", ""),
    // Clocks set forward: 02:30 does not exist, the day has 23 hours.
    ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T01:01:00Z"),
    ("2026-03-29T02:30:59.9", "Europe/Berlin", "2026-03-29T01:00:00Z", ""),
    ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
    // Clocks set back: 02:30 occurs twice, the earlier counts; the day has 25 hours.
    ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T00:31:00Z"),
    ("2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
    // A day that begins in a gap, and one that was skipped altogether.
    ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"),
    ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00Z", ""),
];

#[test]
fn times_are_periods() {
    for (word, zone, start, end) in TIMES {
        let period = read(word, &clock(zone)).unwrap_or_else(|| panic!("{word}: not seen as a time")).unwrap();
        let end = if end.is_empty() { start } else { end };
        let instant = |text: &str| Instant::parse(text).unwrap();
        assert_eq!(period, Period { start: instant(start), end: instant(end) }, "{word} {zone}");
    }
}

#[test]
fn what_only_looks_like_a_time_says_so() {
    for (word, part) in [
        ("2026-02-30", "not a date"),
        ("2026-4-15", "not a date"),
        ("2026-04-15T25:00", "not a date"),
        ("2026-04-15T08:60Z", "not a date"),
        ("2026-04-15T08:30:61Z", "not a date"),
        ("2026-04-15T08:30.5Z", "not a date"),
        ("2026-04-15Z", "not a date"),
        ("2026-04-15T", "not a date"),
        ("2026-04-15T08:30:00ü", "not a date"),
        ("2026-13", "not a date"),
        ("12h", "write `-12h`"),
        ("12", "is not a time"),
        ("2026", "is not a time"),
        ("-12", "lacks a unit"),
        ("-12y", "units are"),
        ("-1h12", "lacks a unit"),
        ("-30m1h", "greater unit comes first"),
        ("-99999999999999999999h", "too long"),
        ("-9999999999h", "too long"),
    ] {
        let fault = read(word, &clock("UTC")).unwrap_or_else(|| panic!("{word}: not seen as a time")).unwrap_err();
        assert!(fault.contains(part), "{word}: {fault}");
    }
    for word in ["", "-", "+", "blocked", "-x", "r-88", "todays", "ü"] {
        assert_eq!(read(word, &clock("UTC")), None, "{word}");
    }
}

#[test]
fn durations() {
    for (text, ms) in [
        ("250ms", 250),
        ("1s", 1000),
        ("90m", 5_400_000),
        ("1h30m", 5_400_000),
        ("7d", 604_800_000),
        ("2w1d", 1_296_000_000),
    ] {
        assert_eq!(duration_ms(text), Ok(ms), "{text}");
        assert_eq!(duration_ms(&duration_text(ms)), Ok(ms));
    }
    assert!(duration_ms("15").unwrap_err().contains("15m"));
    for bad in ["", "h", "1.5h", "15 m", "1hour", "-2h", "1h1h"] {
        assert!(duration_ms(bad).is_err(), "{bad}");
    }
}

#[test]
fn zones() {
    let summer = Instant::parse("2026-07-01T00:00:00Z").unwrap();
    for (text, name, short) in [
        ("Europe/Berlin", "Europe/Berlin", "CEST"),
        ("europe/berlin", "Europe/Berlin", "CEST"),
        ("UTC", "UTC", "UTC"),
        ("z", "UTC", "UTC"),
        ("+02:00", "+02:00", "+02:00"),
        ("-0530", "-05:30", "-05:30"),
        ("+02", "+02:00", "+02:00"),
        ("Asia/Kathmandu", "Asia/Kathmandu", "+05:45"),
    ] {
        let zone = Zone::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((zone.to_string(), zone.short_name(summer)), (name.into(), short.into()));
    }
    for bad in ["", "Berlin", "+25:00", "+2", "local", "+02:60", "+é1"] {
        assert_eq!(Zone::parse(bad), None, "{bad}");
    }
}

#[test]
fn plain_times_read_the_same_both_ways() {
    let mut read = 0;
    let fractions = [
        "",
        ".0",
        ".5",
        ".123",
        ".999999999",
        ".000000000000000001",
        ".123456789012345678",
        ".",
        ".1234567890123456789",
    ];
    for (index, year) in (0..10_000).step_by(7).enumerate() {
        for month in 0..14 {
            let day = (index * 5 + month * 3) % 33;
            let (hour, minute, second) = ((index + month) % 25, (index * 7) % 61, (index * 11 + month) % 61);
            let fraction = fractions[(index + month) % fractions.len()];
            let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z");
            if let Some(plain) = Instant::parse_plain(text.as_bytes()) {
                assert_eq!(Some(plain), Instant::parse(&text), "{text}");
                read += 1;
            }
        }
    }
    assert!(read > 5000, "most are plain: {read}");
    for odd in [
        "2026-04-15t09:30:00Z",
        "2026-04-15T09:30:00+00:00",
        "2026-04-15T09:30:60Z",
        "2026-04-1/T09:30:00Z",
        ":026-04-15T09:30:00Z",
    ] {
        assert_eq!(Instant::parse_plain(odd.as_bytes()), None, "{odd}");
    }
}

/// Times in other minutes than a query's are told by their letters: the answer is that of reading
/// them.
#[test]
fn times_compare_as_they_read() {
    let texts = [
        "2026-04-15T08:29:59.999Z",
        "2026-04-15T08:29:60Z",
        "2026-04-15T08:29:60.5Z",
        "2026-04-15T08:30:00Z",
        "2026-04-15T08:30:00.25Z",
        "2026-04-15T08:30:59.9999999999999999999Z",
        "2026-04-15T08:30:60Z",
        "2026-04-15T08:31:00Z",
        "2026-04-15T10:30:30+02:00",
        "2026-04-15T08:30:00-00:01",
        "2026-04-15t08:30:10z",
        "2026-04-15 08:30:10Z",
        "2026-04-15T08:3\\u0030:00Z",
        "2026-04-15T08:30:\\u0030\\u0030Z",
        "2026-04-15T0x:30:00Z",
        "2026-02-30T08:30:00Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:60Z",
        "",
        "T",
    ];
    let rows: Vec<String> = texts.iter().map(|text| format!("{{\"timestamp\":\"{text}\"}}")).collect();
    let words = ["2026-04-15T08:30", "2026-04-15T08:30:00Z", "2026-04-15", "2026-04-15T08:30:00.25Z", "9999-12-31"];
    let mut found = 0;
    for word in words {
        let period = read(word, &clock("UTC")).unwrap().unwrap();
        let (start, end) = (period.start, period.end);
        for operator in ["=", "!=", "<", "<=", ">", ">="] {
            let query = Input::new().text(&format!("timestamp {operator} {word}")).parse().unwrap();
            let plan = compile(&query, &Context::new(clock("UTC"))).unwrap();
            let passed = run_in_memory(&plan, rows.iter().map(String::as_bytes)).rows;
            let expected = texts.iter().zip(&rows).filter(|(text, _)| {
                let at = Instant::parse(&text.replace("\\u0030", "0"));
                let inside = |at| if start == end { at == start } else { at >= start && at < end };
                match (operator, at) {
                    ("!=", at) => !at.is_some_and(inside),
                    (_, None) => false,
                    ("=", Some(at)) => inside(at),
                    ("<", Some(at)) => at < start,
                    (">=", Some(at)) => at >= start,
                    ("<=", Some(at)) => at < end || at == start,
                    (_, Some(at)) => at >= end && at != start,
                }
            });
            let expected: Vec<_> = expected.map(|(_, row)| row.clone().into_bytes()).collect();
            assert_eq!(passed, expected, "timestamp {operator} {word}");
            found += passed.len();
        }
    }
    assert!(found > 100, "{found}");
}
