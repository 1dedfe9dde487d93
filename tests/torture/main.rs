//! The store under fire. One binary, its own harness: this page is the table
//! of contents and prints what was run, how much of it and what was violated.
//!
//! `cargo test` runs the quick sizes; `./torture` the full ones of
//! docs/durability.md. A trial that cannot run here says "not run: needs …" and
//! is never counted as passed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr, missing_docs)]

/// What a trial is; what it lies in; what was sent held against what is there.
mod bed;
mod ledger;
mod trial;

/// In this process: a disk and an operating system that fail on command.
mod archiver;
mod backend;
mod baton;
mod beside;
mod bit_flips;
mod crashes;
mod disk;
mod faults;
mod heads;
mod judge;
mod mutants;
mod omission;
mod races;
mod scene;
mod scenes;
mod world;

/// In this process: the gates against their model, with a clock of their own.
mod gate_model;
mod gate_walk;

/// Through the real binary.
mod archive_storm;
mod clock;
mod copies;
mod exits;
mod following;
mod forge;
mod frozen;
mod full_disk;
mod gate_storm;
mod inject;
mod mixed;
mod mounted;
mod once;
mod power_cut;
mod storm;
mod tamper;
mod tamper_archives;
mod tampers;
mod volume;

use std::process::ExitCode;
use std::time::Instant;

use trial::{Scale, Tier, Trial};

/// Every trial, in the order of docs/durability.md.
fn trials() -> Vec<Trial> {
    let all: Vec<Vec<Trial>> = vec![
        faults::trials(),
        crashes::trials(),
        races::trials(),
        mutants::trials(),
        archiver::trials(),
        heads::trials(),
        bit_flips::trials(),
        beside::trials(),
        gate_walk::trials(),
        storm::trials(),
        archive_storm::trials(),
        gate_storm::trials(),
        mixed::trials(),
        copies::trials(),
        tamper::trials(),
        following::trials(),
        inject::trials(),
        power_cut::trials(),
        full_disk::trials(),
        frozen::trials(),
        volume::trials(),
        once::trials(),
        clock::trials(),
    ];
    all.into_iter().flatten().collect()
}

struct Wanted {
    scale: Scale,
    only: Vec<String>,
    everything: bool,
    list: bool,
}

fn wanted() -> Result<Wanted, String> {
    let mut wanted = Wanted {
        scale: Scale { factor: 0.01, quick: true, seed: 1 },
        only: Vec::new(),
        everything: false,
        list: false,
    };
    let mut quick = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--scale" => {
                wanted.scale.factor = value()?.parse().map_err(|_| "--scale takes a number")?;
                wanted.scale.quick = false;
            }
            "--quick" => quick = true,
            "--only" => {
                let name = value()?;
                wanted.only.push(name);
            }
            "--seed" => wanted.scale.seed = value()?.parse().map_err(|_| "--seed takes a whole number")?,
            "--everything" => wanted.everything = true,
            "--list" => wanted.list = true,
            // What `cargo test` passes on to every test binary.
            "--quiet" | "-q" | "--nocapture" | "--include-ignored" => {}
            name if !name.starts_with('-') => wanted.only.push(name.to_owned()),
            other => return Err(format!("unknown argument {other}")),
        }
    }
    wanted.scale.quick |= quick;
    Ok(wanted)
}

fn main() -> ExitCode {
    let wanted = match wanted() {
        Ok(wanted) => wanted,
        Err(problem) => {
            eprintln!("torture: {problem}");
            return ExitCode::from(2);
        }
    };
    let chosen = trials().into_iter().filter(|trial| {
        let named = wanted.only.iter().any(|name| trial.name.contains(name.as_str()));
        if wanted.only.is_empty() { wanted.everything || trial.tier == Tier::Quick } else { named }
    });
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    if !wanted.list {
        println!("{:<34} {:>22} {:>10} {:>8}", "test", "size", "violations", "seconds");
    }
    for trial in chosen {
        if wanted.list {
            println!("{}", trial.name);
            continue;
        }
        if let Err(missing) = (trial.needs)() {
            skipped += 1;
            println!("{:<34} not run: needs {missing}", trial.name);
            continue;
        }
        let start = Instant::now();
        let report = (trial.run)(&wanted.scale);
        let size = format!("{} {}", report.size, report.unit);
        let seconds = start.elapsed().as_secs_f64();
        println!("{:<34} {size:>22} {:>10} {seconds:>8.1}", trial.name, report.violations.len());
        for violation in report.violations.iter().take(20) {
            println!("    {violation}");
        }
        if report.violations.is_empty() { passed += 1 } else { failed += 1 }
    }
    if wanted.list {
        return ExitCode::SUCCESS;
    }
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    ExitCode::from(u8::from(failed > 0))
}
