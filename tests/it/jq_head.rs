//! Conditions at the head of a jq program, asked before jq is: the answer is that of jq alone, faults included.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use logbook::model::{Instant, Zone};
use logbook::query::Plan;
use logbook::query::compile::query::{Context, compile};
use logbook::query::jq::head::Head;
use logbook::query::stage::run::{Answer, run_in_memory};
use logbook::query::text::parse::{Clause, Input};
use logbook::query::time::Clock;

fn plan(program: &str) -> Plan {
    let clock = Clock { now: Instant::parse("2026-04-15T12:00:00Z").unwrap(), zone: Zone::UTC };
    compile(&Input::new().flag(Clause::Jq, "--jq", program).parse().unwrap(), &Context::new(clock)).unwrap()
}

fn answer(program: &str, rows: &[String]) -> Answer {
    run_in_memory(&plan(program), rows.iter().map(String::as_bytes))
}

#[test]
fn plain_heads_are_seen() {
    let plain = [
        ("select(.a == \"x\")", 1),
        ("select(.a==\"x\" and .b.c > 3)|.d", 2),
        ("select(.a)\n| select(.b != null) | [.]", 2),
        ("select(.a.b <= 0.5) | select(.c | not)", 1),
        ("select(.a == 007)", 0),
        ("select(.a == \"x\"), 1", 0),
        ("select(.a == \"x\") // 2", 0),
        ("select(.a == \"x\") as $x | 1", 0),
        ("select(.a == \"x\" or .b)", 0),
        ("select(.a | not)", 0),
        ("select(.a[0] == 1)", 0),
        ("select(.a? == 1)", 0),
        ("select(.a == 1 + 1)", 0),
        ("select(.a == -1)", 0),
        ("select(.a == \"\\(1)\")", 0),
        ("select(.a < \"x\")", 0),
        ("select(.a == nullx)", 0),
        ("selected(.a)", 0),
        (". | select(.a)", 0),
        ("[select(.a == 1)]", 0),
        ("def select(f): 1; select(.a == 1)", 0),
        ("select(.a == 1) |= 2", 0),
    ];
    for (program, conditions) in plain {
        assert_eq!(Head::of(program).texts().count(), conditions, "{program}");
    }
}

#[test]
fn the_answer_is_that_of_jq_alone() {
    let values = [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "3",
        "3.0",
        "30e-1",
        "2.9999999999999999999",
        "3.00000000000000001",
        "1e400",
        "9007199254740993",
        "0.1",
        "-5",
        "\"3\"",
        "\"x\"",
        "\"\\u0078\"",
        "\"\\ud800\"",
        "\"\"",
        "[]",
        "[3]",
        "{}",
        "{\"b\":3}",
        "{\"b\":null}",
        "{\"b\":\"x\"}",
        "{\"b\":{\"c\":1}}",
        "{\"b\":1,\"b\":3}",
        "{\"\\u0062\":3}",
        "\"é\"",
        "\"\\u00e9\"",
    ];
    let mut rows: Vec<String> = vec!["{}".to_owned(), "{\"c\":1}".to_owned()];
    for value in values {
        rows.push(format!("{{\"a\":{value}}}"));
        rows.push(format!("{{\"a\":1,\"c\":{value},\"a\":{value}}}"));
        rows.push(format!("{{\"\\u0061\" : {value} , \"c\":false}}"));
    }
    let operands = ["null", "true", "3", "0.1", "9007199254740993", "\"x\"", "\"é\""];
    let mut faults = BTreeSet::new();
    let mut ruled_out = 0;
    for path in [".a", ".a.b", ".a.b.c", ".c"] {
        for operator in ["==", "!=", "<", "<=", ">", ">="] {
            for operand in operands {
                for tail in ["", " and .a.b == 3"] {
                    let program = format!("select({path} {operator} {operand}{tail}) | {{a, c}}");
                    let (fast, mut plain) = (answer(&program, &rows), answer(&format!(". | {program}"), &rows));
                    // What jq cannot even read is not told of rows that are ruled out.
                    let told: BTreeSet<_> = fast.faults.iter().cloned().collect();
                    plain.faults.retain(|fault| told.contains(fault) || !fault.1.contains("surrogate"));
                    assert_eq!((&fast.rows, &fast.faults), (&plain.rows, &plain.faults), "{program}");
                    faults.extend(fast.faults.into_iter().map(|(_, message)| message));
                    ruled_out += rows.len() - fast.rows.len();
                }
            }
        }
        let program = format!("select({path}) | .a");
        assert_eq!(answer(&program, &rows).rows, answer(&format!(". | {program}"), &rows).rows, "{program}");
    }
    assert!(ruled_out > 1000 && !faults.is_empty(), "{ruled_out} rows out, {faults:?}");
}
