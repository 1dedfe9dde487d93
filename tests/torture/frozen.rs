//! A writer stopped (SIGSTOP) while it holds the lock: the next one gives up in
//! time, names the process, and all is normal when the holder goes on.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::bed::{self, Bed, Fate};
use crate::ledger::{Ledger, Steps};
use crate::storm::lock_holder;
use crate::trial::{Report, Scale, Tier, Trial, note, nothing};

const TIMEOUT_MS: u64 = 300;

pub fn trials() -> Vec<Trial> {
    vec![Trial { name: "lock holder stopped", tier: Tier::Quick, needs: nothing, run }]
}

fn run(scale: &Scale) -> Report {
    let mut report = Report { size: 0, unit: "holders stopped", violations: Vec::new() };
    let size = scale.of(1, 100);
    let mut slowest_ms = 0;
    while report.size < size && report.violations.is_empty() {
        let (violations, late_ms) = once();
        slowest_ms = slowest_ms.max(late_ms);
        report.violations = violations;
        report.size += 1;
        // In `cargo test` the machine may be busy with anything: no time is judged there.
        if late_ms > 500 && !scale.quick {
            report.violations.push(format!("gave up {late_ms} ms after the timeout"));
        }
    }
    note(&format!("at most {slowest_ms} ms after the timeout of {TIMEOUT_MS} ms"));
    report
}

/// Stops one holder. Gives what was wrong, and how long after its timeout the
/// other writer gave up.
fn once() -> (Vec<String>, u64) {
    const ROWS: u64 = 4000;
    let bed = Bed::new();
    let book = bed.book();
    let mut ledger = Ledger::default();
    let mut violations = Vec::new();
    loop {
        // Holds long enough, again and again, to be met in one of them.
        let _ = std::fs::remove_dir_all(&book);
        let text: String = (0..ROWS).map(|number| bed::row(1, number, 10_000) + "\n").collect();
        let mut command = bed::logbook(&book, &["append", "-", "--durability", "none"]);
        command.stdin(bed::input(&bed.path().join("in"), text.as_bytes())).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let raw = child.id() as i32;
        let pid = Pid::from_raw(raw).unwrap();
        let mut held = false;
        // Not yet waited for, so the number is its own.
        while !held && child.try_wait().unwrap().is_none() {
            if lock_holder(&book, ".lock") != Some(raw) {
                continue;
            }
            let _ = kill_process(pid, Signal::STOP);
            std::thread::sleep(Duration::from_millis(20));
            held = lock_holder(&book, ".lock") == Some(raw);
            if !held {
                let _ = kill_process(pid, Signal::CONT);
            }
        }
        if !held {
            let _ = child.wait();
            continue;
        }
        let start = Instant::now();
        let timeout = format!("{TIMEOUT_MS}ms");
        let refused = bed::end(bed::logbook(&book, &["append", &bed::row(2, 0, 300), "--lock-timeout", &timeout]));
        let late_ms = (start.elapsed().as_millis() as u64).saturating_sub(TIMEOUT_MS);
        if refused.code != Some(75) {
            violations.push(format!("with a stopped holder: {}", refused.told()));
        }
        if !refused.stderr.contains(&format!("process {raw}")) {
            violations.push(format!("the holder {raw} is not named: {}", refused.told()));
        }
        ledger.note(2, 0, Fate::Absent);
        let _ = kill_process(pid, Signal::CONT);
        let holder: bed::Ended = child.wait_with_output().unwrap().into();
        ledger.note_batch(1, 0, ROWS, holder.fate());
        if !holder.is_done() {
            violations.push(format!("the holder that went on: {}", holder.told()));
        }
        let next = bed::end(bed::logbook(&book, &["append", &bed::row(2, 1, 300)]));
        ledger.note(2, 1, Fate::Stored);
        if !next.is_done() {
            violations.push(format!("the next append: {}", next.told()));
        }
        violations.extend(ledger.judge(&book, Steps::Dense).violations);
        return (violations, late_ms);
    }
}
