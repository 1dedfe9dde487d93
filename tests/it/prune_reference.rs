//! Segments that are left out hold nothing that matters: conditions at random over rows at random,
//! against the answer from all rows.

use logbook_model::{Instant, Zone};
use logbook_query::Plan;
use logbook_query::run_in_memory;
use logbook_query::text::parse::parse;
use logbook_query::time::Clock;
use logbook_query::{Context, compile};
use logbook_scan::{Pruning, Source};
use logbook_store::{self as store, Input};
use proptest::prelude::*;
use proptest::sample::select;

pub fn plan(query: &str) -> Plan {
    let now = Instant::parse("2026-04-16T10:00:00Z").unwrap();
    compile(&parse(query).unwrap(), &Context::new(Clock { now, zone: Zone::UTC })).unwrap()
}

pub const VALUES: &[&str] = &[
    "\"a\"",
    "\"b\"",
    "\"\\u0061\"",
    "\"2026-04-15T00:00:00Z\"",
    "\"2026-04-15T02:00:00+02:00\"",
    "\"2026-04-16T00:00:00Z\"",
    "\"2026-04-15\"",
    "\"5\"",
    "\"null\"",
    "5",
    "5.0",
    "true",
    "null",
    "{\"a\":\"b\"}",
    "[]",
    "[\"b\",[\"a\"]]",
    "[\"2026-04-16T00:00:00Z\",5,\"2026-04-10T00:00:00Z\"]",
    "1776240000",
    "\"1776240000123\"",
    "\"2026-04-15 08:00:00\"",
    "\"2026-04-15T08:00:00,5+0000\"",
    "\"2026-13-15T08:00:00Z\"",
    "2015",
    "\"Thu, 01 Jan 2015\"",
    "\"975ms\"",
    "\"1.2s\"",
    "\"12 MiB\"",
];
const WORDS: &[&str] = &[
    "a",
    "b",
    "\"a\"",
    "5",
    "\"5\"",
    "true",
    "null",
    "\"null\"",
    "2026-04-15",
    "2026-04-16T00:00:00Z",
    "\"2026-04-15T00:00:00Z\"",
    "1s",
    "10MB",
];
const TIMES: &[&str] = &["2026-04-15", "2026-04-14", "2026-04", "2026-04-16T00:00:00Z", "-10h", "-34h", "null"];
pub const FIELDS: &[&str] = &["run_id", "status", "phase", "kind", "timestamp", "own"];

pub fn row() -> impl Strategy<Value = String> {
    // Mostly a few words, so that many segments hold none of a kind.
    let value = prop_oneof![3 => select(&VALUES[..5]), 1 => select(VALUES)];
    prop::collection::vec((select(FIELDS), value), 0..6).prop_map(|members| {
        let members: Vec<String> = members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    })
}

pub fn condition() -> impl Strategy<Value = String> {
    let field = || select(&FIELDS[..4]);
    let test = prop_oneof![
        4 => (field(), select(vec!["=", "!=", "<", ">="]), select(WORDS)).prop_map(|(f, op, w)| match w {
            "true" | "null" if op.contains(['<', '>']) => format!("{f}=a"),
            _ => format!("{f}{op}{w}"),
        }),
        2 => (field(), select(vec!["in", "not in"]), select(WORDS), select(WORDS)).prop_map(|(f, op, a, b)| format!("{f} {op} ({a}, {b})")),
        1 => (field(), select(WORDS)).prop_map(|(f, w)| format!("all({f})={w}")),
        4 => (select(vec!["=", "!=", "<", "<=", ">", ">="]), select(TIMES)).prop_map(|(op, t)| match t {
            "null" => "timestamp=null".to_owned(),
            _ => format!("timestamp{op}{t}"),
        }),
        1 => (select(TIMES), select(TIMES)).prop_map(|(a, b)| format!("timestamp in ({a}, {b})")),
        1 => select(vec!["age>20h", "age<=36h", "has own", "own=a", "own>1s", "own<=1s", "own=1.2s", "own<10MB", "own>=5", "own<2026-04-16", "own in (1s, a)", "status~a", "phase^=a", "jq(.status|test(\"a\"))"]).prop_map(str::to_owned),
    ];
    test.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 2..4).prop_map(|all| format!("({})", all.join(" and "))),
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(|any| format!("({})", any.join(" or "))),
            1 => inner.prop_map(|one| format!("not ({one})")),
        ]
    })
}

/// How many rows were passed over, and for which questions.
pub fn passed_over(answer: &logbook_query::Answer) -> String {
    let doubts = &answer.summary.doubts;
    let of: Vec<_> = doubts
        .of
        .iter()
        .map(|(question, doubt)| (question, doubt.rows, doubt.sample.as_ref().map(|(_, value)| value)))
        .collect();
    format!("{} {of:?}", doubts.rows)
}

const REST: &[&str] =
    &["", "", "latest ", "latest_by run_id ", "latest_by status ", "latest_by own ", "group_by status "];

