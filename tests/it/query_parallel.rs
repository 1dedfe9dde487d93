//! The answer is the same bytes however many threads read, over pieces of files, rows longer than a
//! piece, and what is no row; and results are handed on in time.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::support::{Book, LOGBOOK};

use crate::rows::{Dice, Shape, agent_rows};

/// Some six mebibytes: so many that several threads have several pieces each.
fn rows() -> Vec<u8> {
    let mut dice = Dice::new(3);
    let mut text = Vec::new();
    for (index, line) in agent_rows(11, 14_000, Shape::Calls).split_inclusive(|byte| *byte == b'\n').enumerate() {
        match dice.below(400) {
            0 => text.extend_from_slice(&line[..line.len() / 2]),
            1 => text.extend_from_slice(b"\0\0\0"),
            2 => text.extend_from_slice(b"not a row\r\n\n"),
            3 if index % 5 == 0 => {
                let long = "x".repeat(900_000);
                text.extend_from_slice(
                    format!("{{\"run_id\":\"long\",\"status\":\"failed\",\"output\":\"{long}\"}}\n").as_bytes(),
                );
            }
            _ => {}
        }
        text.extend_from_slice(line);
    }
    text.extend_from_slice(b"{\"run_id\":\"last\",\"status\":\"blocked\"}");
    text
}

#[test]
fn threads_do_not_show() {
    let book = Book::empty();
    book.write("rows.jsonl", &rows());
    let queries: &[&[&str]] = &[
        &["status=failed", "-o", "jsonl"],
        &["status=blocked or status=failed", "select run_id, status, cost_usd"],
        &[
            "group_by status summarize count, sum(cost_usd), avg(duration_ms), p95(duration_ms), first(run_id), last(run_id)",
        ],
        &["group_by run_id"],
        &["--latest", "--select", "run_id,status"],
        &["sort_by -cost_usd limit 20"],
        &["status=failed limit 3"],
        &["--jq", "select(.status == \"failed\") | [.run_id, (.tool_call.args | length)]"],
        &["--jq", ".cost_usd", "--slurp"],
        &["--jq", ".nothing.at.all + 1 | error"],
        &["run_id=long", "--count"],
        &["summarize list(phase)"],
    ];
    for query in queries {
        let mut answers = ["1", "2", "5"].map(|threads| {
            let mut arguments = vec!["query"];
            arguments.extend_from_slice(query);
            arguments.extend_from_slice(&["rows.jsonl", "--threads", threads]);
            let ran = book.run(&arguments);
            (ran.out.clone(), ran.err.clone())
        });
        let one = std::mem::take(&mut answers[0]);
        assert!(!one.0.is_empty() || !one.1.is_empty(), "{query:?}");
        assert!(answers[1..].iter().all(|other| *other == one), "{query:?}");
    }
}

#[test]
fn a_program_without_end_is_heard() {
    let book = Book::empty();
    book.write("rows.jsonl", &rows());
    let mut child = book
        .command(LOGBOOK)
        .args(["query", "rows.jsonl", "--jq", "repeat(1)"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "1");
    // Its reader is gone, and so it ends.
    drop(lines);
    assert!(child.wait().unwrap().success());
}

#[test]
fn rows_of_a_slow_writer_are_seen_at_once() {
    let book = Book::empty();
    let mut command = book.command(LOGBOOK);
    let mut child = command.args(["query", "-", "has a"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for number in 0..3 {
        writeln!(input, "{{\"a\":{number}}}").unwrap();
        // Waits for ever if it is not.
        assert_eq!(lines.next().unwrap().unwrap(), format!("{{\"a\":{number}}}"));
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}
