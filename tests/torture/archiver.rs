//! The archiver fails, or is killed, at every call, and the power is cut after every change: each
//! row is read once at every moment, the next archiver finishes the work, and what is on file
//! proves itself.

use std::path::Path;

use logbook_format::carried::{self, CarriedRun};
use logbook_model::Instant;
use logbook_model::error::Result;
use logbook_store::append::{Options, State};
use logbook_store::archive::manifest::Entry;
use logbook_store::archive::{CarriedOver, Keeper};
use logbook_store::config::{Durability, Settings};
use logbook_verify::verify;

use super::backend::{At, Call, Plan, Process};
use super::disk::{Disk, FATES, Fate, Image, Lot};
use super::faults::faults;
use super::judge::{Row, judge, look};
use super::scene::{Act, Scene};
use super::scenes::{full_disk, quiet_disk, rows};
use super::trial::{Report, Scale, Tier, Trial, nothing};
use super::world::{World, report_of, two_at_a_time};

/// Serial number of the append that comes after.
const NEXT: u64 = 8000;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial { name: "archiver: every call, every fault", tier: Tier::Quick, needs: nothing, run: run_faults },
        Trial { name: "archiver: power cut anywhere", tier: Tier::Quick, needs: nothing, run: run_cuts },
    ]
}

fn now() -> Instant {
    Instant { seconds: 1_776_254_400, attos: 0 }
}

/// What the archiver is told to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Work {
    /// Cover and archive all that is sealed.
    Archive,
    /// And then delete the oldest segment.
    Delete,
    /// And then bring the oldest back.
    Restore,
}

/// Deleted rows whose steps are carried over.
struct Steps;

impl CarriedOver for Steps {
    fn texts(&mut self, _: u64) -> Result<Vec<Vec<u8>>> {
        let run = CarriedRun { run: "r".into(), last_step: 1, ..CarriedRun::default() };
        Ok(vec![carried::print(&[run], &[])])
    }

    fn hold(&mut self, _: &mut State<'_, '_>) -> Result<bool> {
        Ok(true)
    }
}

fn work(process: &Process<'_>, logbook: &Path, work: Work) -> Result<()> {
    let options = Options { durability: Some(Durability::Data), lock_timeout_ms: Some(20), now };
    let mut keeper = Keeper::open(process, logbook, Settings::default(), 20)?;
    keeper.tidy()?;
    keeper.finish_deleting()?;
    keeper.cover(options, &mut |_| {})?;
    for entry in keeper.raw_covered()? {
        keeper.archive(&entry, 1, 1)?;
    }
    let oldest: Vec<Entry> = keeper.known().segments.values().take(1).cloned().collect();
    match work {
        Work::Archive => {}
        Work::Delete => drop(keeper.delete(&oldest, "a trial", options, &mut Steps)?),
        Work::Restore => {
            for entry in oldest.iter().filter(|entry| !entry.deleted) {
                keeper.restore(entry)?;
            }
        }
    }
    Ok(())
}

/// Three sealed segments and an active one.
fn scenes() -> Vec<Scene> {
    let nothing_more = Act::batch(Vec::new());
    let sealed = |name, torn: bool| {
        let before = vec![Act::batch(vec![rows("r", 20..23, 200), rows("s", 23..28, 200), rows("r", 28..33, 200)])];
        let scene = if torn { full_disk(name, nothing_more.clone()) } else { quiet_disk(name, nothing_more.clone()) };
        Scene { before, ..scene }
    };
    vec![sealed("archiving", false), sealed("archiving what rotated in the middle", true)]
}

/// The disk of a scene, and the rows on it.
fn ready(scene: &Scene) -> (Image, Vec<u64>) {
    let world = World::new(&scene.base);
    scene.play_before(&world, None);
    (super::disk::image_of(world.root()), world.acknowledged())
}

/// Which rows must be there: of a deletion only those of the other segments, once its receipt is.
fn check(process: &Process<'_>, logbook: &Path, known: &[u64], doomed: &[u64]) -> Vec<String> {
    let sight = look(process, logbook);
    let there = sight.serials();
    let receipt = sight.rows.iter().any(|row| row.run == "_logbook");
    let must: Vec<u64> = known.iter().copied().filter(|serial| !doomed.contains(serial)).collect();
    let mut wrong = judge(&sight, &must, false);
    let gone = doomed.iter().any(|serial| !there.contains(serial));
    if gone && !receipt {
        wrong.push("rows were deleted, and no receipt tells of it".to_owned());
    }
    wrong
}

