//! The rows that benchmarks and tests make up: the same ones each time, valid,
//! and awkward in the ways they promise.

use std::collections::BTreeSet;

use crate::rows::{self, AgentRows, Shape, agent_rows};
use serde_json::Value;

use crate::support::Book;

const ROWS: u64 = 6_000;

fn both() -> [(Shape, String); 2] {
    [Shape::Steps, Shape::Calls].map(|shape| (shape, String::from_utf8(agent_rows(7, ROWS, shape)).unwrap()))
}

#[test]
fn the_same_seed_gives_the_same_rows_of_the_wanted_length() {
    for (shape, text) in both() {
        assert!(text.as_bytes() == agent_rows(7, ROWS, shape), "{}", shape.name());
        assert!(text.as_bytes() != agent_rows(8, ROWS, shape), "{}", shape.name());
        assert_eq!(text.lines().count() as u64, ROWS);
        let average = text.len() as u64 / ROWS;
        assert!((340..=440).contains(&average), "{}: {average} bytes a row", shape.name());
        assert!(text.lines().any(|row| row.len() > 5_000), "{}: no long row", shape.name());
    }
}

#[test]
fn instants_rise_over_thirty_days_and_runs_are_many() {
    for (shape, text) in both() {
        let rows: Vec<Value> = text.lines().map(|row| serde_json::from_str(row).unwrap()).collect();
        let instants: Vec<&str> = rows.iter().map(|row| row["timestamp"].as_str().unwrap()).collect();
        assert!(instants.is_sorted_by(|a, b| a < b), "{}", shape.name());
        assert!(instants[0].starts_with("2026-04-01") && instants[instants.len() - 1].starts_with("2026-04-30"));
        let runs: BTreeSet<&str> = rows.iter().map(|row| row["run_id"].as_str().unwrap()).collect();
        assert!((120..=200).contains(&runs.len()), "{}: {} runs", shape.name(), runs.len());
        let mut made = AgentRows::new(7, ROWS, shape);
        let mut last = 0;
        while let Some(day) = made.write_next(&mut Vec::new()) {
            assert!(day == last || day == last + 1, "{}: day {day} after {last}", shape.name());
            last = day;
        }
        assert_eq!(last, rows::DAYS - 1);
    }
}

#[test]
fn a_literal_finds_rows_too_many_and_rows_too_few() {
    for (shape, text) in both() {
        let blocked = |row: &&str| serde_json::from_str::<Value>(row).unwrap()["status"] == "blocked";
        let literal = |row: &&str| row.contains("\"status\":\"blocked\"") || row.contains("\"status\": \"blocked\"");
        let blocked_rows = text.lines().filter(blocked).count();
        assert!((30..=90).contains(&blocked_rows), "{}: {blocked_rows}", shape.name());
        assert!(text.lines().any(|row| literal(&row) && !blocked(&row)), "{}: none too many", shape.name());
        assert!(text.contains(r#""d\u006fne""#), "{}: no status escaped", shape.name());
        let book = Book::empty();
        book.write("rows.jsonl", text.as_bytes());
        let ended = book.run(&["query", "status=blocked", "--count", "rows.jsonl"]);
        assert_eq!(ended.out.trim(), blocked_rows.to_string(), "{}: {}", shape.name(), ended.err);
    }
}