proptest! {
    #[test]
    fn what_is_left_out_does_not_matter(
        segments in prop::collection::vec(prop::collection::vec(row(), 1..4), 2..6),
        condition in condition(),
        rest in select(REST),
    ) {
        let query = format!("filter {condition} {rest}");
        let plan = plan(&query);
        let directory = tempfile::tempdir().unwrap();
        for (rows, number) in segments.iter().zip(1..) {
            let name = format!("2026-04-16.{number:06}.jsonl");
            std::fs::write(directory.path().join(name), rows.iter().map(|row| format!("{row}\n")).collect::<String>()).unwrap();
        }
        let snapshot = store::snapshot(directory.path()).unwrap();
        let source = || Source::as_written(snapshot.segments.iter().cloned().map(Input::Segment).collect());
        let all = run_in_memory(&plan, segments.iter().flatten().map(String::as_bytes));
        let said = |answer: &logbook_query::Answer| answer.faults.iter().map(|fault| fault.1.clone()).collect::<Vec<_>>();
        let Some(pruning) = Pruning::new(plan.requirement()) else { return Ok(()) };
        let made = pruning.apply(source(), directory.path(), 2);
        // From the files that were written by now.
        let mut pruning = Pruning::new(plan.requirement()).unwrap();
        store::snapshot_with_summaries(directory.path(), &mut |number, summary| pruning.know(number, &summary)).unwrap();
        let kept = pruning.apply(source(), directory.path(), 1);
        prop_assert_eq!(made.all_left_out().collect::<Vec<_>>(), kept.all_left_out().collect::<Vec<_>>());
        let read = segments.iter().zip(0u32..).filter(|(_, at)| kept.left_out(*at).is_none()).flat_map(|(rows, _)| rows);
        let some = run_in_memory(&plan, read.map(String::as_bytes));
        prop_assert_eq!(&all.rows, &some.rows, "{}", query);
        prop_assert_eq!(said(&all), said(&some), "{}", query);
        prop_assert_eq!(passed_over(&all), passed_over(&some), "{}", query);
    }
}

#[test]
fn a_condition_that_can_be_told_leaves_out_what_it_can() {
    let directory = tempfile::tempdir().unwrap();
    let rows = [
        r#"{"run_id":"a","status":"x","timestamp":"2026-04-14T23:59:59.999Z"}"#,
        r#"{"run_id":"b","status":"y","timestamp":"2026-04-15T00:00:00Z"}"#,
        r#"{"run_id":"c","status":"z","timestamp":"2026-04-16T00:00:00Z"}"#,
        r#"{"run_id":"d"}"#,
        r#"{"run_id":"e"}"#,
    ];
    for (row, number) in rows.iter().zip(1..) {
        std::fs::write(directory.path().join(format!("2026-04-16.{number:06}.jsonl")), format!("{row}\n")).unwrap();
    }
    let snapshot = store::snapshot(directory.path()).unwrap();
    for (query, expected) in [
        ("timestamp=2026-04-15", &[1][..]),
        ("timestamp<2026-04-15", &[0]),
        ("timestamp<=2026-04-14", &[0]),
        ("timestamp<=2026-04-15", &[0, 1]),
        ("timestamp>2026-04-15", &[2]),
        ("timestamp>=2026-04-15", &[1, 2]),
        ("timestamp>2026-04-15T00:00:00Z", &[2]),
        ("timestamp>=2026-04-15T00:00:00Z", &[1, 2]),
        ("timestamp<2026-04-15T00:00:00Z", &[0]),
        ("timestamp<=2026-04-15T00:00:00Z", &[0, 1]),
        ("age<20h", &[2]),
        ("timestamp in (2026-04-14, 2026-04-16)", &[0, 2]),
        ("run_id=b", &[1]),
        ("run_id in (b, d)", &[1, 3]),
        ("run_id=b or status=z", &[1, 2]),
        ("(run_id=b or own=1) and status=y", &[1]),
        ("run_id=b latest_by run_id", &[1]),
        ("run_id=b and status=z latest_by status", &[2]),
        ("all(run_id)=b", &[1]),
        ("status=x and jq(.own)", &[0]),
    ] {
        let plan = plan(&format!("filter {query}"));
        let source = Source::as_written(snapshot.segments.iter().cloned().map(Input::Segment).collect());
        let source = Pruning::new(plan.requirement()).unwrap().apply(source, directory.path(), 1);
        // The last one is active: it is always read.
        let read: Vec<u32> = (0..4).filter(|at| source.left_out(*at).is_none()).collect();
        assert_eq!(read, expected, "{query}");
        assert_eq!(source.left_out(4), None);
    }
    for query in ["run_id!=b", "not run_id=b", "run_id=b or own=1", "status=null", "latest_by own filter run_id=b"] {
        assert!(Pruning::new(plan(query).requirement()).is_none(), "{query}");
    }
}
