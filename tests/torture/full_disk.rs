//! Disks that are full: true short writes at a file size limit, a full tmpfs, a
//! full ext4 that is freed again. Nothing acknowledged is lost, the message
//! names the cause, and the next append mends what was left.

use std::path::Path;
use std::process::Command;

use crate::bed::{self, Bed};
use crate::exits::Caller;
use crate::ledger::{self, Steps};
use crate::mounted::Mounted;
use crate::trial::{Dice, Report, Scale, Tier, Trial};

pub fn trials() -> Vec<Trial> {
    vec![
        Trial { name: "file size limit, short writes", tier: Tier::Quick, needs: prlimit, run: limits },
        Trial { name: "full tmpfs", tier: Tier::Everything, needs: crate::mounted::root, run: tmpfs },
        Trial { name: "full ext4, then freed", tier: Tier::Everything, needs: crate::mounted::ext4, run: ext4 },
    ]
}

fn prlimit() -> Result<(), String> {
    if bed::has("prlimit") { Ok(()) } else { Err("prlimit (util-linux)".to_owned()) }
}

/// Short writes on one logbook, which is read whole after each; then a new one.
const LIMITS_PER_BOOK: u64 = 50;

fn limits(scale: &Scale) -> Report {
    let size = scale.of(20, 1000);
    let mut dice = Dice::new(scale.seed);
    let mut report = Report { size: 0, unit: "short writes", violations: Vec::new() };
    while report.size < size && report.violations.is_empty() {
        let goal = (size - report.size).min(LIMITS_PER_BOOK);
        let (done, violations) = limits_on_one(goal, &mut dice);
        report.size += done;
        report.violations = violations;
    }
    report
}

fn limits_on_one(goal: u64, dice: &mut Dice) -> (u64, Vec<String>) {
    let bed = Bed::with_config("segment_bytes_max = 200000\n");
    let book = bed.book();
    let mut caller = Caller::new(&book, bed.path());
    caller.goes_on("nothing");
    let (mut done, mut tries) = (0, 0);
    while done < goal && caller.violations.is_empty() {
        tries += 1;
        if tries > goal * 4 {
            caller.violations.push(format!("only {done} of {tries} writes met the limit"));
            break;
        }
        let (_, _, active) = ledger::segments(&book).pop().unwrap();
        let have = std::fs::metadata(&active).unwrap().len();
        let rows = if dice.between(0, 1) == 0 { 1 } else { dice.between(2, 20) };
        let bytes = dice.between(300, 9000);
        // Somewhere in the rows: the kernel writes up to there, then says EFBIG.
        let limit = have + dice.between(1, rows * bytes);
        let limited = |book: &Path, arguments: &[&str]| {
            bed::wrapped(&["prlimit", &format!("--fsize={limit}"), "--"], book, arguments)
        };
        let ended = caller.send(rows, bytes, &limited);
        let after = format!("{rows} rows of {bytes} B at a limit of {limit} B");
        if ended.is_done() {
            continue;
        }
        done += 1;
        if !ended.stderr.contains("File too large") {
            caller.violations.push(format!("{after}: the cause is not named: {}", ended.told()));
        }
        if ended.code != Some(3) && ended.code != Some(4) {
            caller.violations.push(format!("{after}: {}", ended.told()));
        }
        caller.goes_on(&after);
        caller.judge(&after, Steps::Dense);
    }
    (done, caller.violations)
}

fn tmpfs(scale: &Scale) -> Report {
    let make = |bed: &Bed| Mounted::tmpfs(&bed.path().join("mount"), "2m");
    fill(scale, &make, "ENOSPC on tmpfs")
}

fn ext4(scale: &Scale) -> Report {
    let make = |bed: &Bed| Mounted::image(bed.path(), "ext4", 16);
    fill(scale, &make, "ENOSPC on ext4")
}

/// Fills a small file system by appending until there is no room, frees some,
/// goes on, and again. When the logbook itself is the whole disk, a new begins.
fn fill(scale: &Scale, make: &dyn Fn(&Bed) -> Result<Mounted, String>, name: &str) -> Report {
    let size = scale.of(20, 1000);
    let mut dice = Dice::new(scale.seed);
    let bed = Bed::new();
    let mut report = Report { size: 0, unit: "times full", violations: Vec::new() };
    let mounted = match make(&bed) {
        Ok(mounted) => mounted,
        Err(problem) => {
            report.violations.push(problem);
            return report;
        }
    };
    let ballast = mounted.path().join("ballast");
    let mut number = 0;
    while report.size < size && report.violations.is_empty() {
        number += 1;
        let book = mounted.path().join(format!("book-{number}"));
        bed::make(&book, "segment_bytes_max = 50000\n");
        let mut caller = Caller::new(&book, bed.path());
        caller.goes_on("nothing");
        for _ in 0..5 {
            let _ = Command::new("sh").arg("-c").arg(format!("cat /dev/zero > '{}'", ballast.display())).output();
            // A few blocks are left for the rows to run out of in the middle.
            let spare = dice.between(0, 12) * 4096 + 1;
            if let Ok(file) = std::fs::File::options().write(true).open(&ballast) {
                let length = file.metadata().unwrap().len();
                let _ = file.set_len(length.saturating_sub(spare));
            }
            let mut full = None;
            for _ in 0..200 {
                let rows = if dice.between(0, 1) == 0 { 1 } else { dice.between(2, 20) };
                let ended = caller.send(rows, dice.between(300, 9000), &bed::logbook);
                if !ended.is_done() {
                    full = Some(ended);
                    break;
                }
            }
            let _ = std::fs::remove_file(&ballast);
            let Some(ended) = full else {
                report.violations.push(format!("{name}: never full"));
                break;
            };
            report.size += 1;
            let after = format!("{name}, {}", ended.told());
            if !ended.stderr.contains("No space left") || (ended.code != Some(3) && ended.code != Some(4)) {
                caller.violations.push(format!("{name}: {}", ended.told()));
            }
            caller.goes_on(&after);
            caller.judge(&after, Steps::Dense);
        }
        report.violations.append(&mut caller.violations);
        let _ = std::fs::remove_dir_all(&book);
    }
    report
}
