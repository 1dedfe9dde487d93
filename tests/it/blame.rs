//! `logbook blame`: which runs and calls touched a file.

use std::fs;

use crate::support::Book;

fn touched(book: &Book, arguments: &[&str]) -> Vec<String> {
    let ended = book.run(&[&["blame"], arguments].concat());
    ended.exit(0).quiet();
    let row = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["row"].as_str().unwrap().to_owned();
    ended.out.lines().map(row).collect()
}

#[test]
fn the_newest_is_first_with_its_call_and_approval() {
    let book = Book::sample("two-agents");
    let all = ["r-41#17", "r-41#15", "r-41#13", "r-41#10"];
    assert_eq!(touched(&book, &["letters/2026-04.md"]), all);
    assert_eq!(touched(&book, &["letters/2026-04.md", "-n", "1"]), all[..1]);
    assert_eq!(touched(&book, &["letters/2026-04.md", "-r", "r-41", "--until", "2026-04-15T18:20Z"]), all[2..]);
    let ended = book.run(&["blame", "letters/2026-03.md"]);
    ended.exit(0).shows(
        r#""row":"r-31#6","agent_id":"scribe","tool":"mail","side_effect":"send","approval":"approved by nora""#,
    );
    let ended = book.terminal("logbook blame letters/2026-04.md", 80, 24);
    ended.exit(0).shows("denied by nora").shows("mail (send)");
    book.run(&["blame", "letters/2026-05.md"]).exit(1).says("no row mentions");
}

#[test]
fn spellings_of_one_file_are_one_file() {
    let book = Book::new();
    let here = book.path().canonicalize().unwrap().display().to_string();
    let rows = [
        r#"{"run_id":"r","step":1,"artifact_ref":"src/a b.rs"}"#.to_owned(),
        format!(r#"{{"run_id":"r","step":2,"output_refs":["x","{here}/src/./a b.rs"]}}"#),
        r#"{"run_id":"r","step":3,"tool_call":{"args":{"deep":[{"er":["src/../src/a b.rs"]}]}}}"#.to_owned(),
        r#"{"run_id":"r","step":4,"tool_call":{"args":{"command":"cat src/c.rs | wc -l"}}}"#.to_owned(),
        r#"{"run_id":"r","step":5,"artifact_ref":"src\/\u0063.rs"}"#.to_owned(),
        r#"{"run_id":"r","step":6,"artifact_ref":"other/src/c.rs","action":"src/c.rs"}"#.to_owned(),
        r#"{"run_id":"r","step":7,"tool_call":{"args":["two lines,\nsrc/c.rs"]}}"#.to_owned(),
    ];
    book.write(".logbook/2026-04-15.000001.jsonl", (rows.join("\n") + "\n").as_bytes());
    let a = ["r#3", "r#2", "r#1"];
    for spelled in ["src/a b.rs", "./src//a b.rs", &format!("{here}/src/a b.rs"), "x/../src/a b.rs"] {
        assert_eq!(touched(&book, &[spelled]), a, "{spelled}");
    }
    assert_eq!(touched(&book, &["src/c.rs"]), ["r#5", "r#4"]);
    // From a directory below, the logbook's own directory counts too.
    fs::create_dir(book.path().join("src")).unwrap();
    let below = book.shell("cd src && logbook blame c.rs && logbook blame src/c.rs");
    assert_eq!(below.exit(0).out.lines().count(), 4, "{below}");
}

#[test]
fn a_corrected_row_is_found_by_what_it_says_now() {
    let book = Book::with_rows(&[r#"{"run_id":"r","step":1,"action":"write","artifact_ref":"wrong-name.md"}"#]);
    book.run(&["amend", "r#1", "artifact_ref=right-name.md", "--why", "typo"]).exit(0);
    assert_eq!(touched(&book, &["right-name.md"]), ["r#1"]);
    book.run(&["blame", "wrong-name.md"]).exit(1);
}
