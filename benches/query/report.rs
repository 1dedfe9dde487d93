//! The tables: on standard output while it runs, as tab-separated values for
//! other runs to compare with, and as Markdown for docs/benchmarks.md.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::cases::{Case, Peer, typed};
use crate::measure::Measured;
use crate::rows::Shape;
use crate::{median, picture, seconds};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.md");
const PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.svg");
const SHOWN: &str = "![Seconds of each query for logbook and its peers, as bars](benchmarks.svg)";
const MIB: f64 = 1_048_576.0;

/// What became of one query at one peer.
#[derive(Debug)]
pub struct Outcome {
    /// The peer's name.
    pub peer: String,
    /// Its command.
    pub command: Vec<String>,
    /// How its answer differs from logbook's, if it does.
    pub difference: Option<String>,
    /// Whether that is known to be so.
    pub known: bool,
    /// Lines of the answer.
    pub lines: usize,
    /// Its runs that count.
    pub runs: Vec<Measured>,
}

/// One line of the results.
#[derive(Debug, Clone)]
pub struct Line {
    /// The query's name.
    pub case: String,
    /// What it asks.
    pub title: String,
    /// The peer's name.
    pub peer: String,
    /// Median seconds, as the ratios count them.
    pub seconds: f64,
    /// Median seconds of the whole process.
    pub whole_seconds: f64,
    /// Greatest peak of memory.
    pub peak_bytes: u64,
    /// Whether the answer was right.
    pub right: bool,
}

/// What is asked of a query, and what it is.
#[derive(Debug)]
struct Ratio {
    case: String,
    what: String,
    ratio: f64,
    at_least: Option<f64>,
    goal: Option<f64>,
}

/// All of a run.
#[derive(Debug)]
pub struct Report {
    count: u64,
    shape: Shape,
    bytes: u64,
    /// Machine, versions.
    about: Vec<String>,
    threads: usize,
    limit_gb_s: f64,
    lines: Vec<Line>,
    ratios: Vec<Ratio>,
    /// Whether an answer differs that should not.
    pub differs: bool,
}

fn machine() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown processor", |model| model.trim_start_matches([' ', '\t', ':']));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory.split_whitespace().nth(1).and_then(|word| word.parse::<f64>().ok()).unwrap_or(0.0);
    // The version alone: what follows it names the machine's maker.
    let kernel: Vec<&str> = kernel.trim().split('.').take(2).collect();
    format!("{model}, {:.0} GiB, Linux {}", kib / MIB, kernel.join("."))
}

impl Report {
    /// An empty one.
    pub fn new(count: u64, shape: Shape, threads: usize, peers: &[(Peer, String)], bytes: u64) -> Report {
        let megabytes = bytes as f64 / 1e6;
        let mut about = vec![
            format!("{threads} processors of {}", machine()),
            format!("{count} rows ({}), {megabytes:.0} MB, {} bytes a row", shape.name(), bytes / count.max(1)),
        ];
        about.extend(peers.iter().map(|(peer, version)| {
            let year = peer.released.iter().find(|(begins, _)| version.starts_with(begins));
            let year = year.map_or_else(String::new, |(_, year)| format!(" ({year})"));
            let note = if peer.note.is_empty() { String::new() } else { format!(", {}", peer.note) };
            format!("{} {version}{year}{note}", peer.name)
        }));
        Report {
            count,
            shape,
            bytes,
            about,
            threads,
            limit_gb_s: f64::NAN,
            lines: Vec::new(),
            ratios: Vec::new(),
            differs: false,
        }
    }

    /// Machine, files, versions.
    pub fn head(&self) {
        println!("{}", self.about.join("\n"));
    }

    /// What the page cache gives.
    pub fn limit(&mut self, seconds: Vec<f64>) {
        self.limit_gb_s = self.bytes as f64 / 1e9 / median(seconds.into_iter());
        let line = format!("limit: pread and newline count, {} threads: {:.1} GB/s", self.threads, self.limit_gb_s);
        println!("{line}");
        self.about.push(line);
    }

