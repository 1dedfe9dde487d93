//! What writers leave each other: syncs that speak for others' rows too, the list of segments, the
//! table of the active one.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use logbook_format::{Drafts, Rules};
use logbook_model::error::Exit;
use logbook_model::{Instant, Vocabulary};
use logbook_store::append::{OnRefused, Options, Stored};
use logbook_store::os::{How, Os, Stat};
use logbook_store::os_real::REAL;
use logbook_store::{Settings, Writer};

use crate::os_calls::as_real;

/// The real one, on which every change was made a while ago; it counts syncs and listings, and
/// fails syncs as the kernel does: the next one, and then once the first of each file that was open
/// by then.
#[derive(Default)]
struct Watched {
    syncs: AtomicUsize,
    lists: AtomicUsize,
    fails: AtomicBool,
    failures: AtomicUsize,
    told: Mutex<HashMap<i32, usize>>,
    /// The lock is not free so often: what another process writes to a segment each time.
    others: Mutex<VecDeque<(PathBuf, String)>>,
}

impl Watched {
    fn aged(stat: io::Result<Stat>) -> io::Result<Stat> {
        stat.map(|stat| Stat {
            modified: (stat.modified.0 - 60, stat.modified.1),
            changed: (stat.changed.0 - 60, stat.changed.1),
            ..stat
        })
    }
}

impl Os for Watched {
    as_real!(read_at write write_at others);

    fn try_lock(&self, file: &OwnedFd) -> io::Result<()> {
        match self.others.lock().unwrap().pop_front() {
            None => REAL.try_lock(file),
            Some((path, text)) => {
                fs::OpenOptions::new().append(true).open(path)?.write_all(text.as_bytes())?;
                Err(io::ErrorKind::WouldBlock.into())
            }
        }
    }

    fn open(&self, path: &Path, how: How, mode: u32) -> io::Result<OwnedFd> {
        let file = REAL.open(path, how, mode)?;
        self.told.lock().unwrap().insert(file.as_raw_fd(), self.failures.load(Relaxed));
        Ok(file)
    }

    fn sync_data(&self, file: &OwnedFd) -> io::Result<()> {
        self.syncs.fetch_add(1, Relaxed);
        if self.fails.swap(false, Relaxed) {
            self.failures.fetch_add(1, Relaxed);
        }
        let failures = self.failures.load(Relaxed);
        let told = self.told.lock().unwrap().insert(file.as_raw_fd(), failures);
        if told.is_none_or(|told| told < failures) { Err(io::Error::from_raw_os_error(5)) } else { Ok(()) }
    }

    fn shares_syncs(&self) -> bool {
        true
    }

    fn stat(&self, file: &OwnedFd) -> io::Result<Stat> {
        Watched::aged(REAL.stat(file))
    }

    fn stat_path(&self, path: &Path) -> io::Result<Stat> {
        Watched::aged(REAL.stat_path(path))
    }

    fn list(&self, path: &Path, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        if !path.ends_with("cache") {
            self.lists.fetch_add(1, Relaxed);
        }
        REAL.list(path, each)
    }
}

fn writer<'o>(os: &'o Watched, directory: &Path) -> Writer<'o> {
    let now = || Instant::parse("2026-04-15T00:00:00Z").unwrap();
    let options = Options { durability: None, lock_timeout_ms: None, now };
    let settings = Settings { segment_bytes_max: 4096, ..Settings::default() };
    Writer::open(os, directory, settings, options).unwrap()
}

fn append(writer: &mut Writer<'_>, row: &str) -> Stored {
    let vocabulary = Vocabulary::default();
    let rules = Rules { vocabulary: &vocabulary, run_id: Some("r"), agent_id: None, own: false, redactor: None };
    let mut drafts = Drafts::new();
    drafts.push(row.as_bytes(), &rules, "2026-04-15T00:00:00.000Z", None).unwrap();
    writer.append(&drafts, OnRefused::Abort).all().unwrap()[0]
}

/// How many syncs `then` makes.
fn syncs(os: &Watched, then: impl FnOnce()) -> usize {
    let before = os.syncs.load(Relaxed);
    then();
    os.syncs.load(Relaxed) - before
}

