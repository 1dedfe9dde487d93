//! The predicate against an independent evaluation: slow and obvious, over
//! serde_json values, written from the comparison table of `docs/query.md`.
//! More pairs with `PROPTEST_CASES`.
#![allow(clippy::unwrap_used)]

use std::cmp::Ordering;

use chrono::{DateTime, FixedOffset};
use logbook::model::{Instant, Zone};
use logbook::query::ast::{Expr, Form, Literal, Op, Operand, Right, Test};
use logbook::query::compile::query::{Context, compile};
use logbook::query::stage::run::run_in_memory;
use logbook::query::text::parse::parse;
use logbook::query::time::Clock;
use num_bigint::BigInt;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

const NOW: &str = "2026-04-16T10:00:00Z";

type Time = DateTime<FixedOffset>;

fn time(text: &str) -> Option<Time> {
    DateTime::parse_from_rfc3339(text).ok()
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
}

fn equal(value: &Value, literal: &Literal, side: &Side) -> bool {
    let (text, bare) = (literal.text.as_str(), literal.form == Form::Bare);
    match value {
        Value::Null => bare && text == "null",
        Value::Bool(boolean) => bare && !side.timestamp && text == boolean.to_string(),
        Value::Number(number_) => {
            bare && !side.timestamp
                && number(text).is_some_and(|number_of| Some(number_of) == number(&number_.to_string()))
        }
        Value::String(string) => {
            if bare && text == "null" {
                return false;
            }
            let reads = if bare || side.timestamp { period(text) } else { time(text).map(|at| (at, at)) };
            match (time(string), reads) {
                (Some(at), Some((start, end))) if start == end => at == start,
                (Some(at), Some((start, end))) => at >= start && at < end,
                _ if side.timestamp => false,
                _ => string == text,
            }
        }
        Value::Array(_) | Value::Object(_) => false,
    }
}

fn ordered(value: &Value, op: Op, literal: &Literal, side: &Side) -> bool {
    let holds = |order: Ordering| match op {
        Op::Less => order == Ordering::Less,
        Op::LessEqual => order != Ordering::Greater,
        Op::Greater => order == Ordering::Greater,
        _ => order != Ordering::Less,
    };
    let (text, bare) = (literal.text.as_str(), literal.form == Form::Bare);
    match value {
        Value::Number(left) if bare && !side.timestamp => match (number(&left.to_string()), number(text)) {
            (Some(left), Some(right)) => holds(left.cmp(&right)),
            _ => false,
        },
        Value::String(string) => {
            let reads = if bare || side.timestamp { period(text) } else { time(text).map(|at| (at, at)) };
            match (time(string), reads) {
                (Some(at), Some((start, end))) if start == end => holds(at.cmp(&start)),
                (Some(at), Some((start, end))) => match op {
                    Op::Less => at < start,
                    Op::LessEqual => at < end,
                    Op::Greater => at >= end,
                    _ => at >= start,
                },
                _ if side.timestamp => false,
                _ if bare && (number(text).is_some() || ["true", "false", "null"].contains(&text)) => false,
                _ => holds(string.as_bytes().cmp(text.as_bytes())),
            }
        }
        _ => false,
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(string) => Some(string.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(boolean) => Some(boolean.to_string()),
        _ => None,
    }
}

fn is_match(value: &Value, test: &Test, side: &Side) -> bool {
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
        let Some(at) = value.as_str().and_then(time) else { return false };
        let age = time(NOW).unwrap() - at;
        let order = age.cmp(&chrono::TimeDelta::milliseconds(ms));
        return match test.op {
            Op::Equal | Op::NotEqual => order.is_eq(),
            Op::Less => order.is_lt(),
            Op::LessEqual => order.is_le(),
            Op::Greater => order.is_gt(),
            _ => order.is_ge(),
        };
    }
    match test.op {
        Op::Equal | Op::NotEqual => equal(value, &one(), side),
        Op::In | Op::NotIn => match &test.right {
            Right::List(literals) => literals.iter().any(|literal| equal(value, literal, side)),
            _ => panic!("a list is expected"),
        },
        Op::Less | Op::LessEqual | Op::Greater | Op::GreaterEqual => ordered(value, test.op, &one(), side),
        Op::Matches | Op::NotMatches => {
            text_of(value).is_some_and(|text| regex::Regex::new(&one().text).unwrap().is_match(&text))
        }
        Op::Contains => text_of(value).is_some_and(|text| text.contains(&one().text)),
        Op::BeginsWith => text_of(value).is_some_and(|text| text.starts_with(&one().text)),
    }
}

fn holds(expr: &Expr, row: &Value) -> bool {
    match expr {
        Expr::And(parts) => parts.iter().all(|part| holds(part, row)),
        Expr::Or(parts) => parts.iter().any(|part| holds(part, row)),
        Expr::Not(part) => !holds(part, row),
        Expr::Has(path) => {
            let mut ends = Vec::new();
            reach(row, &path.keys, &mut ends, &mut false);
            !ends.is_empty()
        }
        Expr::Jq(_) => panic!("no jq here"),
        Expr::Test(test) => {
            let (keys, side) = match &test.left {
                Operand::Path(path) => (path.keys.clone(), Side { timestamp: path.keys == ["timestamp"], age: false }),
                Operand::Age(_) => (vec!["timestamp".to_owned()], Side { timestamp: true, age: true }),
                other => panic!("{other:?}"),
            };
            let (mut ends, mut missing) = (Vec::new(), false);
            reach(row, &keys, &mut ends, &mut missing);
            let values: Vec<_> = ends.iter().flat_map(elements).collect();
            let negated = matches!(test.op, Op::NotEqual | Op::NotMatches | Op::NotIn);
            if test.all {
                return !missing
                    && !values.is_empty()
                    && values.iter().all(|value| is_match(value, test, &side) != negated);
            }
            let any = values.iter().any(|value| is_match(value, test, &side));
            if negated { !ends.is_empty() && !any } else { any }
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
];
const KEYS: &[&str] = &["a", "b", "c", "timestamp", "\\u0061", "x"];
const FIELDS: &[&str] = &["a", "b", "a.b", "b.a", "a.b.c", "a.a", "c", "timestamp", "x.timestamp"];
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
        prop_assert_eq!(!answer.rows.is_empty(), expected, "{} on {}", text, row);
    }
}