    /// A query's outcomes.
    pub fn case(&mut self, case: &Case, bytes: u64, outcomes: Vec<Outcome>) {
        println!("\n{} {} ({:.0} MB)", case.name, case.title, bytes as f64 / 1e6);
        println!(
            "  {:<13} {:>8} {:>8} {:>7} {:>8} {:>9}  answer",
            "", "seconds", "process", "GB/s", "MiB", "× logbook"
        );
        let mut ours = f64::NAN;
        for outcome in &outcomes {
            let (taken, whole) = (seconds(&outcome.runs, case.whole), seconds(&outcome.runs, true));
            let peak = outcome.runs.iter().map(|run| run.peak_bytes).max().unwrap_or(0);
            if outcome.peer == "logbook" {
                ours = taken;
            }
            let said = match (&outcome.difference, outcome.known) {
                (None, _) => format!("{} lines", outcome.lines),
                (Some(difference), true) => format!("{} lines, wrong as known: {difference}", outcome.lines),
                (Some(difference), false) => format!("{} lines, DIFFERS: {difference}", outcome.lines),
            };
            self.differs |= outcome.difference.is_some() && !outcome.known;
            let rate = bytes as f64 / 1e9 / taken;
            let (mib, ratio) = (peak as f64 / MIB, taken / ours);
            let name = &outcome.peer;
            println!("  {name:<13} {taken:>8.4} {whole:>8.4} {rate:>7.2} {mib:>8.1} {ratio:>9.2}  {said}");
            self.lines.push(Line {
                case: case.name.clone(),
                title: case.title.clone(),
                peer: name.clone(),
                seconds: taken,
                whole_seconds: whole,
                peak_bytes: peak,
                right: outcome.difference.is_none(),
            });
        }
        if let Some(command) = outcomes.first().map(|outcome| typed(&outcome.command)) {
            println!("  $ {command}");
        }
        self.goals(case, bytes, &outcomes, ours);
    }

    /// What is asked of this query.
    fn goals(&mut self, case: &Case, bytes: u64, outcomes: &[Outcome], ours: f64) {
        let mut ratio = |what: String, ratio: f64, at_least: Option<f64>, goal: Option<f64>| {
            let asked = match (at_least, goal) {
                (Some(at_least), Some(goal)) => format!(" (at least {at_least}, goal {goal})"),
                (Some(at_least), None) => format!(" (at least {at_least})"),
                _ => String::new(),
            };
            println!("  {what}: {ratio:.3}{asked}");
            self.ratios.push(Ratio { case: case.name.clone(), what, ratio, at_least, goal });
        };
        if let Some(reference) = outcomes.iter().find(|outcome| outcome.peer == case.reference) {
            let theirs = seconds(&reference.runs, case.whole);
            let how = if case.whole { ", whole processes" } else { "" };
            ratio(format!("{} / logbook{how}", case.reference), theirs / ours, case.at_least, case.goal);
        }
        if case.name == "Q2" {
            let rate = bytes as f64 / 1e9 / ours;
            ratio("of the pread limit".to_owned(), rate / self.limit_gb_s, Some(0.4), None);
        }
        if let ("day", Some(run)) = (case.name.as_str(), outcomes.first().and_then(|outcome| outcome.runs.last())) {
            let part = |read: u64| read as f64 / bytes as f64;
            ratio("part of the bytes read (less than 0.05)".to_owned(), part(run.read_bytes), None, None);
            ratio("part of the bytes the disk gave, cold".to_owned(), part(run.disk_bytes), None, None);
        }
    }

    /// What other runs say beside this one, and the files.
    pub fn end(&mut self, place: &Path, documents: bool) {
        self.beside(place);
        let mut values = String::from("query\tpeer\tseconds\tprocess_seconds\tpeak_bytes\tright\n");
        for line in &self.lines {
            let Line { case, peer, seconds, whole_seconds, peak_bytes, right, .. } = line;
            let _ = writeln!(values, "{case}\t{peer}\t{seconds:.6}\t{whole_seconds:.6}\t{peak_bytes}\t{right}");
        }
        let name = |kind: &str| place.join(format!("{}-{}.{kind}", self.count, self.shape.name()));
        fs::write(name("tsv"), values).unwrap();
        fs::write(name("md"), self.markdown()).unwrap();
        fs::write(name("svg"), picture::bars(&self.lines, &self.about)).unwrap();
        println!("\n{}", name("tsv").display());
        if documents {
            fs::copy(name("svg"), PICTURE).unwrap();
            let (begin, end) = ("<!-- results -->\n", "<!-- end of results -->");
            let document = fs::read_to_string(DOCUMENT).unwrap();
            let (before, rest) = document.split_once(begin).expect("a place for results");
            let (_, after) = rest.split_once(end).expect("an end of results");
            fs::write(DOCUMENT, format!("{before}{begin}\n{SHOWN}\n\n{}\n{end}{after}", self.markdown())).unwrap();
        }
    }

