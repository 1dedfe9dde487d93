//! The real archiver, killed again and again while 8 writers append, segments rotate and a reader
//! counts: no row is lost, none counted twice, at any moment, and the last archiver finishes the
//! work.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::bed::{self, Bed, Fate};
use crate::ledger::{Ledger, Steps, counted_by_logbook};
use crate::trial::{Dice, Report, Scale, Tier, Trial, note, nothing};

const WRITERS: u64 = 8;
const ARCHIVE: &[&str] = &["archive", "--older-than", "0s", "--lock-timeout", "60s"];

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial { name: "archiver killed amid 8 writers", tier: Tier::Quick, needs: nothing, run: run_any },
        Trial {
            name: "archiver killed at every system call",
            tier: Tier::Everything,
            needs: super::inject::needs,
            run: run_every,
        },
    ]
}

/// At some moment or other.
fn run_any(scale: &Scale) -> Report {
    let kills = scale.of(40, 2000);
    amid_writers(scale.seed, Duration::ZERO, |book, dice| {
        let mut killed = 0;
        for _ in 0..kills {
            let mut child = bed::logbook(book, ARCHIVE).spawn().unwrap();
            std::thread::sleep(Duration::from_micros(dice.between(500, 30_000)));
            let pid = Pid::from_raw(child.id() as i32).unwrap();
            let _ = kill_process(pid, Signal::KILL);
            killed += u64::from(child.wait().unwrap().code().is_none());
        }
        killed
    })
}

/// At the first, second, … call of each name, as many as an archiver makes that is let be. (`when=`
/// counts each name by itself.)
fn run_every(scale: &Scale) -> Report {
    let most = scale.of(60, 100_000);
    // Few rows meanwhile, so that every archiver has about as much to do.
    amid_writers(scale.seed, Duration::from_millis(300), |book, _| {
        let trace = book.parent().unwrap().join("trace");
        let archive = |inject: &[&str]| {
            // There is something to archive each time.
            bed::end(bed::logbook(book, &["head", "--seal"]));
            let words = [&["strace", "-f", "-o", trace.to_str().unwrap(), "-e", "trace=all"], inject].concat();
            bed::wrapped(&words, book, ARCHIVE).output().unwrap().status.success()
        };
        archive(&[]);
        let (mut killed, mut tried) = (0, 0);
        for (call, count) in calls(&std::fs::read_to_string(&trace).unwrap()) {
            for nth in 1..=count {
                if tried == most {
                    return killed;
                }
                tried += 1;
                killed += u64::from(!archive(&["-e", &format!("inject={call}:signal=SIGKILL:when={nth}")]));
                // Every other one finds what one that was killed left.
                if nth % 2 == 0 {
                    bed::end(bed::logbook(book, ARCHIVE));
                }
            }
        }
        killed
    })
}

/// How often each system call stands in a trace.
fn calls(trace: &str) -> BTreeMap<String, u64> {
    let mut calls = BTreeMap::new();
    for line in trace.lines() {
        let call = line.split_ascii_whitespace().nth(1).and_then(|word| word.split_once('(')).map(|(name, _)| name);
        if let Some(name) = call.filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')) {
            *calls.entry(name.to_owned()).or_default() += 1;
        }
    }
    calls
}

/// Runs `kill` while writers write and a reader counts; then finishes the work and judges.
fn amid_writers(seed: u64, pause: Duration, kill: impl FnOnce(&Path, &mut Dice) -> u64 + Send) -> Report {
    let bed = Bed::with_config("segment_bytes_max = 60000\nlock_timeout = \"120s\"\ndurability = \"none\"\n");
    let book = bed.book();
    let over = AtomicBool::new(false);
    let violations = Mutex::new(Vec::new());
    let wrong = |what: String| violations.lock().unwrap().push(what);
    let first = bed::end(bed::logbook(&book, &["append", &bed::row(99, 0, 300)]));
    let (killed, looks, mut ledger) = std::thread::scope(|scope| {
        let (book, over, wrong, scratch) = (&book, &over, &wrong, bed.path());
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn(move || {
                    let mut ledger = Ledger::default();
                    let (mut dice, mut next) = (Dice::new(seed + writer), 0);
                    while !over.load(Ordering::Relaxed) {
                        let (from, rows) = (next, dice.between(1, 30));
                        next += rows;
                        let text: String = (from..next).map(|number| bed::row(writer, number, 300) + "\n").collect();
                        let mut command = bed::logbook(book, &["append", "-"]);
                        command.stdin(bed::input(&scratch.join(format!("in-{writer}")), text.as_bytes()));
                        let ended = bed::end(command);
                        if !ended.is_done() {
                            wrong(format!("writer {writer}: {}", ended.told()));
                        }
                        ledger.note_batch(writer, from, next, ended.fate());
                        std::thread::sleep(pause);
                    }
                    ledger
                })
            })
            .collect();
        let reader = scope.spawn(move || {
            let (mut last, mut looks) = (0, 0);
            while !over.load(Ordering::Relaxed) {
                match counted_by_logbook(book) {
                    Ok(count) if count < last => wrong(format!("the reader saw {last} rows, then {count}")),
                    Ok(count) => last = count,
                    Err(problem) => wrong(problem),
                }
                looks += 1;
            }
            looks
        });
        let killer = scope.spawn(move || kill(book, &mut Dice::new(seed)));
        let killed = killer.join().unwrap();
        over.store(true, Ordering::Relaxed);
        let mut ledger = Ledger::default();
        writers.into_iter().for_each(|writer| ledger.join(writer.join().unwrap()));
        (killed, reader.join().unwrap(), ledger)
    });
    ledger.note(99, 0, if first.is_done() { Fate::Stored } else { Fate::Either });
    let mut violations = violations.into_inner().unwrap();
    let last = bed::end(bed::logbook(&book, ARCHIVE));
    if !last.is_done() {
        violations.push(format!("the last archiver: {}", last.told()));
    }
    let proof = bed::logbook(&book, &["verify"]).output().unwrap();
    if !proof.status.success() {
        violations.push(format!("verify: {}", String::from_utf8_lossy(&proof.stderr)));
    }
    let raw = crate::ledger::segments(&book).len();
    if raw > 1 {
        violations.push(format!("{raw} raw segments are left"));
    }
    let found = ledger.judge(&book, Steps::Dense);
    violations.extend(found.violations);
    match counted_by_logbook(&book) {
        Ok(count) if count == found.rows => {}
        other => violations.push(format!("{} rows on file, query --count says {other:?}", found.rows)),
    }
    note(&format!("{WRITERS} writers, {} rows on file, {looks} counts by the reader", found.rows));
    Report { size: killed, unit: "kills", violations }
}
