//! Rows as they come, while 8 writers append, segments are sealed and archived: a follower tells
//! each row once, in order; and a trigger that is killed again and again hands each over at least
//! once, and never goes back.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant as Clocked, SystemTime};

use logbook_json as json;
use logbook_model::{Address, Instant};
use rustix::process::{Pid, Signal, kill_process};

use crate::bed::{self, Bed};
use crate::trial::{Dice, Report, Scale, Tier, Trial, note, nothing};

const WRITERS: u64 = 8;
const CONFIG: &str = "segment_bytes_max = 200000\nlock_timeout = \"120s\"\ndurability = \"none\"\n";
/// Whoever has not told a row by then never will.
const DEADLINE: Duration = Duration::from_secs(120);

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial { name: "follow under fire", tier: Tier::Quick, needs: nothing, run: run_follow },
        Trial { name: "trigger killed", tier: Tier::Quick, needs: nothing, run: run_trigger },
    ]
}

/// What 8 writers sent so far, each one row after the other through one `append` that stays.
struct Writers {
    sent: [AtomicU64; WRITERS as usize],
    over: AtomicBool,
}

impl Writers {
    fn new() -> Writers {
        Writers { sent: [const { AtomicU64::new(0) }; WRITERS as usize], over: AtomicBool::new(false) }
    }

    fn write(&self, book: &Path, writer: u64, seed: u64) -> Vec<String> {
        let mut dice = Dice::new(seed + writer);
        let mut child = bed::logbook(book, &["append", "-"]).stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let mut number = 0;
        while !self.over.load(Ordering::Relaxed) {
            let row = bed::row(writer, number, dice.between(200, 600));
            // Every third one is what a trigger waits for.
            let row = if number % 3 == 0 { row.replacen('{', "{\"wanted\":true,", 1) } else { row };
            if writeln!(input, "{row}").is_err() {
                break;
            }
            number += 1;
            self.sent[writer as usize].store(number, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(dice.between(5, 25)));
        }
        drop(input);
        let ended = child.wait_with_output().unwrap().into();
        let ended: bed::Ended = ended;
        if ended.is_done() { Vec::new() } else { vec![format!("writer {writer}: {}", ended.told())] }
    }

    fn all(&self) -> Vec<u64> {
        self.sent.iter().map(|sent| sent.load(Ordering::Relaxed)).collect()
    }
}

/// Seals every second, or four times as often, and archives what is sealed.
fn seal_and_archive(book: &Path, over: &AtomicBool, every: Duration) -> (u64, Vec<String>) {
    let (mut seals, mut wrong) = (0, Vec::new());
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(every);
        for words in [&["head", "--seal"][..], &["archive", "--older-than", "0s", "--lock-timeout", "60s"]] {
            let ended = bed::end(bed::logbook(book, words));
            if !ended.is_done() {
                wrong.push(format!("{}: {}", words[0], ended.told()));
            }
        }
        seals += 1;
    }
    (seals, wrong)
}

/// What a follower told.
#[derive(Default)]
struct Told {
    /// Of each writer, the number that is to come next.
    next: [u64; WRITERS as usize],
    /// From the timestamp of a row until it was told, ms.
    latencies_ms: Vec<i64>,
    wrong: Vec<String>,
}

/// The run of the last row.
const LAST: &str = "last";

