//! kill -9 storm: 64 writers, single rows and batches of 300 B to 100 KB, a
//! reader that counts all the while, a new segment every few megabytes. Half of
//! the kills are aimed at the process that holds the lock, the others at any.

use std::collections::HashSet;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::bed::{self, Bed, Fate};
use crate::ledger::{Ledger, Steps, counted_by_logbook};
use crate::trial::{Dice, Report, Scale, Tier, Trial, note, nothing};

const WRITERS: u64 = 64;
/// Kills on one logbook; then it is judged and a new one begins.
const ROUND_KILLS: u64 = 1000;

pub fn trials() -> Vec<Trial> {
    vec![Trial { name: "kill -9 storm", tier: Tier::Quick, needs: nothing, run }]
}

/// Processes that may be killed: those that were started and not yet waited for.
pub struct Targets {
    alive: Mutex<HashSet<i32>>,
}

impl Targets {
    pub fn new() -> Targets {
        Targets { alive: Mutex::new(HashSet::new()) }
    }

    /// Runs the command to its end; until then it may be killed.
    pub fn end(&self, mut command: Command) -> bed::Ended {
        let child = command.spawn().unwrap();
        let pid = child.id() as i32;
        self.alive.lock().unwrap().insert(pid);
        // Stays a zombie, and its number its own, until it is off the list.
        while waitid(WaitId::Pid(Pid::from_raw(pid).unwrap()), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).is_err() {
        }
        self.alive.lock().unwrap().remove(&pid);
        child.wait_with_output().unwrap().into()
    }

    /// The same of a command whose standard output is wanted, and not longer than a pipe.
    pub fn output(&self, command: Command) -> (bed::Ended, String) {
        self.output_of(command, &Mutex::default())
    }

    /// The same; while it runs, it stands in `group` too.
    pub fn output_of(&self, mut command: Command, group: &Mutex<HashSet<i32>>) -> (bed::Ended, String) {
        let mut child = command.spawn().unwrap();
        let pid = child.id() as i32;
        self.alive.lock().unwrap().insert(pid);
        // Read while it runs: whoever says much would wait for a reader for ever.
        let said = child.stdout.take().map(|mut stdout| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                stdout.read_to_end(&mut text).map(|_| text).unwrap_or_default()
            })
        });
        group.lock().unwrap().insert(pid);
        while waitid(WaitId::Pid(Pid::from_raw(pid).unwrap()), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).is_err() {
        }
        group.lock().unwrap().remove(&pid);
        self.alive.lock().unwrap().remove(&pid);
        let output = child.wait_with_output().unwrap();
        let out = said.map(|said| said.join().unwrap()).unwrap_or_default();
        (output.into(), String::from_utf8_lossy(&out).into_owned())
    }

    pub fn kill(&self, pid: i32) -> bool {
        self.signal(pid, Signal::KILL)
    }

    pub fn signal(&self, pid: i32, signal: Signal) -> bool {
        let alive = self.alive.lock().unwrap();
        alive.contains(&pid) && Pid::from_raw(pid).is_some_and(|pid| kill_process(pid, signal).is_ok())
    }

    pub fn any(&self, dice: &mut Dice) -> Option<i32> {
        let alive = self.alive.lock().unwrap();
        let at = dice.next() as usize % alive.len().max(1);
        alive.iter().nth(at).copied()
    }
}

/// The process that holds a lock of the logbook, as /proc/locks tells it.
pub fn lock_holder(book: &Path, file: &str) -> Option<i32> {
    let inode = std::fs::metadata(book.join(file)).ok()?.ino();
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let here = words.get(1) == Some(&"FLOCK") && words.get(5)?.ends_with(&format!(":{inode}"));
        if here { words.get(4)?.parse().ok() } else { None }
    })
}

struct Round<'a> {
    book: &'a Path,
    targets: Targets,
    killed: AtomicU64,
    kills: u64,
    over: AtomicBool,
    violations: Mutex<Vec<String>>,
}

