//! The predicate against an independent evaluation: slow and obvious, over
//! serde_json values, written from the comparison table of `docs/query.md`.
//! How many rows it passes over, too. More pairs
//! with `PROPTEST_CASES`.
#![allow(clippy::unwrap_used)]

use std::cmp::Ordering;

use chrono::{DateTime, FixedOffset};
use logbook_model::{Instant, Zone};
use logbook_query::ast::{Expr, Form, Literal, Op, Operand, Right, Test};
use logbook_query::run_in_memory;
use logbook_query::text::parse::parse;
use logbook_query::time::Clock;
use logbook_query::{Context, compile};
use num_bigint::BigInt;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

const NOW: &str = "2026-04-16T10:00:00Z";

type Time = DateTime<FixedOffset>;

fn time(text: &str) -> Option<Time> {
    DateTime::parse_from_rfc3339(text).ok()
}

/// The instant that a value reads as where a time is asked for, written out for the spellings that
/// are generated.
fn time_of(value: &Value) -> Option<Time> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == text.len() && !text.starts_with('0') {
        let below_second = match digits {
            9..=11 => 0,
            12..=14 => 3,
            15..=17 => 6,
            18..=20 => 9,
            _ => return None,
        };
        let (seconds, fraction) = text.split_at(digits - below_second);
        let nanos = format!("{fraction:0<9}").parse().ok()?;
        return Some(DateTime::from_timestamp(seconds.parse().ok()?, nanos)?.fixed_offset());
    }
    if value.is_number() {
        return None;
    }
    let written = match text.as_str() {
        "2026-04-15" => "2026-04-15T00:00:00Z",
        "2026-04" => "2026-04-01T00:00:00Z",
        "2026-04-15 08:30:00" => "2026-04-15T08:30:00Z",
        "2026-04-15T08:30:00,250+0000" => "2026-04-15T08:30:00.250Z",
        "2026-04-15t08:30z" => "2026-04-15T08:30:00Z",
        "2026-04-15 08:30:00.5 +0200" => "2026-04-15T06:30:00.5Z",
        other => other,
    };
    time(written)
}

/// Seconds or bytes that a text says, and which of the two, for those that are generated.
fn amount(text: &str) -> Option<(bool, f64)> {
    Some(match text {
        "975ms" => (true, 0.975),
        "1.2s" => (true, 1.2),
        "1200ms" => (true, 1.2),
        "1s" => (true, 1.0),
        "100ms" => (true, 0.1),
        "2min" | "2m" => (true, 120.0),
        "1m60s" => (true, 120.0),
        "12 MiB" => (false, 12_582_912.0),
        "10MB" => (false, 10_000_000.0),
        "7B" => (false, 7.0),
        _ => return None,
    })
}

/// The amount that a value of this field is beside a literal with a unit.
fn amount_of(value: &Value, side: &Side) -> Option<(bool, f64)> {
    let in_ms = |text: &str| Some((true, number(text).and(text.parse::<f64>().ok())? / 1000.0));
    match value {
        Value::Number(number) if side.ms => in_ms(&number.to_string()),
        Value::String(text) => amount(text).or_else(|| if side.ms { in_ms(text) } else { None }),
        _ => None,
    }
}

/// The times of the generated literals, start and end, read by hand.
fn period(text: &str) -> Option<(Time, Time)> {
    let (start, end) = match text {
        "2026-04-15" | "yesterday" => ("2026-04-15T00:00:00Z", "2026-04-16T00:00:00Z"),
        "2026-04-15T08:30" => ("2026-04-15T08:30:00Z", "2026-04-15T08:31:00Z"),
        "-12h" => ("2026-04-15T22:00:00Z", "2026-04-15T22:00:00Z"),
        _ => (text, text),
    };
    Some((time(start)?, time(end)?))
}

