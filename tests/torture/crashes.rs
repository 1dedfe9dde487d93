//! Power cuts: a scene is played once, and then the power fails after each of
//! its changes, in each way that what was not synced may come out. Whatever was
//! acknowledged by then must be read, before and after the next append mends the
//! logbook.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use super::backend::Process;
use super::disk::{Disk, FATES, Fate, Image, Lot, self_test};
use super::judge::{Row, judge, look};
use super::omission::Omission;
use super::scene::{Act, Scene};
use super::scenes::scenes;
use super::trial::{Report, Scale, Tier, Trial, nothing};
use super::world::{Event, World};

/// What is checked of a logbook that a power cut left.
pub struct Aftermath<'s> {
    scene: &'s Scene,
    /// Rows with ids, which their writers may append again.
    again: Vec<Row>,
    seen: HashSet<u64>,
    /// States looked at.
    pub states: u64,
    /// What was wrong.
    pub violations: Vec<String>,
}

/// Serial number of the append that recovers.
const RECOVERY: u64 = 9000;

impl<'s> Aftermath<'s> {
    /// Of a scene; `again`: rows that their writers append again after the cut.
    pub fn of(scene: &'s Scene, again: Vec<Row>) -> Aftermath<'s> {
        Aftermath { scene, again, seen: HashSet::new(), states: 0, violations: Vec::new() }
    }

    /// Cuts the power after each change, in every way, and by as many `lots` more.
    pub fn of_all(&mut self, base: &Disk, events: &[Event], lot: &Lot, lots: u64) {
        let mut disk = base.clone();
        let mut acknowledged = Vec::new();
        let mut lot = lot.clone();
        for (index, event) in events.iter().enumerate() {
            disk.replay(event);
            if let Event::Acknowledged(rows) = event {
                acknowledged.extend_from_slice(rows);
            }
            let drawn = (0..lots).map(|_| Fate::Lot(lot.next()));
            for fate in FATES.into_iter().chain(drawn) {
                self.of_one(&disk, &acknowledged, fate, index);
            }
        }
    }

    /// Cuts the power at the end.
    pub fn of_end(&mut self, base: &Disk, events: &[Event]) {
        let mut disk = base.clone();
        let mut acknowledged = Vec::new();
        for event in events {
            disk.replay(event);
            if let Event::Acknowledged(rows) = event {
                acknowledged.extend_from_slice(rows);
            }
        }
        for fate in [Fate::None, Fate::Half, Fate::Nul] {
            self.of_one(&disk, &acknowledged, fate, events.len());
        }
    }

    fn of_one(&mut self, disk: &Disk, acknowledged: &[u64], fate: Fate, change: usize) {
        let image = disk.crash(fate);
        let mut hasher = DefaultHasher::new();
        (&image, acknowledged).hash(&mut hasher);
        self.states += 1;
        // The same state again says nothing new.
        if self.seen.insert(hasher.finish()) {
            for wrong in self.recover(&image, acknowledged) {
                self.violations.push(format!("{}: change {change}, {fate:?}: {wrong}", self.scene.name));
            }
        }
    }

    fn recover(&self, image: &Image, acknowledged: &[u64]) -> Vec<String> {
        let world = World::new(image);
        let logbook: PathBuf = self.scene.path(&world);
        let reader = Process::new(&world, 0, None, None);
        let mut wrong = Vec::new();
        if logbook.exists() {
            wrong.extend(judge(&look(&reader, &logbook), acknowledged, false));
        } else if !acknowledged.is_empty() {
            wrong.push("the whole logbook is gone".to_owned());
        }
        let outcome = self.scene.play(&world, &Act::one(Row::new("r", RECOVERY, 60)), None);
        if outcome.code != Some(0) {
            wrong.push(format!("the next append ends in {:?}: {}", outcome.code, outcome.message));
        }
        let mut must = acknowledged.to_vec();
        must.extend(outcome.stored);
        for row in &self.again {
            let outcome = self.scene.play(&world, &Act::one(row.clone()), None);
            if outcome.code != Some(0) {
                wrong.push(format!("row {} again ends in {:?}: {}", row.serial, outcome.code, outcome.message));
            }
            must.extend(outcome.stored);
        }
        wrong
            .extend(judge(&look(&reader, &logbook), &must, false).into_iter().map(|what| format!("recovered: {what}")));
        wrong
    }
}

/// Cuts the power all through one scene.
pub fn cut_through(scene: &Scene, omission: Option<Omission>, lot: &Lot, lots: u64) -> (u64, Vec<String>) {
    let world = World::new(&scene.base);
    scene.play_before(&world, omission);
    for act in [&scene.act].into_iter().chain(&scene.again) {
        scene.play(&world, act, omission);
    }
    let mut aftermath = Aftermath::of(scene, scene.rows_with_ids());
    aftermath.of_all(&world.base, &world.events(), lot, lots);
    (aftermath.states, aftermath.violations)
}

/// The trial.
pub fn trials() -> Vec<Trial> {
    vec![Trial { name: "power cut after every change", tier: Tier::Quick, needs: nothing, run }]
}

fn run(scale: &Scale) -> Report {
    let mut report = Report { size: 0, unit: "states", violations: self_test() };
    for scene in scenes() {
        let (states, violations) = cut_through(&scene, None, &Lot(scale.seed), scale.of(2, 100));
        report.size += states;
        report.violations.extend(violations);
    }
    report
}
