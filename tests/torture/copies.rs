//! Copies of a logbook at work, by `tar` and `cp -a`: its files are of different moments, and
//! `.lock` may be ahead of them. A copy is a good logbook all the same: what is on file in it
//! counts, ids are stored once, steps go on, and a held run is held.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::bed::{self, Bed};
use crate::ledger;
use crate::trial::{Dice, Report, Scale, Tier, Trial, note, nothing};

const WRITERS: u64 = 5;
const CONFIG: &str = "segment_bytes_max = 12000\nlock_timeout = \"120s\"\ndurability = \"none\"\n";
/// Copies of one logbook; then a new one begins.
const COPIES_PER_BOOK: u64 = 8;
/// Rows that are sent again to a copy, the newest of it.
const SENT_AGAIN: usize = 150;

/// The trial.
pub fn trials() -> Vec<Trial> {
    vec![Trial { name: "copies of a logbook at work", tier: Tier::Quick, needs: nothing, run }]
}

/// Who else is at work while it is copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Company {
    /// Writers and readers.
    Writers,
    /// An archiver too, which the copier keeps out with its lock.
    Locked,
    /// An archiver too: what it moves meanwhile may be missing in the copy.
    Archiver,
}

/// A logbook at work.
struct Work<'w> {
    book: &'w Path,
    over: AtomicBool,
    archives: AtomicBool,
    /// Of each writer, how many rows were acknowledged.
    acknowledged: [AtomicU64; WRITERS as usize],
    /// How many runs are held.
    held: AtomicU64,
}

