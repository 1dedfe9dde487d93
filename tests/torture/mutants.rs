//! Mutants: the store with one sync, one lock or one check left out. A test that
//! a mutant passes proves nothing, so each of them must be caught by the others.

use super::crashes::cut_through;
use super::disk::Lot;
use super::faults;
use super::omission::{ALL, Omission};
use super::races::races;
use super::scenes::scenes;
use super::trial::{Report, Scale, Tier, Trial, note, nothing};
use super::world::{report_of, two_at_a_time};

/// What catches the mutant, if anything does.
fn caught(omission: Option<Omission>, seed: u64) -> Option<String> {
    let scenes = scenes();
    for scene in &scenes {
        let (_, wrong) = cut_through(scene, omission, &Lot(seed), 0);
        if let Some(wrong) = wrong.into_iter().next() {
            return Some(format!("crash states: {wrong}"));
        }
    }
    for race in races() {
        let (_, wrong) = race.play_all(omission, &mut Lot(seed), (2, 10), true);
        if let Some(wrong) = wrong.into_iter().next() {
            return Some(format!("races: {wrong}"));
        }
    }
    for scene in scenes.iter().filter(|scene| scene.is_light()) {
        let (_, wrong) = faults::play_all(scene, omission, usize::MAX, (seed, 5), true);
        if let Some(wrong) = wrong.into_iter().next() {
            return Some(format!("faults: {wrong}"));
        }
    }
    None
}

/// The trial.
pub fn trials() -> Vec<Trial> {
    vec![Trial { name: "mutants caught", tier: Tier::Quick, needs: nothing, run }]
}

/// The store as it is must pass what catches them.
fn run(scale: &Scale) -> Report {
    let parts = two_at_a_time(&ALL, |omission| match caught(Some(*omission), scale.seed) {
        Some(by) => {
            if !scale.quick {
                note(&format!("{omission:?} is caught by {by}"));
            }
            (1, Vec::new())
        }
        None => (1, vec![format!("a store without {omission:?} passes")]),
    });
    report_of("mutants", parts)
}
