//! Power cuts on a real file system: 8 writers append with `--durability data`
//! while FS_IOC_SHUTDOWN takes the disk away under them. After the next mount
//! every acknowledged row is there, and every head that was printed holds.

use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::bed::{self, Bed, Fate};
use crate::ledger::{Ledger, Steps, counted_by_logbook};
use crate::mounted::{self, Mounted};
use crate::trial::{Dice, Report, Scale, Tier, Trial, note};

const WRITERS: u64 = 8;
/// Cuts that one logbook lives through.
const CUTS_PER_BOOK: u64 = 10;
/// Heads that are held against what a cut left: the newest, which it could strand.
const HEADS_CHECKED: usize = 5;

pub fn trials() -> Vec<Trial> {
    vec![
        Trial { name: "power cut on ext4", tier: Tier::Everything, needs: mounted::ext4, run: ext4 },
        Trial { name: "power cut on xfs", tier: Tier::Everything, needs: mounted::xfs, run: xfs },
    ]
}

fn ext4(scale: &Scale) -> Report {
    cuts(scale, "ext4", 256)
}

fn xfs(scale: &Scale) -> Report {
    cuts(scale, "xfs", 400)
}

fn cuts(scale: &Scale, kind: &str, megabytes: u64) -> Report {
    let size = scale.of(20, 1000);
    let mut report = Report { size: 0, unit: "power cuts", violations: Vec::new() };
    let mut dice = Dice::new(scale.seed);
    let bed = Bed::new();
    let mounted = match Mounted::image(bed.path(), kind, megabytes) {
        Ok(mounted) => mounted,
        Err(problem) => {
            report.violations.push(problem);
            return report;
        }
    };
    let (mut rows, mut torn, mut heads_checked) = (0, 0, 0);
    while report.size < size && report.violations.is_empty() {
        let book = mounted.path().join("book");
        bed::make(&book, "segment_bytes_max = 500000\n");
        // The logbook itself is as old as the disk.
        rustix::fs::sync();
        let mut ledger = Ledger::default();
        let mut first = [0; WRITERS as usize];
        let mut heads: Vec<String> = Vec::new();
        for _ in 0..CUTS_PER_BOOK.min(size - report.size) {
            let flag = dice.between(1, 2) as u32;
            let after_ms = dice.between(20, 400);
            match until_cut(&mounted, &book, bed.path(), dice.next(), &mut first, flag, after_ms) {
                Ok((sent, taken)) => {
                    ledger.join(sent);
                    heads.extend(taken);
                }
                Err(problem) => report.violations.push(problem),
            }
            report.size += 1;
            if let Err(problem) = mounted.unmount().and_then(|()| mounted.mount()) {
                report.violations.push(problem);
                return report;
            }
            let what = format!("{kind}, cut {} (flag {flag}, after {after_ms} ms)", report.size);
            let found = ledger.judge(&book, Steps::Rising);
            let wrong = found.violations.iter().filter(|what| !what.contains("no repair row tells of"));
            report.violations.extend(wrong.map(|violation| format!("{what}: {violation}")));
            (rows, torn) = (rows.max(found.rows), torn.max(found.torn));
            for head in heads.iter().rev().take(HEADS_CHECKED) {
                heads_checked += 1;
                report.violations.extend(stranded(&book, head).map(|why| format!("{what}: the head {head}: {why}")));
            }
            let next = bed::end(bed::logbook(&book, &["append", &bed::row(99, report.size, 300)]));
            ledger.note(99, report.size, next.fate());
            if !next.is_done() {
                report.violations.push(format!("{what}: the next append: {}", next.told()));
            }
            if let Err(problem) = counted_by_logbook(&book) {
                report.violations.push(format!("{what}: {problem}"));
            }
            if !report.violations.is_empty() {
                break;
            }
        }
        let _ = std::fs::remove_dir_all(&book);
    }
    note(&format!(
        "{WRITERS} writers, up to {rows} rows in a logbook, up to {torn} broken lines skipped, {heads_checked} times a head held against it"
    ));
    report
}