#[test]
fn one_sync_makes_rows_of_several_writers_durable() {
    let (os, place) = (Watched::default(), tempfile::tempdir().unwrap());
    let (mut one, mut other) = (writer(&os, place.path()), writer(&os, place.path()));
    for writer in [&mut one, &mut other] {
        append(writer, "{}");
        writer.sync().unwrap();
    }
    append(&mut one, "{}");
    append(&mut other, "{}");
    assert_eq!(syncs(&os, || other.sync().unwrap()), 1);
    assert_eq!(syncs(&os, || one.sync().unwrap()), 0);
    // Written since: that sync says nothing of it.
    append(&mut one, "{}");
    assert_eq!(syncs(&os, || one.sync().unwrap()), 1);
}

#[test]
fn a_sync_says_nothing_of_rows_from_before_its_file_was_opened() {
    let (os, place) = (Watched::default(), tempfile::tempdir().unwrap());
    let (mut one, mut other) = (writer(&os, place.path()), writer(&os, place.path()));
    append(&mut one, "{}");
    append(&mut other, "{}");
    assert_eq!(syncs(&os, || other.sync().unwrap()), 1);
    assert_eq!(syncs(&os, || one.sync().unwrap()), 1);
}

#[test]
fn everybody_whose_rows_it_was_is_told_of_a_failed_sync() {
    let (os, place) = (Watched::default(), tempfile::tempdir().unwrap());
    let mut writers = [writer(&os, place.path()), writer(&os, place.path()), writer(&os, place.path())];
    for writer in &mut writers {
        append(writer, "{}");
        writer.sync().unwrap();
    }
    for writer in &mut writers {
        append(writer, "{}");
    }
    os.fails.store(true, Relaxed);
    for writer in &mut writers {
        assert_eq!(writer.sync().unwrap_err().exit, Exit::Unknown);
    }
    // In the next segment all is well.
    let stored = append(&mut writers[0], "{}");
    assert_eq!((stored.place.segment, stored.step), (2, 7));
    writers[0].sync().unwrap();
}

