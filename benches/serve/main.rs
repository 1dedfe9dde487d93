//! What `serve` costs while many look at it: 200 pages open, each with its stream of events and
//! asked for again whenever something changed, while 1,000 rows a second come. Prints how long
//! pages take, the server's memory at the start and at the end, and what appending costs with the
//! server and without it: by the writer of those rows, by `logbook append` beside it, and by one
//! writer as fast as it can. `./bench serve [SECONDS] [RUNS]`.
//!
//! With and without take turns, two seconds each: the server is stopped and let go on. Not a test:
//! nothing fails here when a goal is missed. The pages are asked for on the same processors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

#[path = "../rows/mod.rs"]
mod rows;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use logbook_format::{Drafts, Rules};
use logbook_model::{Instant as Moment, Vocabulary};
use logbook_store::append::{OnRefused, Options};
use logbook_store::os_real::REAL;
use logbook_store::{Durability, Settings, Writer};
use rows::{AgentRows, Dice, Shape};
use rustix::process::{Pid, Signal, kill_process};

const LOGBOOK: &str = env!("CARGO_BIN_EXE_logbook");
const PAGES: usize = 200;
const TURN: Duration = Duration::from_secs(2);
const ROWS_A_SECOND: u32 = 1000;
const ROWS_PER_RUN: u64 = 10;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let number =
        |at: usize, otherwise: u64| arguments.get(at).map_or(otherwise, |word| word.parse().expect("a number"));
    let (seconds, runs) = (number(0, 30), number(1, 20_000));
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("serve");
    let _ = fs::remove_dir_all(&place);
    fs::create_dir_all(place.join(".logbook")).unwrap();
    let mut text = Vec::new();
    let mut all = AgentRows::new(7, runs * ROWS_PER_RUN, Shape::Steps).of_runs_of(ROWS_PER_RUN);
    while all.write_next(&mut text).is_some() {}
    fs::write(place.join(".logbook/2026-05-01.000001.jsonl"), &text).unwrap();
    println!("{runs} runs, {} MB; {PAGES} pages, {ROWS_A_SECOND} rows a second for {seconds} s", text.len() >> 20);

    let mut appender = Appender::new(&place, runs);
    let served = Served::of(&place);
    let pages = Arc::new(Pages::default());
    let open: Vec<_> = (0..PAGES)
        .map(|at| {
            let (pages, port, cookie) = (Arc::clone(&pages), served.port, served.cookie.clone());
            let look = move || look(port, &cookie, &address(at, runs), &pages);
            std::thread::Builder::new().stack_size(256 << 10).spawn(look).unwrap()
        })
        .collect();
    appender.paced(Duration::from_secs(3));
    pages.times_ms.lock().unwrap().clear();
    let memory_before = served.memory_kilobytes();
    let mut cpu_ticks = 0;
    let mut times: [Taken; 2] = Default::default();
    let rounds = seconds.div_ceil(TURN.as_secs());
    for round in 0..rounds {
        // The one that comes first is the second one in the next round.
        for is_with in [round % 2 == 0, round % 2 != 0] {
            served.goes_on(is_with);
            pages.turn.store(usize::from(is_with) * (1 + round as usize), Ordering::Relaxed);
            let (to, before) = (&mut times[usize::from(is_with)], served.cpu_ticks());
            std::thread::scope(|scope| {
                let beside = scope.spawn(|| processes(&place, runs, TURN));
                to.rows_ms.extend(appender.paced(TURN));
                to.processes_ms.extend(beside.join().unwrap());
            });
            cpu_ticks += served.cpu_ticks() - before;
            // Far more than 1,000 rows a second come now.
            pages.turn.store(0, Ordering::Relaxed);
            to.free.push(appender.free(TURN / 4));
        }
    }
    served.goes_on(true);
    sleep(Duration::from_secs(1));
    let memory_after = served.memory_kilobytes();
    pages.over.store(true, Ordering::Relaxed);

    let cpu = cpu_ticks as f64 / 100.0 / (rounds * TURN.as_secs()) as f64;
    let mut pages_ms: Vec<f64> = std::mem::take(&mut *pages.times_ms.lock().unwrap());
    println!("{:<34} {:>9} {:>9} {:>9}", "", "p50 ms", "p99 ms", "many");
    line("a page", &mut pages_ms);
    let [mut without, mut with] = times;
    for (name, without, with) in [
        ("a row of the writer", &mut without.rows_ms, &mut with.rows_ms),
        ("logbook append", &mut without.processes_ms, &mut with.processes_ms),
    ] {
        line(&format!("{name}, without"), without);
        line(&format!("{name}, with"), with);
        println!(
            "{:<34} {:>9.2} {:>9.2}",
            "",
            part(with, 0.5) / part(without, 0.5),
            part(with, 0.99) / part(without, 0.99)
        );
    }
    let (free, free_with) = (part(&mut without.free, 0.5), part(&mut with.free, 0.5));
    println!("rows a second, one after the other: {free:.0} without, {free_with:.0} with ({:.2})", free_with / free);
    println!("memory of its own: {memory_before} KiB at the start, {memory_after} KiB at the end; {cpu:.2} processors");
    drop(served);
    for page in open {
        let _ = page.join();
    }
    let _ = fs::remove_dir_all(&place);
}

