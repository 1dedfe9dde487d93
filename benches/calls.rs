//! What it costs that calls are on record: `exec` beside the command alone, a decision until it is
//! noticed, and secrets looked for in batches.
//! `./bench calls [SCALE [around|through|noticed|redacted]]`.
//!
//! Not a test: nothing fails here when a goal is missed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod rows;
mod timing;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use rows::{Shape, rows};
use timing::{empty_program, installed, logbook, median, process_ms};
use wait4::Wait4;

const LOGBOOK: &str = env!("CARGO_BIN_EXE_logbook");

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let scale: usize = arguments.first().and_then(|word| word.parse().ok()).unwrap_or(1);
    let only = arguments.get(1).map(String::as_str);
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    println!("{:<52} {:>14} {:>14} {:>7}  goal", "name", "ours", "reference", "ratio");
    if wanted("around") {
        around(place.path(), 300 * scale);
    }
    if wanted("through") {
        through(place.path(), 5 * scale);
    }
    if wanted("noticed") {
        noticed(place.path(), 30 * scale);
    }
    if wanted("redacted") {
        redacted(place.path(), 300_000 * scale);
    }
}

fn line(name: &str, ours: &str, reference: &str, ratio: f64, goal: &str) {
    println!("{name:<52} {ours:>14} {reference:>14} {ratio:>7.2}  {goal}");
}

fn ours(program: &Path, directory: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(words).env("LOGBOOK_RUN", "r-88").env("LOGBOOK_DIR", directory).stdin(Stdio::null());
    command
}

/// `exec` around a program that does nothing, beyond that program.
fn around(place: &Path, runs: usize) {
    let empty = empty_program(place);
    let empty = empty.to_str().unwrap();
    let program = installed(place, Path::new(LOGBOOK));
    for durability in ["none", "data"] {
        let directory = logbook(place, durability, "");
        let (mut wrapped, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            bare.push(process_ms(&mut Command::new(empty)));
            let words = ["exec", "--durability", durability, "--", empty];
            wrapped.push(process_ms(&mut ours(&program, &directory, &words)));
        }
        let (wrapped, bare) = (median(wrapped), median(bare));
        let name = format!("exec, {durability}, beyond the command / an empty program");
        let goal = if durability == "none" { "3" } else { "" };
        line(&name, &format!("{:.2} ms", wrapped - bare), &format!("{bare:.2} ms"), (wrapped - bare) / bare, goal);
    }
}

/// A gigabyte through a pipe.
fn through(place: &Path, runs: usize) {
    let directory = logbook(place, "through", "durability = \"none\"\n");
    let write = "head -c 1000000000 /dev/zero";
    for flag in [None, Some("--capture")] {
        let (mut wrapped, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            let script = |command: String| {
                let mut shell = Command::new("sh");
                let count = format!("test $({command} | wc -c) = 1000000000");
                shell.args(["-c", &count]).env("LOGBOOK_RUN", "r-88").env("LOGBOOK_DIR", &directory);
                shell
            };
            bare.push(process_ms(&mut script(write.to_owned())));
            wrapped.push(process_ms(&mut script(format!("{LOGBOOK} exec {} -- {write}", flag.unwrap_or("")))));
        }
        let (wrapped, bare) = (median(wrapped), median(bare));
        let name = format!("1 GB of output, exec {} / alone", flag.unwrap_or(""));
        line(&name, &format!("{wrapped:.0} ms"), &format!("{bare:.0} ms"), wrapped / bare, "");
    }
}

/// From the end of `approve` to the end of the `ask --wait` that it lets go on.
fn noticed(place: &Path, runs: usize) {
    let directory = logbook(place, "noticed", "");
    process_ms(&mut ours(Path::new(LOGBOOK), &directory, &["append", "-a", "begin", "-s", "in-progress"]));
    let mut waits = Vec::new();
    for number in 0..runs {
        let what = format!("question {number}");
        let mut asking =
            ours(Path::new(LOGBOOK), &directory, &["ask", &what, "--wait"]).stdout(Stdio::null()).spawn().unwrap();
        let approve = || {
            let mut command =
                ours(Path::new(LOGBOOK), &directory, &["approve", "r-88", "--by", "maria", "--why", "fine"]);
            command.env_remove("LOGBOOK_RUN").stderr(Stdio::null()).status().unwrap().success()
        };
        while !approve() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let start = Instant::now();
        assert!(asking.wait().unwrap().success());
        waits.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    let most = waits.iter().copied().fold(0.0, f64::max);
    let half = median(waits);
    line(
        "a decision is noticed (median, longest) / 100 ms",
        &format!("{half:.0} ms"),
        &format!("{most:.0} ms"),
        most / 100.0,
        "1",
    );
}

/// Processor seconds that a process takes.
fn cpu_s(command: &mut Command) -> f64 {
    let ended = command.spawn().unwrap().wait4().unwrap();
    assert!(ended.status.success(), "{command:?}");
    (ended.rusage.utime + ended.rusage.stime).as_secs_f64()
}

/// Batches with and without looking for secrets, in processor time.
fn redacted(place: &Path, count: usize) {
    let digits = |number: usize, from: usize| {
        format!("{:064x}", (number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)).split_off(from)
    };
    let hashes = |number: usize| {
        format!(
            "{{\"run_id\":\"r-1\",\"action\":\"check\",\"input_refs\":[\"git:{}\",\"sha256:{}\"],\"artifact_ref\":\"{}.tar\"}}\n",
            digits(number, 24),
            digits(number * 7, 0),
            digits(number * 3, 32)
        )
    };
    let urls = |number: usize| {
        format!(
            "{{\"run_id\":\"r-1\",\"action\":\"fetch\",\"artifact_ref\":\"https://api.example.org/v2/items/{}?page={number}&key_of={}\",\"next_intent\":\"read page {number} of it\"}}\n",
            digits(number, 40),
            number % 97
        )
    };
    let shapes: [(&str, Vec<u8>); 4] = [
        ("steps", rows(7, count, Shape::Steps, 300)),
        ("calls", rows(7, count, Shape::Calls, 300)),
        ("hashes", (0..count).map(hashes).collect::<String>().into_bytes()),
        ("URLs", (0..count).map(urls).collect::<String>().into_bytes()),
    ];
    for (name, text) in shapes {
        let input = place.join("rows.jsonl");
        fs::write(&input, text).unwrap();
        let mut cpu = [Vec::new(), Vec::new()];
        for _ in 0..7 {
            for (which, config) in ["", "[redact]\noff = true\n"].into_iter().enumerate() {
                let directory = logbook(place, "redacted", &format!("segment_bytes_max = 100000000000\n{config}"));
                let mut append = ours(Path::new(LOGBOOK), &directory, &["append", "-", "--durability", "none"]);
                cpu[which].push(cpu_s(append.stdin(File::open(&input).unwrap())));
                fs::remove_dir_all(place.join("redacted")).unwrap();
            }
        }
        let [with, without] = cpu.map(median);
        let name = format!("batch of {count} rows ({name}), with redaction / without");
        line(&name, &format!("{with:.3} s"), &format!("{without:.3} s"), with / without, "1.10");
    }
}