impl Round<'_> {
    fn wrong(&self, what: String) {
        self.violations.lock().unwrap().push(what);
    }

    fn is_over(&self) -> bool {
        self.killed.load(Ordering::Relaxed) >= self.kills
    }

    fn write(&self, writer: u64, scratch: &Path, seed: u64) -> Ledger {
        let mut dice = Dice::new(seed + writer);
        let mut ledger = Ledger::default();
        let mut next = 0;
        let input = scratch.join(format!("in-{writer}"));
        while !self.is_over() {
            let durability = if dice.between(0, 7) == 0 { "data" } else { "none" };
            let from = next;
            let mut command;
            if dice.between(0, 1) == 0 {
                next += 1;
                let row = bed::row(writer, from, bed::row_bytes(&mut dice));
                command = bed::logbook(self.book, &["append", &row, "--durability", durability]);
            } else {
                let bytes = bed::row_bytes(&mut dice);
                let rows = dice.between(1, (400_000 / bytes).clamp(3, 60));
                next += rows;
                let text: String = (from..next).map(|number| bed::row(writer, number, bytes) + "\n").collect();
                command = bed::logbook(self.book, &["append", "-", "--durability", durability]);
                command.stdin(bed::input(&input, text.as_bytes()));
            }
            let ended = self.targets.end(command);
            match (ended.code, ended.signal) {
                (Some(0), _) => {}
                (None, Some(9)) => {
                    self.killed.fetch_add(1, Ordering::Relaxed);
                }
                _ => self.wrong(format!("writer {writer}: {}", ended.told())),
            }
            let fate = if ended.is_done() { Fate::Stored } else { Fate::Either };
            ledger.note_batch(writer, from, next, fate);
        }
        ledger
    }

    fn kill(&self, aimed: bool, seed: u64) {
        let mut dice = Dice::new(seed);
        while !self.is_over() {
            let victim = if aimed { lock_holder(self.book, ".lock") } else { self.targets.any(&mut dice) };
            if let Some(pid) = victim {
                self.targets.kill(pid);
            }
            std::thread::sleep(Duration::from_micros(dice.between(0, 8000)));
        }
    }

    fn count(&self) -> u64 {
        let (mut last, mut looks) = (0, 0);
        while !self.over.load(Ordering::Relaxed) {
            match counted_by_logbook(self.book) {
                Ok(count) if count < last => self.wrong(format!("the reader saw {last} rows, then {count}")),
                Ok(count) => last = count,
                Err(_) if looks == 0 => {}
                Err(problem) => self.wrong(problem),
            }
            looks += 1;
            std::thread::sleep(Duration::from_millis(20));
        }
        looks
    }
}

fn run(scale: &Scale) -> Report {
    let kills = scale.of(1000, 100_000);
    let mut violations = Vec::new();
    let (mut done, mut torn, mut rows, mut looks) = (0, 0, 0, 0);
    while done < kills && violations.is_empty() {
        let bed = Bed::with_config("segment_bytes_max = 4000000\nlock_timeout = \"120s\"\n");
        let round = Round {
            book: &bed.book(),
            targets: Targets::new(),
            killed: AtomicU64::new(0),
            kills: (kills - done).min(ROUND_KILLS),
            over: AtomicBool::new(false),
            violations: Mutex::new(Vec::new()),
        };
        let seed = scale.seed.wrapping_mul(1_000_003) + done;
        let ledger = std::thread::scope(|scope| {
            let (round, scratch) = (&round, bed.path());
            let reader = scope.spawn(|| round.count());
            let killers = [true, false].map(|aimed| scope.spawn(move || round.kill(aimed, seed + u64::from(aimed))));
            let writers: Vec<_> =
                (0..WRITERS).map(|writer| scope.spawn(move || round.write(writer, scratch, seed))).collect();
            let mut ledger = Ledger::default();
            writers.into_iter().for_each(|writer| ledger.join(writer.join().unwrap()));
            killers.into_iter().for_each(|killer| killer.join().unwrap());
            round.over.store(true, Ordering::Relaxed);
            looks += reader.join().unwrap();
            ledger
        });
        done += round.killed.load(Ordering::Relaxed);
        violations.extend(round.violations.into_inner().unwrap());
        // One more append mends what the last kill left.
        let last = bed::end(bed::logbook(&bed.book(), &["append", &bed::row(99, 0, 300)]));
        let mut ledger = ledger;
        ledger.note(99, 0, last.fate());
        let found = ledger.judge(&bed.book(), Steps::Dense);
        violations.extend(found.violations);
        match counted_by_logbook(&bed.book()) {
            Ok(count) if count == found.rows => {}
            other => violations.push(format!("{} rows on file, query --count says {other:?}", found.rows)),
        }
        torn += found.torn;
        rows += found.rows;
    }
    note(&format!("{WRITERS} writers, {rows} rows on file, {torn} rows torn and closed, {looks} counts by the reader"));
    Report { size: done, unit: "kills", violations }
}