/// What was measured with the server, or without.
#[derive(Default)]
struct Taken {
    rows_ms: Vec<f64>,
    processes_ms: Vec<f64>,
    /// Rows a second in each turn.
    free: Vec<f64>,
}

fn part(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get((values.len() as f64 * part) as usize).copied().unwrap_or(f64::NAN)
}

fn line(name: &str, times_ms: &mut [f64]) {
    println!("{name:<34} {:>9.4} {:>9.4} {:>9}", part(times_ms, 0.5), part(times_ms, 0.99), times_ms.len());
}

/// Runs `logbook append`, one after the other, and says how long each took, milliseconds.
fn processes(place: &Path, runs: u64, length: Duration) -> Vec<f64> {
    let (began, mut dice, mut times_ms) = (Instant::now(), Dice::new(5), Vec::new());
    while began.elapsed() < length {
        let run = format!("r-{:06}", dice.below(runs));
        let mut command = Command::new(LOGBOOK);
        command.args([
            "append",
            "--durability",
            "none",
            "--run",
            &run,
            "--action",
            "a step",
            "--status",
            "in-progress",
        ]);
        let at = Instant::now();
        let status = command.arg("--dir").arg(place).stdout(Stdio::null()).status().unwrap();
        times_ms.push(at.elapsed().as_secs_f64() * 1000.0);
        assert!(status.success());
        sleep(Duration::from_millis(5));
    }
    times_ms
}

/// What the open pages know of each other.
#[derive(Default)]
struct Pages {
    over: AtomicBool,
    /// Which of the turns that are measured; 0: none.
    turn: AtomicUsize,
    times_ms: Mutex<Vec<f64>>,
}

/// Most look at all runs, some at approvals, some at one run each.
fn address(at: usize, runs: u64) -> String {
    match at % 10 {
        8 => "/approvals".to_owned(),
        9 => format!("/run?id=r-{:06}", at as u64 * 37 % runs),
        _ => "/runs".to_owned(),
    }
}

/// One page that is open: it is asked for again whenever something changed.
fn look(port: u16, cookie: &str, address: &str, shared: &Pages) {
    let connect = || {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        BufReader::with_capacity(1 << 16, stream)
    };
    let ask = |stream: &mut BufReader<TcpStream>, path: &str| {
        write!(stream.get_mut(), "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n")
    };
    let run = address.split_once("id=").map_or_else(String::new, |(_, run)| format!("?run={run}"));
    let (mut events, mut pages) = (connect(), connect());
    ask(&mut events, &format!("/events{run}")).unwrap();
    let mut line = String::new();
    let mut body = Vec::new();
    while !shared.over.load(Ordering::Relaxed) {
        line.clear();
        if events.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if !line.starts_with("data: ") {
            continue;
        }
        let (began, turn) = (Instant::now(), shared.turn.load(Ordering::Relaxed));
        if ask(&mut pages, address).is_err() || !read(&mut pages, &mut body) {
            pages = connect();
            continue;
        }
        if turn != 0 && shared.turn.load(Ordering::Relaxed) == turn {
            shared.times_ms.lock().unwrap().push(began.elapsed().as_secs_f64() * 1000.0);
        }
    }
}

