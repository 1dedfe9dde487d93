//! What queries cost, beside every peer that is found: the same files, the same
//! questions, answers compared. `./bench query [ROWS] [ONLY] [SHAPE]`; docs/benchmarks.md.
//!
//! Not a test: a goal that is missed fails nothing; an answer that differs does.
//!
//! - `cases.toml`, `peers.toml`: what is asked and who is asked, as data · `cases`: made into
//!   commands
//! - `data`: the files, made once · `../rows`: their rows
//! - `measure`: one command as a whole process · `limit`: what the page cache gives
//! - `answers`: whether two say the same
//! - `report`: the tables · `picture`: the bars
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod answers;
mod cases;
mod data;
mod limit;
mod measure;
mod picture;
mod report;
#[path = "../rows/mod.rs"]
mod rows;

use std::path::Path;

use answers::Lines;
use cases::{Case, Peer};
use data::Data;
use measure::{Measured, measure};
use report::{Outcome, Report};
use rows::Shape;

/// Everybody has so many processors.
const THREADS: usize = 2;
/// Commands that take longer are run once, and count as they are.
const ONCE_SECONDS: f64 = 2.0;
/// Rounds for logbook and for whom it is compared with; the others have fewer.
const ROUNDS: usize = 5;
const FEWER_ROUNDS: usize = 3;
/// A short command is run more often, until it had so much time.
const SHORT_SECONDS: f64 = 0.1;
const SHORT_ROUNDS: usize = 15;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if arguments.first().is_some_and(|word| word == measure::WORD) {
        return measure::small_process(&arguments[1..]);
    }
    let (flags, arguments): (Vec<_>, Vec<_>) = arguments.into_iter().partition(|word| word.starts_with("--"));
    let documents = flags.iter().any(|flag| flag == "--docs");
    let word = |at: usize| arguments.get(at).map(String::as_str);
    let count: u64 = word(0).map_or(1_000_000, |word| word.replace(['_', ','], "").parse().expect("ROWS is a number"));
    let only: Vec<&str> = word(1).filter(|word| *word != "all").map_or(Vec::new(), |word| word.split(',').collect());
    let shape = Shape::named(word(2).unwrap_or("steps")).expect("SHAPE is steps or calls");
    let processors = confine();

    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("query");
    let data = data::prepare(&place, count, shape);
    let (cases, peers) = (cases::cases(), cases::peers());
    let found: Vec<(Peer, String)> = look_for(peers, &only);
    let is_case = |name: &&str| cases.iter().any(|case| case.name == **name);
    let some_cases = only.iter().any(is_case);

    let mut report = Report::new(count, shape, processors, &found, data.bytes("rows.jsonl"));
    report.head();
    data::warm(&data.files("rows.jsonl"));
    report.limit(limit::pread_seconds(&data.directory.join("rows.jsonl"), processors, ROUNDS));
    for case in &cases {
        if !some_cases || only.contains(&case.name.as_str()) {
            let outcomes = ask(case, &found, &data);
            report.case(case, data.bytes(&case.file), outcomes);
        }
    }
    report.end(&place, documents && only.is_empty());
    if report.differs {
        eprintln!("some answers differ from logbook's; they are in {}/answers", data.directory.display());
        std::process::exit(1);
    }
}

/// Keeps this process and its children on two processors; says how many there are now.
fn confine() -> usize {
    let all = rustix::thread::sched_getaffinity(None).unwrap();
    let mut few = rustix::thread::CpuSet::new();
    let mine = (0..rustix::thread::CpuSet::MAX_CPU).filter(|cpu| all.is_set(*cpu)).take(THREADS);
    let count = mine.inspect(|cpu| few.set(*cpu)).count();
    rustix::thread::sched_setaffinity(None, &few).unwrap();
    count
}

/// The peers that are here and wanted, with their versions; says how to come by the others.
fn look_for(peers: Vec<Peer>, only: &[&str]) -> Vec<(Peer, String)> {
    let some_peers = only.iter().any(|name| peers.iter().any(|peer| peer.name == *name));
    let mut found = Vec::new();
    for peer in peers {
        if some_peers && peer.name != "logbook" && !only.contains(&peer.name.as_str()) {
            continue;
        }
        match peer.found() {
            Some(version) => found.push((peer, version)),
            None => println!("{} is not here: {}", peer.name, peer.get),
        }
    }
    found
}

/// One query to everybody: first for the answer, then, taking turns, for the time.
fn ask(case: &Case, peers: &[(Peer, String)], data: &Data) -> Vec<Outcome> {
    data::warm(&data.files(&case.file));
    let mut outcomes = Vec::new();
    let mut ours: Option<Lines> = None;
    for (peer, _) in peers {
        let Some(command) = peer.command(case, data) else { continue };
        let answer = data.directory.join(format!("answers/{}.{}", case.name, peer.name));
        let first = measure(&command, &data.directory, &answer);
        let lines = Lines::read(&answer, case.answer);
        let difference = match &ours {
            _ if !first.success => Some("failed".to_owned()),
            Some(ours) => lines.difference(ours),
            None => None,
        };
        let known = case.wrong.contains(&peer.name);
        let count = lines.count();
        ours.get_or_insert(lines);
        outcomes.push(Outcome { peer: peer.name.clone(), command, difference, known, lines: count, runs: vec![first] });
    }
    for round in 0..SHORT_ROUNDS {
        for outcome in &mut outcomes {
            let first = &outcome.runs[0];
            let counts = outcome.peer == "logbook" || outcome.peer == case.reference;
            let rounds = match first.seconds {
                _ if !first.success => 0,
                seconds if counts && seconds < SHORT_SECONDS => SHORT_ROUNDS,
                _ if counts => ROUNDS,
                seconds if seconds > ONCE_SECONDS => 0,
                _ => FEWER_ROUNDS,
            };
            if round >= rounds {
                continue;
            }
            let answer = data.directory.join("answers/timed");
            let next = measure(&outcome.command, &data.directory, &answer);
            outcome.runs.push(next);
        }
    }
    for outcome in &mut outcomes {
        // The first run warmed up, unless it is the only one.
        if outcome.runs.len() > 1 {
            outcome.runs.remove(0);
        }
    }
    if case.name == "day" {
        cold(data, case, &mut outcomes);
    }
    outcomes
}

/// One more run after the page cache forgot the files: what the disk had to give, mapped or read.
fn cold(data: &Data, case: &Case, outcomes: &mut [Outcome]) {
    let files = data.files(&case.file);
    for outcome in outcomes {
        data::cool(&files);
        let run = measure(&outcome.command, &data.directory, &data.directory.join("answers/timed"));
        for warm in &mut outcome.runs {
            warm.disk_bytes = run.disk_bytes;
        }
    }
}

/// The middle one.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Median seconds: of the whole process, or of the query inside where the peer says it.
pub fn seconds(runs: &[Measured], whole: bool) -> f64 {
    median(runs.iter().map(|run| run.inside_seconds.filter(|_| !whole).unwrap_or(run.seconds)))
}
