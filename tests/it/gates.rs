//! The cases of `tests/gates/*.txt`: what must not get past approvals, policy, holds, redaction and
//! evidence.
//!
//! A case begins with `== its name`. A line `$ command` is run by `sh` in an empty directory with a
//! logbook, `logbook` and `L` on the path (variables that one command exports are there for the
//! next); lines that begin with `> ` go on with it. What follows says how it ended:
//!
//! - `exit N`: its exit status; 0, if no line says so
//! - `out TEXT`, `err TEXT`: this is in its standard output, or its standard error
//! - `out! TEXT`, `err! TEXT`: this is not
//! - `#` begins a comment
//!
//! `LOGBOOK_UNDER_TEST=/path/to/another/logbook cargo test gates` runs them with another program:
//! so a case is seen to fail before a change.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Book, repository};

/// A command, and what must be true when it has ended.
#[derive(Debug, Default)]
struct Step {
    line: usize,
    command: String,
    exit: i32,
    wanted: Vec<(Wanted, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Out,
    NotOut,
    Err,
    NotErr,
}

#[derive(Debug)]
struct Case {
    name: String,
    steps: Vec<Step>,
}

/// Reads a file of cases. Errors: the line that is none of its words.
fn cases(text: &str) -> Result<Vec<Case>, String> {
    let mut cases: Vec<Case> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix("== ") {
            cases.push(Case { name: name.to_owned(), steps: Vec::new() });
            continue;
        }
        let case = cases.last_mut().ok_or(format!("line {}: no case has begun", at + 1))?;
        if let Some(command) = line.strip_prefix("$ ") {
            case.steps.push(Step { line: at + 1, command: command.to_owned(), ..Step::default() });
            continue;
        }
        let step = case.steps.last_mut().ok_or(format!("line {}: no command stands before it", at + 1))?;
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let wanted = match word {
            ">" => {
                step.command.push('\n');
                step.command.push_str(rest);
                continue;
            }
            "exit" => {
                step.exit = rest.parse().map_err(|_| format!("line {}: {rest:?} is not an exit status", at + 1))?;
                continue;
            }
            "out" => Wanted::Out,
            "out!" => Wanted::NotOut,
            "err" => Wanted::Err,
            "err!" => Wanted::NotErr,
            _ => return Err(format!("line {}: unknown word {word:?}", at + 1)),
        };
        step.wanted.push((wanted, rest.to_owned()));
    }
    Ok(cases)
}

/// What is wrong with the case, if anything. The first step that fails ends it.
fn fault(case: &Case, program: Option<&Path>) -> Option<String> {
    let book = Book::new();
    let bin = book.path().join("../bin");
    fs::create_dir(&bin).unwrap();
    let program = program.unwrap_or(Path::new(crate::support::LOGBOOK));
    for name in ["L", "logbook"] {
        std::os::unix::fs::symlink(program, bin.join(name)).unwrap();
    }
    for step in &case.steps {
        let line = format!(
            "[ -f ../exports ] && . ../exports\nunset LOGBOOK_NOW\nPATH=\"$(cd ../bin && pwd):$PATH\"\n{}\ncode=$?; export -p >../exports; exit $code",
            step.command
        );
        let ended = book.shell(&line);
        let holds = |(wanted, text): &(Wanted, String)| match wanted {
            Wanted::Out => ended.out.contains(text.as_str()),
            Wanted::NotOut => !ended.out.contains(text.as_str()),
            Wanted::Err => ended.err.contains(text.as_str()),
            Wanted::NotErr => !ended.err.contains(text.as_str()),
        };
        let missed: Vec<String> =
            step.wanted.iter().filter(|it| !holds(it)).map(|(wanted, text)| format!("{wanted:?} {text:?}")).collect();
        if ended.code != step.exit || !missed.is_empty() {
            return Some(format!(
                "{}: line {}: $ {}\nexit {} (wanted {}), missed: {}\n--- out\n{}--- err\n{}",
                case.name,
                step.line,
                step.command,
                ended.code,
                step.exit,
                missed.join(", "),
                ended.out,
                ended.err
            ));
        }
    }
    None
}

fn files(of: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join(of)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    files
}

/// Runs all cases of these files, several at a time; gives how many, and what is wrong with which.
fn run(files: &[PathBuf]) -> (usize, Vec<String>) {
    let mut all: Vec<(String, Case)> = Vec::new();
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let read = cases(&fs::read_to_string(path).unwrap()).unwrap_or_else(|why| panic!("{name}: {why}"));
        all.extend(read.into_iter().map(|case| (name.clone(), case)));
    }
    let program = std::env::var_os("LOGBOOK_UNDER_TEST").map(PathBuf::from);
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut faults = Vec::new();
        while let Some((file, case)) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            faults.extend(fault(case, program.as_deref()).map(|fault| format!("{file}: {fault}")));
        }
        faults
    };
    let faults = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    (all.len(), faults)
}

#[test]
fn gates_hold() {
    hold("tests/gates");
}

/// What people hit with other tools' habits, and with rows that logbook did not write.
#[test]
fn field_cases_hold() {
    hold("tests/field");
}

fn hold(of: &str) {
    let (count, faults) = run(&files(of));
    assert!(faults.is_empty(), "{} of {count} cases failed\n\n{}", faults.len(), faults.join("\n\n"));
}

#[test]
fn a_case_can_fail() {
    let of = |text: &str| cases(text).unwrap().iter().filter_map(|case| fault(case, None)).count();
    assert_eq!(of("== one\n$ echo a\nout a\nout! b\n$ exit 3\nexit 3\n"), 0);
    assert_eq!(of("== exit\n$ exit 3\n== out\n$ echo a\nout b\n== not\n$ echo a\nout! a\n"), 3);
    assert_eq!(of("== err\n$ echo a >&2\nerr b\n== not\n$ echo a >&2\nerr! a\n"), 2);
    assert_eq!(of("== goes on\n$ printf '%s' \\\n> abc\nout abc\n$ L where\nout .logbook\n"), 0);
    for bad in ["$ no case", "== a\nout x", "== a\n$ b\nouts x", "== a\n$ b\nexit many"] {
        assert!(cases(bad).is_err(), "{bad}");
    }
}