/// Reads one answer; false: there is none, or no good one.
fn read(stream: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> bool {
    let (mut length, mut is_good) = (0, false);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).unwrap_or(0) == 0 {
            return false;
        }
        is_good |= line.starts_with("HTTP/1.1 200");
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    body.resize(length, 0);
    stream.read_exact(body).is_ok() && is_good
}

/// Appends a row at a time, to runs in turn.
struct Appender {
    writer: Writer<'static>,
    drafts: Drafts,
    dice: Dice,
    runs: u64,
}

impl Appender {
    fn new(place: &Path, runs: u64) -> Appender {
        let options = Options { durability: Some(Durability::None), lock_timeout_ms: Some(60_000), now };
        let writer = Writer::open(&REAL, &place.join(".logbook"), Settings::default(), options).unwrap();
        Appender { writer, drafts: Drafts::new(), dice: Dice::new(3), runs }
    }

    /// How long each of so many a second took, milliseconds.
    fn paced(&mut self, length: Duration) -> Vec<f64> {
        let began = Instant::now();
        let mut times = Vec::new();
        let period = Duration::from_secs(1) / ROWS_A_SECOND;
        let mut next = began;
        while began.elapsed() < length {
            sleep(next.saturating_duration_since(Instant::now()));
            next += period;
            let at = Instant::now();
            self.append();
            times.push(at.elapsed().as_secs_f64() * 1000.0);
        }
        times
    }

    /// How many a second, one after the other.
    fn free(&mut self, length: Duration) -> f64 {
        let began = Instant::now();
        let mut rows = 0u32;
        while began.elapsed() < length {
            self.append();
            rows += 1;
        }
        f64::from(rows) / began.elapsed().as_secs_f64()
    }

    fn append(&mut self) {
        let vocabulary = Vocabulary::default();
        let rules = Rules { vocabulary: &vocabulary, run_id: None, agent_id: None, own: false, redactor: None };
        let row = format!(
            r#"{{"run_id":"r-{:06}","action":"step of the load","status":"in-progress","cost_usd":0.001,"note":"{}"}}"#,
            self.dice.below(self.runs),
            "x".repeat(200)
        );
        self.drafts.clear();
        self.drafts.push(row.as_bytes(), &rules, &now().to_utc_ms(), None).unwrap();
        self.writer.append(&self.drafts, OnRefused::Abort).all().unwrap();
    }
}

fn now() -> Moment {
    Moment::from_chrono(SystemTime::now().into())
}

/// The server.
struct Served {
    child: Child,
    port: u16,
    cookie: String,
}

impl Served {
    fn of(place: &Path) -> Served {
        let mut child = Command::new(LOGBOOK)
            .args(["serve", "--port", "0", "--utc", "--dir"])
            .arg(place)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (address, token) = line.trim().split_once("/?token=").unwrap();
        let port = address.rsplit_once(':').unwrap().1.parse().unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(stream, "GET /?token={token} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        Served { child, port, cookie: cookie.split(';').next().unwrap().to_owned() }
    }

    /// Stops it, or lets it go on, and waits until it did.
    fn goes_on(&self, does: bool) {
        let signal = if does { Signal::CONT } else { Signal::STOP };
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        sleep(Duration::from_millis(500));
    }

    fn memory_kilobytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    fn cpu_ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let behind = stat.rsplit_once(") ").unwrap().1;
        behind.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