/// Rows of the oldest segment.
fn oldest(image: &Image, logbook: &str) -> Vec<u64> {
    let world = World::new(image);
    let process = Process::new(&world, 0, None, None);
    let sight = look(&process, &world.root().join(logbook));
    let first = sight.rows.iter().map(|row| row.place.0).min();
    sight.rows.iter().filter(|row| Some(row.place.0) == first).filter_map(|row| row.serial).collect()
}

/// What must hold of a disk on which an archiver was stopped.
fn aftermath(scene: &Scene, world: &World, task: Work, known: &[u64], doomed: &[u64]) -> Vec<String> {
    let logbook = scene.path(world);
    let reader = Process::new(world, 0, None, None);
    let mut wrong: Vec<String> =
        check(&reader, &logbook, known, doomed).into_iter().map(|it| format!("then: {it}")).collect();
    let outcome = scene.play(world, &Act::one(Row::new("r", NEXT, 60)), None);
    if outcome.code != Some(0) {
        wrong.push(format!("an append ends in {:?}: {}", outcome.code, outcome.message));
    }
    // A segment that was marked suspect after a failed sync is archived all the same.
    if let Err(error) = work(&Process::new(world, 0, None, None), &logbook, task) {
        wrong.push(format!("the next archiver ends in: {error}"));
    }
    wrong.extend(check(&reader, &logbook, known, doomed).into_iter().map(|it| format!("finished: {it}")));
    match verify(&reader, &logbook, None, &mut |_| {}) {
        Ok(verdict) => wrong.extend(verdict.findings.into_iter().map(|it| format!("verify: {it:?}"))),
        Err(error) => wrong.push(format!("verify ends in: {error}")),
    }
    wrong
}

const ALL: [Work; 3] = [Work::Archive, Work::Delete, Work::Restore];

/// Every scene with every kind of work.
fn jobs() -> Vec<(Scene, Work)> {
    ALL.into_iter().flat_map(|work| scenes().into_iter().map(move |scene| (scene, work))).collect()
}

/// Rows that may be gone after this work.
fn doomed(image: &Image, scene: &Scene, work: Work) -> Vec<u64> {
    if work == Work::Delete { oldest(image, scene.logbook) } else { Vec::new() }
}

fn run_faults(scale: &Scale) -> Report {
    // The quick tier takes every seventh fault, another seventh with another seed.
    let step = scale.of(7, 1);
    let parts = two_at_a_time(&jobs(), |(scene, task)| {
        let (image, known) = ready(scene);
        let doomed = doomed(&image, scene, *task);
        let stopped = |plan: Plan| {
            let world = World::new(&image);
            let process = Process::new(&world, 0, plan, None);
            // How it ends is the archiver's to say; what it leaves is looked at.
            let _ = work(&process, &scene.path(&world), *task);
            let calls = process.calls();
            (world, calls)
        };
        let calls: Vec<Call> = stopped(None).1;
        let (mut size, mut violations, mut nth) = (0, Vec::new(), scale.seed);
        for (at, call) in calls.iter().enumerate() {
            for fault in faults().into_iter().filter(|fault| fault.fits(*call)) {
                nth += 1;
                if nth % step != 0 {
                    continue;
                }
                size += 1;
                let (world, _) = stopped(Some((At::Any(at as u64), fault)));
                for wrong in aftermath(scene, &world, *task, &known, &doomed) {
                    violations.push(format!("{}, {task:?}: call {at} {call:?} {fault:?}: {wrong}", scene.name));
                }
            }
        }
        (size, violations)
    });
    report_of("faults", parts)
}

fn run_cuts(scale: &Scale) -> Report {
    let lots = scale.of(0, 20);
    let step = scale.of(5, 1);
    let parts = two_at_a_time(&jobs(), |(scene, task)| {
        let (image, known) = ready(scene);
        let doomed = doomed(&image, scene, *task);
        let world = World::new(&image);
        let ended = work(&Process::new(&world, 0, None, None), &scene.path(&world), *task);
        let (mut size, mut violations, mut nth) = (0, Vec::new(), scale.seed);
        if let Err(error) = ended {
            violations.push(format!("{}, {task:?}: {error}", scene.name));
        }
        let mut disk: Disk = world.base.clone();
        let mut lot = Lot(scale.seed);
        for (index, event) in world.events().iter().enumerate() {
            disk.replay(event);
            let drawn: Vec<Fate> = (0..lots).map(|_| Fate::Lot(lot.next())).collect();
            for fate in FATES.into_iter().chain(drawn) {
                nth += 1;
                if nth % step != 0 {
                    continue;
                }
                size += 1;
                let after = World::new(&disk.crash(fate));
                for wrong in aftermath(scene, &after, *task, &known, &doomed) {
                    violations.push(format!("{}, {task:?}: change {index}, {fate:?}: {wrong}", scene.name));
                }
            }
        }
        (size, violations)
    });
    report_of("states", parts)
}
