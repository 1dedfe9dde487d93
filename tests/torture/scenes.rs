//! Every scene: `faults` plays each with every fault at every call, `crashes`
//! with a power cut after every change. The disks are also those of `races`.

use rustix::io::Errno;

use super::backend::{At, Call, Fault, Process};
use super::disk::{Image, image_of};
use super::judge::Row;
use super::scene::{Act, Scene, play};
use super::world::World;

/// Segments of all scenes but one are small, so that they rotate soon.
const SEGMENT_BYTES_MAX: u64 = 1500;

/// Rows of one run.
pub fn rows(run: &'static str, serials: std::ops::Range<u64>, fill: usize) -> Vec<Row> {
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

/// No logbook, nor the directories above it.
pub fn no_disk(name: &'static str, act: Act) -> Scene {
    Scene {
        name,
        logbook: "a/b/.logbook",
        segment_bytes_max: SEGMENT_BYTES_MAX,
        base: Image::new(),
        known: Vec::new(),
        before: Vec::new(),
        act,
        again: Vec::new(),
    }
}

fn on(name: &'static str, acts: &[Act], act: Act) -> Scene {
    let (base, known) = disk_after(acts, SEGMENT_BYTES_MAX);
    Scene { logbook: ".logbook", base, known, ..no_disk(name, act) }
}

/// A few rows on file.
pub fn quiet_disk(name: &'static str, act: Act) -> Scene {
    on(name, &[Act::batch(vec![rows("r", 1..4, 60), rows("s", 4..6, 60)])], act)
}

/// An active segment that is almost full.
pub fn full_disk(name: &'static str, act: Act) -> Scene {
    on(name, &[Act::batch(vec![rows("r", 1..8, 60), rows("s", 8..11, 60)])], act)
}

/// A few rows, and `bytes` behind them, as a writer that was killed left them.
pub fn torn_disk(name: &'static str, bytes: &[u8], act: Act) -> Scene {
    let mut scene = quiet_disk(name, act);
    let files = scene.base.iter_mut().filter(|(path, _)| path.extension().is_some_and(|end| end == "jsonl"));
    if let Some(last) = files.last().and_then(|(_, bytes)| bytes.as_mut()) {
        last.extend_from_slice(bytes);
    }
    scene
}

/// The beginning of a row.
pub const TORN: &[u8] = b"{\"run_id\":\"r\",\"step\":4,\"n\":50,\"fi";
/// A row that lacks only its newline.
const WHOLE: &[u8] = b"{\"run_id\":\"r\",\"step\":4,\"n\":50,\"fill\":\"3:yyy\"}";

fn plain_scenes() -> Vec<Scene> {
    let one = |fill| Act::one(Row::new("r", 100, fill));
    let rotations = Act::batch(vec![rows("r", 100..105, 120), rows("s", 105..110, 120), rows("r", 110..115, 120)]);
    let unsynced_name = Act::one(Row::new("r", 99, 400)).with(At::Of(Call::SyncAll, 0), Fault::Kill);
    let tables = {
        let big = |serials| rows("r", serials, 30_000);
        let segment_bytes_max = 200_000;
        let (base, known) = disk_after(&[Act::batch(vec![big(1..4), big(4..7)])], segment_bytes_max);
        let scene = quiet_disk("rotate with tables in cache/", Act::batch(vec![big(100..103)]));
        Scene { base, known, segment_bytes_max, ..scene }
    };
    vec![
        no_disk("first creation", one(60)),
        quiet_disk("append", one(200)),
        quiet_disk("batch", Act::batch(vec![rows("r", 100..103, 40), rows("t", 103..105, 40)])),
        full_disk("rotate", one(400)),
        full_disk("batch over two rotations", rotations),
        torn_disk("a torn tail", TORN, one(60)),
        torn_disk("a whole row without its newline", WHOLE, one(60)),
        Scene { before: vec![unsynced_name], ..full_disk("after a kill before a segment's name was synced", one(60)) },
        tables,
    ]
}

fn retried_scenes() -> Vec<Scene> {
    let with_id = || Act::one(Row::new("r", 100, 60).id());
    let other = |fill| Act::one(Row::new("s", 101, fill).id());
    let killed = |act: Act| act.with(At::Of(Call::SyncData, 0), Fault::Kill);
    let failed = |act: Act| act.with(At::Of(Call::SyncData, 0), Fault::Error(Errno::IO));
    let after = |before: Vec<Act>, scene: Scene| Scene { before, again: vec![scene.act.clone()], ..scene };
    let ids = |rows: Vec<Row>| rows.into_iter().map(Row::id).collect();
    let batch = Act::batch(vec![ids(rows("r", 100..103, 120)), ids(rows("s", 103..106, 120))]);
    vec![
        after(vec![], quiet_disk("append with --id, then again", with_id())),
        after(vec![], full_disk("batch with ids, then again", batch.clone())),
        after(vec![failed(batch.clone())], quiet_disk("batch again after a failed sync", batch.clone())),
        after(vec![killed(with_id())], quiet_disk("again after a kill before the sync", with_id())),
        after(
            vec![killed(with_id()), Act::one(Row::new("s", 102, 1000))],
            quiet_disk("again after a kill and a rotation", with_id()),
        ),
        after(vec![failed(with_id())], quiet_disk("again after a failed sync", with_id())),
        after(vec![failed(with_id()), failed(other(60))], quiet_disk("again after two failed syncs", with_id())),
        after(
            vec![killed(with_id()), failed(other(1000))],
            quiet_disk("again after a kill and a failed sync at rotation", with_id()),
        ),
        Scene {
            act: other(1000),
            ..after(
                vec![killed(with_id())],
                quiet_disk("rotation over a killed writer's row, then that again", with_id()),
            )
        },
    ]
}

/// All of them.
pub fn scenes() -> Vec<Scene> {
    plain_scenes().into_iter().chain(retried_scenes()).collect()
}
