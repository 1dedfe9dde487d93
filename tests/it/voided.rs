//! Rows that stand again in the next segment after a failed sync: the old place
//! counts no more, for any command, unless rows are wanted as they were written.

use std::io::Write;

use crate::support::Book;

const FIRST: &str =
    r#"{"run_id":"r","step":1,"timestamp":"2026-04-15T01:00:00.000Z","status":"in-progress","id":"k","tokens_in":5}"#;
const OTHER: &str = r#"{"run_id":"s","step":1,"timestamp":"2026-04-15T01:00:01.000Z","status":"done"}"#;
const VOIDS: &str = r#"{"run_id":"_logbook","step":1,"timestamp":"2026-04-15T02:00:00.000Z","kind":"repair","action":"stored a row again","voids":"@000001:0","by":"r#1"}"#;
const LAST: &str = r#"{"run_id":"r","step":2,"timestamp":"2026-04-15T03:00:00.000Z","kind":"note","action":"later"}"#;

/// What a failed sync and a retry leave when the first copy survived.
fn book() -> Book {
    holding(&[VOIDS, FIRST, LAST])
}

fn holding(second: &[&str]) -> Book {
    let book = Book::with_rows(&[FIRST, OTHER]);
    book.write(".logbook/2026-04-15.000002.jsonl", lines(second).as_bytes());
    book.write(".logbook/.lock", b"logbook-lock 1 000002 000001\n");
    book
}

