//! The files that are queried, made once and kept below `target/`: all rows in
//! one file, the same as sealed segments and as archives of a day each, and a small file.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use crate::rows::{AgentRows, Shape, agent_rows};

const SEED: u64 = 5;
const SMALL_ROWS: u64 = 20_000;
/// An active segment behind the sealed ones: a logbook has one.
const ACTIVE: &str = r#"{"run_id":"r-last","step":1,"timestamp":"2026-05-01T00:00:01Z","status":"in-progress"}"#;

/// Where the files are.
#[derive(Debug)]
pub struct Data {
    /// Commands run here, so that the names in them are short.
    pub directory: PathBuf,
    /// A run in the middle of the rows.
    pub run: String,
}

impl Data {
    /// Bytes of all files that `pattern` names: `rows.jsonl`, `days/*.jsonl.zst`.
    pub fn bytes(&self, pattern: &str) -> u64 {
        self.files(pattern).iter().map(|path| fs::metadata(path).unwrap().len()).sum()
    }

    /// The files that `pattern` names.
    pub fn files(&self, pattern: &str) -> Vec<PathBuf> {
        let pattern = self.directory.join(pattern);
        let mut files: Vec<_> = glob::glob(&pattern.to_string_lossy()).unwrap().map(Result::unwrap).collect();
        files.sort();
        files
    }
}

/// The files for so many rows; made if they are not there, or were made by another generator.
pub fn prepare(place: &Path, count: u64, shape: Shape) -> Data {
    let generator = xxh3_64(&agent_rows(SEED, 2000, shape)) >> 32;
    let directory = place.join(format!("{count}-{}-{generator:08x}", shape.name()));
    if !directory.join("rows.jsonl").exists() {
        eprintln!("making {count} rows ({}) in {}", shape.name(), directory.display());
        let making = place.join("making");
        let _ = fs::remove_dir_all(&making);
        make(&making, count, shape);
        let _ = fs::remove_dir_all(&directory);
        fs::rename(&making, &directory).unwrap();
    }
    let run = run_in_the_middle(&directory.join("rows.jsonl"));
    Data { directory, run }
}

/// A day's segment and archive.
struct Day {
    segment: BufWriter<File>,
    archive: zstd::Encoder<'static, BufWriter<File>>,
}

impl Day {
    fn begin(directory: &Path, day: u64) -> Day {
        let date = format!("2026-04-{:02}", day + 1);
        let segment = format!("segments/.logbook/{date}.{:06}.jsonl", day + 1);
        let archive = BufWriter::new(File::create(directory.join(format!("days/{date}.jsonl.zst"))).unwrap());
        Day {
            segment: BufWriter::new(File::create(directory.join(segment)).unwrap()),
            archive: zstd::Encoder::new(archive, 3).unwrap(),
        }
    }

    fn end(self) {
        synced(self.segment);
        synced(self.archive.finish().unwrap());
    }
}

/// On the disk, so that the page cache can let go of it.
fn synced(file: BufWriter<File>) {
    file.into_inner().unwrap().sync_data().unwrap();
}

fn make(directory: &Path, count: u64, shape: Shape) {
    fs::create_dir_all(directory.join("segments/.logbook")).unwrap();
    fs::create_dir_all(directory.join("days")).unwrap();
    fs::create_dir_all(directory.join("answers")).unwrap();
    fs::write(directory.join("small.jsonl"), agent_rows(SEED, SMALL_ROWS, shape)).unwrap();
    fs::write(directory.join("segments/.logbook/2026-05-01.000031.jsonl"), format!("{ACTIVE}\n")).unwrap();
    let mut all = BufWriter::new(File::create(directory.join("rows.jsonl")).unwrap());
    let mut rows = AgentRows::new(SEED, count, shape);
    let mut open: Option<(u64, Day)> = None;
    let mut row = Vec::new();
    while let Some(day) = rows.write_next(&mut row) {
        if open.as_ref().is_none_or(|(of, _)| *of != day)
            && let Some((_, ended)) = open.replace((day, Day::begin(directory, day)))
        {
            ended.end();
        }
        if let Some((_, day)) = &mut open {
            day.segment.write_all(&row).unwrap();
            day.archive.write_all(&row).unwrap();
        }
        all.write_all(&row).unwrap();
        row.clear();
    }
    if let Some((_, day)) = open {
        day.end();
    }
    synced(all);
}

fn run_in_the_middle(rows: &Path) -> String {
    let mut file = File::open(rows).unwrap();
    let middle = file.metadata().unwrap().len() / 2;
    file.seek(SeekFrom::Start(middle)).unwrap();
    let row = BufReader::new(file).lines().nth(1).unwrap().unwrap();
    let row: serde_json::Value = serde_json::from_str(&row).unwrap();
    row["run_id"].as_str().unwrap().to_owned()
}

/// Reads every file once, so that all commands find them in the page cache.
pub fn warm(files: &[PathBuf]) {
    for file in files {
        std::io::copy(&mut File::open(file).unwrap(), &mut std::io::sink()).unwrap();
    }
}

/// Lets the page cache forget the files.
pub fn cool(files: &[PathBuf]) {
    for file in files {
        let file = File::open(file).unwrap();
        file.sync_data().unwrap();
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
    }
}
