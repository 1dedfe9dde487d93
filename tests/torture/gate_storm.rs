//! Gates under fire: 64 processes at once that ask, approve, deny, call, hold, amend, archive and
//! delete, with kills in between. What ran, and every row that was ever on file, is held afterwards
//! against `docs/gates.md` by a reader that shares no code with the program.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bed::{self, Bed};
use crate::ledger;
use crate::storm::Targets;
use crate::trial::{Dice, Report, Scale, Tier, Trial, note, nothing};

const PROCESSES: u64 = 64;
const ROUND_KILLS: u64 = 200;
/// Segments are deleted when they are this old, and were copied before.
const DELETE_AFTER: Duration = Duration::from_secs(15);
const CONFIG: &str = "segment_bytes_max = 40000\nlock_timeout = \"120s\"\ndurability = \"none\"\n\
    [[policy]]\nwhen = \"tool_call.tool=wipe\"\nthen = \"deny\"\n\
    [[policy]]\nwhen = \"tool_call.tool=pay\"\nthen = \"ask\"\n";

pub fn trials() -> Vec<Trial> {
    vec![Trial { name: "gates amid 64 processes and kills", tier: Tier::Quick, needs: nothing, run }]
}

struct Round<'a> {
    bed: &'a Bed,
    targets: Targets,
    killed: AtomicU64,
    kills: u64,
    /// One deletes at a time.
    deleting: Mutex<()>,
    is_over: AtomicBool,
    violations: Mutex<Vec<String>>,
}

impl Round<'_> {
    fn wrong(&self, what: String) {
        self.violations.lock().unwrap().push(what);
    }

    fn kept(&self) -> PathBuf {
        self.bed.path().join("kept")
    }

    fn end(&self, command: Command) -> bed::Ended {
        let ended = self.targets.end(command);
        if ended.signal == Some(9) {
            self.killed.fetch_add(1, Ordering::Relaxed);
            if self.killed.load(Ordering::Relaxed) >= self.kills {
                self.is_over.store(true, Ordering::Relaxed);
            }
        }
        ended
    }

    fn work(&self, seed: u64) {
        let mut dice = Dice::new(seed);
        let book = self.bed.book();
        let ran = self.bed.path().join("ran").display().to_string();
        while !self.is_over.load(Ordering::Relaxed) {
            let run = format!("r-{}", dice.between(0, 7));
            let key = dice.between(0, 3).to_string();
            let call = |tool: &str, more: &[&str]| {
                let arguments =
                    [&["exec", "-r", &run, "--tool", tool, "--side-effect", "write", "--timeout", "1ms"], more];
                let script = ["--", "sh", "-c", "echo \"$1 $2\" >>\"$0\"", &ran, &run, &key];
                bed::logbook(&book, &[&arguments.concat(), &script[..]].concat())
            };
            let command = match dice.between(0, 39) {
                0..=11 => call("pay", &[]),
                12..=15 => call("free", &["--ask"]),
                16 => call("pay", &["--expires", "2s"]),
                17 => call("wipe", &[]),
                18..=29 => {
                    let verdict = if dice.between(0, 5) == 0 { "deny" } else { "approve" };
                    let Some(name) = self.open(&mut dice) else { continue };
                    bed::logbook(&book, &[verdict, &name, "--by", "maria", "--why", "so it is"])
                }
                30 => bed::logbook(&book, &["hold", &run, "--by", "maria", "--why", "stop"]),
                31 | 32 => bed::logbook(&book, &["release", &run, "--by", "maria"]),
                33 | 34 => {
                    let step = dice.between(1, 60).to_string();
                    let what = ["--retract", "--unset=answers", "status=done"][dice.next() as usize % 3];
                    bed::logbook(&book, &["amend", &run, &step, what, "--why", "so it is"])
                }
                35 => bed::logbook(&book, &["append", "-r", &run, "-a", "goes on", "-s", "in-progress"]),
                36 => bed::logbook(&book, &["archive", "--older-than", "0s", "--lock-timeout", "60s"]),
                37 => bed::logbook(&book, &["head", "--seal", "--lock-timeout", "60s"]),
                38 => {
                    let _ = fs::remove_dir_all(book.join("cache"));
                    continue;
                }
                _ => {
                    self.delete();
                    continue;
                }
            };
            let ended = self.end(command);
            if ended.stderr.contains("panicked") {
                self.wrong(ended.told());
            }
        }
    }

    /// The name of an open request.
    fn open(&self, dice: &mut Dice) -> Option<String> {
        let output = bed::logbook(&self.bed.book(), &["approve", "-o", "jsonl"])
            .stdout(std::process::Stdio::piped())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let names: Vec<String> = text
            .lines()
            .filter_map(|line| Some(serde_json::from_str::<Value>(line).ok()?["request"].as_str()?.to_owned()))
            .collect();
        (!names.is_empty()).then(|| names[dice.next() as usize % names.len()].clone())
    }

    /// Deletes what is old, of which a copy was made before.
    fn delete(&self) {
        let Ok(_guard) = self.deleting.try_lock() else { return };
        let began = Instant::now();
        keep(&self.bed.book(), &self.kept());
        let age = format!("{}ms", DELETE_AFTER.as_millis());
        self.end(bed::logbook(&self.bed.book(), &["archive", "--delete-older-than", &age, "--lock-timeout", "60s"]));
        if began.elapsed() >= DELETE_AFTER {
            // What was sealed behind the copy may be gone: nothing can be said of this round.
            self.wrong(format!("a deletion took {:?}; the trial needs a faster machine", began.elapsed()));
        }
    }

    fn kill(&self, seed: u64) {
        let mut dice = Dice::new(seed);
        while !self.is_over.load(Ordering::Relaxed) {
            if let Some(pid) = self.targets.any(&mut dice) {
                self.targets.kill(pid);
            }
            std::thread::sleep(Duration::from_millis(dice.between(60, 400)));
        }
    }
}

