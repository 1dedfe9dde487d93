//! What a check is told of the state under the lock, against a slow and obvious
//! reading; and a segment synced before somebody acts on it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use logbook_format::{Drafts, Rules};
use logbook_model::error::Exit;
use logbook_model::{Instant, Vocabulary};
use logbook_store::append::{OnRefused, Options, State};
use logbook_store::os::Os;
use logbook_store::os_real::REAL;
use logbook_store::{Settings, Writer};

use crate::store_faults::Faulty;

const OPTIONS: Options =
    Options { durability: None, lock_timeout_ms: None, now: || Instant::parse("2026-04-15T00:00:00Z").unwrap() };

fn writer<'o>(os: &'o dyn Os, directory: &Path) -> Writer<'o> {
    // Many segments, so that tables are made of them and merged.
    let settings = Settings { segment_bytes_max: 700, ..Settings::default() };
    Writer::open(os, directory, settings, OPTIONS).unwrap()
}

fn drafts(text: &str) -> Drafts {
    let vocabulary = Vocabulary::default();
    let rules = Rules { vocabulary: &vocabulary, run_id: None, agent_id: None, own: false, redactor: None };
    let mut drafts = Drafts::new();
    drafts.push(text.as_bytes(), &rules, "2026-04-15T00:00:00.000Z", None).unwrap();
    drafts
}

/// Runs `look` on the state under the lock and stores nothing.
fn look(writer: &mut Writer<'_>, look: &mut dyn FnMut(&mut State<'_, '_>)) {
    let appended = writer.append_if(&drafts(r#"{"run_id":"never"}"#), OnRefused::Abort, &mut |state| {
        look(state);
        Err(logbook_model::error::Error::usage("only a look"))
    });
    assert_eq!(appended.all().unwrap_err().message, "only a look");
}

fn text(row: Option<logbook_store::OnFile>) -> Option<String> {
    row.map(|row| String::from_utf8(row.text).unwrap())
}

#[test]
fn a_check_is_told_what_stands_on_file() {
    let directory = tempfile::tempdir().unwrap();
    let mut going_on = writer(&REAL, directory.path());
    let mut ended: BTreeMap<String, bool> = BTreeMap::new();
    let mut by_id: BTreeMap<String, String> = BTreeMap::new();
    for number in 0..60u32 {
        let (run, id) = (format!("r-{}", number % 7), format!("k-{number}"));
        let (says, ends) = [
            ("", None),
            (r#","status":"done","kind":"run.end""#, Some(true)),
            (r#","status":"done""#, None),
            (r#","status":"in-progress","kind":"run.start""#, Some(false)),
            (r#","status":"blocked","blocked_on":"b","kind":"run.end""#, Some(false)),
        ][number as usize % 5];
        let row = drafts(&format!(r#"{{"run_id":"{run}","id":"{id}"{says}}}"#));
        // A writer that goes on, and others that come after it.
        let mut fresh = writer(&REAL, directory.path());
        let writer = if number % 2 == 0 { &mut going_on } else { &mut fresh };
        let stored = writer.append(&row, OnRefused::Abort).all().unwrap()[0];
        writer.sync().unwrap();
        let mut line = Vec::new();
        row.render(&row.rows()[0], stored.step, &mut line);
        let line = String::from_utf8(line).unwrap().trim_end().to_owned();
        if let Some(ends) = ends {
            ended.insert(run.clone(), ends);
        }
        by_id.insert(id, line);
        if number % 10 == 9 {
            let _ = std::fs::remove_dir_all(directory.path().join("cache"));
        }
        look(writer, &mut |state| {
            for run in (0..7).map(|run| format!("r-{run}")) {
                let there = by_id.values().any(|line| line.contains(&format!("\"{run}\"")));
                assert_eq!(state.has_run(&run).unwrap(), there, "{run} after row {number}");
                let ends = ended.get(&run).copied().unwrap_or(false);
                assert_eq!(state.has_ended(&run).unwrap(), ends, "{run}, row {number}");
            }
            for id in [0, number / 2, number, number + 1].map(|number| format!("k-{number}")) {
                assert_eq!(text(state.find_id(&id).unwrap()), by_id.get(&id).cloned(), "{id} after row {number}");
            }
            assert!(!state.has_run("never").unwrap());
        });
    }
    assert!(std::fs::read_dir(directory.path()).unwrap().count() > 6, "more than one segment");
}

#[test]
fn a_segment_is_synced_or_refused() {
    let directory = tempfile::tempdir().unwrap();
    let os = Faulty { sync_fails: AtomicBool::new(false), bytes_left: AtomicUsize::new(usize::MAX) };
    let lock = || std::fs::read_to_string(directory.path().join(".lock")).unwrap();
    let mut writer = writer(&os, directory.path());
    writer.append(&drafts(r#"{"run_id":"r"}"#), OnRefused::Abort).all().unwrap();
    writer.sync_segment(1).unwrap();
    assert_eq!(writer.sync_segment(2).unwrap_err().exit, Exit::NotStored);
    os.sync_fails.store(true, Ordering::Relaxed);
    assert_eq!(writer.sync_segment(1).unwrap_err().exit, Exit::Unknown);
    assert_eq!(lock(), "logbook-lock 1 000001 000001\n");
    // What failed once stays suspect, whatever a later sync says.
    os.sync_fails.store(false, Ordering::Relaxed);
    let refused = writer.sync_segment(1).unwrap_err();
    assert_eq!(refused.exit, Exit::Unknown);
    assert!(refused.message.contains("an earlier sync failed"), "{refused}");
    // An archive is durable, and its raw file gone.
    std::fs::create_dir(directory.path().join("archive")).unwrap();
    std::fs::write(directory.path().join("archive/2026-04-14.000007.jsonl.zst"), b"").unwrap();
    os.sync_fails.store(true, Ordering::Relaxed);
    writer.sync_segment(7).unwrap();
}