/// Reads the lines of a follower until the last row.
fn listen(name: &str, child: &mut Child) -> Told {
    let mut told = Told::default();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in lines.map_while(Result::ok) {
        let now = Instant::from_chrono(SystemTime::now().into());
        let mut values = Vec::new();
        let picked = json::pick(line.as_bytes(), &["action", "timestamp"], &mut values);
        let text = |at: usize| values.get(at).copied().flatten().and_then(json::decode).unwrap_or_default();
        let (action, time) = (String::from_utf8_lossy(&text(0)).into_owned(), text(1));
        let named = action
            .split_once('.')
            .and_then(|(writer, number)| Some((writer.parse::<usize>().ok()?, number.parse::<u64>().ok()?)));
        let Some((writer, number)) = named.filter(|(writer, _)| picked.is_ok() && *writer < told.next.len()) else {
            if action == LAST {
                break;
            }
            if !line.contains("\"_logbook\"") {
                told.wrong.push(format!("{name}: a row that nobody sent: {line}"));
            }
            continue;
        };
        if number != told.next[writer] {
            told.wrong.push(format!("{name}: writer {writer}: row {number} where {} was to come", told.next[writer]));
        }
        told.next[writer] = number + 1;
        if let Some(at) = Instant::parse(&String::from_utf8_lossy(&time)) {
            told.latencies_ms.push(now.ms_since(at));
        }
        if told.wrong.len() > 20 {
            break;
        }
    }
    told
}

fn run_follow(scale: &Scale) -> Report {
    let seconds = scale.of(4, 600);
    let bed = Bed::with_config(CONFIG);
    let book = bed.book();
    let writers = Writers::new();
    let is_told = AtomicBool::new(false);
    let every = if scale.quick { Duration::from_millis(250) } else { Duration::from_secs(1) };
    let followers: [(&str, &[&str]); 2] = [
        ("tail -f", &["tail", "-f", "-o", "jsonl"]),
        ("with a cursor", &["tail", "-f", "-o", "jsonl", "--cursor", "c"]),
    ];
    let mut children =
        followers.map(|(name, words)| (name, bed::logbook(&book, words).stdout(Stdio::piped()).spawn().unwrap()));
    let pids = children.each_ref().map(|(_, child)| Pid::from_child(child));
    let (told, seals, mut violations) = std::thread::scope(|scope| {
        let (book, writers, is_told) = (&book, &writers, &is_told);
        let listeners: Vec<_> =
            children.iter_mut().map(|(name, child)| scope.spawn(move || listen(name, child))).collect();
        let keeper = scope.spawn(move || seal_and_archive(book, &writers.over, every));
        let hands: Vec<_> =
            (0..WRITERS).map(|writer| scope.spawn(move || writers.write(book, writer, scale.seed))).collect();
        std::thread::sleep(Duration::from_secs(seconds));
        writers.over.store(true, Ordering::Relaxed);
        let mut wrong: Vec<String> = hands.into_iter().flat_map(|hand| hand.join().unwrap()).collect();
        let (seals, more) = keeper.join().unwrap();
        wrong.extend(more);
        // Behind all others: who tells it has told them, or never will.
        let last = bed::end(bed::logbook(book, &["append", "-r", LAST, "-a", LAST]));
        if !last.is_done() {
            wrong.push(format!("the last row: {}", last.told()));
        }
        scope.spawn(move || {
            let began = Clocked::now();
            while began.elapsed() < DEADLINE && !is_told.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(20));
            }
            for pid in pids {
                let _ = kill_process(pid, Signal::KILL);
            }
        });
        let told: Vec<Told> = listeners.into_iter().map(|listener| listener.join().unwrap()).collect();
        is_told.store(true, Ordering::Relaxed);
        (told, seals, wrong)
    });
    let sent = writers.all();
    for ((name, child), told) in children.iter_mut().zip(told) {
        let _ = child.kill();
        let _ = child.wait();
        violations.extend(told.wrong);
        if told.next[..] != sent[..] {
            violations.push(format!("{name}: told {:?} of {sent:?}", told.next));
        }
        let mut latencies = told.latencies_ms;
        latencies.sort_unstable();
        let at = |part: usize| latencies.get(latencies.len() * part / 1000).copied().unwrap_or(0);
        note(&format!(
            "{name}: {} rows, {seals} seals, from timestamp to told p50 {} ms, p99 {} ms, p99.9 {} ms",
            latencies.len(),
            at(500),
            at(990),
            at(999)
        ));
    }
    Report { size: seconds, unit: "seconds", violations }
}