/// Digits and exponent brought to one scale: fine for the small exponents here.
fn number(text: &str) -> Option<BigInt> {
    const SCALE: i32 = 450;
    serde_json::from_str::<serde_json::Number>(text).ok()?;
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: BigInt = format!("{whole}{fraction}").parse().ok()?;
    let shift = exponent.parse::<i32>().ok()? - fraction.len() as i32 + SCALE;
    Some(digits * BigInt::from(10).pow(u32::try_from(shift).ok()?))
}

/// All values at the end of a path; whether somewhere the way ended too soon.
fn reach(value: &Value, keys: &[String], ends: &mut Vec<Value>, missing: &mut bool) {
    let Some((key, rest)) = keys.split_first() else {
        return ends.push(value.clone());
    };
    match value {
        Value::Object(object) => match object.get(key) {
            Some(value) => reach(value, rest, ends, missing),
            None => *missing = true,
        },
        Value::Array(array) => array.iter().for_each(|element| reach_element(element, keys, ends, missing)),
        _ => *missing = true,
    }
}

fn reach_element(element: &Value, keys: &[String], ends: &mut Vec<Value>, missing: &mut bool) {
    reach(element, keys, ends, missing);
}

fn elements(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(array) => array.iter().flat_map(elements).collect(),
        other => vec![other.clone()],
    }
}

struct Side {
    timestamp: bool,
    age: bool,
    /// The name of the field says milliseconds.
    ms: bool,
}

/// `None`: the value cannot be read as what is asked for.
fn equal(value: &Value, literal: &Literal, side: &Side) -> Option<bool> {
    let (text, bare) = (literal.text.as_str(), literal.form == Form::Bare);
    let reads = if bare || side.timestamp { period(text) } else { time(text).map(|at| (at, at)) };
    if value.is_null() {
        return Some(bare && text == "null");
    }
    if bare && text == "null" {
        return Some(false);
    }
    if let Some((start, end)) = reads {
        return match time_of(value) {
            Some(at) if start == end => Some(at == start),
            Some(at) => Some(at >= start && at < end),
            None if side.timestamp => None,
            None => Some(value.as_str() == Some(text)),
        };
    }
    let wanted = amount(text).filter(|_| bare);
    Some(match value {
        Value::Bool(boolean) => bare && text == boolean.to_string(),
        Value::Number(number_) => match wanted {
            // A number of milliseconds is not a size, and a size was asked for.
            Some(wanted) => {
                let alike = |amount: &(bool, f64)| amount.0 == wanted.0;
                return amount_of(value, side).filter(alike).map(|amount| amount == wanted);
            }
            None => bare && number(text).is_some_and(|number_of| Some(number_of) == number(&number_.to_string())),
        },
        Value::String(string) => string == text || (wanted.is_some() && amount_of(value, side) == wanted),
        _ => false,
    })
}

fn ordered(value: &Value, op: Op, literal: &Literal, side: &Side) -> Option<bool> {
    let holds = |order: Ordering| match op {
        Op::Less => order == Ordering::Less,
        Op::LessEqual => order != Ordering::Greater,
        Op::Greater => order == Ordering::Greater,
        _ => order != Ordering::Less,
    };
    let (text, bare) = (literal.text.as_str(), literal.form == Form::Bare);
    if value.is_null() {
        return Some(false);
    }
    let reads = if bare || side.timestamp { period(text) } else { time(text).map(|at| (at, at)) };
    if let Some((start, end)) = reads {
        let at = time_of(value)?;
        return Some(match op {
            _ if start == end => holds(at.cmp(&start)),
            Op::Less => at < start,
            Op::LessEqual => at < end,
            Op::Greater => at >= end,
            _ => at >= start,
        });
    }
    if let Some(wanted) = number(text).filter(|_| bare) {
        return Some(holds(number(&text_of(value).filter(|_| !value.is_boolean())?)?.cmp(&wanted)));
    }
    if bare && ["true", "false", "null"].contains(&text) {
        return Some(false);
    }
    if let Some((is_time, wanted)) = amount(text).filter(|_| bare) {
        let (_, amount) = amount_of(value, side).filter(|(of_time, _)| *of_time == is_time)?;
        return amount.partial_cmp(&wanted).map(holds);
    }
    Some(holds(value.as_str()?.as_bytes().cmp(text.as_bytes())))
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(string) => Some(string.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(boolean) => Some(boolean.to_string()),
        _ => None,
    }
}

