//! Everything at once, and kills: writers, archivers, retention, restores, heads that are kept,
//! readers that make `cache/`, and `verify` beside them, stopped and let go on at any moment. A
//! logbook that nobody tampered with gives no finding, ever.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use crate::bed::{self, Bed, Ended, Fate};
use crate::ledger::{self, Line};
use crate::storm::{Targets, lock_holder};
use crate::trial::{Dice, Report, Scale, Tier, Trial, note, nothing};

const WRITERS: u64 = 10;
/// Kills on one logbook; then it is judged and a new one begins.
const ROUND_KILLS: u64 = 600;
const CONFIG: &str = "segment_bytes_max = 30000\nlock_timeout = \"120s\"\ndurability = \"none\"\n";

/// The trial.
pub fn trials() -> Vec<Trial> {
    vec![Trial { name: "everything mixed, verify beside it", tier: Tier::Quick, needs: nothing, run }]
}

/// What one round knows.
struct Round<'r> {
    book: &'r Path,
    targets: Targets,
    /// Of these, those that verify.
    verifiers: Mutex<HashSet<i32>>,
    killed: AtomicU64,
    kills: u64,
    heads: Mutex<Vec<String>>,
    verified: AtomicU64,
    violations: Mutex<Vec<String>>,
}

impl Round<'_> {
    fn is_over(&self) -> bool {
        self.killed.load(Ordering::Relaxed) >= self.kills || !self.violations.lock().unwrap().is_empty()
    }

    fn wrong(&self, what: String) {
        self.violations.lock().unwrap().push(what);
    }

    /// Runs a command that may be killed; `None`: it was.
    fn end(&self, words: &[&str]) -> Option<Ended> {
        let ended = self.targets.end(bed::logbook(self.book, words));
        if ended.signal == Some(9) {
            self.killed.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(ended)
    }

    /// What the writer sent, and what it was told of each row.
    fn write(&self, writer: u64, scratch: &Path, seed: u64) -> BTreeMap<u64, Fate> {
        let mut dice = Dice::new(seed + writer);
        let mut sent = BTreeMap::new();
        let mut next = 0;
        let input = scratch.join(format!("in-{writer}"));
        while !self.is_over() {
            let from = next;
            let bytes = dice.between(200, 3000);
            next += if dice.between(0, 1) == 0 { 1 } else { dice.between(2, 20) };
            let durability = if dice.between(0, 9) == 0 { "data" } else { "none" };
            let text: String = (from..next).map(|number| bed::row_with_id(writer, number, bytes) + "\n").collect();
            // Whoever was killed sends the same again, once: each row is then stored once.
            for _ in 0..2 {
                let mut command = bed::logbook(self.book, &["append", "-", "--durability", durability]);
                command.stdin(bed::input(&input, text.as_bytes()));
                let ended = self.targets.end(command);
                match (ended.code, ended.signal) {
                    (Some(0), _) => {}
                    (None, Some(9)) => drop(self.killed.fetch_add(1, Ordering::Relaxed)),
                    _ => self.wrong(format!("writer {writer}: {}", ended.told())),
                }
                let fate = if ended.is_done() { Fate::Stored } else { Fate::Either };
                sent.extend((from..next).map(|number| (number, fate)));
                if fate == Fate::Stored {
                    break;
                }
            }
        }
        sent
    }

    /// Archives, deletes, restores, seals and takes heads.
    fn keep(&self, seed: u64) {
        let mut dice = Dice::new(seed);
        while !self.is_over() {
            let restored;
            let words: &[&str] = match dice.between(0, 9) {
                0..=2 => &["archive", "--older-than", "0s", "--lock-timeout", "60s"],
                3 => &["archive", "--older-than", "0s", "--delete-older-than", "1s", "--lock-timeout", "60s"],
                4 => &["archive", "--delete-older-than", "2s", "--lock-timeout", "60s"],
                5 | 6 => {
                    restored = any_archive(self.book, &mut dice).unwrap_or_else(|| "1".to_owned());
                    &["archive", "--restore", &restored, "--lock-timeout", "60s"]
                }
                _ => {
                    self.take_head(dice.between(0, 1) == 0);
                    continue;
                }
            };
            if let Some(ended) = self.end(words)
                // What was to be restored may be gone meanwhile.
                && !matches!(ended.code, Some(0 | 1))
            {
                self.wrong(format!("{words:?}: {}", ended.told()));
            }
        }
    }

    fn take_head(&self, seals: bool) {
        let words = ["head", "--lock-timeout", "60s", "--seal"];
        let mut command = bed::logbook(self.book, if seals { &words } else { &words[..3] });
        command.stdout(Stdio::piped());
        let (ended, out) = self.targets.output(command);
        match ended.code {
            Some(0) => self.heads.lock().unwrap().push(out.trim().to_owned()),
            None => drop(self.killed.fetch_add(1, Ordering::Relaxed)),
            // Nothing was stored yet.
            Some(1) => {}
            _ => self.wrong(format!("head: {}", ended.told())),
        }
    }

    /// Readers make what `cache/` lacks.
    fn read(&self, seed: u64) {
        let mut dice = Dice::new(seed);
        while !self.is_over() {
            let words: &[&str] = match dice.between(0, 3) {
                0 => &["runs", "--all"],
                1 => &["query", "status=blocked", "--count"],
                2 => &["query", "run_id=w-3 and status=done", "--count"],
                _ => &["show", "w-1"],
            };
            if let Some(ended) = self.end(words)
                && !matches!(ended.code, Some(0 | 1))
            {
                // A logbook without a segment yet has no run.
                if !ended.stderr.contains("there is no run") {
                    self.wrong(format!("{words:?}: {}", ended.told()));
                }
            }
            std::thread::sleep(Duration::from_millis(dice.between(0, 60)));
        }
    }

    fn verify(&self, seed: u64) {
        let mut dice = Dice::new(seed);
        while !self.is_over() {
            let head = {
                let heads = self.heads.lock().unwrap();
                // The newer ones: what is older is gone.
                let newest = heads.len().saturating_sub(6);
                let at = newest + dice.next() as usize % (heads.len() - newest).max(1);
                heads.get(at).cloned().filter(|_| dice.between(0, 3) > 0)
            };
            let mut words = vec!["verify"];
            words.extend(head.iter().flat_map(|head| ["--head", head]));
            let mut command = bed::logbook(self.book, &words);
            command.stdout(Stdio::piped());
            let (ended, out) = self.targets.output_of(command, &self.verifiers);
            match ended.code {
                None => drop(self.killed.fetch_add(1, Ordering::Relaxed)),
                Some(0) => drop(self.verified.fetch_add(1, Ordering::Relaxed)),
                // The head's own segment was deleted.
                Some(1) if head.is_some() && out.contains("cannot be checked") => {
                    self.verified.fetch_add(1, Ordering::Relaxed);
                }
                _ => {
                    self.wrong(format!("{words:?}: {}\n{out}", ended.told()));
                }
            }
        }
    }

    /// Kills whoever holds a lock, or anybody; stops verifiers for a while.
    fn kill(&self, aimed: bool, seed: u64) {
        let mut dice = Dice::new(seed);
        while !self.is_over() {
            let victim = match (aimed, dice.between(0, 2)) {
                (true, 0) => lock_holder(self.book, ".archive.lock"),
                (true, _) => lock_holder(self.book, ".lock"),
                (false, _) => self.targets.any(&mut dice),
            };
            if let Some(pid) = victim {
                self.targets.kill(pid);
            }
            std::thread::sleep(Duration::from_micros(dice.between(10_000, 120_000)));
        }
    }

    fn stop_and_go_on(&self, seed: u64) {
        let mut dice = Dice::new(seed);
        while !self.is_over() {
            std::thread::sleep(Duration::from_millis(dice.between(1, 40)));
            let verifiers: Vec<i32> = self.verifiers.lock().unwrap().iter().copied().collect();
            let Some(pid) = verifiers.get(dice.next() as usize % verifiers.len().max(1)) else { continue };
            if self.targets.signal(*pid, Signal::STOP) {
                std::thread::sleep(Duration::from_millis(dice.between(10, 300)));
                self.targets.signal(*pid, Signal::CONT);
            }
        }
    }
}

