//! Conditions at the head of a jq program, asked before jq is: the answer is that of jq alone,
//! faults included.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use logbook_model::{Instant, Zone};
use logbook_query::Plan;
use logbook_query::jq::head::Head;
use logbook_query::text::parse::{Clause, Input};
use logbook_query::time::Clock;
use logbook_query::{Answer, run_in_memory};
use logbook_query::{Context, compile};

fn compiled(program: &str) -> Option<Plan> {
    let clock = Clock { now: Instant::parse("2026-04-15T12:00:00Z").unwrap(), zone: Zone::UTC };
    compile(&Input::new().flag(Clause::Jq, "--jq", program).parse().unwrap(), &Context::new(clock)).ok()
}

fn answer(program: &str, rows: &[String]) -> Answer {
    run_in_memory(&compiled(program).unwrap(), rows.iter().map(String::as_bytes))
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

/// Rows with odd values.
fn rows() -> Vec<String> {
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
    rows
}

#[test]
fn the_answer_is_that_of_jq_alone() {
    let rows = rows();
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

#[test]
fn what_a_program_cannot_see_does_not_matter() {
    let mut rows = rows();
    rows.extend(
        [
            "{\"a\":{\"b\":\"\u{e9}\\n\",\"d\":[1,[2,3],{}]},\"c\":[ 1 , 2 ]}",
            "{\"a\":[[],[1]],\"c\":{\"b\":1,\"\\u0062\":2}}",
        ]
        .map(str::to_owned),
    );
    rows.extend(
        ["{\"a\":1,\"x\":01}", "{\"c\":1,\"a\":\"\u{1F600}\",\"c\":123456789012345678}", " { \"a\" : 12 } "]
            .map(str::to_owned),
    );
    let programs = [
        "{a, c}",
        "{a, n: (.c | length)}",
        "{c, n: (.a | length), \"a b\": .a.b}",
        "{n: (.a.b | length)}",
        "{a, a: .c}",
        "{a: .a.b.c, b: .c?}",
        "select(.a) | {c}",
        "select(.a == 3) | select(.c) | {a, c}",
        "select(.a != null and .c == false) | {a}",
        "select(.a | not) | {c}",
        "{a, b: .}",
        "{(.a | tostring): 1}",
        "[.a, .c]",
        ".a.b",
        ".c // .a",
        ".a as $x | [$x, .c]",
        ".a as [$x] | .c",
        "if .a then .c else .a end",
        "if .a then .c end",
        "\"\\(.a) \\(.c)\"",
        "[.a[]?, .c[]?]",
        ".a[.c]?",
        ".a | keys?",
        "select(.c), .a",
        "(., .a) | .c?",
        ".a == .c",
        "[.a, 1][0]",
        "try .a.b catch .",
        ".a.b |= 1",
        "del(.a)",
        "keys",
        "length",
        ".[\"a\"]",
        "..",
        ".a |= empty",
        "[paths]",
        "with_entries(.)",
        "def select(f): .; select(.a == 1) | {c}",
        "def length: 7; {n: (.a | length)}",
        "label $f | .a, break $f",
        "reduce .c[]? as $x (.a; .)",
        "-(.a | length)",
        ".a and .c",
        "error(.)?",
        ".a | error?",
        "[limit(1; .a, .c)]",
        "@json \"x\\(.a)\"",
        "{$__loc__, a}",
        "input_line_number?, .a",
    ];
    let (mut outputs, mut faults) = (0, 0);
    for program in programs {
        let Some(fast) = compiled(program) else { continue };
        // The engine is given the whole row, and all of the program.
        let plain = compiled(&format!("[.][0] | {program}")).unwrap();
        let run = |plan: &Plan| run_in_memory(plan, rows.iter().map(String::as_bytes));
        let (fast, mut plain) = (run(&fast), run(&plain));
        if !Head::of(program).is_empty() {
            // What jq cannot even read is not told of rows that are ruled out.
            let unreadable = |message: &str| message.contains("surrogate") || message.contains("malformed");
            plain.faults.retain(|fault| fast.faults.contains(fault) || !unreadable(&fault.1));
        }
        assert_eq!(fast.rows, plain.rows, "{program}");
        assert_eq!(fast.faults, plain.faults, "{program}");
        outputs += fast.rows.len();
        faults += fast.faults.len();
    }
    assert!(outputs > 3000 && faults > 300, "{outputs} outputs, {faults} faults");
}
