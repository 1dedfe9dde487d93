//! Eight writers at once, nobody killed: every row there, in order, numbered
//! 1, 2, 3, … in its run.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Stdio;

use crate::bed::{self, Bed, Ended, Fate};
use crate::ledger::{Ledger, Steps, counted_by_logbook};
use crate::trial::{Report, Scale, Tier, Trial, nothing};

const WRITERS: u64 = 8;

pub fn trials() -> Vec<Trial> {
    vec![
        Trial { name: "8 writers, 300 B rows", tier: Tier::Quick, needs: nothing, run: small },
        Trial { name: "8 writers, 100 KB rows", tier: Tier::Quick, needs: nothing, run: large },
    ]
}

fn small(scale: &Scale) -> Report {
    rounds(scale, 10_000, 300)
}

fn large(scale: &Scale) -> Report {
    // The quick tier writes 160 MB and not 8 GB.
    rounds(scale, if scale.quick { 200 } else { 10_000 }, 100_000)
}

/// Full: ten rounds, each on a logbook of its own.
fn rounds(scale: &Scale, rows: u64, bytes: u64) -> Report {
    let mut report = Report { size: 0, unit: "rows", violations: Vec::new() };
    for _ in 0..scale.of(1, 10) {
        let bed = Bed::new();
        let book = bed.book();
        let mut ledger = Ledger::default();
        std::thread::scope(|scope| {
            let book = &book;
            let writers: Vec<_> =
                (0..WRITERS).map(|writer| scope.spawn(move || write(book, writer, rows, bytes))).collect();
            for (writer, ended) in writers.into_iter().enumerate() {
                let ended = ended.join().unwrap();
                if !ended.is_done() {
                    report.violations.push(format!("writer {writer}: {}", ended.told()));
                }
                ledger.note_batch(writer as u64, 0, rows, Fate::Stored);
            }
        });
        let found = ledger.judge(&book, Steps::Dense);
        report.size += found.rows;
        report.violations.extend(found.violations);
        match counted_by_logbook(&book) {
            Ok(count) if count == WRITERS * rows => {}
            other => report.violations.push(format!("query --count says {other:?}")),
        }
    }
    report
}

fn write(book: &Path, writer: u64, rows: u64, bytes: u64) -> Ended {
    let mut command = bed::logbook(book, &["append", "-"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = BufWriter::with_capacity(64 << 10, child.stdin.take().unwrap());
    for number in 0..rows {
        if writeln!(input, "{}", bed::row(writer, number, bytes)).is_err() {
            break;
        }
    }
    drop(input);
    child.wait_with_output().unwrap().into()
}
