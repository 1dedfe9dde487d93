//! `logbook runs`: where each run stands.

use crate::support::Book;

const ROWS: &[&str] = &[
    r#"{"run_id":"r-1","step":1,"timestamp":"2026-04-16T01:00:00Z","phase":"plan","action":"read","status":"in-progress","next_intent":"write"}"#,
    r#"{"run_id":"r-2","step":1,"timestamp":"2026-04-16T02:00:00Z","phase":"act","action":"migrate","status":"blocked","blocked_on":"maria"}"#,
    r#"{"run_id":"r-3","step":1,"timestamp":"2026-04-16T03:00:00Z","phase":"report","action":"ship","status":"done"}"#,
    r#"{"run_id":"r-4","step":1,"timestamp":"2026-04-01T03:00:00Z","phase":"report","action":"old","status":"done"}"#,
    r#"{"run_id":"r-1","step":2,"timestamp":"2026-04-16T05:00:00Z","kind":"note","status":"failed","action":"a note never counts"}"#,
    r#"{"run_id":"_logbook","timestamp":"2026-04-16T05:00:00Z","kind":"repair"}"#,
    r#"{"run_id":"r-5","step":1,"timestamp":"2026-04-16T07:00:00Z","action":"broke","status":"failed"}"#,
];

fn ids(out: &str) -> Vec<String> {
    let id =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["run_id"].as_str().unwrap().to_owned();
    out.lines().map(id).collect()
}

#[test]
fn active_runs_come_first_and_old_ones_are_left_out() {
    let book = Book::with_rows(ROWS);
    let ended = book.run(&["runs"]);
    assert_eq!(ids(&ended.exit(0).quiet().out), ["r-2", "r-1", "r-5", "r-3"]);
    assert_eq!(ids(&book.run(&["runs", "--all"]).out), ["r-2", "r-1", "r-5", "r-3", "r-4"]);
    ended.shows(
        r#"{"run_id":"r-1","phase":"plan","status":"in-progress","action":"read","next_intent":"write","rows":2,"steps":2,"started_at":"2026-04-16T01:00:00Z","timestamp":"2026-04-16T05:00:00Z","age_ms":10800000}"#,
    );
}

#[test]
fn flags_and_filters_choose_runs() {
    let book = Book::with_rows(ROWS);
    let chosen = |arguments: &[&str]| ids(&book.run(&[&["runs"], arguments].concat()).exit(0).out);
    assert_eq!(chosen(&["--blocked"]), ["r-2"]);
    assert_eq!(chosen(&["--running"]), ["r-1"]);
    assert_eq!(chosen(&["--failed"]), ["r-5"]);
    assert_eq!(chosen(&["--blocked", "--failed"]), ["r-2", "r-5"]);
    assert_eq!(chosen(&["--silent", "2h"]), ["r-2", "r-1"]);
    assert_eq!(chosen(&["--silent", "4h"]), ["r-2"]);
    assert_eq!(chosen(&["action=old"]), ["r-4"]);
    assert_eq!(chosen(&["steps>1"]), ["r-1"]);
    assert_eq!(chosen(&["age>2h and status!=done"]), ["r-2", "r-1"]);
    assert_eq!(chosen(&["-r", "r-3"]), ["r-3"]);
    assert_eq!(chosen(&["-n", "1"]), ["r-2"]);
    book.run(&["runs", "--silent", "2"]).exit(2).says("--silent").says("hint: as --silent 2h");
    book.run(&["runs", "status = = x"]).exit(2).says("^");
}

#[test]
fn the_cache_and_a_scan_say_the_same() {
    let book = Book::new();
    let mut rows = String::new();
    for step in 0..4000 {
        let status = ["in-progress", "blocked", "done", "failed"][step % 4];
        let blocked = if status == "blocked" { r#","blocked_on":"x""# } else { "" };
        let kind = if step % 7 == 0 { r#","kind":"note""# } else { "" };
        rows.push_str(&format!(
            r#"{{"run_id":"r-{}","action":"{step}","status":"{status}"{blocked}{kind}}}"#,
            step * step % 61
        ));
        rows.push('\n');
    }
    book.write(".logbook/config.toml", b"segment_bytes_max = 100000\n");
    book.run_with(&["append", "-", "--durability", "none"], rows.as_bytes()).exit(0);
    let known = book.run(&["runs", "--all"]).exit(0).out.clone();
    // --strict judges every row, and so reads them all.
    let scanned = book.run(&["runs", "--all", "--strict"]).exit(0).out.clone();
    assert_eq!(known, scanned);
    assert_eq!(known.lines().count(), 31);
    // One more row behind what the tables cover, then tables that are damaged, then none.
    book.run(&["append", "-r", "r-1", "-s", "done", "-a", "last"]).exit(0);
    let scanned = book.run(&["runs", "--all", "--strict"]).out.clone();
    assert_eq!(book.run(&["runs", "--all"]).out, scanned);
    book.shell(
        "for f in .logbook/cache/*; do dd if=/dev/zero of=$f bs=4096 seek=1 count=1 conv=notrunc 2>/dev/null; done",
    )
    .exit(0);
    assert_eq!(book.run(&["runs", "--all"]).out, scanned);
    book.shell("rm -r .logbook/cache").exit(0);
    assert_eq!(book.run(&["runs", "--all"]).out, scanned);
}

#[test]
fn a_person_sees_a_table() {
    let book = Book::with_rows(ROWS).var("NO_COLOR", "1");
    let ended = book.terminal("logbook runs", 80, 24);
    ended
        .exit(0)
        .shows("■ blocked")
        .shows("maria")
        .shows("1 finished run older than a day not shown; --all shows them");
    assert!(ended.out.lines().all(|line| line.chars().count() <= 80), "{ended}");
    book.terminal("logbook runs nosuch=1", 80, 24).shows("no run matches, of 5");
}
