//! What a query may take: time, memory, depth. Bounds are generous, since other
//! tests run beside these.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::Book;

const ROW: &str = r#"{"run_id":"r-1","step":1,"status":"done","n":1}"#;

#[test]
fn a_program_that_runs_for_ever_is_ended() {
    let book = Book::with_rows(&[ROW]);
    let ended = book.run(&["query", "--jq", "def f: f; f", "--timeout", "200ms"]);
    ended.exit(3).stdout("").says("logbook: stopped after 200ms (--timeout); the output is incomplete\n");
    // One that ends in time is left alone.
    book.run(&["query", "--jq", ".n", "--timeout", "1h"]).exit(0).quiet().stdout("1\n");
    book.run(&["query", "--jq", ".n", "--timeout", "5"]).exit(2).says("--timeout: `5` lacks a unit");
    // Also without jq: standard input that never ends.
    book.shell("sleep 20 | logbook query --timeout 100ms -").exit(3).says("(--timeout)");
}

#[test]
fn a_program_that_takes_all_memory_is_ended() {
    let book = Book::with_rows(&[ROW]);
    let ended = book.run(&["query", "--jq", "[range(1000000000000)]", "--max-memory", "100M"]);
    ended.exit(3).stdout("").says("logbook: stopped at 100 MiB of memory (--max-memory); the output is incomplete\n");
    book.run(&["query", "--max-memory", "lots"]).exit(2).says("--max-memory: \"lots\" is not a size");
    // What no machine can promise at once ends in the runtime's words, not in a signal.
    book.run(&["query", "--jq", "\"x\" * 100000000000000"]).exit(3).says("no memory left");
}

#[test]
fn a_program_that_calls_itself_without_end_is_ended() {
    let book = Book::with_rows(&[ROW]);
    for program in ["def f: 1 + f; f", "def f: [f]; f", "def f: (f | f) + 1; f"] {
        let ended = book.run(&["query", "--jq", program, "--timeout", "60s"]);
        assert_eq!(ended.code, 3, "{ended}");
        assert!(ended.err.starts_with("logbook: stopped"), "{ended}");
    }
    // Deep is not endless.
    book.run(&["query", "--jq", "def f: if . > 20000 then . else 1 + (. + 1 | f) end; 0 | f"]).exit(0).quiet();
    book.run(&["query", "--jq", "reduce range(50000) as $i (null; [.]) | 1"]).exit(0).quiet().stdout("1\n");
}

