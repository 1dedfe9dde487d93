//! However rows are split into parts, a query gives the same bytes; and what
//! would exhaust the stack or memory is refused.

#![allow(clippy::unwrap_used)]

use logbook_model::{Instant, Zone};
use logbook_query::Plan;
use logbook_query::text::parse::{Clause, Input, parse};
use logbook_query::time::Clock;
use logbook_query::{Context, compile};
use logbook_query::{run_in_memory, run_in_parts};
use proptest::prelude::*;
use proptest::sample::select;

fn clock() -> Clock {
    Clock { now: Instant::parse("2026-04-16T10:00:00Z").unwrap(), zone: Zone::UTC }
}

fn plan(query: &str) -> Plan {
    compile(&parse(query).unwrap(), &Context::new(clock())).unwrap()
}

fn jq(program: &str) -> Result<Plan, Vec<logbook_query::problem::Problem>> {
    compile(&Input::new().flag(Clause::Jq, "--jq", program).parse().unwrap(), &Context::new(clock()))
}

const QUERIES: &[&str] = &[
    "x>0",
    "latest",
    "latest group_by status",
    "x>1s",
    "x<=5 or t>2026-04-15",
    "group_by x summarize count",
    "group_by hour(t) summarize sum(x)",
    "latest_by run_id",
    "latest_by agent_id group_by status",
    "group_by status",
    "group_by status, x summarize count, sum(x), avg(x), min(x), max(x), p50(x), distinct(x), first(x), last(x), list(x)",
    "summarize sum(x), avg(x), list(run_id), first(t), last(t), min(t), max(t)",
    "sort_by -x, run_id",
    "sort_by t limit 3 select run_id, x",
    "sort_by -status limit 1",
    "group_by day(t) summarize count, max(x) having count>1 sort_by -max(x) limit 2",
    "group_by (.x|tostring) summarize count",
];

fn row() -> impl Strategy<Value = String> {
    let runs = select(vec!["\"a\"", "\"b\"", "\"\\u0061\"", "null", "1", "1.0"]);
    let statuses = select(vec!["\"done\"", "\"failed\"", "null", "3"]);
    let numbers =
        select(vec!["0.1", "1e30", "-1e30", "7", "7.0", "\"x\"", "null", "[1,[2.5]]", "1e-20", "9007199254740993"]);
    let amounts = select(vec!["\"1.5s\"", "\"1500ms\"", "\"12 MiB\"", "\"7\"", "\"7.0\""]);
    let numbers = prop_oneof![2 => numbers, 1 => amounts];
    let times = select(vec![
        "\"2026-04-15T00:00:00Z\"",
        "\"2026-04-15T02:00:00+02:00\"",
        "\"2026-04-16T01:00:00Z\"",
        "\"2026-04-15 00:00:00\"",
        "1776211200",
        "\"no\"",
    ]);
    (runs, statuses, numbers, times)
        .prop_map(|(run, status, x, t)| format!("{{\"run_id\":{run},\"status\":{status},\"x\":{x},\"t\":{t}}}"))
}

proptest! {
    #[test]
    fn parts_do_not_show(
        rows in prop::collection::vec(row(), 0..24),
        cuts in prop::collection::vec(0usize..24, 0..4),
        query in select(QUERIES),
    ) {
        let plan = plan(query);
        let rows: Vec<&[u8]> = rows.iter().map(String::as_bytes).collect();
        let whole = run_in_memory(&plan, rows.iter().copied());
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(rows.len())).chain([0, rows.len()]).collect();
        cuts.sort_unstable();
        let parts = cuts.windows(2).map(|cut| rows[cut[0]..cut[1]].iter().copied());
        let split = run_in_parts(&plan, parts);
        prop_assert_eq!(&whole, &split, "{}", query);
    }
}

#[test]
fn a_plan_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Plan>();
}

#[test]
fn depth_costs_no_stack() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let odd = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for query in [
        "a=1",
        "a.b=1",
        "has a.b",
        "all(a)=1",
        "group_by a",
        "summarize distinct(a), list(a)",
        "sort_by a",
        "select a.b",
    ] {
        let answer = run_in_memory(&plan(query), [deep.as_bytes(), odd.as_bytes()]);
        assert_eq!(answer.skipped, [], "{query}");
    }
    let answer = run_in_memory(&plan("a=1 select b"), [odd.as_bytes()]);
    assert_eq!(answer.rows, [b"{}".to_vec()]);
    let answer = run_in_memory(&jq(".a").unwrap(), [deep.as_bytes()]);
    assert_eq!(answer.rows.len(), 0);
    assert!(answer.faults[0].1.contains("nested deeper than 512 levels"), "{:?}", answer.faults);
}

#[test]
fn programs_too_deep_are_refused() {
    assert!(jq(&format!("{}1{}", "(".repeat(5000), ")".repeat(5000))).is_err());
    assert!(jq(&"1|".repeat(50_000)).is_err());
    let answer = run_in_memory(&jq("reduce range(1500) as $i (0; [.])").unwrap(), [b"{}".as_slice()]);
    assert!(answer.faults[0].1.contains("deeper than 1000"), "{:?}", answer.faults);
}

#[test]
fn long_numbers_cost_no_more_than_their_text() {
    let long = format!("{{\"a\":{}}}", "7".repeat(2_000_000));
    let answer =
        run_in_memory(&plan("a>1e1000000 summarize count, max(a), sum(a)"), [long.as_bytes(), long.as_bytes()]);
    assert_eq!(answer.summary.ignored[0].1.too_wide, 1);
}