fn lines(rows: &[&str]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

#[test]
fn every_command_sees_the_row_once() {
    let book = book();
    // Twice: without and with tables in `cache/`.
    for _ in 0..2 {
        book.run(&["query", "run_id=r"]).exit(0).quiet().stdout(&lines(&[FIRST, LAST]));
        book.run(&["query", "--count"]).stdout("4\n");
        book.run(&["query", "summarize sum(tokens_in) as tokens"]).stdout("{\"tokens\":5}\n");
        let runs = book.run(&["runs", "run_id=r", "-o", "csv"]);
        runs.exit(0).quiet().shows(
            "r,,,,,,,,in-progress,,,,,,,,2,2,0,0,0,5,0,false,false,false,0,0,0,2026-04-15T01:00:00Z,2026-04-15T03:00:00Z,",
        );
        book.run(&["show", "r"]).exit(0).stdout(&lines(&[FIRST, LAST]));
        book.run(&["show", "r#1"]).exit(0).stdout(&lines(&[FIRST]));
        book.run(&["fields", "tokens_in", "--json"]).exit(0).shows("\"count\":1");
    }
    book.run(&["append", "-r", "r", "-a", "x", "--print", "id"]).exit(0).quiet().stdout("r#3\n");
    book.run(&["query", "run_id=r", "--count"]).stdout("3\n");
}

#[test]
fn as_written_shows_what_is_on_file() {
    let book = book();
    book.run(&["query", "run_id=r", "--as-written"]).stdout(&lines(&[FIRST, FIRST, LAST]));
    book.run(&["query", "--count", "--as-written"]).stdout("5\n");
    book.run(&["show", "r", "--as-written"]).stdout(&lines(&[FIRST, FIRST, LAST]));
    book.run(&["show", "@1:0", "--as-written"]).stdout(&lines(&[FIRST]));
    book.run(&["show", "@1:0"]).exit(1);
    book.run(&["runs", "run_id=r", "--as-written", "-o", "csv"]).shows("r,,,,,,,,in-progress,,,,,,,,3,2,");
}

#[test]
fn corrections_are_of_the_row_that_stands_again() {
    let book = book();
    book.run(&["amend", "r#1", "tokens_in=7", "--why", "x"]).exit(0).quiet();
    book.run(&["amend", "@1:0", "tokens_in=7", "--why", "x"]).exit(2).says("there is no row @000001:0");
    book.run(&["query", "tokens_in=7", "--count"]).stdout("1\n");
    book.run(&["query", "tokens_in=5", "--count"]).stdout("0\n");
    // One that was made before the row was stored again.
    let early = r#"{"run_id":"r","step":3,"timestamp":"2026-04-15T01:30:00.000Z","kind":"correction","corrects":"@000001:0","set":{"tokens_in":9}}"#;
    let book = holding(&[early, VOIDS, FIRST]);
    book.run(&["query", "run_id=r", "--select", "tokens_in"]).stdout("{\"tokens_in\":9}\n");
}

#[test]
fn files_are_folded_on_request() {
    let book = book();
    let files = ".logbook/2026-04-15.000001.jsonl .logbook/2026-04-15.000002.jsonl";
    let query = |flags: &str, files: &str| book.shell(&format!("logbook query --count {flags} run_id=r {files}")).out;
    assert_eq!(query("", files), "3\n");
    assert_eq!(query("--fold", files), "2\n");
    // The same file name in another directory is another logbook's.
    book.write("other/2026-04-15.000001.jsonl", lines(&[FIRST]).as_bytes());
    assert_eq!(query("--fold", "other/2026-04-15.000001.jsonl .logbook/2026-04-15.000002.jsonl"), "3\n");
    // Standard input has no places.
    let all = lines(&[FIRST, OTHER, VOIDS, FIRST]);
    book.run_with(&["query", "--fold", "--count", "run_id=r", "-"], all.as_bytes()).stdout("2\n");
}

#[test]
fn the_archive_of_the_old_place_is_read_the_same_way() {
    let book = book();
    let raw = book.path().join(".logbook/2026-04-15.000001.jsonl");
    let packed = zstd::encode_all(&std::fs::read(&raw).unwrap()[..], 1).unwrap();
    book.write(".logbook/archive/2026-04-15.000001.jsonl.zst", &packed);
    std::fs::remove_file(raw).unwrap();
    book.run(&["query", "run_id=r"]).exit(0).stdout(&lines(&[FIRST, LAST]));
    let files = "logbook query --fold --count run_id=r .logbook/archive/*.zst .logbook/*.jsonl";
    book.shell(files).exit(0).stdout("2\n");
    book.shell("logbook runs run_id=r -o csv").shows("r,,,,,,,,in-progress,,,,,,,,2,2,");
}

#[test]
fn a_place_counts_until_its_row_stands_again() {
    // Whoever wrote the repair row died before the row behind it was whole.
    let torn = &FIRST[..40];
    let closed = VOIDS.replace("\"voids\":\"@000001:0\",\"by\":\"r#1\"", "\"segment\":2,\"offset\":149,\"bytes\":40");
    for second in [&[VOIDS][..], &[VOIDS, torn, &closed], &[VOIDS, LAST, FIRST]] {
        let book = holding(second);
        let whole = second.iter().filter(|row| **row == FIRST).count() + 1;
        book.run(&["query", "id=k", "--count"]).exit(0).stdout(&format!("{whole}\n"));
        book.shell("logbook query --fold id=k --count .logbook/*.jsonl").stdout(&format!("{whole}\n"));
    }
    // The retry then stores it, once.
    let book = holding(&[VOIDS]);
    let mut file =
        std::fs::OpenOptions::new().append(true).open(book.path().join(".logbook/2026-04-15.000002.jsonl")).unwrap();
    file.write_all(torn.as_bytes()).unwrap();
    book.run_with(&["append", "-"], lines(&[FIRST]).as_bytes()).exit(0).quiet();
    book.run(&["query", "id=k"]).stdout(&lines(&[FIRST]));
    book.run(&["query", "id=k", "--as-written", "--count"]).stdout("2\n");
}

#[test]
fn only_a_repair_row_that_the_tool_wrote_voids() {
    let same = VOIDS.replace("@000001:0", "@000002:0");
    let later = VOIDS.replace("@000001:0", &format!("@000002:{}", VOIDS.len() + 1));
    let foreign = VOIDS.replace("_logbook", "r-9");
    let note = VOIDS.replace("repair", "note");
    let broken = VOIDS.replace("\"by\"", "\"x\":nul,\"by\"");
    for other in [&same, &later, &foreign, &note, &broken] {
        let book = holding(&[other, FIRST, LAST]);
        book.run(&["query", "id=k", "--count"]).exit(0).stdout("2\n");
        book.shell("logbook query --fold id=k --count .logbook/*.jsonl").stdout("2\n");
    }
    // Escapes hide nothing.
    let escaped = VOIDS.replace("\"voids\"", "\"\\u0076oids\"").replace("\"repair\"", "\"re\\u0070air\"");
    let book = holding(&[&escaped, FIRST, LAST]);
    book.run(&["query", "id=k", "--count"]).exit(0).stdout("1\n");
    book.shell("logbook query --fold id=k --count .logbook/*.jsonl").stdout("1\n");
}
