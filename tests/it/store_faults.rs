//! The seam at work: an operating system whose n-th sync or write fails.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use logbook_format::{Drafts, Rules};
use logbook_model::error::Exit;
use logbook_model::{Instant, Vocabulary};
use logbook_store::append::{OnRefused, Options};
use logbook_store::os::{How, Os, Stat};
use logbook_store::os_real::REAL;
use logbook_store::{Settings, Writer};

use crate::os_calls::as_real;

/// The real one, but syncs fail while told to, and writes stop after some bytes.
pub struct Faulty {
    pub sync_fails: AtomicBool,
    pub bytes_left: AtomicUsize,
}

impl Os for Faulty {
    as_real!(open read_at write_at lock stat list others);

    fn write(&self, file: &OwnedFd, bytes: &[u8]) -> io::Result<usize> {
        let left = self.bytes_left.load(Ordering::Relaxed);
        if left == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = REAL.write(file, &bytes[..bytes.len().min(left)])?;
        self.bytes_left.fetch_sub(written, Ordering::Relaxed);
        Ok(written)
    }

    fn sync_data(&self, file: &OwnedFd) -> io::Result<()> {
        if self.sync_fails.load(Ordering::Relaxed) {
            Err(io::Error::from_raw_os_error(5))
        } else {
            REAL.sync_data(file)
        }
    }
}

fn drafts() -> Drafts {
    let vocabulary = Vocabulary::default();
    let rules = Rules { vocabulary: &vocabulary, run_id: None, agent_id: None, own: false, redactor: None };
    let mut drafts = Drafts::new();
    drafts.push(br#"{"run_id":"r","id":"k"}"#, &rules, "2026-04-15T00:00:00.000Z", None).unwrap();
    drafts
}

fn now() -> Instant {
    Instant::parse("2026-04-15T00:00:00Z").unwrap()
}

#[test]
fn a_failed_sync_is_final_and_the_retry_goes_into_the_next_segment() {
    let directory = tempfile::tempdir().unwrap();
    let os = Faulty { sync_fails: AtomicBool::new(true), bytes_left: AtomicUsize::new(usize::MAX) };
    let options = Options { durability: None, lock_timeout_ms: None, now };
    let open = || Writer::open(&os, directory.path(), Settings::default(), options).unwrap();
    let mut writer = open();
    assert_eq!(writer.append(&drafts(), OnRefused::Abort).all().unwrap()[0].place.segment, 1);
    assert_eq!(writer.sync().unwrap_err().exit, Exit::Unknown);
    let lock = std::fs::read_to_string(directory.path().join(".lock")).unwrap();
    assert_eq!(lock, "logbook-lock 1 000001 000001\n");
    os.sync_fails.store(false, Ordering::Relaxed);
    let mut writer = open();
    let stored = writer.append(&drafts(), OnRefused::Abort).all().unwrap()[0];
    assert_eq!((stored.place.segment, stored.step, stored.again), (2, 1, false));
    writer.sync().unwrap();
    // The first copy survived: readers are shown the row once, and its place, where they ask for
    // it.
    let count = |flag: &str| {
        let mut command = std::process::Command::new(crate::support::LOGBOOK);
        command.args(["query", "run_id=r", "--count", flag, "--dir"]).arg(directory.path());
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert_eq!((count("--utc"), count("--as-written")), ("1\n".into(), "2\n".into()));
}

#[test]
fn an_id_in_an_older_segment_that_cannot_be_synced_makes_it_suspect() {
    let directory = tempfile::tempdir().unwrap();
    let os = Faulty { sync_fails: AtomicBool::new(false), bytes_left: AtomicUsize::new(usize::MAX) };
    let options = Options { durability: None, lock_timeout_ms: None, now };
    let open = |options| Writer::open(&os, directory.path(), Settings::default(), options).unwrap();
    let lock = || std::fs::read_to_string(directory.path().join(".lock")).unwrap();
    let mut writer = open(options);
    writer.append(&drafts(), OnRefused::Abort).all().unwrap();
    writer.sync().unwrap();
    // A day later: the next segment.
    let later = Options { now: || Instant::parse("2026-04-16T00:00:00Z").unwrap(), ..options };
    let mut other = Drafts::new();
    let vocabulary = Vocabulary::default();
    let rules = Rules { vocabulary: &vocabulary, run_id: None, agent_id: None, own: false, redactor: None };
    other.push(br#"{"run_id":"other"}"#, &rules, "2026-04-16T00:00:00.000Z", None).unwrap();
    let mut writer = open(later);
    writer.append(&other, OnRefused::Abort).all().unwrap();
    writer.sync().unwrap();
    assert_eq!(lock(), "logbook-lock 1 000002 -\n");

    os.sync_fails.store(true, Ordering::Relaxed);
    let error = open(later).append(&drafts(), OnRefused::Abort).all().unwrap_err();
    assert_eq!(error.exit, Exit::Unknown);
    assert_eq!(lock(), "logbook-lock 1 000002 000001\n");
    os.sync_fails.store(false, Ordering::Relaxed);
    let mut writer = open(later);
    let stored = writer.append(&drafts(), OnRefused::Abort).all().unwrap()[0];
    assert_eq!((stored.place.segment, stored.step, stored.again), (2, 1, false));
    writer.sync().unwrap();
    let stored = open(later).append(&drafts(), OnRefused::Abort).all().unwrap()[0];
    assert_eq!((stored.place.segment, stored.step, stored.again), (2, 1, true));
}

#[test]
fn a_write_that_stops_anywhere_tells_the_truth() {
    let length = {
        let drafts = drafts();
        let mut out = Vec::new();
        drafts.render(&drafts.rows()[0], 1, &mut out);
        out.len()
    };
    for bytes in 0..length {
        let directory = tempfile::tempdir().unwrap();
        let os = Faulty { sync_fails: AtomicBool::new(false), bytes_left: AtomicUsize::new(bytes) };
        let options = Options { durability: None, lock_timeout_ms: None, now };
        let mut writer = Writer::open(&os, directory.path(), Settings::default(), options).unwrap();
        let error = writer.append(&drafts(), OnRefused::Abort).all().unwrap_err();
        assert_eq!(error.exit, if bytes + 1 == length { Exit::Unknown } else { Exit::NotStored }, "{bytes}");
        os.bytes_left.store(usize::MAX, Ordering::Relaxed);
        let stored = writer.append(&drafts(), OnRefused::Abort).all().unwrap()[0];
        assert_eq!((stored.step, stored.again), (1, bytes + 1 == length), "{bytes}");
        writer.sync().unwrap();
    }
}
