//! Two writers at once, one call at a time: the baton changes hands before every
//! call in turn, and at pairs of calls by lot. Whatever the order, both are told
//! the truth, steps are unique, and no power cut takes an acknowledged row.

use std::thread;

use rustix::io::Errno;

use super::backend::{At, Call, Fault, Process};
use super::baton::{Baton, Schedule};
use super::crashes::Aftermath;
use super::disk::Lot;
use super::faults::untruth;
use super::judge::{Row, judge, look};
use super::omission::Omission;
use super::scene::{Act, Outcome, Scene, play};
use super::scenes::{TORN, full_disk, no_disk, quiet_disk, rows, torn_disk};
use super::trial::{Report, Scale, Tier, Trial, nothing};
use super::world::{Event, World, report_of, two_at_a_time};

/// Two acts on one disk.
pub struct Race {
    scene: Scene,
    other: Act,
    /// Somebody puts another file at `.lock` meanwhile.
    replaces_lock: bool,
}

/// Every race.
pub fn races() -> Vec<Race> {
    let race = |scene: Scene, other: Act| Race { scene, other, replaces_lock: false };
    let one = |serial, fill| Act::one(Row::new("r", serial, fill));
    let batch = |from: u64| Act::batch(vec![rows("r", from..from + 4, 120), rows("s", from + 4..from + 8, 120)]);
    let failing = |act: Act| act.with(At::Of(Call::SyncData, 0), Fault::Error(Errno::IO));
    let replaced = |scene, other| Race { replaces_lock: true, ..race(scene, other) };
    vec![
        race(quiet_disk("two appends", one(100, 60)), one(101, 60)),
        race(full_disk("two appends that both rotate", one(100, 400)), one(101, 400)),
        race(full_disk("two batches over rotations", batch(100)), batch(200)),
        race(no_disk("two writers make the logbook", one(100, 60)), one(101, 60)),
        race(
            quiet_disk("two writers with one id", Act::one(Row::new("r", 100, 60).id())),
            Act::one(Row::new("r", 100, 60).id()),
        ),
        race(quiet_disk("a failed sync beside an append", failing(one(100, 60))), one(101, 60)),
        race(full_disk("a failed sync beside a rotation", failing(one(100, 400))), one(101, 400)),
        race(torn_disk("two writers find a torn tail", TORN, one(100, 60)), one(101, 60)),
        replaced(quiet_disk("another file is put at .lock", one(100, 60)), one(101, 60)),
        replaced(full_disk("another file is put at .lock beside a rotation", one(100, 400)), one(101, 400)),
    ]
}

impl Race {
    /// Plays it as `schedule` says. Calls made, crash states looked at, what is wrong.
    fn play(&self, schedule: &Schedule, omission: Option<Omission>, everywhere: bool) -> (u64, u64, Vec<String>) {
        let mut world = World::new(&self.scene.base);
        world.note(Event::Acknowledged(self.scene.known.clone()));
        world.baton = Some(Baton::new(schedule.clone()));
        let outcomes = both(&world, &self.scene, [&self.scene.act, &self.other], omission);
        let calls = world.baton.take().map_or(0, |baton| baton.calls());
        let logbook = self.scene.path(&world);
        let reader = Process::new(&world, 0, None, None);
        let mut wrong = Vec::new();
        if logbook.exists() {
            let sight = look(&reader, &logbook);
            wrong.extend(judge(&sight, &world.acknowledged(), true));
            for (act, outcome) in [&self.scene.act, &self.other].into_iter().zip(&outcomes) {
                wrong.extend(untruth(&act.serials(), outcome, &sight.serials()));
            }
        }
        for (act, outcome) in [&self.scene.act, &self.other].into_iter().zip(&outcomes) {
            // Only a failed sync is an excuse, and it is told to both that wrote before it.
            let excused = self.scene.act.plan.is_some() && outcome.code == Some(4);
            if outcome.code != Some(0) && !excused {
                wrong.push(format!("rows {:?} end in {:?}: {}", act.serials(), outcome.code, outcome.message));
            }
        }
        let next = self.scene.play(&world, &Act::one(Row::new("r", 8000, 60)), omission);
        if next.code != Some(0) {
            wrong.push(format!("the next append ends in {:?}: {}", next.code, next.message));
        }
        wrong.extend(judge(&look(&reader, &logbook), &world.acknowledged(), true));
        let mut aftermath = Aftermath::of(&self.scene, Vec::new());
        if everywhere {
            aftermath.of_all(&world.base, &world.events(), &Lot(0), 0);
        } else {
            aftermath.of_end(&world.base, &world.events());
        }
        wrong.extend(aftermath.violations);
        let told = wrong.into_iter().map(|wrong| format!("{}: {schedule:?}: {wrong}", self.scene.name)).collect();
        (calls, aftermath.states, told)
    }

    /// Plays it with every single switch (or every `stride`-th) and `lots` random
    /// schedules; stops at the first violation when told to.
    pub fn play_all(
        &self,
        omission: Option<Omission>,
        lot: &mut Lot,
        (stride, lots): (u64, u64),
        first_only: bool,
    ) -> (u64, Vec<String>) {
        let (calls, _, mut violations) = self.play(&Schedule::default(), omission, true);
        let mut schedules = Vec::new();
        for first in 0..2 {
            for switch in (0..calls).step_by(stride as usize) {
                let replace_lock_at = self.replaces_lock.then(|| lot.next() % calls);
                schedules.push(Schedule { first, switches: vec![switch], replace_lock_at });
            }
            // The file is changed under the one that has opened and not yet locked it, and the
            // other gets so far into its own hold.
            for (at, far) in (0..24).flat_map(|at| (6..24).step_by(3).map(move |far| (at, far))) {
                if self.replaces_lock {
                    schedules.push(Schedule { first, switches: vec![at, at + far], replace_lock_at: Some(at) });
                }
            }
        }
        for _ in 0..lots {
            let mut switches: Vec<u64> = (0..2 + lot.next() % 4).map(|_| lot.next() % calls).collect();
            switches.sort_unstable();
            let replace_lock_at = self.replaces_lock.then(|| lot.next() % calls);
            schedules.push(Schedule { first: (lot.next() % 2) as usize, switches, replace_lock_at });
        }
        let mut size = 0;
        for (index, schedule) in schedules.iter().enumerate() {
            if first_only && !violations.is_empty() {
                break;
            }
            let (_, states, wrong) = self.play(schedule, omission, index % 8 == 0);
            size += states;
            violations.extend(wrong);
        }
        (size, violations)
    }
}

fn both(world: &World, scene: &Scene, acts: [&Act; 2], omission: Option<Omission>) -> Vec<Outcome> {
    let logbook = scene.path(world);
    thread::scope(|scope| {
        let threads: Vec<_> = acts
            .into_iter()
            .enumerate()
            .map(|(number, act)| {
                let logbook = &logbook;
                scope.spawn(move || {
                    let _end = world.baton.as_ref().map(|baton| baton.end_of(number));
                    let process = Process::new(world, number, act.plan, omission);
                    play(&process, logbook, scene.segment_bytes_max, act)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// The trial.
pub fn trials() -> Vec<Trial> {
    vec![Trial { name: "two writers, call by call", tier: Tier::Quick, needs: nothing, run }]
}

fn run(scale: &Scale) -> Report {
    let sizes = if scale.quick { (3, 8) } else { (1, scale.of(0, 500)) };
    let parts = two_at_a_time(&races(), |race| race.play_all(None, &mut Lot(scale.seed), sizes, false));
    report_of("states", parts)
}
