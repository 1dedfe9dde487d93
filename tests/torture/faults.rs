//! Every call fails in every way: the exit code tells the truth, nothing that was
//! acknowledged is lost, and the next plain append succeeds — and none of this is
//! undone by a power cut right after.

use rustix::io::Errno;

use super::backend::{At, Call, Cut, Fault, Process};
use super::crashes::Aftermath;
use super::judge::{Row, judge, look};
use super::omission::Omission;
use super::scene::{Act, Outcome, Scene};
use super::scenes::scenes;
use super::trial::{Report, Scale, Tier, Trial, nothing};
use super::world::{World, report_of, two_at_a_time};

/// Serial number of the plain append after the fault.
const NEXT: u64 = 8000;

/// Every fault.
pub fn faults() -> Vec<Fault> {
    let errors = [Errno::IO, Errno::NOSPC, Errno::DQUOT, Errno::INTR, Errno::AGAIN, Errno::ACCESS, Errno::MFILE];
    let cuts = [Cut::One, Cut::Half, Cut::AllButOne];
    let mut faults: Vec<Fault> = errors.into_iter().map(Fault::Error).collect();
    faults.extend([Fault::Kill, Fault::Gone(Errno::IO), Fault::Gone(Errno::NOSPC)]);
    for cut in cuts {
        faults.extend([
            Fault::Short(cut),
            Fault::KillIn(cut),
            Fault::ShortThen(cut, Errno::NOSPC),
            Fault::ShortThen(cut, Errno::IO),
        ]);
    }
    faults
}

/// Plays one scene with one fault. What is wrong.
pub fn play(scene: &Scene, at: u64, fault: Fault, omission: Option<Omission>) -> Vec<String> {
    let world = World::new(&scene.base);
    let logbook = scene.path(&world);
    scene.play_before(&world, omission);
    // A row that an earlier process left is not this one's to deny.
    let earlier: Vec<u64> = scene.before.iter().flat_map(Act::serials).chain(world.acknowledged()).collect();
    let mine: Vec<u64> = act_rows(scene, &earlier);
    let act = scene.act.clone().with(At::Any(at), fault);
    let outcome = scene.play(&world, &act, omission);
    let reader = Process::new(&world, 0, None, None);
    let mut wrong = Vec::new();
    let mut check = |when: &str, truth: bool| {
        if !logbook.exists() {
            return;
        }
        let sight = look(&reader, &logbook);
        let found = judge(&sight, &world.acknowledged(), true);
        wrong.extend(found.into_iter().map(|what| format!("{when}: {what}")));
        if truth {
            wrong.extend(untruth(&mine, &outcome, &sight.serials()).map(|what| format!("{when}: {what}")));
        }
    };
    check("then", true);
    if outcome.message.contains("could not be marked suspect") {
        // A disk that fails a sync, refuses the mark, and then works again without a
        // restart: nobody is left to know. The exit code said 4.
        return wrong;
    }
    let mut replies = Vec::new();
    for act in &scene.again {
        replies.push(scene.play(&world, act, omission));
        check("again", false);
    }
    replies.push(scene.play(&world, &Act::one(Row::new("r", NEXT, 60)), omission));
    check("next", scene.again.is_empty());
    for reply in replies.iter().filter(|reply| reply.code != Some(0)) {
        wrong.push(format!("a later append ends in {:?}: {}", reply.code, reply.message));
    }
    let mut aftermath = Aftermath::of(scene, scene.rows_with_ids());
    aftermath.of_end(&world.base, &world.events());
    wrong.extend(aftermath.violations);
    wrong
}

fn act_rows(scene: &Scene, earlier: &[u64]) -> Vec<u64> {
    scene.act.serials().into_iter().filter(|serial| !earlier.contains(serial)).collect()
}

/// What the exit code says of the rows `mine` that is not so.
pub fn untruth(mine: &[u64], outcome: &Outcome, there: &[u64]) -> Option<String> {
    let mine_there: Vec<u64> = mine.iter().copied().filter(|serial| there.contains(serial)).collect();
    if mine[..mine_there.len()] != mine_there {
        return Some(format!("rows {mine_there:?} of {mine:?} are there: not the first ones"));
    }
    let says = |expected: &[u64]| {
        let expected: Vec<u64> = expected.iter().copied().filter(|serial| mine.contains(serial)).collect();
        (mine_there != expected).then(|| {
            format!(
                "exit {:?} says {expected:?} are stored, there are {mine_there:?} ({})",
                outcome.code, outcome.message
            )
        })
    };
    match outcome.code {
        Some(0) => says(mine),
        Some(2 | 3 | 75) => says(&outcome.stored),
        Some(4) | None => None,
        Some(code) => Some(format!("exit {code}: {}", outcome.message)),
    }
}

/// Calls of a scene that the quick tier fails.
const QUICK_CALLS: usize = 40;

/// Plays a scene with every fault at each of the first `calls_max` calls of which
/// the number is `which` modulo `of`; stops at the first violation when told to.
pub fn play_all(
    scene: &Scene,
    omission: Option<Omission>,
    calls_max: usize,
    (which, of): (u64, u64),
    first: bool,
) -> (u64, Vec<String>) {
    let calls: Vec<Call> = scene.calls();
    let (mut size, mut violations) = (0, Vec::new());
    for (at, call) in calls.iter().enumerate().take(calls_max) {
        if at as u64 % of != which % of {
            continue;
        }
        for fault in faults().into_iter().filter(|fault| fault.fits(*call)) {
            size += 1;
            for wrong in play(scene, at as u64, fault, omission) {
                violations.push(format!("{}: call {at} {call:?} {fault:?}: {wrong}", scene.name));
            }
            if first && !violations.is_empty() {
                return (size, violations);
            }
        }
    }
    (size, violations)
}

/// The trial.
pub fn trials() -> Vec<Trial> {
    vec![Trial { name: "every call, every fault", tier: Tier::Quick, needs: nothing, run }]
}

/// The first calls of each scene, or all of them.
fn run(scale: &Scale) -> Report {
    let calls_max = if scale.quick { QUICK_CALLS } else { usize::MAX };
    let parts = two_at_a_time(&scenes(), |scene| {
        let part = if scale.quick && !scene.is_light() { 5 } else { 1 };
        play_all(scene, None, calls_max, (scale.seed, part), false)
    });
    report_of("faults", parts)
}