/// Runs a query on `rows` rows of `runs` runs side by side through a pipe; its output and its
/// greatest memory in KiB.
fn streamed(arguments: &[&str], rows: usize, runs: usize) -> (String, u64) {
    let filler = "x".repeat(900);
    streamed_rows(arguments, rows, move |number, out| {
        let status = if number % 50_000 == 0 { "blocked" } else { "done" };
        let key = (number * 7919) % 1_000_003;
        let run = number % runs;
        writeln!(out, r#"{{"run_id":"r-{run}","status":"{status}","n":{key},"filler":"{filler}"}}"#).unwrap();
    })
}

/// The same on rows that `row` writes.
fn streamed_rows(arguments: &[&str], rows: usize, row: impl Fn(usize, &mut Vec<u8>) + Send + 'static) -> (String, u64) {
    let book = Book::empty();
    let mut command = Command::new(env!("CARGO_BIN_EXE_logbook"));
    command.arg("query").args(arguments).arg("-").current_dir(book.path()).env("TZ", "UTC");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let peak = move || {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB").trim().to_owned();
        line.trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let writer = std::thread::spawn(move || {
        let mut piece = Vec::new();
        let mut most = 0;
        for number in 0..rows {
            row(number, &mut piece);
            if piece.len() > 1 << 20 || number + 1 == rows {
                stdin.write_all(&piece).unwrap();
                piece.clear();
                // The process waits for more, so that its greatest use so far can be read.
                most = most.max(peak());
            }
        }
        drop(stdin);
        most
    });
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    (String::from_utf8_lossy(&output.stdout).into_owned(), writer.join().unwrap())
}

/// 200 MB of rows.
const MANY: usize = 210_000;

#[test]
fn filters_run_in_constant_memory() {
    let (out, peak_kib) = streamed(&["status=blocked", "--select", "run_id"], MANY, MANY);
    assert_eq!(out.lines().count(), MANY.div_ceil(50_000), "{out}");
    assert!(peak_kib < 40 << 10, "{peak_kib} KiB for a filter");
}

#[test]
fn sorting_with_a_limit_keeps_few_rows() {
    let (out, peak_kib) = streamed(&["sort_by -n limit 3 select n"], MANY, MANY);
    assert_eq!(out, "{\"n\":1000000}\n{\"n\":999997}\n{\"n\":999994}\n");
    assert!(peak_kib < 40 << 10, "{peak_kib} KiB for sort and limit");
}

#[test]
fn of_runs_side_by_side_only_the_newest_rows_are_kept() {
    let (out, peak_kib) = streamed(&["--latest", "-o", "jsonl"], MANY, 2000);
    assert_eq!(out.lines().count(), 2000);
    assert!(out.contains(&format!("\"n\":{},", ((MANY - 1) * 7919) % 1_000_003)), "the last row is among them");
    // Rows of 190 MiB went through, those that are kept take 2.
    assert!(peak_kib < 60 << 10, "{peak_kib} KiB for the newest rows");
}

#[test]
fn percentiles_of_many_numbers_take_as_much_as_there_are_different_ones() {
    const ROWS: usize = 140_000;
    const NUMBERS: usize = 50;
    // 30,000 different ones, each as often as any other, in an order that is none; half of them
    // whole.
    let (out, peak_kib) =
        streamed_rows(&["group_by k summarize count(n), p50(n), p95(n), max(n)"], ROWS, |number, out| {
            let values = (0..NUMBERS).map(|at| ((number / 2 * NUMBERS + at) * 7919) % 30_000);
            let point = if number % 2 == 0 { "" } else { ".5" };
            let values: Vec<String> = values.map(|value| format!("{value}{point}")).collect();
            writeln!(out, r#"{{"run_id":"r","k":{},"n":[{}]}}"#, number % 2, values.join(",")).unwrap();
        });
    // Of 3.5 million numbers of 0 to 29,999 in each group, all but the last few as often.
    let each = ROWS / 2 * NUMBERS;
    let percentile = |share: usize| {
        let mut numbers: Vec<usize> = (0..each).map(|at| (at * 7919) % 30_000).collect();
        *numbers.select_nth_unstable((each * share).div_ceil(100) - 1).1
    };
    let (half, most) = (percentile(50), percentile(95));
    let count = ROWS / 2;
    assert_eq!(
        out,
        format!(
            "{{\"k\":0,\"count(n)\":{count},\"p50(n)\":{half},\"p95(n)\":{most},\"max(n)\":29999}}\n\
             {{\"k\":1,\"count(n)\":{count},\"p50(n)\":{half}.5,\"p95(n)\":{most}.5,\"max(n)\":29999.5}}\n"
        )
    );
    // As they come they would take 80 MiB, twice.
    assert!(peak_kib < 48 << 10, "{peak_kib} KiB for seven million numbers, twice");
}

#[test]
fn thousands_of_unknown_words_are_counted_and_not_told_one_by_one() {
    let book = Book::with_rows(&[ROW]);
    let words = |begin: &str, end: &str| {
        (0..4000).map(|at| format!("{begin}{at}{end}")).collect::<Vec<_>>().join(if end.is_empty() {
            ","
        } else {
            " and "
        })
    };
    for query in
        [format!("select {}", words("column_", "")), words("column_", "=1"), format!("status in ({})", words("w", ""))]
    {
        let ended = book.run(&["query", &query, "-o", "csv"]);
        ended.exit(0).says("3990 more fields or words are not known");
        assert_eq!(ended.err.matches("logbook: no ").count(), 10, "{ended}");
    }
    let ended = book.run(&["query", &format!("group_by run_id select {}", words("column_", ""))]);
    ended.exit(2).says("query: 4000 mistakes").says("and 3990 more");
    assert_eq!(ended.err.matches("after grouping there is no column").count(), 10, "{ended}");
}