/// Copies sealed segments and archives that are not there yet, and the others anew.
fn keep(book: &Path, kept: &Path) {
    for folder in ["", "archive"] {
        let (from, to) = (book.join(folder), kept.join(folder));
        fs::create_dir_all(&to).unwrap();
        let Ok(entries) = fs::read_dir(&from) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_segment = name.ends_with(".jsonl") && name.starts_with("20") || name.ends_with(".jsonl.zst");
            if is_segment && !name.starts_with('.') {
                // Gone meanwhile: it is archived, and was copied when it was listed, or will be.
                let part = to.join(format!(".{name}"));
                if fs::copy(entry.path(), &part).is_ok() {
                    fs::rename(&part, to.join(&name)).unwrap();
                    // What was copied before it was sealed is less than its archive.
                    if let Some(raw) = name.strip_suffix(".zst") {
                        let _ = fs::remove_file(kept.join(raw));
                    }
                }
            }
        }
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// Everything that was ever on file, in order, held against the model. Gives how many calls there
/// were.
fn judge(kept: &Path, ran: &str, wrong: &mut dyn FnMut(String)) -> usize {
    let mut requests: HashMap<String, Value> = HashMap::new();
    let mut verdicts: HashMap<String, Value> = HashMap::new();
    let mut used: HashMap<String, String> = HashMap::new();
    let mut held: BTreeMap<String, String> = BTreeMap::new();
    let mut steps: BTreeSet<(String, u64)> = BTreeSet::new();
    let mut intents: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut count = 0;
    ledger::lines(kept, &mut |_, line| {
        let Ok(row) = serde_json::from_slice::<Value>(line) else { return };
        let (run, kind, answers) = (text(&row, "run_id"), text(&row, "kind"), text(&row, "answers"));
        let name = format!("{run}#{}", row["step"]);
        if !steps.insert((run.clone(), row["step"].as_u64().unwrap_or(0))) {
            wrong(format!("{name} stands twice"));
        }
        match kind.as_str() {
            "approval.requested" => drop(requests.insert(name, row)),
            "approval.approved" | "approval.denied" | "approval.expired" => {
                if let Some(first) = verdicts.get(&answers) {
                    wrong(format!("{name} decides {answers}, which {} decided", text(first, "kind")));
                }
                verdicts.insert(answers, row);
            }
            "hold" => drop(held.insert(run, name)),
            "release" => drop(held.remove(&run)),
            "call.intent" => {
                count += 1;
                let call = &row["tool_call"];
                if let Some(hold) = held.get(&run) {
                    wrong(format!("{name} was begun while {hold} held the run"));
                }
                if text(call, "tool") == "wipe" {
                    wrong(format!("{name} is a call that a rule denies"));
                }
                let key = call["args"][5].as_str().unwrap_or_default().to_owned();
                *intents.entry((run, key)).or_default() += 1;
                let (Some(request), Some(verdict)) = (requests.get(&answers), verdicts.get(&answers)) else {
                    return wrong(format!("{name} was begun without a yes ({answers})"));
                };
                if text(verdict, "kind") != "approval.approved" {
                    wrong(format!("{name} was begun on {}", text(verdict, "kind")));
                }
                if let Some(other) = used.insert(answers.clone(), name.clone()) {
                    wrong(format!("{answers} was used by {other} and by {name}"));
                }
                for member in ["tool", "side_effect", "args", "args_sha256", "contract", "reversible"] {
                    if request["tool_call"][member] != call[member] {
                        wrong(format!("{name} has another {member} than {answers}"));
                    }
                }
                let over = text(request, "expires_at");
                if !over.is_empty() && text(&row, "timestamp") > over {
                    wrong(format!("{name} was begun when {answers} was over"));
                }
            }
            _ => {}
        }
    });
    let mut ran_by: BTreeMap<(String, String), usize> = BTreeMap::new();
    for line in ran.lines() {
        let (run, key) = line.split_once(' ').unwrap_or((line, ""));
        *ran_by.entry((run.to_owned(), key.to_owned())).or_default() += 1;
    }
    for (call, ran) in ran_by {
        let begun = intents.get(&call).copied().unwrap_or(0);
        if ran > begun {
            wrong(format!("{call:?} ran {ran} times, and {begun} intents are on file"));
        }
    }
    count
}

fn run(scale: &Scale) -> Report {
    let kills = scale.of(40, 2000);
    let (mut done, mut calls, mut violations) = (0, 0, Vec::new());
    while done < kills && violations.is_empty() {
        let bed = Bed::with_config(CONFIG);
        let round = Round {
            bed: &bed,
            targets: Targets::new(),
            killed: AtomicU64::new(0),
            kills: (kills - done).min(ROUND_KILLS),
            deleting: Mutex::new(()),
            is_over: AtomicBool::new(false),
            violations: Mutex::new(Vec::new()),
        };
        let seed = scale.seed.wrapping_mul(1_000_003) + done;
        std::thread::scope(|scope| {
            let round = &round;
            scope.spawn(move || round.kill(seed));
            for process in 0..PROCESSES {
                scope.spawn(move || round.work(seed + process + 1));
            }
        });
        done += round.killed.load(Ordering::Relaxed);
        // A command whose caller was killed runs on.
        std::thread::sleep(Duration::from_millis(300));
        keep(&bed.book(), &round.kept());
        let ran = fs::read_to_string(bed.path().join("ran")).unwrap_or_default();
        let mut found = round.violations.lock().unwrap().clone();
        calls += judge(&round.kept(), &ran, &mut |what| found.push(what));
        let last = bed::end(bed::logbook(&bed.book(), &["verify"]));
        if !last.is_done() {
            found.push(format!("verify: {}", last.told()));
        }
        if !found.is_empty() && std::env::var_os("LOGBOOK_KEEP_BED").is_some() {
            let to = std::env::temp_dir().join(format!("gate-storm-{seed}"));
            crate::gate_walk::copy(bed.path(), &to);
            note(&format!("kept in {}", to.display()));
        }
        violations.extend(found.into_iter().map(|what| format!("seed {seed}: {what}")));
    }
    note(&format!("{PROCESSES} processes, {calls} calls made"));
    Report { size: done, unit: "kills", violations }
}
