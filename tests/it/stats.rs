//! `logbook stats`: what a logbook comes to.

use serde_json::{Value, json};

use crate::support::Book;

const ROWS: &[&str] = &[
    r#"{"run_id":"r-1","timestamp":"2026-04-15T01:00:00Z","kind":"run.start","phase":"plan","status":"in-progress","agent_id":"scout","model":"big","cost_usd":0.1,"tokens_in":5}"#,
    // Of the same agent and model, since it names none; blocked for an hour, then by another for
    // two.
    r#"{"run_id":"r-1","timestamp":"2026-04-15T02:00:00Z","phase":"act","status":"blocked","blocked_on":"maria","cost_usd":0.2}"#,
    r#"{"run_id":"r-1","timestamp":"2026-04-15T02:30:00Z","status":"blocked","blocked_on":"maria"}"#,
    r#"{"run_id":"r-1","timestamp":"2026-04-15T02:40:00Z","kind":"note","status":"done"}"#,
    r#"{"run_id":"r-1","timestamp":"2026-04-15T03:00:00Z","status":"blocked","blocked_on":"jonas","model":"small"}"#,
    r#"{"run_id":"r-1","timestamp":"2026-04-15T05:00:00Z","status":"in-progress","attempt":2,"tokens_out":7,"cost_usd":1}"#,
    // Blocked until now, by the first one too; and a clock that went back.
    r#"{"run_id":"r-2","timestamp":"2026-04-16T07:00:00Z","status":"blocked","blocked_on":"maria","retry_of":"r-1"}"#,
    r#"{"run_id":"r-3","timestamp":"2026-04-16T07:00:00Z","status":"blocked","blocked_on":"a clock"}"#,
    r#"{"run_id":"r-3","timestamp":"2026-04-16T06:00:00Z","status":"done","attempt":9}"#,
    r#"{"run_id":"_logbook","timestamp":"2026-04-16T06:00:00Z","kind":"repair"}"#,
];

fn stats(book: &Book, more: &[&str]) -> Value {
    serde_json::from_str(&book.run(&[&["stats", "-o", "json"], more].concat()).exit(0).quiet().out).unwrap()
}

#[test]
fn everything_is_counted_once() {
    let found = stats(&Book::with_rows(ROWS), &[]);
    let expected = json!({
        "rows": 10, "runs": 3, "retries": 3, "first": "2026-04-15T01:00:00Z", "last": "2026-04-16T07:00:00Z",
        "statuses": [
            {"status": "blocked", "rows": 5, "runs": 1},
            {"status": "done", "rows": 2, "runs": 1},
            {"status": "in-progress", "rows": 2, "runs": 1},
        ],
        "phases": [{"phase": "act", "rows": 1}, {"phase": "plan", "rows": 1}],
        "days": [{"day": "2026-04-15", "rows": 6}, {"day": "2026-04-16", "rows": 4}],
        "spent": [
            {"agent_id": null, "model": null, "rows": 4, "cost_usd": 0, "tokens_in": 0, "tokens_out": 0},
            {"agent_id": "scout", "model": "big", "rows": 4, "cost_usd": 0.3, "tokens_in": 5, "tokens_out": 0},
            {"agent_id": "scout", "model": "small", "rows": 2, "cost_usd": 1, "tokens_in": 0, "tokens_out": 7},
        ],
        "blocked": [
            {"blocked_on": "jonas", "runs": 1, "blocked_ms": 7_200_000},
            {"blocked_on": "maria", "runs": 2, "blocked_ms": 7_200_000},
            {"blocked_on": "a clock", "runs": 1, "blocked_ms": 0},
        ],
    });
    assert_eq!(found, expected);
}

#[test]
fn some_rows_and_another_zone() {
    let book = Book::with_rows(ROWS);
    assert_eq!(stats(&book, &["status=blocked and timestamp<2026-04-16"])["rows"], 3);
    assert_eq!(stats(&book, &["--since", "2026-04-16"])["runs"], 2);
    assert_eq!(stats(&book, &["-r", "r-2"])["rows"], 1);
    assert_eq!(stats(&book, &["--tz", "-02:00"])["days"][0], json!({"day": "2026-04-14", "rows": 1}));
    assert_eq!(stats(&book, &["status=nosuch"])["rows"], 0);
    book.run(&["stats", "group_by status"]).exit(2).says("no other clauses");
    book.run(&["stats", "-o", "csv"]).exit(2).says("hint: logbook stats -o json");
    book.run(&["stats", "status=nosuch", "-o", "table"]).exit(0).stdout("0 rows, 0 runs, 0 retries\n");
}

#[test]
fn a_person_sees_bars() {
    let book = Book::with_rows(ROWS).var("NO_COLOR", "1");
    let ended = book.terminal("logbook stats", 80, 24);
    ended
        .exit(0)
        .shows("10 rows, 3 runs, 3 retries, 2026-04-15 01:00:00 to 2026-04-16 07:00:00 UTC\n")
        .shows(&format!("2026-04-15     6  {}\n", "█".repeat(40)))
        .shows(&format!("2026-04-16     4  {}\n", "█".repeat(27)))
        .shows("maria          2  2h");
    assert!(ended.out.lines().all(|line| line.chars().count() <= 80), "{ended}");
    // Of many days the newest are drawn.
    let rows: Vec<String> = (0..40)
        .map(|day| format!(r#"{{"run_id":"r","timestamp":"2026-{:02}-{:02}T00:00:00Z"}}"#, 1 + day / 28, 1 + day % 28))
        .collect();
    let book = Book::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let table =
        book.run(&["stats", "-o", "table"]).exit(0).shows("9 earlier days with rows; -o json has all").out.clone();
    assert!(!table.contains("2026-01-09") && table.contains("2026-01-10"), "{table}");
}
