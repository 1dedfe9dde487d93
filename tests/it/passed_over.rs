//! No row is lost in silence: those that come out of a condition by order, those of its opposite,
//! those that were passed over, null and missing, and skipped lines are all lines there are; in
//! every format, from files and pipes.
#![allow(clippy::unwrap_used)]

use std::fs;

use crate::support::{Book, Ended};

const VALUES: &[&str] = &[
    "null",
    "5",
    "150",
    "-2.5e3",
    "\"3\"",
    "\"warn\"",
    "\"\"",
    "true",
    "{\"a\":1}",
    "\"975ms\"",
    "\"1.2s\"",
    "\"2 min\"",
    "\"12 MiB\"",
    "\"7Mb\"",
    "1776240000",
    "\"1776240000123\"",
    "\"2026-04-15T08:00:00Z\"",
    "\"2026-04-15 08:00:00,5\"",
    "\"2026-04-15T08:00:00+0000\"",
    "\"2026-02-30T08:00:00Z\"",
    "\"Thu, 01 Jan 2015\"",
    "2015",
    "\"\\u0035\"",
];

/// Conditions, and their opposites.
const CONDITIONS: &[(&str, &str)] = &[
    ("v>5", "v<=5"),
    ("v<1s", "v>=1s"),
    ("v>10MB", "v<=10MB"),
    ("v>=2026-04-15", "v<2026-04-15"),
    ("v>b", "v<=b"),
    ("timestamp>2026-04-15T08:00:00Z", "timestamp<=2026-04-15T08:00:00Z"),
    ("v_ms>100ms", "v_ms<=100ms"),
    ("age>1d", "age<=1d"),
];

/// Lines from a seed: values in `v`, `v_ms` and `timestamp`, some missing, some lines no rows. And
/// how many of these.
fn lines(seed: u64) -> (Vec<String>, usize) {
    let mut state = seed;
    let mut dice = |sides: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % sides
    };
    let mut skipped = 0;
    let lines = (0..400).map(|number| {
        if dice(40) == 0 {
            skipped += 1;
            return "this is no row".to_owned();
        }
        let mut row = format!("{{\"n\":{number}");
        for name in ["v", "v_ms", "timestamp"] {
            if dice(6) > 0 {
                row.push_str(&format!(",\"{name}\":{}", VALUES[dice(VALUES.len())]));
            }
        }
        row + "}"
    });
    let lines = lines.collect();
    (lines, skipped)
}

/// How many rows the notes say were passed over.
fn told(ended: &Ended) -> usize {
    let notes = ended.err.lines().filter(|line| line.contains("passed over"));
    notes.map(|line| line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap()).sum()
}

fn count(ended: &Ended) -> usize {
    ended.exit(0).out.trim().parse().unwrap()
}

#[test]
fn answered_and_told_are_all_lines() {
    for seed in 1..4 {
        let (lines, skipped) = lines(seed);
        let book = Book::empty();
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(book.path().join("f.jsonl"), &text).unwrap();
        for (condition, opposite) in CONDITIONS {
            let field = match condition.split(['>', '<']).next().unwrap() {
                "age" => "timestamp",
                field => field,
            };
            let absent =
                count(&book.run(&["query", "f.jsonl", &format!("{field}=null or not has {field}"), "--count"]));
            let one = book.run(&["query", "f.jsonl", condition, "--count"]);
            let other = book.run(&["query", "f.jsonl", opposite, "--count"]);
            assert_eq!(told(&one), told(&other), "{condition}, seed {seed}");
            let sum = count(&one) + count(&other) + told(&one) + absent + skipped;
            assert_eq!(sum, lines.len(), "{condition}, seed {seed}: {one:?}");
            let both = format!("({condition} or n<0) and n>=0");
            assert_eq!(told(&book.run(&["query", "f.jsonl", &both, "--count"])), told(&one), "{both}");
            for format in ["jsonl", "json", "csv", "tsv", "md", "table"] {
                let shown = book.run(&["query", "f.jsonl", condition, "--select", "n", "--sort", "n", "-o", format]);
                assert_eq!(told(&shown), told(&one), "{condition} as {format}");
            }
            let piped = book.run_with(&["query", "-", condition, "-o", "jsonl"], text.as_bytes());
            assert_eq!(told(&piped), told(&one), "{condition} from a pipe");
            assert_eq!(piped.out.lines().count(), count(&one), "{condition} from a pipe");
            let fields = book.run(&["fields", "f.jsonl", condition]);
            assert_eq!(told(&fields), told(&one), "fields {condition}");
        }
        // The flags count rows without a time, too.
        let null = count(&book.run(&["query", "f.jsonl", "timestamp=null", "--count"]));
        for field in ["timestamp", "v"] {
            let null = if field == "v" { count(&book.run(&["query", "f.jsonl", "v=null", "--count"])) } else { null };
            let since = book.run(&["query", "f.jsonl", "--since", "2026-04-15T07:00Z", "--time", field, "--count"]);
            let before = book.run(&["query", "f.jsonl", "--until", "2026-04-15T06:59Z", "--time", field, "--count"]);
            assert_eq!(told(&since), told(&before), "{field}");
            assert_eq!(
                count(&since) + count(&before) + told(&since) + null + skipped,
                lines.len(),
                "{field}: {since:?}"
            );
        }
    }
}