impl Work<'_> {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn write(&self, writer: u64, scratch: &Path, seed: u64) {
        let mut dice = Dice::new(seed + writer);
        let mut next = 0;
        while !self.is_over() {
            let from = next;
            next += dice.between(1, 6);
            let text: String =
                (from..next).map(|number| bed::row_with_id(writer, number, dice.between(200, 900)) + "\n").collect();
            let mut command = bed::logbook(self.book, &["append", "-"]);
            command.stdin(bed::input(&scratch.join(format!("in-{writer}")), text.as_bytes()));
            assert!(bed::end(command).is_done());
            self.acknowledged[writer as usize].store(next, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(dice.between(5, 60)));
        }
    }

    /// Begins runs, and holds them.
    fn hold(&self) {
        let mut number = 0;
        while !self.is_over() {
            let run = format!("h-{number}");
            let begun = bed::end(bed::logbook(self.book, &["append", "-r", &run, "-a", "begin"]));
            let held = bed::end(bed::logbook(self.book, &["hold", &run, "--by", "ada", "--why", "a trial"]));
            assert!(begun.is_done() && held.is_done(), "{} {}", begun.told(), held.told());
            number += 1;
            self.held.store(number, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(80));
        }
    }

    fn read_and_archive(&self) {
        while !self.is_over() {
            for words in [&["runs", "--all"][..], &["query", "status=blocked", "--count"]] {
                bed::end(bed::logbook(self.book, words));
            }
            if self.archives.load(Ordering::SeqCst) {
                let ended =
                    bed::end(bed::logbook(self.book, &["archive", "--older-than", "0s", "--lock-timeout", "60s"]));
                assert!(ended.is_done(), "{}", ended.told());
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    }
}

/// Copies the logbook at `book` to `to`. False: a file that was to be copied was gone.
fn copy(book: &Path, to: &Path, company: Company, by_tar: bool) -> bool {
    std::fs::create_dir_all(to).unwrap();
    let (from, to) = (book.display(), to.display());
    let line = match by_tar {
        true => format!("tar -C {from} -cf - . 2>/dev/null | tar -C {to} -xf -"),
        false => format!("cp -a {from}/. {to}/ 2>/dev/null"),
    };
    let mut command = match company {
        Company::Locked => {
            let mut command = Command::new("flock");
            command.arg(book.join(".archive.lock"));
            command
        }
        _ => Command::new("env"),
    };
    command.args(["sh", "-c", &line]).stdin(Stdio::null()).status().unwrap().success()
}

/// A row of the copy.
struct Row {
    run: String,
    step: u64,
    id: Option<String>,
    kind: String,
    value: Value,
}

fn rows(book: &Path) -> Vec<Row> {
    let mut rows = Vec::new();
    ledger::lines(book, &mut |_, text| {
        let Ok(value) = serde_json::from_slice::<Value>(text) else { return };
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        rows.push(Row {
            run: text("run_id").unwrap_or_default(),
            step: value["step"].as_u64().unwrap_or(0),
            id: text("id"),
            kind: text("kind").unwrap_or_default(),
            value: value.clone(),
        });
    });
    rows
}

/// What is wrong with the copy at `book`; `least`: rows of each writer, and held runs, that were
/// acknowledged before.
fn judge(book: &Path, scratch: &Path, company: Company, least: &[u64]) -> Vec<String> {
    let mut wrong = Vec::new();
    let before = rows(book);
    if company != Company::Archiver {
        wrong.extend(prefix_faults(&before, least));
    }
    match ledger::counted_by_logbook(book) {
        Ok(count) if count == before.len() as u64 => {}
        other => wrong.push(format!("{} rows on file, query --count says {other:?}", before.len())),
    }
    // The same rows once more: none is stored again.
    let again: String = before
        .iter()
        .rev()
        .filter(|row| row.id.is_some())
        .take(SENT_AGAIN)
        .map(|row| {
            let mut value = row.value.clone();
            value.as_object_mut().unwrap().remove("step");
            format!("{value}\n")
        })
        .collect();
    let mut command = bed::logbook(book, &["append", "-"]);
    command.stdin(bed::input(&scratch.join("again"), again.as_bytes()));
    let ended = bed::end(command);
    if !ended.is_done() {
        wrong.push(format!("rows sent again: {}", ended.told()));
    }
    // The next steps.
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for row in &before {
        let step = last.entry(&row.run).or_default();
        *step = (*step).max(row.step);
    }
    for (run, step) in last.iter().filter(|(run, _)| run.starts_with("w-")) {
        let output = bed::logbook(book, &["append", "-r", run, "-a", "goes on", "--print", "id"])
            .stdout(Stdio::piped())
            .output()
            .unwrap();
        let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if name != format!("{run}#{}", step + 1) {
            wrong.push(format!("the row behind {run}#{step} is {name}"));
        }
    }
    // Held runs, the newest of them.
    for row in before.iter().rev().filter(|row| row.kind == "hold").take(3) {
        let ran = scratch.join("ran");
        let ended = bed::end(bed::logbook(book, &["exec", "-r", &row.run, "--", "touch", ran.to_str().unwrap()]));
        if ended.is_done() || std::fs::remove_file(&ran).is_ok() {
            wrong.push(format!("{} is held, and its command ran: {}", row.run, ended.told()));
        }
    }
    let mut ids: HashMap<String, u64> = HashMap::new();
    rows(book).into_iter().filter_map(|row| row.id).for_each(|id| *ids.entry(id).or_default() += 1);
    wrong.extend(ids.iter().filter(|(_, count)| **count > 1).map(|(id, count)| format!("{id} is there {count} times")));
    wrong.extend(proof_faults(book, company));
    wrong
}

/// The copy holds of each writer its first rows without a gap, all among them that were
/// acknowledged before it began.
fn prefix_faults(rows: &[Row], least: &[u64]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (writer, least) in least[..WRITERS as usize].iter().enumerate() {
        let run = format!("w-{writer}");
        let steps: Vec<u64> = rows.iter().filter(|row| row.run == run).map(|row| row.step).collect();
        if steps.iter().zip(1..).any(|(step, wanted)| *step != wanted) {
            wrong.push(format!("the steps of {run} have gaps: {steps:?}"));
        }
        if (steps.len() as u64) < *least {
            wrong.push(format!("{run}: {} rows, {least} were there before", steps.len()));
        }
    }
    let holds: BTreeSet<&str> = rows.iter().filter(|row| row.kind == "hold").map(|row| row.run.as_str()).collect();
    if (holds.len() as u64) < least[WRITERS as usize] {
        wrong.push(format!("{} runs are held, {} were before", holds.len(), least[WRITERS as usize]));
    }
    wrong
}

/// What `verify` and `doctor` find once the copy was written to.
fn proof_faults(book: &Path, company: Company) -> Vec<String> {
    let mut wrong = Vec::new();
    for words in [&["verify"][..], &["head"], &["verify"], &["doctor"]] {
        let output = bed::logbook(book, words).stdout(Stdio::piped()).output().unwrap();
        let told = || format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        match output.status.code() {
            Some(0) => {}
            // What an archiver moved meanwhile is missing, and told.
            Some(5) if company == Company::Archiver && words[0] != "doctor" => {}
            code => wrong.push(format!("{words:?} ends with {code:?}: {}", told())),
        }
    }
    wrong
}

/// Copies one logbook this many times; gives how many copies had a `.lock` ahead of the files, and
/// what is wrong.
fn copies(count: u64, first: u64, seed: u64) -> (u64, Vec<String>) {
    let bed = Bed::with_config(CONFIG);
    let book = bed.book();
    bed::end(bed::logbook(&book, &["append", "-r", "first", "-a", "begin"]));
    let work = Work {
        book: &book,
        over: AtomicBool::new(false),
        archives: AtomicBool::new(false),
        acknowledged: [const { AtomicU64::new(0) }; WRITERS as usize],
        held: AtomicU64::new(0),
    };
    std::thread::scope(|scope| {
        let (work, scratch) = (&work, bed.path());
        for writer in 0..WRITERS {
            scope.spawn(move || work.write(writer, scratch, seed));
        }
        scope.spawn(|| work.hold());
        scope.spawn(|| work.read_and_archive());
        let (mut ahead, mut wrong) = (0, Vec::new());
        for nth in first..first + count {
            let company = match nth % 4 {
                0 | 1 => Company::Writers,
                2 => Company::Locked,
                _ => Company::Archiver,
            };
            // Another file system, where there is one: inodes there may have the same numbers.
            let memory = Path::new("/dev/shm");
            let place = tempfile::tempdir_in(if nth % 4 != 1 && memory.is_dir() { memory } else { scratch }).unwrap();
            let to: PathBuf = place.path().join("copy");
            if company == Company::Writers && work.archives.swap(false, Ordering::SeqCst) {
                // One that runs comes to its end.
                bed::end(bed::logbook(&book, &["archive", "--older-than", "0s", "--lock-timeout", "60s"]));
            }
            work.archives.store(company != Company::Writers, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(60));
            let mut least: Vec<u64> = work.acknowledged.iter().map(|it| it.load(Ordering::SeqCst)).collect();
            least.push(work.held.load(Ordering::SeqCst));
            let by_tar = nth % 2 == 0;
            copy(&book, &to, company, by_tar);
            ahead += u64::from(is_ahead(&to));
            let how = if by_tar { "tar" } else { "cp -a" };
            wrong.extend(
                judge(&to, place.path(), company, &least)
                    .into_iter()
                    .map(|it| format!("copy {nth}, by {how}, {company:?}: {it}")),
            );
            if !wrong.is_empty() {
                break;
            }
        }
        work.over.store(true, Ordering::Relaxed);
        (ahead, wrong)
    })
}

/// Whether `.lock` of the copy names a segment that the copy does not have.
fn is_ahead(book: &Path) -> bool {
    let line = std::fs::read_to_string(book.join(".lock")).unwrap_or_default();
    let said = line.split(' ').nth(2).and_then(|number| number.parse::<u64>().ok()).unwrap_or(0);
    ledger::segments(book).last().is_none_or(|(number, ..)| *number < said)
}

fn run(scale: &Scale) -> Report {
    let size = scale.of(8, 300);
    let (mut done, mut ahead, mut violations) = (0, 0, Vec::new());
    while done < size && violations.is_empty() {
        let count = (size - done).min(COPIES_PER_BOOK);
        let (more, wrong) = copies(count, done, scale.seed.wrapping_mul(1_000_003) + done);
        done += count;
        ahead += more;
        violations.extend(wrong);
    }
    note(&format!("{ahead} of them with a .lock that is ahead of the files"));
    Report { size: done, unit: "copies", violations }
}
