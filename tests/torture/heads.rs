//! A head that was printed holds: whatever writers and archivers that failed or died left unsynced
//! before it was taken, wherever it fails itself, and wherever the power is cut behind it.

use std::path::Path;

use logbook_format::manifest::Head;
use logbook_model::Instant;
use logbook_model::error::Result;
use logbook_store::append::{Options, Writer};
use logbook_store::archive::Keeper;
use logbook_store::config::{Durability, Settings};
use logbook_verify::{HeadVerdict, verify};
use rustix::io::Errno;

use super::backend::{At, Call, Fault, Plan, Process};
use super::disk::{Disk, FATES, Fate, Lot};
use super::faults::faults;
use super::judge::Row;
use super::scene::{Act, Scene};
use super::scenes::{full_disk, quiet_disk, rows};
use super::trial::{Report, Scale, Tier, Trial, nothing};
use super::world::{World, report_of, two_at_a_time};

/// The trial.
pub fn trials() -> Vec<Trial> {
    vec![Trial { name: "head: what was printed holds", tier: Tier::Quick, needs: nothing, run }]
}

fn now() -> Instant {
    Instant { seconds: 1_776_254_400, attos: 0 }
}

const OPTIONS: Options = Options { durability: Some(Durability::Data), lock_timeout_ms: Some(20), now };

/// `logbook head`, with `--seal` or without.
fn take(process: &Process<'_>, logbook: &Path, seals: bool) -> Result<Option<Head>> {
    let mut keeper = Keeper::open(process, logbook, Settings::default(), 20)?;
    if seals {
        Writer::open(process, logbook, Settings::default(), OPTIONS)?.seal()?;
    }
    keeper.cover(OPTIONS, &mut |_| {})?;
    keeper.head(OPTIONS)
}

/// What was done before, and how the head is taken.
struct Case {
    scene: Scene,
    seals: bool,
    /// Another archiver covered what is sealed, and was stopped there.
    archiver: Plan,
}

fn cases() -> Vec<Case> {
    let nothing_more = || Act::batch(Vec::new());
    let one = |fill| Act::one(Row::new("r", 100, fill));
    let killed = |act: Act| act.with(At::Of(Call::SyncData, 0), Fault::Kill);
    let failed = |act: Act| act.with(At::Of(Call::SyncData, 0), Fault::Error(Errno::IO));
    let unsynced_name = |act: Act| act.with(At::Of(Call::SyncAll, 0), Fault::Kill);
    let many = || Act::batch(vec![rows("r", 20..23, 200), rows("s", 23..28, 200), rows("r", 28..33, 200)]);
    let on = |scene: Scene, before: Vec<Act>| Scene { before, ..scene };
    let quiet = |name, before| on(quiet_disk(name, nothing_more()), before);
    let full = |name, before| on(full_disk(name, nothing_more()), before);
    let case = |scene| Case { scene, seals: false, archiver: None };
    let sealing = |scene| Case { seals: true, ..case(scene) };
    // An archiver that died behind each of its first writes, and before each of its first syncs.
    let died = |call, nth| Case {
        archiver: Some((At::Of(call, nth), Fault::Kill)),
        ..case(full("an archiver died", vec![many()]))
    };
    vec![
        case(quiet("a few rows", Vec::new())),
        case(quiet("a writer killed before its sync", vec![killed(one(60))])),
        case(quiet("a failed sync", vec![failed(one(60))])),
        case(full("a writer killed before a segment's name was synced", vec![unsynced_name(one(400))])),
        case(full("rotations", vec![many()])),
        case(full("rotations, and a writer killed before its sync", vec![many(), killed(one(60))])),
        sealing(quiet("sealed: a writer killed before its sync", vec![killed(one(60))])),
        sealing(full("sealed: rotations", vec![many()])),
        died(Call::SyncAll, 0),
        died(Call::SyncAll, 1),
        died(Call::SyncAll, 2),
        died(Call::SyncAll, 3),
        died(Call::SyncAll, 4),
        died(Call::Write, 1),
        died(Call::Write, 2),
    ]
}