fn is_match(value: &Value, test: &Test, side: &Side) -> Option<bool> {
    let one = || match &test.right {
        Right::One(literal) => literal.clone(),
        _ => panic!("one literal is expected"),
    };
    if side.age {
        let ms = match one().text.as_str() {
            "2h" => 7_200_000,
            "1d" => 86_400_000,
            other => panic!("{other}"),
        };
        if value.is_null() {
            return Some(false);
        }
        let at = time_of(value)?;
        let age = time(NOW).unwrap() - at;
        let order = age.cmp(&chrono::TimeDelta::milliseconds(ms));
        return Some(match test.op {
            Op::Equal | Op::NotEqual => order.is_eq(),
            Op::Less => order.is_lt(),
            Op::LessEqual => order.is_le(),
            Op::Greater => order.is_gt(),
            _ => order.is_ge(),
        });
    }
    match test.op {
        Op::Equal | Op::NotEqual => equal(value, &one(), side),
        Op::In | Op::NotIn => match &test.right {
            Right::List(literals) => {
                let all: Vec<_> = literals.iter().map(|literal| equal(value, literal, side)).collect();
                // One of another type does not make it doubtful.
                let sure = all.contains(&Some(true)) || !all.contains(&None) || (side.timestamp && value.is_null());
                sure.then_some(all.contains(&Some(true)))
            }
            _ => panic!("a list is expected"),
        },
        Op::Less | Op::LessEqual | Op::Greater | Op::GreaterEqual => ordered(value, test.op, &one(), side),
        Op::Matches | Op::NotMatches => {
            Some(text_of(value).is_some_and(|text| regex::Regex::new(&one().text).unwrap().is_match(&text)))
        }
        Op::Contains => Some(text_of(value).is_some_and(|text| text.contains(&one().text))),
        Op::BeginsWith => Some(text_of(value).is_some_and(|text| text.starts_with(&one().text))),
    }
}

/// Whether it holds, and whether that is so whatever the values say that cannot be read.
fn holds(expr: &Expr, row: &Value) -> (bool, bool) {
    let joined = |parts: &[Expr], all: bool| {
        let parts: Vec<_> = parts.iter().map(|part| holds(part, row)).collect();
        if parts.contains(&(!all, true)) {
            return (!all, true);
        }
        let holds = if all { parts.iter().all(|part| part.0) } else { parts.iter().any(|part| part.0) };
        (holds, parts.iter().all(|part| part.1))
    };
    match expr {
        Expr::And(parts) => joined(parts, true),
        Expr::Or(parts) => joined(parts, false),
        Expr::Not(part) => {
            let (holds, sure) = holds(part, row);
            (!holds, sure)
        }
        Expr::Has(path) => {
            let mut ends = Vec::new();
            reach(row, &path.keys, &mut ends, &mut false);
            (!ends.is_empty(), true)
        }
        Expr::Jq(_) => panic!("no jq here"),
        Expr::Test(test) => {
            let (keys, side) = match &test.left {
                Operand::Path(path) => {
                    let ms = path.keys.last().is_some_and(|key| key == "c_ms");
                    (path.keys.clone(), Side { timestamp: path.keys == ["timestamp"], age: false, ms })
                }
                Operand::Age(_) => (vec!["timestamp".to_owned()], Side { timestamp: true, age: true, ms: false }),
                other => panic!("{other:?}"),
            };
            let (mut ends, mut missing) = (Vec::new(), false);
            reach(row, &keys, &mut ends, &mut missing);
            let values: Vec<_> = ends.iter().flat_map(elements).collect();
            let negated = matches!(test.op, Op::NotEqual | Op::NotMatches | Op::NotIn);
            let found: Vec<_> = values.iter().map(|value| is_match(value, test, &side)).collect();
            if test.all {
                if missing || values.is_empty() || found.contains(&Some(negated)) {
                    return (false, true);
                }
                let unreadable = found.contains(&None);
                return (negated || !unreadable, !unreadable);
            }
            let any = found.contains(&Some(true));
            (if negated { !ends.is_empty() && !any } else { any }, any || !found.contains(&None))
        }
    }
}

