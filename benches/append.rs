//! What appending costs, as ratios against a reference that is measured side by
//! side: absolute times say more of the machine than of the program. `./bench append`.
//!
//! Not a test: nothing fails here when a goal is missed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod rows;
mod timing;
mod writers;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use rows::{Shape, rows};
pub use timing::logbook;
use timing::{built, empty_program, installed, median, process_ms};

const LOGBOOK: &str = env!("CARGO_BIN_EXE_logbook");

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if arguments.first().is_some_and(|word| word == "--writer") {
        return writers::work(&arguments[1..]);
    }
    let scale: usize = arguments.first().and_then(|word| word.parse().ok()).unwrap_or(1);
    let only = arguments.get(1).map(String::as_str);
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    println!("{:<52} {:>14} {:>14} {:>7}  goal", "name", "ours", "reference", "ratio");
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    if wanted("one") {
        one_row(place.path(), 500 * scale);
    }
    if wanted("batch") {
        batch(place.path(), 300_000 * scale);
    }
    if wanted("writers") {
        writers::run(place.path(), scale);
    }
    if wanted("large") {
        large(place.path(), 16 * scale);
    }
}

/// One line of the table.
pub fn line(name: &str, ours: String, reference: String, ratio: f64, goal: &str) {
    println!("{name:<52} {ours:>14} {reference:>14} {ratio:>7.2}  {goal}");
}

fn append_one(program: &Path, directory: &Path, durability: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["append", "-r", "r-88", "-p", "act", "-a", "run test suite", "-s", "in-progress"]);
    command.args(["--durability", durability, "--dir"]).arg(directory).stdin(Stdio::null());
    command
}

/// `append` of one row against a program that does nothing, in turn.
fn one_row(place: &Path, runs: usize) {
    let empty = empty_program(place);
    let program = installed(place, Path::new(LOGBOOK));
    let directory = logbook(place, "one", "");
    fs::remove_file(directory.join("config.toml")).unwrap();
    let (mut ours, mut reference) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        reference.push(process_ms(&mut Command::new(&empty)));
        ours.push(process_ms(&mut append_one(&program, &directory, "none")));
    }
    let (none, nothing) = (median(ours), median(reference));
    line(
        "one row, none / an empty program",
        format!("{none:.2} ms"),
        format!("{nothing:.2} ms"),
        none / nothing,
        "1.2",
    );
    synced_row(place, &program, &directory, runs);
}

/// Writes 300 bytes to the end of a file and, if asked, syncs it.
const WRITE: &str = r#"
use std::io::Write;
fn main() {
    let words: Vec<String> = std::env::args().collect();
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&words[1]).unwrap();
    file.write_all(&[b'x'; 300]).unwrap();
    if words[2] == "sync" {
        file.sync_data().unwrap();
    }
}
"#;

/// What a sync adds to `append`, against what it adds to a program that does little else, and
/// against one in a process that goes on, which is faster. All in turn: a logbook grows, and what
/// was synced once has a cache.
fn synced_row(place: &Path, program: &Path, directory: &Path, runs: usize) {
    let write = built(place, "write", WRITE);
    let written = |how: &str| process_ms(Command::new(&write).arg(place.join("written")).arg(how));
    let (mut ours, mut theirs, mut syncs) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()], Vec::new());
    let mut file = File::create(place.join("sync")).unwrap();
    for _ in 0..runs {
        file.write_all(&[b'x'; 300]).unwrap();
        let start = Instant::now();
        file.sync_data().unwrap();
        syncs.push(start.elapsed().as_secs_f64() * 1000.0);
        for (at, (durability, how)) in [("none", "no"), ("data", "sync")].into_iter().enumerate() {
            ours[at].push(process_ms(&mut append_one(program, directory, durability)));
            theirs[at].push(written(how));
        }
    }
    let beyond = |[none, data]: [Vec<f64>; 2]| median(data) - median(none);
    let (beyond, theirs, sync) = (beyond(ours), beyond(theirs), median(syncs));
    let told = format!("{beyond:.3} ms");
    let name = "one row, data, beyond none / a write's fdatasync";
    line(name, told.clone(), format!("{theirs:.3} ms"), beyond / theirs, "1.2");
    line("the same / one in a process that goes on", told, format!("{sync:.3} ms"), beyond / sync, "");
}

