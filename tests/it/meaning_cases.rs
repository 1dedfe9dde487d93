//! Rows of `tests/meaning.jsonl` and what every view says of them, through the public door.

use std::fs;

use serde_json::Value;

use crate::support::{Book, repository};

/// A case: a name, the rows, and what is said of their run `r`.
#[test]
fn every_door_says_it() {
    let text = fs::read_to_string(repository().join("tests/meaning.jsonl")).unwrap();
    let mut failed = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let case: Value = serde_json::from_str(line).unwrap();
        let book = Book::new();
        let rows: String = case["rows"].as_array().unwrap().iter().map(|row| format!("{row}\n")).collect();
        book.write(".logbook/2026-04-15.000001.jsonl", rows.as_bytes());
        let json = |arguments: &[&str]| -> Value { serde_json::from_str(&book.run(arguments).exit(0).out).unwrap() };
        let run = json(&["runs", "--all", "-o", "json"])[0].clone();
        let record = json(&["show", "r", "--record"]);
        let count = |report: &str| json(&["report", report, "-o", "json"]).as_array().unwrap().len();
        let list = |name: &str| record[name].as_array().cloned().unwrap_or_default();
        let open = list("calls").iter().filter(|call| call["open"] == true).count();
        let latest = json(&["query", "run_id=r", "--latest", "-o", "json"])[0].clone();
        let stats = json(&["stats", "run_id=r", "-o", "json"]);
        let stands = stats["statuses"].as_array().unwrap().iter().find(|it| it["runs"] == 1);
        let stands = stands.map_or(Value::Null, |it| it["status"].clone());
        let resume = json(&["resume", "r", "-o", "json"]);
        let end = book.run(&["end", "-r", "r"]);
        let open_at_end = end.err.split(" open call").next().and_then(|text| text.rsplit(' ').next()?.parse().ok());
        let said = [
            (
                "open_calls",
                vec![
                    ("runs", run["open_calls"].clone()),
                    ("record", open.into()),
                    ("end", open_at_end.unwrap_or(0usize).into()),
                ],
            ),
            ("wrote", vec![("runs", run["wrote"].clone()), ("report wrote-files", (count("wrote-files") > 0).into())]),
            ("denials", vec![("record", list("denied").len().into()), ("report denied", count("denied").into())]),
            ("denied", vec![("runs", run["denied"].clone())]),
            (
                "retries",
                vec![
                    ("runs", run["retries"].clone()),
                    ("stats", json(&["stats", "-o", "json"])["retries"].clone()),
                    ("record", list("retries").len().into()),
                ],
            ),
            ("cost", vec![("runs", run["cost_usd"].clone()), ("record", record["cost_usd"].clone())]),
            ("open_approvals", vec![("runs", run["open_approvals"].clone())]),
            ("held", vec![("runs", run["held"].clone())]),
            ("blocked_on", vec![("runs", run["blocked_on"].clone())]),
            (
                "status",
                vec![
                    ("runs", run["status"].clone()),
                    ("record", record["status"].clone()),
                    ("query --latest", latest["status"].clone()),
                    ("stats", stands),
                    ("resume", resume["status"].clone()),
                ],
            ),
            ("final_status", vec![("runs", run["final_status"].clone()), ("record", record["final_status"].clone())]),
            ("ended_before", vec![("runs", run["ended_before"].clone())]),
            ("rows_since_end", vec![("runs", run["rows_since_end"].clone())]),
            ("end_refuses", vec![("end", end.err.contains("has ended already").into())]),
        ];
        for (name, views) in said {
            let Some(wanted) = case.get(name) else { continue };
            for (view, said) in views {
                if said != *wanted && !(said.is_null() && *wanted == 0) {
                    failed.push(format!("{}: {view} says {name} {said}, not {wanted}", case["case"]));
                }
            }
        }
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}
