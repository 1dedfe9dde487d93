//! A scene: what is on the disk, who did something before, and what is done now,
//! done as the command `append` does it. `scenes` is the list of them.

use std::path::{Path, PathBuf};

use logbook_format::{Drafts, Rules};
use logbook_model::Instant;
use logbook_store::append::{OnRefused, Options, Writer};
use logbook_store::config::{self, Durability, Settings};

use super::backend::{At, Call, Fault, Plan, Process};
use super::disk::Image;
use super::judge::Row;
use super::omission::Omission;
use super::world::{Event, World};

/// What one process does: rows, some in each hold of the lock, then one sync.
#[derive(Debug, Clone)]
pub struct Act {
    /// Rows of each hold.
    pub holds: Vec<Vec<Row>>,
    /// A batch stores what comes before a failure; a single row is all or nothing.
    pub batch: bool,
    /// What goes wrong.
    pub plan: Plan,
}

impl Act {
    /// `logbook append` of one row.
    pub fn one(row: Row) -> Act {
        Act { holds: vec![vec![row]], batch: false, plan: None }
    }

    /// `logbook append -`.
    pub fn batch(holds: Vec<Vec<Row>>) -> Act {
        Act { holds, batch: true, plan: None }
    }

    /// The same with something going wrong.
    pub fn with(self, at: At, fault: Fault) -> Act {
        Act { plan: Some((at, fault)), ..self }
    }

    /// Its rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.holds.iter().flatten()
    }

    /// Their serial numbers.
    pub fn serials(&self) -> Vec<u64> {
        self.rows().map(|row| row.serial).collect()
    }
}

/// What became of an act.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The exit code; `None` when the process was killed.
    pub code: Option<u8>,
    /// Rows that the process says it stored.
    pub stored: Vec<u64>,
    /// What it says.
    pub message: String,
}

/// A scene.
pub struct Scene {
    /// What it shows.
    pub name: &'static str,
    /// The logbook, relative to the disk's root.
    pub logbook: &'static str,
    /// Size at which segments are sealed.
    pub segment_bytes_max: u64,
    /// What is on the disk, durable, and acknowledged.
    pub base: Image,
    /// Serial numbers of the rows in `base`.
    pub known: Vec<u64>,
    /// What other processes did before.
    pub before: Vec<Act>,
    /// What is done now.
    pub act: Act,
    /// What others do afterwards, which must go well: the act again, for one.
    pub again: Vec<Act>,
}

fn now() -> Instant {
    Instant { seconds: 1_776_254_400, attos: 0 }
}

/// Does `act` as the command does it.
pub fn play(process: &Process<'_>, logbook: &Path, segment_bytes_max: u64, act: &Act) -> Outcome {
    let mut stored = Vec::new();
    let result = append(process, logbook, segment_bytes_max, act, &mut stored);
    let (code, message) = match result {
        Ok(()) => (0, String::new()),
        Err(error) => (error.exit.code(), error.message),
    };
    if code == 4 {
        stored.clear();
    }
    let code = (!process.is_dead()).then_some(code);
    if code.is_some() {
        process.world.note(Event::Acknowledged(stored.clone()));
    }
    Outcome { code, stored, message }
}

fn append(
    process: &Process<'_>,
    logbook: &Path,
    segment_bytes_max: u64,
    act: &Act,
    stored: &mut Vec<u64>,
) -> logbook_model::error::Result<()> {
    let mut settings = if logbook.exists() { config::settings(process, logbook)? } else { Settings::default() };
    settings.segment_bytes_max = segment_bytes_max;
    let vocabulary = settings.vocabulary.clone();
    let rules = Rules { vocabulary: &vocabulary, run_id: None, agent_id: None, own: false, redactor: None };
    let options = Options { durability: Some(Durability::Data), lock_timeout_ms: Some(20), now };
    let mut writer = Writer::open(process, logbook, settings, options)?;
    let on_refused = if act.batch { OnRefused::Stop } else { OnRefused::Abort };
    let mut result = Ok(());
    for hold in &act.holds {
        let mut drafts = Drafts::new();
        for row in hold {
            drafts.push(row.text().as_bytes(), &rules, &now().to_utc_ms(), None)?;
        }
        let appended = writer.append(&drafts, on_refused);
        if !act.batch {
            appended.all()?;
            writer.sync()?;
            stored.extend(hold.iter().map(|row| row.serial));
            return Ok(());
        }
        stored.extend(appended.rows.iter().map(|row| hold[row.draft].serial));
        result = match appended.failed.or(appended.refused.into_iter().next().map(|(_, error)| error)) {
            Some(error) => Err(error),
            None => Ok(()),
        };
        if result.is_err() {
            break;
        }
    }
    writer.sync().and(result)
}

impl Scene {
    /// Where the logbook is on `world`.
    pub fn path(&self, world: &World) -> PathBuf {
        world.root().join(self.logbook)
    }

    /// Plays `act` in a process of its own.
    pub fn play(&self, world: &World, act: &Act, omission: Option<Omission>) -> Outcome {
        let process = Process::new(world, 0, act.plan, omission);
        play(&process, &self.path(world), self.segment_bytes_max, act)
    }

    /// What came before the act.
    pub fn play_before(&self, world: &World, omission: Option<Omission>) {
        world.note(Event::Acknowledged(self.known.clone()));
        for act in &self.before {
            self.play(world, act, omission);
        }
    }

    /// Rows with ids, which their writers may append again at any time.
    pub fn rows_with_ids(&self) -> Vec<Row> {
        let acts = [&self.act].into_iter().chain(&self.again);
        let mut rows: Vec<Row> = acts.flat_map(Act::rows).filter(|row| row.id.is_some()).cloned().collect();
        rows.dedup();
        rows
    }

    /// Whether one run of it takes little time.
    pub fn is_light(&self) -> bool {
        self.segment_bytes_max < 100_000
    }

    /// The calls that the act makes when all is well.
    pub fn calls(&self) -> Vec<Call> {
        let world = World::new(&self.base);
        self.play_before(&world, None);
        let process = Process::new(&world, 0, None, None);
        play(&process, &self.path(&world), self.segment_bytes_max, &self.act);
        process.calls()
    }
}