/// The world behind all that came before the head.
fn ready(case: &Case) -> World {
    let world = World::new(&case.scene.base);
    case.scene.play_before(&world, None);
    if case.archiver.is_some() {
        let process = Process::new(&world, 0, case.archiver, None);
        if let Ok(mut keeper) = Keeper::open(&process, &case.scene.path(&world), Settings::default(), 20) {
            let _ = keeper.cover(OPTIONS, &mut |_| {});
        }
    }
    world
}

/// Takes a head with this fault; gives the world, the head if there is one, and the calls.
fn stopped(case: &Case, plan: Plan) -> (World, Option<Head>, Vec<Call>) {
    let world = ready(case);
    let process = Process::new(&world, 0, plan, None);
    let head = take(&process, &case.scene.path(&world), case.seals).ok().flatten().filter(|_| !process.is_dead());
    let calls = process.calls();
    (world, head, calls)
}

/// What is wrong when the power is cut at any change behind the head.
fn cut_behind(case: &Case, world: &World, head: &Head, lots: u64, seed: u64) -> (u64, Vec<String>) {
    let printed = world.events().len();
    // Somebody goes on.
    case.scene.play(world, &Act::one(Row::new("r", 300, 60)).with(At::Of(Call::SyncData, 0), Fault::Kill), None);
    case.scene.play(world, &Act::one(Row::new("s", 301, 900)), None);
    let (mut states, mut wrong) = (0, Vec::new());
    let mut disk: Disk = world.base.clone();
    let mut lot = Lot(seed);
    for (index, event) in world.events().iter().enumerate() {
        disk.replay(event);
        if index + 1 < printed {
            continue;
        }
        let drawn: Vec<Fate> = (0..lots).map(|_| Fate::Lot(lot.next())).collect();
        for fate in FATES.into_iter().chain(drawn) {
            states += 1;
            let after = World::new(&disk.crash(fate));
            let reader = Process::new(&after, 0, None, None);
            let verdict = verify(&reader, &case.scene.path(&after), Some(head), &mut |_| {});
            match verdict {
                Ok(verdict) if verdict.head == Some(HeadVerdict::Holds) => {}
                Ok(verdict) => {
                    wrong.push(format!("change {index}, {fate:?}: {:?}, {:?}", verdict.head, verdict.findings))
                }
                Err(error) => wrong.push(format!("change {index}, {fate:?}: {error}")),
            }
        }
    }
    (states, wrong)
}

fn run(scale: &Scale) -> Report {
    // The quick tier takes every eleventh fault, another eleventh with another seed.
    let step = scale.of(11, 1);
    let lots = scale.of(0, 6);
    let parts = two_at_a_time(&cases(), |case| {
        let (mut size, mut violations, mut nth) = (0, Vec::new(), scale.seed);
        let mut judge = |what: String, world: &World, head: &Head| {
            let (states, wrong) = cut_behind(case, world, head, lots, scale.seed);
            size += states;
            violations.extend(wrong.into_iter().map(|it| format!("{}: {what}: {it}", case.scene.name)));
        };
        let (world, head, calls) = stopped(case, None);
        let is_suspect = case.scene.name == "a failed sync";
        match head {
            Some(head) => judge("no fault".to_owned(), &world, &head),
            None if is_suspect => {}
            None => return (1, vec![format!("{}: there is no head", case.scene.name)]),
        }
        for (at, call) in calls.iter().enumerate() {
            for fault in faults().into_iter().filter(|fault| fault.fits(*call)) {
                nth += 1;
                if nth % step != 0 {
                    continue;
                }
                let (world, head, _) = stopped(case, Some((At::Any(at as u64), fault)));
                if let Some(head) = head {
                    judge(format!("call {at} {call:?} {fault:?}"), &world, &head);
                }
            }
        }
        (size, violations)
    });
    report_of("states", parts)
}
