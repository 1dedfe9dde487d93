//! An append with an id is killed at any moment, some of its retries too, and
//! retried with the same id until it is acknowledged: the row is there once.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::bed::{self, Bed, Fate};
use crate::ledger::{Ledger, Steps};
use crate::storm::{Targets, lock_holder};
use crate::trial::{Dice, Report, Scale, Tier, Trial, note, nothing};

const WRITERS: u64 = 8;
const ROUND: u64 = 1000;

pub fn trials() -> Vec<Trial> {
    vec![Trial { name: "retry with the same id after a kill", tier: Tier::Quick, needs: nothing, run }]
}

fn run(scale: &Scale) -> Report {
    let size = scale.of(200, 10_000);
    let mut report = Report { size: 0, unit: "rows retried", violations: Vec::new() };
    let (mut kills, mut torn) = (0, 0);
    while report.size < size && report.violations.is_empty() {
        let bed = Bed::with_config("segment_bytes_max = 1000000\nlock_timeout = \"60s\"\n");
        let book = bed.book();
        let targets = Targets::new();
        let retried = AtomicU64::new(0);
        let killed = AtomicU64::new(0);
        let goal = (size - report.size).min(ROUND);
        let seed = scale.seed.wrapping_mul(7_919) + report.size;
        let mut ledger = Ledger::default();
        std::thread::scope(|scope| {
            let (book, targets, retried, killed) = (&book, &targets, &retried, &killed);
            scope.spawn(move || kill(book, targets, retried, goal, seed));
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| scope.spawn(move || write(book, targets, writer, seed, goal, retried, killed)))
                .collect();
            for writer in writers {
                let (sent, wrong) = writer.join().unwrap();
                ledger.join(sent);
                report.violations.extend(wrong);
            }
        });
        let found = ledger.judge(&book, Steps::Dense);
        report.violations.extend(found.violations);
        report.size += retried.into_inner();
        kills += killed.into_inner();
        torn += found.torn;
    }
    note(&format!("{kills} kills, {torn} rows torn and closed"));
    report
}

fn kill(book: &Path, targets: &Targets, retried: &AtomicU64, goal: u64, seed: u64) {
    let mut dice = Dice::new(seed ^ 0xdead);
    while retried.load(Ordering::Relaxed) < goal {
        let aimed = lock_holder(book, ".lock").filter(|_| dice.between(0, 2) > 0);
        if let Some(pid) = aimed.or_else(|| targets.any(&mut dice)) {
            targets.kill(pid);
        }
        std::thread::sleep(Duration::from_micros(dice.between(0, 5000)));
    }
}

fn write(
    book: &Path,
    targets: &Targets,
    writer: u64,
    seed: u64,
    goal: u64,
    retried: &AtomicU64,
    killed: &AtomicU64,
) -> (Ledger, Vec<String>) {
    let mut dice = Dice::new(seed + writer);
    let (mut ledger, mut violations) = (Ledger::default(), Vec::new());
    let mut number = 0;
    while retried.load(Ordering::Relaxed) < goal {
        let row = bed::row_with_id(writer, number, bed::row_bytes(&mut dice));
        let mut tries = 0;
        loop {
            let ended = targets.end(bed::logbook(book, &["append", &row, "--durability", "none"]));
            tries += 1;
            if ended.is_done() {
                break;
            }
            if ended.signal == Some(9) {
                killed.fetch_add(1, Ordering::Relaxed);
            } else {
                violations.push(format!("row {writer}.{number}, try {tries}: {}", ended.told()));
                break;
            }
        }
        ledger.note(writer, number, Fate::Stored);
        retried.fetch_add(u64::from(tries > 1), Ordering::Relaxed);
        number += 1;
    }
    (ledger, violations)
}