/// The number of one of the archives.
fn any_archive(book: &Path, dice: &mut Dice) -> Option<String> {
    let entries = std::fs::read_dir(book.join("archive")).ok()?;
    let numbers: Vec<String> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some(name.strip_suffix(".jsonl.zst")?.rsplit('.').next()?.to_owned())
        })
        .filter(|number| number.bytes().all(|digit| digit.is_ascii_digit()))
        .collect();
    numbers.get(dice.next() as usize % numbers.len().max(1)).cloned()
}

/// What must hold of the rows on file: each once, whole, in order; and of those that are not there
/// any more, only the oldest of each writer may be missing, which retention deleted.
fn judge(book: &Path, sent: &[BTreeMap<u64, Fate>]) -> (u64, Vec<String>) {
    let (mut wrong, mut rows) = (Vec::new(), 0);
    let mut there: Vec<Vec<(u64, u64)>> = vec![Vec::new(); sent.len()];
    ledger::lines(book, &mut |place, text| {
        let Ok(line) = serde_json::from_slice::<Line>(text) else { return };
        rows += 1;
        let Some((writer, number)) = line.action.as_deref().and_then(|key| key.split_once('.')) else { return };
        let (Ok(writer), Ok(number)) = (writer.parse::<usize>(), number.parse::<u64>()) else { return };
        match there.get_mut(writer) {
            Some(of) => of.push((number, line.step.unwrap_or(0))),
            None => wrong.push(format!("@{}:{}: a row that nobody sent", place.0, place.1)),
        }
    });
    for (writer, (there, sent)) in there.iter().zip(sent).enumerate() {
        let rising = |pick: fn(&(u64, u64)) -> u64| there.windows(2).all(|two| pick(&two[0]) < pick(&two[1]));
        if !rising(|it| it.0) {
            wrong.push(format!("writer {writer}: rows are not in order, or twice"));
        }
        if !rising(|it| it.1) {
            wrong.push(format!("writer {writer}: steps do not rise"));
        }
        let first = there.first().map_or(u64::MAX, |it| it.0);
        let numbers: HashSet<u64> = there.iter().map(|it| it.0).collect();
        let lost = sent
            .iter()
            .filter(|(number, fate)| **number >= first && **fate == Fate::Stored && !numbers.contains(number));
        wrong.extend(lost.map(|(number, _)| format!("row {writer}.{number}: acknowledged and lost")));
        if numbers.iter().any(|number| !sent.contains_key(number)) {
            wrong.push(format!("writer {writer}: a row that nobody sent"));
        }
    }
    (rows, wrong)
}

