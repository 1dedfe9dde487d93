//! Every console block in README.md and docs/ is run, on a terminal of 80 × 24,
//! and must print what the document says.
//!
//! A line that begins with `$ ` is a command for `sh`; what follows, up to the
//! next one, is what the terminal shows. All blocks of a document run in one
//! directory that holds a copy of `samples/`. Times outside the samples' own
//! month stand for any time; `…` at the end of a line stands for any rest.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::support::{Book, repository};

/// What documents call the directory that their commands run in.
const HERE: &str = "/home/ada/project";

#[derive(Debug)]
struct Step {
    line: usize,
    command: String,
    expected: String,
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for (at, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console" && !inside;
            continue;
        }
        if !inside {
            continue;
        }
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { line: at + 1, command: command.to_owned(), expected: String::new() });
        } else if let Some(step) = steps.last_mut() {
            if step.command.ends_with('\\') {
                step.command.push('\n');
                step.command.push_str(line.trim_start_matches("> "));
            } else {
                step.expected.push_str(line);
                step.expected.push('\n');
            }
        }
    }
    steps
}

fn documents() -> Vec<PathBuf> {
    let mut found = vec![repository().join("README.md")];
    let mut open = vec![repository().join("docs")];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Times that differ from run to run, made alike; blank lines at the end dropped.
fn comparable(text: &str) -> String {
    let times = Regex::new(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?").unwrap();
    let text = times.replace_all(text, |found: &regex::Captures<'_>| {
        let time = &found[0];
        if time.starts_with("2026-04-") { time.to_owned() } else { "TIME".to_owned() }
    });
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

/// Whether `shown` is what `expected` says, `…` at the end of a line open.
fn agrees(expected: &str, shown: &str) -> bool {
    let (expected, shown) = (comparable(expected), comparable(shown));
    if expected == shown {
        return true;
    }
    let (expected, shown): (Vec<_>, Vec<_>) = (expected.lines().collect(), shown.lines().collect());
    expected.len() == shown.len()
        && expected.iter().zip(&shown).all(|(expected, shown)| match expected.strip_suffix('…') {
            Some(start) => shown.starts_with(start),
            None => expected == shown,
        })
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { fs::copy(&path, &target).map(|_| ()).unwrap() }
    }
}

#[test]
fn every_console_block_prints_what_it_says() {
    let mut ran = 0;
    let mut faults = Vec::new();
    for path in documents() {
        let book = Book::empty().var("NO_COLOR", "1");
        copy(&repository().join("samples"), &book.path().join("samples"));
        for step in steps(&fs::read_to_string(&path).unwrap()) {
            // Variables that one command exports are there for the next.
            let line = format!(
                "[ -f ../exports ] && . ../exports\n{}\ncode=$?; export -p >../exports; exit $code",
                step.command
            );
            let ended = book.terminal(&line, 80, 24);
            ran += 1;
            let here = book.path().canonicalize().unwrap().display().to_string();
            let shown = ended.out.replace(&here, HERE);
            if !agrees(&step.expected, &shown) {
                let name = path.strip_prefix(repository()).unwrap().display();
                faults.push(format!(
                    "{name}:{}: $ {}\n--- the document says\n{}--- the terminal shows\n{}",
                    step.line, step.command, step.expected, shown
                ));
            }
        }
    }
    assert!(ran > 0, "no console block was found");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_comparison_itself_can_fail() {
    assert!(agrees("a\n", "a\n"));
    assert!(!agrees("a\n", "b\n"));
    assert!(!agrees("a\n", "a\nb\n"));
    assert!(agrees("at 2026-11-20 10:00:00\n", "at 2027-01-02 03:04:05\n"));
    assert!(!agrees("at 2026-04-15 10:00:00\n", "at 2026-04-15 10:00:01\n"));
    assert!(agrees("begins …\n", "begins and goes on\n"));
    let read =
        steps("text\n```console\n$ logbook where\nx\n$ logbook append \\\n>   a=b\n```\n```sh\n$ not run\n```\n");
    assert_eq!(read.len(), 2, "{read:?}");
    assert_eq!(read[1].command, "logbook append \\\n  a=b");
}