const SCALARS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0.0",
    "5",
    "5.0",
    "0.5e1",
    "-3",
    "9007199254740993",
    "9007199254740992",
    "123456789012345678901234567890",
    "123456789012345678901234567891.5",
    "1e400",
    "1e+400",
    "-1e400",
    "1e-400",
    "\"5\"",
    "\"\"",
    "\"abc\"",
    "\"\\u0061bc\"",
    "\"ab\\u0063d\"",
    "\"Abc\"",
    "\"\\ud83d\\ude00\"",
    "\"\u{1F600}\"",
    "\"\u{FFFD}\"",
    "\"null\"",
    "\"true\"",
    "\"a\\\"b\\\\\"",
    "\"\\\"status\\\":\\\"abc\\\"\"",
    "\"2026-04-15\"",
    "\"2026-04-15T08:30:00Z\"",
    "\"2026-04-15T08:30:30.000000001Z\"",
    "\"2026-04-15T10:30:00+02:00\"",
    "\"2026-04-15t22:00:00z\"",
    "\"2026-04-16T08:00:00Z\"",
    "\"2026-04-16T07:59:59.999Z\"",
    "\"2026-04-15T08\\u003a30:00Z\"",
    "\"2026-04-15T08:30:0\\u0030Z\"",
    "\"2026-04-15T08:3x:00Z\"",
    "\"2026-04-15T08:30:0xZ\"",
    "\"2020-13-15T08:30:00Z\"",
    "\"2020-04-15T24:30:00Z\"",
    "\"2020-02-30T08:30:00Z\"",
    "\"2020-04-15T08:30:00.Z\"",
    "\"2026-04\"",
    "\"2026-04-15 08:30:00\"",
    "\"2026-04-15T08:30:00,250+0000\"",
    "\"2026-04-15t08:30z\"",
    "\"2026-04-15 08:30:00.5 +0200\"",
    "1776240000",
    "\"1776240000123\"",
    "1776240000123456",
    "\"1776240000123456789\"",
    "2015",
    "\"2015\"",
    "\"20260415\"",
    "\"Thu, 01 Jan 2015\"",
    "\"975ms\"",
    "\"1.2s\"",
    "\"1200ms\"",
    "\"12 MiB\"",
    "\"10MB\"",
    "\"7B\"",
    "\"150\"",
    "150",
    "\"-3\"",
    "\"007\"",
];
const KEYS: &[&str] = &["a", "b", "c", "c_ms", "timestamp", "\\u0061", "x"];
const FIELDS: &[&str] = &["a", "b", "a.b", "b.a", "a.b.c", "a.a", "c", "c_ms", "a.c_ms", "timestamp", "x.timestamp"];
const LITERALS: &[&str] = &[
    "5",
    "5.0",
    "-3",
    "0",
    "1e400",
    "9007199254740993",
    "123456789012345678901234567890",
    "'5'",
    "true",
    "'true'",
    "null",
    "'null'",
    "abc",
    "'abc'",
    "''",
    "Abc",
    "\u{1F600}",
    "2026-04-15",
    "2026-04-15T08:30",
    "2026-04-15T08:30:00Z",
    "'2026-04-15T10:30:00+02:00'",
    "yesterday",
    "-12h",
    "'2026-04-15'",
    "1s",
    "100ms",
    "2min",
    "10MB",
    "7B",
    "'1s'",
];
const TIMES: &[&str] = &[
    "2026-04-15",
    "2026-04-15T08:30",
    "2026-04-15T08:30:00Z",
    "'2026-04-15T10:30:00+02:00'",
    "yesterday",
    "-12h",
    "null",
];

