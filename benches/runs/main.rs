//! What commands about runs cost, as parts of an unfiltered `query --count` that is measured in
//! turn with them: whole processes, a logbook in segments of 64 MiB, `cache/` made by a first round
//! that does not count. `./bench runs [ROWS] [ONLY]`.
//!
//! Not a test: nothing fails here when a goal is missed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

#[path = "../query/measure.rs"]
#[allow(dead_code, reason = "seconds are enough here")]
mod measure;
#[path = "../rows/mod.rs"]
mod rows;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use measure::measure;
use rows::{AgentRows, Shape};

const LOGBOOK: &str = env!("CARGO_BIN_EXE_logbook");
const SEED: u64 = 5;
const SEGMENT_BYTES: usize = 64 << 20;
/// A run of AgentRows has so many rows or so.
const ROWS_PER_RUN: u64 = 50;
/// The smaller logbook has a tenth of the rows and as many runs.
const FEWER: u64 = 10;
const ROUNDS: usize = 9;

/// What is run, and at most what part of the reference it is to take. `RUN` and `OTHER` are runs,
/// `PATH` a file.
const CASES: [(&str, &[&str], f64); 8] = [
    ("runs", &["runs"], 0.3),
    ("runs --all -o json", &["runs", "--all", "-o", "json"], 0.3),
    ("resume", &["resume", "RUN"], 0.5),
    ("show", &["show", "RUN"], 0.5),
    ("show -o md", &["show", "RUN", "-o", "md"], 0.5),
    ("diff", &["diff", "RUN", "OTHER"], 0.7),
    ("blame", &["blame", "PATH"], 1.5),
    ("stats", &["stats"], f64::NAN),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if arguments.first().is_some_and(|word| word == measure::WORD) {
        return measure::small_process(&arguments[1..]);
    }
    let count = arguments.first().map_or(1_000_000, |word| word.replace(['_', ','], "").parse().expect("ROWS"));
    let only: Vec<&str> = arguments.get(1).map_or(Vec::new(), |word| word.split(',').collect());
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runs");
    let large = logbook(&place, count, ROWS_PER_RUN);
    let small = logbook(&place, count / FEWER, ROWS_PER_RUN / FEWER);
    let run = format!("r-{:06}", count / ROWS_PER_RUN / 2);
    let other = format!("r-{:06}", count / ROWS_PER_RUN / 2 + 1);
    let file = path_of(&large, &run).unwrap_or_else(|| "README.md".to_owned());
    println!("{count} rows in {}; {run}, {other}, {file}", large.display());
    println!("{:<34} {:>9} {:>9} {:>7}  at most", "", "ours s", "than s", "ratio");
    for (name, words, most) in CASES {
        if !only.is_empty() && !only.contains(&words[0]) {
            continue;
        }
        if !exists(words[0]) {
            println!("{name:<34} not run: there is no such command");
            continue;
        }
        let place = |word: &&str| match *word {
            "RUN" => run.clone(),
            "OTHER" => other.clone(),
            "PATH" => file.clone(),
            word => word.to_owned(),
        };
        let words: Vec<String> = words.iter().map(place).collect();
        compare(&format!("{name} / query --count"), (&words, &large), (&count_all(), &large), most);
    }
    if only.is_empty() || only.contains(&"runs") {
        let runs = ["runs".to_owned()];
        compare("runs / on a tenth of the rows", (&runs, &large), (&runs, &small), 1.5);
        let plain = ["runs".to_owned(), "--no-cache".to_owned()];
        compare("runs --no-cache / query --count", (&plain, &large), (&count_all(), &large), f64::NAN);
    }
}

fn count_all() -> [String; 2] {
    ["query", "--count"].map(str::to_owned)
}

/// Medians of both, taking turns.
fn compare(name: &str, ours: (&[String], &Path), reference: (&[String], &Path), most: f64) {
    let (mut our_seconds, mut their_seconds) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        for ((words, logbook), seconds) in [(ours, &mut our_seconds), (reference, &mut their_seconds)] {
            let mut command = vec![LOGBOOK.to_owned()];
            command.extend_from_slice(words);
            command.extend(["--dir".to_owned(), logbook.display().to_string()]);
            let measured = measure(&command, logbook, &logbook.join("answer"));
            if round > 0 {
                seconds.push(measured.seconds);
            }
        }
    }
    let (ours, theirs) = (median(our_seconds), median(their_seconds));
    let most = if most.is_nan() { String::new() } else { most.to_string() };
    println!("{name:<34} {ours:>9.4} {theirs:>9.4} {:>7.2}  {most}", ours / theirs);
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn exists(command: &str) -> bool {
    let status = Command::new(LOGBOOK).args(["help", command]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.unwrap().success()
}

/// The directory of a logbook of so many rows; made if it is not there.
fn logbook(place: &Path, count: u64, rows_per_run: u64) -> PathBuf {
    let directory = place.join(format!("{count}-{rows_per_run}"));
    if directory.exists() {
        return directory;
    }
    eprintln!("making {count} rows in {}", directory.display());
    let making = place.join("making");
    let _ = fs::remove_dir_all(&making);
    fs::create_dir_all(making.join(".logbook")).unwrap();
    let mut rows = AgentRows::new(SEED, count, Shape::Steps).of_runs_of(rows_per_run);
    let (mut text, mut number) = (Vec::new(), 0);
    loop {
        let more = rows.write_next(&mut text).is_some();
        if text.len() >= SEGMENT_BYTES || !more {
            number += 1;
            let name = format!(".logbook/2026-05-{number:02}.{number:06}.jsonl");
            fs::File::create(making.join(name)).unwrap().write_all(&text).unwrap();
            text.clear();
        }
        if !more {
            break;
        }
    }
    fs::rename(&making, &directory).unwrap();
    directory
}

/// A file that some row of `run` names.
fn path_of(logbook: &Path, run: &str) -> Option<String> {
    let mut query = Command::new(LOGBOOK);
    query.args(["query", "has artifact_ref", "-r", run, "-n", "1", "--jq", ".artifact_ref", "--raw-strings", "--dir"]);
    let output = query.arg(logbook).output().ok()?;
    let line = String::from_utf8(output.stdout).ok()?;
    line.lines().next().map(str::to_owned)
}
