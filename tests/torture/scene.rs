//! Scenes: what is on the disk, who did something before, and what is done now.
//! `faults` plays each with every fault at every call, `crashes` with a power cut
//! after every change.

use std::path::{Path, PathBuf};

use logbook::format::{Drafts, Rules};
use logbook::model::Instant;
use logbook::store::append::{OnRefused, Options, Writer};
use logbook::store::config::{self, Durability, Settings};
use rustix::io::Errno;

use super::backend::{At, Call, Event, Fault, Plan, Process, World};
use super::disk::{Image, image_of};
use super::judge::Row;
use super::omission::Omission;

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
    /// The act is done again, by another process, until it is acknowledged.
    pub again: bool,
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
) -> logbook::error::Result<()> {
    let mut settings =
        if logbook.exists() { config::settings(process, logbook)? } else { Settings::default() };
    settings.segment_bytes_max = segment_bytes_max;
    let vocabulary = settings.vocabulary.clone();
    let rules = Rules { vocabulary: &vocabulary, run_id: None, agent_id: None, own: false };
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

    /// The calls that the act makes when all is well.
    pub fn calls(&self) -> Vec<Call> {
        let world = World::new(&self.base);
        self.play_before(&world, None);
        let process = Process::new(&world, 0, None, None);
        play(&process, &self.path(&world), self.segment_bytes_max, &self.act);
        process.calls()
    }
}

/// Segments of all scenes but one are small, so that they rotate soon.
const SEGMENT_BYTES_MAX: u64 = 1500;

fn rows(run: &'static str, serials: std::ops::Range<u64>, fill: usize) -> Vec<Row> {
    serials.map(|serial| Row::new(run, serial, fill)).collect()
}

/// The disk after these acts went well.
fn disk_after(acts: &[Act], segment_bytes_max: u64) -> (Image, Vec<u64>) {
    let world = World::new(&Image::new());
    for act in acts {
        let process = Process::new(&world, 0, None, None);
        let outcome = play(&process, &world.root().join(".logbook"), segment_bytes_max, act);
        assert_eq!(outcome.code, Some(0), "{}", outcome.message);
    }
    (image_of(world.root()), acts.iter().flat_map(Act::serials).collect())
}

/// Puts `bytes` behind the last segment, as a writer that was killed left them.
fn tear(image: &mut Image, bytes: &[u8]) {
    let segments = image.iter_mut().filter(|(path, _)| path.extension().is_some_and(|end| end == "jsonl"));
    let last = segments.last().and_then(|(_, bytes)| bytes.as_mut()).unwrap();
    last.extend_from_slice(bytes);
}

/// Every scene.
pub fn scenes() -> Vec<Scene> {
    let few = vec![Act::batch(vec![rows("r", 1..4, 60), rows("s", 4..6, 60)])];
    let full = vec![Act::batch(vec![rows("r", 1..8, 60), rows("s", 8..11, 60)])];
    let scene = |name, acts: &[Act], act: Act| {
        let (base, known) = disk_after(acts, SEGMENT_BYTES_MAX);
        let segment_bytes_max = SEGMENT_BYTES_MAX;
        Scene { name, logbook: ".logbook", segment_bytes_max, base, known, before: Vec::new(), act, again: false }
    };
    let first = Scene {
        logbook: "a/b/.logbook",
        base: Image::new(),
        known: Vec::new(),
        ..scene("first creation", &[], Act::one(Row::new("r", 100, 60)))
    };
    let append = scene("append", &few, Act::one(Row::new("r", 100, 200)));
    let batch = scene("batch", &few, Act::batch(vec![rows("r", 100..103, 40), rows("t", 103..105, 40)]));
    let rotate = scene("rotate", &full, Act::one(Row::new("r", 100, 400)));
    let rotations = scene(
        "batch over two rotations",
        &full,
        Act::batch(vec![rows("r", 100..105, 120), rows("s", 105..110, 120), rows("r", 110..115, 120)]),
    );
    let mut torn = scene("a torn tail", &few, Act::one(Row::new("r", 100, 60)));
    tear(&mut torn.base, b"{\"run_id\":\"r\",\"step\":4,\"n\":50,\"fi");
    let mut adopted = scene("a whole row without its newline", &few, Act::one(Row::new("r", 100, 60)));
    tear(&mut adopted.base, b"{\"run_id\":\"r\",\"step\":4,\"n\":50,\"fill\":\"3:yyy\"}");
    adopted.known.push(50);

    let with_id = || Act::one(Row::new("r", 100, 60).id());
    let retry = Scene { again: true, ..scene("append with --id, then again", &few, with_id()) };
    let killed = |at| with_id().with(at, Fault::Kill);
    let after_kill = Scene {
        before: vec![killed(At::Of(Call::SyncData, 0))],
        again: true,
        ..scene("again after a kill before the sync", &few, with_id())
    };
    let failed_sync = |act: Act| act.with(At::Of(Call::SyncData, 0), Fault::Error(Errno::IO));
    let suspect = Scene {
        before: vec![failed_sync(with_id())],
        again: true,
        ..scene("again after a failed sync", &few, with_id())
    };
    let two_suspects = Scene {
        before: vec![failed_sync(with_id()), failed_sync(Act::one(Row::new("s", 101, 60).id()))],
        again: true,
        ..scene("again after two failed syncs", &few, with_id())
    };
    let rotated_away = Scene {
        before: vec![killed(At::Of(Call::SyncData, 0)), failed_sync(Act::one(Row::new("s", 101, 400)))],
        again: true,
        ..scene("again after a kill and a failed sync at rotation", &full[..1], with_id())
    };
    let orphan = Scene {
        before: vec![Act::one(Row::new("r", 99, 400)).with(At::Of(Call::SyncAll, 0), Fault::Kill)],
        ..scene("after a kill between making a segment and syncing its name", &full, Act::one(Row::new("r", 100, 60)))
    };
    let batch_ids: Vec<Vec<Row>> =
        vec![rows("r", 100..103, 120), rows("s", 103..106, 120)].into_iter().map(|hold| {
            hold.into_iter().map(Row::id).collect()
        }).collect();
    let batch_retry =
        Scene { again: true, ..scene("batch with ids, then again", &full, Act::batch(batch_ids)) };
    let big = |serials| rows("r", serials, 30_000);
    let cached = {
        let max = 200_000;
        let (base, known) = disk_after(&[Act::batch(vec![big(1..4), big(4..7)])], max);
        let act = Act::batch(vec![big(100..103)]);
        Scene { base, known, segment_bytes_max: max, ..scene("rotate with tables in cache/", &few, act) }
    };
    vec![
        first, append, batch, rotate, rotations, torn, adopted, retry, after_kill, suspect, two_suspects, rotated_away,
        orphan, batch_retry, cached,
    ]
}