    /// Growth against the run of a quarter of the rows; the other shape's ratios.
    fn beside(&self, place: &Path) {
        let read = |count: u64, shape: Shape| {
            let text = fs::read_to_string(place.join(format!("{count}-{}.tsv", shape.name()))).ok()?;
            let mut seconds = BTreeMap::new();
            for line in text.lines().skip(1) {
                let cells: Vec<_> = line.split('\t').collect();
                let [case, peer, taken, ..] = cells[..] else { continue };
                seconds.insert((case.to_owned(), peer.to_owned()), taken.parse::<f64>().unwrap_or(f64::NAN));
            }
            Some(seconds)
        };
        let ours = self.lines.iter().filter(|line| line.peer == "logbook" && line.case != "small");
        if let Some(quarter) = read(self.count / 4, self.shape) {
            println!("\ntime against {} rows (at most 4.1)", self.count / 4);
            for line in ours.clone() {
                if let Some(before) = quarter.get(&(line.case.clone(), line.peer.clone())) {
                    println!("  {:<6} {:.2}", line.case, line.seconds / before);
                }
            }
        }
        if self.shape == Shape::Calls
            && let Some(first) = read(self.count, Shape::Steps)
        {
            println!("\nratio to duckdb, as a part of the first shape's (at least 0.8)");
            for line in ours {
                let theirs = self.lines.iter().find(|other| other.case == line.case && other.peer == "duckdb");
                let key = |peer: &str| (line.case.clone(), peer.to_owned());
                if let (Some(theirs), Some(duckdb), Some(logbook)) =
                    (theirs, first.get(&key("duckdb")), first.get(&key("logbook")))
                {
                    println!("  {:<6} {:.2}", line.case, theirs.seconds / line.seconds / (duckdb / logbook));
                }
            }
        }
    }

    fn markdown(&self) -> String {
        let mut text = String::new();
        for line in &self.about {
            let _ = writeln!(text, "- {line}");
        }
        let mut peers: Vec<&str> = Vec::new();
        let mut cases: Vec<(&str, &str)> = Vec::new();
        for line in &self.lines {
            if !peers.contains(&line.peer.as_str()) {
                peers.push(&line.peer);
            }
            if !cases.contains(&(&line.case, &line.title)) {
                cases.push((&line.case, &line.title));
            }
        }
        let mut table = |title: &str, cell: &dyn Fn(&Line) -> String| {
            let _ = writeln!(text, "\n{title}\n\n| query | {} |", peers.join(" | "));
            let _ = writeln!(text, "|---|{}", "---:|".repeat(peers.len()));
            for (case, asked) in &cases {
                let cells = peers.iter().map(|peer| {
                    let line = self.lines.iter().find(|line| line.case == *case && line.peer == **peer);
                    line.map_or("–".to_owned(), cell)
                });
                let _ = writeln!(text, "| {case} {asked} | {} |", cells.collect::<Vec<_>>().join(" | "));
            }
        };
        table("Seconds (in parentheses: a wrong answer):", &|line| {
            let seconds = figure(line.seconds);
            if line.right { seconds } else { format!("({seconds})") }
        });
        table("Seconds of whole processes, with starting and importing:", &|line| figure(line.whole_seconds));
        table("Peak memory, MiB:", &|line| format!("{:.0}", line.peak_bytes as f64 / MIB));
        text.push_str("\n| query | what | ratio | at least | goal |\n|---|---|---:|---:|---:|\n");
        for Ratio { case, what, ratio, at_least, goal } in &self.ratios {
            let number = |number: &Option<f64>| number.map_or(String::new(), |number| number.to_string());
            let (at_least, goal) = (number(at_least), number(goal));
            let _ = writeln!(text, "| {case} | {what} | {} | {at_least} | {goal} |", figure(*ratio));
        }
        text
    }
}

/// Three digits that count.
pub fn figure(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value if value >= 1.0 => format!("{value:.2}"),
        value if value >= 0.1 => format!("{value:.3}"),
        value => format!("{value:.4}"),
    }
}