/// Where the cursor stands.
fn cursor(book: &Path) -> Option<(u64, u64)> {
    let text = fs::read_to_string(book.join("cursors/t")).ok()?;
    match Address::parse(text.trim_end())? {
        Address::Place { segment, offset } => Some((segment, offset)),
        Address::Step { .. } => None,
    }
}

fn trigger(bed: &Bed, more: &[&str]) -> Command {
    let handed = bed.path().join("handed");
    let line = format!("echo \"$LOGBOOK_ROW_ID\" >>{}", handed.display());
    let words: Vec<&str> = ["trigger", "--cursor", "t", "--from-start", "wanted=true"]
        .into_iter()
        .chain(more.iter().copied())
        .chain(["--", "sh", "-c", &line])
        .collect();
    bed::logbook(&bed.book(), &words)
}

fn run_trigger(scale: &Scale) -> Report {
    let kills = scale.of(20, 1000);
    let bed = Bed::with_config(CONFIG);
    let book = bed.book();
    let writers = Writers::new();
    let mut dice = Dice::new(scale.seed);
    let mut stands = (0, 0);
    let mut violations: Vec<String> = std::thread::scope(|scope| {
        let (book, writers) = (&book, &writers);
        let hands: Vec<_> = (0..2).map(|writer| scope.spawn(move || writers.write(book, writer, scale.seed))).collect();
        let keeper = scope.spawn(move || seal_and_archive(book, &writers.over, Duration::from_millis(500)));
        let mut wrong = Vec::new();
        for kill in 0..kills {
            let mut child = trigger(&bed, &[]).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(dice.between(2, 150)));
            let _ = kill_process(Pid::from_child(&child), Signal::KILL);
            let _ = child.wait();
            let now = cursor(book);
            match now {
                Some(now) if now < stands => {
                    wrong.push(format!("kill {kill}: the cursor went from {stands:?} to {now:?}"))
                }
                Some(now) => stands = now,
                None if stands > (0, 0) => wrong.push(format!("kill {kill}: the cursor is gone")),
                None => {}
            }
        }
        writers.over.store(true, Ordering::Relaxed);
        wrong.extend(hands.into_iter().flat_map(|hand| hand.join().unwrap()));
        wrong.extend(keeper.join().unwrap().1);
        wrong
    });
    let last = bed::end(trigger(&bed, &["--once"]));
    if !last.is_done() {
        violations.push(format!("the last trigger: {}", last.told()));
    }
    let wanted = bed::logbook(&book, &["query", "wanted=true", "--select", "run_id,step", "-o", "tsv"]);
    let wanted = { wanted }.stdout(Stdio::piped()).output().unwrap();
    let wanted = String::from_utf8_lossy(&wanted.stdout).into_owned();
    let wanted: HashSet<String> = wanted
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once('\t'))
        .map(|(run, step)| format!("{run}#{step}"))
        .collect();
    let sent: u64 = writers.all().iter().map(|sent| sent.div_ceil(3)).sum();
    if wanted.len() as u64 != sent {
        violations.push(format!("{sent} rows were sent that a trigger waits for, {} are on file", wanted.len()));
    }
    let text = fs::read_to_string(bed.path().join("handed")).unwrap_or_default();
    let handed: HashSet<&str> = text.lines().collect();
    violations.extend(
        wanted.iter().filter(|row| !handed.contains(row.as_str())).map(|row| format!("{row} was not handed over")),
    );
    violations.extend(
        handed
            .iter()
            .filter(|row| !wanted.contains(**row))
            .map(|row| format!("{row} was handed over, and nobody waits for it")),
    );
    let twice = text.lines().count() - handed.len();
    note(&format!("{} rows handed over, {twice} of them once more after a kill", handed.len()));
    Report { size: kills, unit: "kills", violations }
}