/// Why a head that was printed before the cut does not hold behind it.
fn stranded(book: &Path, head: &str) -> Option<String> {
    let output = bed::logbook(book, &["verify", "--head", head]).stdout(Stdio::piped()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let holds = output.status.code() == Some(0) && told.contains("head       holds");
    (!holds).then(|| format!("{told}{}", String::from_utf8_lossy(&output.stderr)))
}

/// Takes heads, with what is sealed archived now and then; gives those that were printed before the
/// cut.
fn keep(book: &Path, seed: u64, over: &AtomicBool) -> (Vec<String>, Vec<String>) {
    let mut dice = Dice::new(seed);
    let (mut heads, mut problems) = (Vec::new(), Vec::new());
    while !over.load(Ordering::Relaxed) {
        let words: &[&str] = match dice.between(0, 5) {
            0 => &["archive", "--older-than", "0s"],
            1 => &["head", "--seal"],
            _ => &["head"],
        };
        let output = bed::logbook(book, words).stdout(Stdio::piped()).output().unwrap();
        let before = !over.load(Ordering::SeqCst);
        let out = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let ended: bed::Ended = output.into();
        // Nothing was stored yet.
        if before && !matches!(ended.code, Some(0 | 1)) {
            problems.push(format!("{words:?}, before the cut: {}", ended.told()));
        }
        if before && ended.is_done() && words[0] == "head" {
            heads.push(out);
        }
    }
    (heads, problems)
}

/// Writers write until the cut; gives what they sent and what they were told.
fn until_cut(
    mounted: &Mounted,
    book: &Path,
    scratch: &Path,
    seed: u64,
    first: &mut [u64],
    flag: u32,
    after_ms: u64,
) -> Result<(Ledger, Vec<String>), String> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let over = &over;
        let keeper = scope.spawn(move || keep(book, seed.wrapping_add(99), over));
        let writers: Vec<_> = first
            .iter()
            .enumerate()
            .map(|(writer, first)| {
                let (writer, first) = (writer as u64, *first);
                scope.spawn(move || write(book, scratch, writer, first, seed, over))
            })
            .collect();
        std::thread::sleep(Duration::from_millis(after_ms));
        // The ioctl takes milliseconds, and on ext4 an fdatasync that runs meanwhile may return 0
        // and lose its rows (without logbook too). Before the cut is before its start.
        over.store(true, Ordering::SeqCst);
        let cut = mounted.cut(flag).map_err(|error| format!("FS_IOC_SHUTDOWN: {error}"));
        let (mut ledger, mut wrong) = (Ledger::default(), Vec::new());
        for (writer, sent) in writers.into_iter().enumerate() {
            let (sent, next, problems) = sent.join().unwrap();
            ledger.join(sent);
            wrong.extend(problems);
            first[writer] = next;
        }
        let (heads, problems) = keeper.join().unwrap();
        wrong.extend(problems);
        cut.and_then(|()| if wrong.is_empty() { Ok((ledger, heads)) } else { Err(wrong.join("; ")) })
    })
}

fn write(
    book: &Path,
    scratch: &Path,
    writer: u64,
    first: u64,
    seed: u64,
    over: &AtomicBool,
) -> (Ledger, u64, Vec<String>) {
    let mut dice = Dice::new(seed + writer);
    let (mut ledger, mut problems) = (Ledger::default(), Vec::new());
    let mut next = first;
    while !over.load(Ordering::Relaxed) {
        let from = next;
        let bytes = bed::row_bytes(&mut dice) / 4 + 200;
        let mut command;
        if dice.between(0, 3) > 0 {
            next += 1;
            let row = bed::row(writer, from, bytes);
            command = bed::logbook(book, &["append", &row, "--durability", "data", "--lock-timeout", "2s"]);
        } else {
            next += dice.between(2, 20);
            let text: String = (from..next).map(|number| bed::row(writer, number, bytes) + "\n").collect();
            command = bed::logbook(book, &["append", "-", "--durability", "data", "--lock-timeout", "2s"]);
            command.stdin(bed::input(&scratch.join(format!("in-{writer}")), text.as_bytes()));
        }
        let ended = bed::end(command);
        let before = !over.load(Ordering::SeqCst);
        if before && !ended.is_done() {
            problems.push(format!("writer {writer}, before the cut: {}", ended.told()));
        }
        let fate = if before && ended.is_done() { Fate::Stored } else { Fate::Either };
        for number in from..next {
            ledger.note(writer, number, fate);
        }
    }
    (ledger, next, problems)
}