fn round(kills: u64, seed: u64) -> (u64, u64, u64, Vec<String>) {
    let bed = Bed::with_config(CONFIG);
    let book = bed.book();
    bed::end(bed::logbook(&book, &["append", "-r", "first", "-a", "begin"]));
    let round = Round {
        book: &book,
        targets: Targets::new(),
        verifiers: Mutex::default(),
        killed: AtomicU64::new(0),
        kills,
        heads: Mutex::default(),
        verified: AtomicU64::new(0),
        violations: Mutex::default(),
    };
    let sent: Vec<BTreeMap<u64, Fate>> = std::thread::scope(|scope| {
        let (round, scratch) = (&round, bed.path());
        for nth in 0..2 {
            scope.spawn(move || round.keep(seed + 100 + nth));
            scope.spawn(move || round.kill(nth == 0, seed + 300 + nth));
        }
        for nth in 0..4 {
            scope.spawn(move || round.verify(seed + 200 + nth));
        }
        scope.spawn(move || round.read(seed + 400));
        scope.spawn(move || round.stop_and_go_on(seed + 500));
        let writers: Vec<_> =
            (0..WRITERS).map(|writer| scope.spawn(move || round.write(writer, scratch, seed))).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let mut violations = round.violations.into_inner().unwrap();
    for words in
        [&["append", "-r", "last", "-a", "end"][..], &["archive", "--older-than", "0s"], &["head"], &["verify"]]
    {
        let ended = bed::end(bed::logbook(&book, words));
        if !ended.is_done() {
            violations.push(format!("afterwards, {words:?}: {}", ended.told()));
        }
    }
    let doctor = bed::logbook(&book, &["doctor"]).output().unwrap();
    if doctor.status.code() != Some(0) {
        let what = String::from_utf8_lossy(&doctor.stdout).into_owned();
        violations.push(format!("afterwards, doctor: {what}"));
    }
    let (rows, wrong) = judge(&book, &sent);
    violations.extend(wrong);
    (round.killed.into_inner(), rows, round.verified.into_inner(), violations)
}

fn run(scale: &Scale) -> Report {
    let kills = scale.of(150, 9000);
    let (mut done, mut rows, mut verified, mut nth) = (0, 0, 0, 0);
    let mut violations = Vec::new();
    while done < kills && violations.is_empty() {
        let (killed, on_file, looks, wrong) =
            round((kills - done).min(ROUND_KILLS), scale.seed.wrapping_mul(1_000_003) + nth * 10_007);
        done += killed;
        rows += on_file;
        verified += looks;
        nth += 1;
        violations.extend(wrong);
    }
    note(&format!("{nth} logbooks, {rows} rows on file at the end, {verified} verdicts by verify beside it"));
    Report { size: done, unit: "kills", violations }
}
