//! Clocks that lie, by libfaketime: backwards, before 1970, the year 2100, a
//! leap day, a day that changes during a batch. No panic, order kept, the date
//! in a segment's name never goes back, no storm of rotations.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::bed::{self, Bed};
use crate::exits::Caller;
use crate::ledger::{self, Line, Steps};
use crate::trial::{Report, Scale, Tier, Trial};

pub fn trials() -> Vec<Trial> {
    vec![Trial { name: "clocks that lie (faketime)", tier: Tier::Everything, needs, run }]
}

fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
    folders.map(|folder| folder.join("faketime/libfaketime.so.1")).find(|path| path.exists())
}

fn needs() -> Result<(), String> {
    let Some(_) = library() else { return Err("libfaketime".to_owned()) };
    let bed = Bed::new();
    bed::end(at("@2100-01-01 00:00:00", &bed.book(), &["append", "-r", "r", "-a", "a"]));
    match ledger::segments(&bed.book()).first() {
        Some((_, day, _)) if day.starts_with("2100") => Ok(()),
        _ => Err("a logbook that libfaketime reaches (linked dynamically)".to_owned()),
    }
}

/// The command, at this time (as faketime writes it; its clock runs on from there).
fn at(time: &str, book: &Path, arguments: &[&str]) -> Command {
    let mut command = bed::logbook(book, arguments);
    command.env("LD_PRELOAD", library().unwrap_or_default()).env("FAKETIME", time).env("TZ", "UTC");
    command
}

const TIMES: &[&str] = &[
    "@2026-04-15 12:00:00",
    "@2026-04-14 12:00:00", // backwards
    "@1970-01-01 00:00:00",
    "@1969-12-31 23:59:00", // before the epoch
    "@1901-12-14 00:00:00",
    "@2028-02-28 23:59:59",
    "@2028-02-29 12:00:00", // a leap day
    "@2028-03-01 00:00:00",
    "@2100-02-28 12:00:00", // no leap year
    "@2100-03-01 12:00:00",
    "@2026-04-15 12:00:00", // and back: 74 years of appends to one segment
    "@2038-01-19 03:14:08",
];

fn run(_: &Scale) -> Report {
    let bed = Bed::new();
    let book = bed.book();
    let mut caller = Caller::new(&book, bed.path());
    let mut calls = 0;
    for time in TIMES {
        for _ in 0..20 {
            calls += 1;
            let ended = caller.send(1, 300, &|book, arguments| at(time, book, arguments));
            if !ended.is_done() {
                caller.violations.push(format!("{time}: {}", ended.told()));
            }
        }
    }
    caller.judge("all times", Steps::Dense);
    let days: Vec<String> = ledger::segments(&book).into_iter().map(|(_, day, _)| day).collect();
    let expected =
        ["2026-04-15", "2028-02-28", "2028-02-29", "2028-03-01", "2100-02-28", "2100-03-01"].map(str::to_owned);
    if days != expected {
        caller.violations.push(format!("segments of {days:?}, expected {expected:?}"));
    }
    ledger::lines(&book, &mut |place, text| {
        let line: Option<Line> = serde_json::from_slice(text).ok();
        let timestamp = line.and_then(|line| line.timestamp).unwrap_or_default();
        if !timestamp.ends_with('Z') || timestamp.len() != 24 {
            caller.violations.push(format!("@{}:{}: timestamp {timestamp:?}", place.0, place.1));
        }
    });
    let mut violations = std::mem::take(&mut caller.violations);
    violations.extend(midnight());
    Report { size: calls + 1, unit: "appends", violations }
}

/// A batch whose day changes while it is fed.
fn midnight() -> Vec<String> {
    let bed = Bed::new();
    let book = bed.book();
    let mut child = at("@2026-04-15 23:59:58", &book, &["append", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut ledger = ledger::Ledger::default();
    for number in 0..80 {
        let _ = writeln!(input, "{}", bed::row(1, number, 300));
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(input);
    let ended: bed::Ended = child.wait_with_output().unwrap().into();
    ledger.note_batch(1, 0, 80, ended.fate());
    let mut violations = ledger.judge(&book, Steps::Dense).violations;
    if !ended.is_done() {
        violations.push(format!("over midnight: {}", ended.told()));
    }
    let days: Vec<String> = ledger::segments(&book).into_iter().map(|(_, day, _)| day).collect();
    if days != ["2026-04-15", "2026-04-16"] {
        violations.push(format!("over midnight: segments of {days:?}"));
    }
    violations
}