/// Processor seconds of all children that have ended (`/proc/self/stat`, cutime and cstime).
fn children_cpu_s() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let after = stat.rsplit(')').next().unwrap();
    let ticks = after.split_ascii_whitespace().skip(13).take(2).map(|word| word.parse::<f64>().unwrap());
    ticks.sum::<f64>() / 100.0
}

/// Rows from a file through `append -`, against `cat`: rows a second of one processor.
fn batch(place: &Path, count: usize) {
    for shape in [Shape::Steps, Shape::Calls] {
        let input = place.join("rows.jsonl");
        fs::write(&input, rows(7, count, shape, 300)).unwrap();
        let (mut ours, mut copied) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            // One segment: sealing one syncs it, which is the disk's time.
            let directory = logbook(place, "batch", "segment_bytes_max = 100000000000\n");
            let mut append = Command::new(LOGBOOK);
            append.args(["append", "-", "--durability", "none", "--dir"]).arg(&directory);
            let start = children_cpu_s();
            process_ms(append.stdin(File::open(&input).unwrap()));
            let between = children_cpu_s();
            let copy = File::create(place.join("copy")).unwrap();
            process_ms(Command::new("cat").stdin(File::open(&input).unwrap()).stdout(copy));
            ours.push(between - start);
            copied.push(children_cpu_s() - between);
            fs::remove_dir_all(place.join("batch")).unwrap();
        }
        let rate = |seconds: f64| count as f64 / seconds.max(0.005) / 1e6;
        let (ours, copied) = (rate(median(ours)), rate(median(copied)));
        let name = format!("batch of 300 B rows ({}), none / cat", shape.name());
        line(&name, format!("{ours:.2} M/s"), format!("{copied:.2} M/s"), ours / copied, "ours 2 M/s");
    }
}

/// One row on a logbook of many full segments against one on an empty logbook.
/// The segments are real rows with ids, made by `append -`; on the first
/// `append` after that `cache/` is complete.
fn large(place: &Path, segments: usize) {
    let program = installed(place, Path::new(LOGBOOK));
    let large = logbook(place, "large", "");
    let empty = logbook(place, "empty-one", "");
    let per_segment = (64 << 20) / 300;
    let mut ids = 0usize;
    for segment in 0..segments {
        let mut feed = Command::new(LOGBOOK);
        feed.args(["append", "-", "--durability", "none", "--dir"]).arg(&large).stdin(Stdio::piped());
        let mut child = feed.spawn().unwrap();
        let mut text = Vec::with_capacity(64 << 20);
        for row in rows(segment as u64, per_segment, Shape::Steps, 280).split(|byte| *byte == b'\n') {
            if let Some(rest) = row.strip_prefix(b"{") {
                text.extend_from_slice(format!("{{\"id\":\"key-{ids}\",").as_bytes());
                text.extend_from_slice(rest);
                text.push(b'\n');
                ids += 1;
            }
        }
        child.stdin.take().unwrap().write_all(&text).unwrap();
        assert!(child.wait().unwrap().success());
    }
    // What was just written is not to be on its way to the disk meanwhile. And the directory is
    // listed at each append until 2.5 s after it last changed (docs/decisions/0013): so it is for a
    // moment behind each rotation, and not otherwise.
    process_ms(&mut Command::new("sync"));
    std::thread::sleep(std::time::Duration::from_secs(3));
    let (mut ours, mut reference, mut keyed) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..200 {
        reference.push(process_ms(&mut append_one(&program, &empty, "none")));
        ours.push(process_ms(&mut append_one(&program, &large, "none")));
        keyed.push(process_ms(append_one(&program, &large, "none").args(["--id", &format!("new-{run}")])));
    }
    let (ours, reference, keyed) = (median(ours), median(reference), median(keyed));
    let name = format!("one row, {segments} segments of 64 MiB / empty logbook");
    line(&name, format!("{ours:.2} ms"), format!("{reference:.2} ms"), ours / reference, "1.1");
    let name = format!("the same with --id, {:.1} million ids on file", ids as f64 / 1e6);
    line(&name, format!("{keyed:.2} ms"), format!("{reference:.2} ms"), keyed / reference, "");
}