#[test]
fn a_row_found_by_its_id_is_synced_unless_all_before_it_is() {
    let (os, place) = (Watched::default(), tempfile::tempdir().unwrap());
    let mut one = writer(&os, place.path());
    append(&mut one, r#"{"id":"k"}"#);
    let mut other = writer(&os, place.path());
    append(&mut other, "{}");
    other.sync().unwrap();
    // That sync began behind the row.
    assert!(append(&mut other, r#"{"id":"k"}"#).again);
    assert_eq!(syncs(&os, || other.sync().unwrap()), 1);
    one.sync().unwrap();
    let mut third = writer(&os, place.path());
    assert!(append(&mut third, r#"{"id":"k"}"#).again);
    assert_eq!(syncs(&os, || third.sync().unwrap()), 0, "the first writer synced from the first byte on");
}

#[test]
fn a_note_about_a_longer_file_is_not_believed() {
    let (os, place) = (Watched::default(), tempfile::tempdir().unwrap());
    let mut one = writer(&os, place.path());
    let first = append(&mut one, "{}");
    let second = append(&mut one, "{}");
    one.sync().unwrap();
    // An older copy was put back, as the same file.
    let segment = place.path().join("2026-04-15.000001.jsonl");
    fs::OpenOptions::new().write(true).open(&segment).unwrap().set_len(second.place.offset).unwrap();
    fs::remove_file(place.path().join("cache/active.idx")).unwrap_or_default();
    let mut other = writer(&os, place.path());
    assert_eq!(append(&mut other, "{}").place, second.place);
    assert_eq!(first.place.offset, 0);
    assert_eq!(syncs(&os, || other.sync().unwrap()), 1);
}

#[test]
fn nobody_waits_long_for_a_sync_that_does_not_end() {
    let (os, place) = (Watched::default(), tempfile::tempdir().unwrap());
    let mut one = writer(&os, place.path());
    append(&mut one, "{}");
    let held = REAL.open(&place.path().join("cache/synced"), How::Update, 0o600).unwrap();
    REAL.try_lock(&held).unwrap();
    assert_eq!(syncs(&os, || one.sync().unwrap()), 1);
}

#[test]
fn many_segments_are_listed_once() {
    let (os, place) = (Watched::default(), tempfile::tempdir().unwrap());
    let row = format!("{{\"note\":\"{}\"}}", "x".repeat(3000));
    let mut one = writer(&os, place.path());
    for _ in 0..40 {
        append(&mut one, &row);
        one.sync().unwrap();
    }
    let lists = |then: &mut dyn FnMut()| {
        let before = os.lists.load(Relaxed);
        then();
        os.lists.load(Relaxed) - before
    };
    let store = |row: &str| append(&mut writer(&os, place.path()), row);
    assert_eq!(lists(&mut || assert_eq!(store("{}").step, 41)), 1);
    assert_eq!(lists(&mut || assert_eq!(store("{}").step, 42)), 0);
    // Another segment: the list is another one.
    assert_eq!(append(&mut one, &row).place.segment, 41);
    assert_eq!(lists(&mut || assert_eq!((store("{}").step, store("{}").step), (44, 45))), 1);
    // A list that is not whole says nothing.
    let kept = place.path().join("cache/segments.list");
    let whole = fs::read(&kept).unwrap();
    for broken in [&whole[..whole.len() - 1], &whole[..20], b"", &[0; 4096]] {
        fs::write(&kept, broken).unwrap();
        let stored = store("{}");
        assert_eq!(stored.place.segment, 41);
    }
}

#[test]
fn a_writer_that_goes_on_sees_what_happens_beside_it() {
    let (os, place) = (Watched::default(), tempfile::tempdir().unwrap());
    let mut writers = [writer(&os, place.path()), writer(&os, place.path())];
    let mut step = 0;
    let mut both = |writers: &mut [Writer<'_>]| {
        for _ in 0..5 {
            for writer in &mut *writers {
                step += 1;
                assert_eq!(append(writer, r#"{"n":1}"#).step, step);
            }
        }
    };
    both(&mut writers);
    // A row torn by somebody who died.
    let segment = place.path().join("2026-04-15.000001.jsonl");
    let tear =
        || fs::write(&segment, [fs::read(&segment).unwrap(), b"{\"run_id\":\"r\",\"st".to_vec()].concat()).unwrap();
    tear();
    both(&mut writers);
    assert!(fs::read_to_string(&segment).unwrap().contains("closed a torn row"));
    // Another lock file.
    let lock = place.path().join(".lock");
    let line = fs::read(&lock).unwrap();
    fs::remove_file(&lock).unwrap();
    fs::write(&lock, line).unwrap();
    both(&mut writers);
    // Other segments.
    for _ in 0..3 {
        append(&mut writers[0], &format!("{{\"run_id\":\"big\",\"note\":\"{}\"}}", "x".repeat(3000)));
        both(&mut writers);
    }
    writers.iter_mut().for_each(|writer| writer.sync().unwrap());
}

#[test]
fn what_others_write_while_a_writer_waits_counts() {
    let (os, place) = (Watched::default(), tempfile::tempdir().unwrap());
    let mut one = writer(&os, place.path());
    let segment = place.path().join("2026-04-15.000001.jsonl");
    append(&mut one, "{}");
    append(&mut one, "{}");
    let written = [
        "{\"run_id\":\"r\",\"step\":3,\"no",
        "te\":1}\n{\"run_id\":\"q\"}\n",
        "",
        "{\"run_id\":\"r\",\"step\":4}\n{\"st",
    ];
    os.others.lock().unwrap().extend(written.map(|text| (segment.clone(), text.to_owned())));
    let before = fs::metadata(&segment).unwrap().len();
    let stored = append(&mut one, r#"{"id":"k"}"#);
    assert_eq!(stored.step, 5);
    let text = fs::read_to_string(&segment).unwrap();
    assert!(text[before as usize..].starts_with(&written.concat()), "{text}");
    assert!(text.contains("closed a torn row"), "{text}");
    assert!(text[stored.place.offset as usize..].starts_with("{\"run_id\":\"r\",\"step\":5,"), "{text}");
    // An id that came meanwhile is known too.
    let other = "{\"run_id\":\"r\",\"step\":6,\"id\":\"of another\"}\n";
    os.others.lock().unwrap().push_back((segment, other.to_owned()));
    let again = append(&mut one, r#"{"id":"of another"}"#);
    assert!(again.again);
}
