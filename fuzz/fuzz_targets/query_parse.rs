//! The query language on any text: no panic, nothing unbounded, no control
//! character in a message; what is accepted means the same after it was
//! printed and parsed again; and what compiles runs on rows, split in any way,
//! to the same answer. jq programs are compiled but not run: one that runs
//! away is ended by the process's own limits, which are not here.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::{Corpus, fuzz_target};
use logbook_model::error::Error;
use logbook_model::{Instant, Vocabulary, Zone};
use logbook_query::ast::Query;
use logbook_query::{Argument, Context, compile};
use logbook_query::Plan;
use logbook_query::{run_in_memory, run_in_parts};
use logbook_query::text::check::{self, Seen};
use logbook_query::text::parse::{Clause, Input, parse};
use logbook_query::text::{arguments, print};
use logbook_query::time::Clock;

/// jq programs of one query that are compiled: each costs milliseconds, and the
/// instrumented engine is many times slower.
const PROGRAMS_MAX: usize = 4;
/// One text of so many has its programs compiled, for the same reason.
const COMPILED_OF: u32 = 8;

const ROWS: &[&str] = &[
    r#"{"run_id":"r-1","step":1,"timestamp":"2026-04-15T08:00:00.000Z","phase":"plan","action":"read the brief","status":"in-progress","x":1}"#,
    r#"{"run_id":"r-1","step":2,"timestamp":"2026-04-15T23:59:60Z","status":"blocked","blocked_on":"bob","x":"1","a":[1,"b",null,{"b":2}]}"#,
    r#"{"run_id":"r-2","step":1,"timestamp":"2026-04-16T00:00:00+02:00","status":"done","x":123456789012345678901234567890,"a":{"b":{"c":[]}}}"#,
    r#"{"run_id":"r-2","kind":"note","timestamp":"yesterday","x":-0.0,"x":1e400,"a":"\ud800","cost_usd":0.1}"#,
    r#"{"run_id":null,"step":"1","timestamp":1760000000,"status":7,"x":true,"a":[[],[[1]]],"cost_usd":1e-400,"duration_ms":5}"#,
    r#"{"x":1e999999999999,"a":1E+2,"":"","tool_call":{"tool":"bash","args":{}},"duration_ms":5.0}"#,
    r#"{}"#,
    r#"[1]"#,
    r#"{"torn":"#,
];

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(data) else {
        return Corpus::Reject;
    };
    match parse(text) {
        Ok(query) => accepted(text, &query),
        Err(problems) => readable(&Error::from(problems).to_string()),
    }
    for (clause, flag) in FLAGS {
        let input = Input::new().text("status=done").flag(*clause, flag, text);
        match input.parse() {
            Ok(query) if *clause == Clause::Jq => compiles(text, &query),
            Ok(_) => {}
            Err(problems) => readable(&Error::from(problems).to_string()),
        }
    }
    let _ = arguments::is_query_text(text);
    let _ = arguments::hint(text);
    Corpus::Keep
});

const FLAGS: &[(Clause, &str)] = &[
    (Clause::Filter, "--filter"),
    (Clause::GroupBy, "--group"),
    (Clause::Summarize, "--summarize"),
    (Clause::Having, "--having"),
    (Clause::Select, "--select"),
    (Clause::SortBy, "--sort"),
    (Clause::Limit, "--limit"),
    (Clause::Latest, "--latest"),
    (Clause::LatestBy, "--latest-by"),
    (Clause::Jq, "--jq"),
];

fn accepted(text: &str, query: &Query) {
    let printed = print::query(query);
    let again = match parse(&printed) {
        Ok(again) => again,
        Err(problems) => panic!("{text:?} is printed {printed:?}, which is refused: {}", Error::from(problems)),
    };
    assert_eq!(without_spans(&again), without_spans(query), "{text:?} is printed {printed:?}");
    assert_eq!(print::query(&again), printed, "{text:?}: the printed form is not final");
    let paths = BTreeSet::from([vec!["stages".to_owned()]]);
    let seen = Seen { field: &|path| path.keys == ["status"], word: &|_| false, paths: &paths, partly: false };
    for warning in check::warnings(query, &seen, &Vocabulary::default()).shown {
        readable(&warning.error(text).text());
    }
    compiles(text, query);
}

fn compiles(text: &str, query: &Query) {
    let programs = format!("{query:?}").matches("JqText {").count();
    let sum = text.bytes().fold(0u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    if programs > PROGRAMS_MAX || (programs > 0 && !(sum >> 4).is_multiple_of(COMPILED_OF)) {
        return;
    }
    match compile(query, &context()) {
        Ok(plan) if programs == 0 => runs(&plan),
        Ok(_) => {}
        Err(problems) => assert!(!problems.is_empty(), "refused without a reason"),
    }
}

fn runs(plan: &Plan) {
    let rows = || ROWS.iter().map(|row| row.as_bytes());
    let whole = run_in_memory(plan, rows());
    for row in &whole.rows {
        let row = String::from_utf8_lossy(row);
        assert!(serde_json::from_str::<&serde_json::value::RawValue>(&row).is_ok(), "not JSON: {row}");
    }
    for size in [1, 4] {
        let parts = run_in_parts(plan, ROWS.chunks(size).map(|part| part.iter().map(|row| row.as_bytes())));
        assert_eq!(parts.rows, whole.rows, "in parts of {size}");
    }
}

fn context() -> Context {
    let clock = Clock { now: Instant { seconds: 1_776_333_600, attos: 0 }, zone: zone() };
    let mut context = Context::new(clock);
    context.arguments.insert("name".to_owned(), Argument::Text("done".to_owned()));
    context.arguments.insert("json".to_owned(), Argument::Json(b"[1,\"a\"]".to_vec()));
    context.files.insert("names".to_owned(), vec!["r-1".to_owned(), String::new(), "2026-04-15".to_owned()]);
    context
}

fn zone() -> Zone {
    Zone::parse("Europe/Berlin").unwrap_or(Zone::UTC)
}

/// What is said on a terminal holds no control character but the newline.
fn readable(said: &str) {
    assert!(!said.chars().any(|character| character.is_control() && character != '\n'), "{said:?}");
}

fn without_spans(query: &Query) -> String {
    let text = format!("{query:?}");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("Span { from: ") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = &rest[rest.find('}').map_or(rest.len(), |end| end + 1)..];
    }
    out + rest
}