fn white() -> impl Strategy<Value = &'static str> {
    select(vec!["", "", "", " ", "\t", "\r", " \n"])
}

fn json() -> impl Strategy<Value = String> {
    select(SCALARS).prop_map(str::to_owned).prop_recursive(3, 24, 4, |inner| {
        let array = (prop::collection::vec((white(), inner.clone(), white()), 0..4)).prop_map(|parts| {
            let parts: Vec<_> = parts.into_iter().map(|(a, value, b)| format!("{a}{value}{b}")).collect();
            format!("[{}]", parts.join(","))
        });
        prop_oneof![array, object(inner)]
    })
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::collection::vec((white(), select(KEYS), white(), white(), value, white()), 0..5).prop_map(|members| {
        let members: Vec<_> =
            members.into_iter().map(|(a, key, b, c, value, d)| format!("{a}\"{key}\"{b}:{c}{value}{d}")).collect();
        format!("{{{}}}", members.join(","))
    })
}

fn test() -> impl Strategy<Value = String> {
    let op = || select(vec!["=", "!=", "<", "<=", ">", ">="]);
    let field = (select(FIELDS), any::<bool>(), any::<bool>(), select(LITERALS), select(TIMES));
    let compared = (field, op()).prop_map(|((field, all, all_too, literal, time), op)| {
        let literal = if field == "timestamp" { time } else { literal };
        if all && all_too { format!("all({field}){op}{literal}") } else { format!("{field}{op}{literal}") }
    });
    let listed = (select(FIELDS), any::<bool>(), prop::collection::vec((select(LITERALS), select(TIMES)), 1..4))
        .prop_map(|(field, not, values)| {
            let values: Vec<_> =
                values.iter().map(|(literal, time)| if field == "timestamp" { *time } else { *literal }).collect();
            format!("{field} {}in ({})", if not { "not " } else { "" }, values.join(", "))
        });
    let searched =
        (select(FIELDS), select(vec!["~", "!~", "*=", "^="]), select(vec!["'a'", "'bc'", "'5'", "'e'", "'2026'"]))
            .prop_map(|(field, op, text)| format!("{field}{op}{text}"));
    let aged = (op(), select(vec!["2h", "1d"])).prop_map(|(op, age)| format!("age{op}{age}"));
    let present = select(FIELDS).prop_map(|field| format!("has {field}"));
    prop_oneof![6 => compared, 2 => listed, 2 => searched, 1 => aged, 1 => present]
}

fn query() -> impl Strategy<Value = String> {
    test().prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|part| format!("not ({part})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) and ({b})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a}) or ({b})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(4096), ..ProptestConfig::default() })]

    #[test]
    fn the_predicate_equals_the_obvious_evaluation(row in object(json()), text in query()) {
        let parsed = parse(&text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
        let clock = Clock { now: Instant::parse(NOW).unwrap(), zone: Zone::UTC };
        let plan = compile(&parsed, &Context::new(clock)).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
        let answer = run_in_memory(&plan, [row.as_bytes()]);
        prop_assert!(answer.skipped.is_empty());
        let value: Value = serde_json::from_str(&row).unwrap();
        let expected = holds(parsed.filter.as_ref().unwrap(), &value);
        let (expected, sure) = expected;
        prop_assert_eq!(!answer.rows.is_empty(), expected, "{} on {}", text, row);
        let passed_over = u64::from(!expected && !sure);
        prop_assert_eq!(answer.summary.doubts.rows, passed_over, "{} passes over {}", text, row);
    }
}
