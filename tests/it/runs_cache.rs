//! What `cache/` knows of runs changes no answer: whatever stands in it, the runs are those of a
//! plain scan.

use std::fs;

use crate::rows::{AgentRows, Shape};
use crate::support::Book;

/// Rows that look like others and are not, or say things in odd ways.
const ODD: &[&str] = &[
    r#"{"run_id":"odd","step":3,"timestamp":"2026-04-02T00:00:00Z","status":"done","final_status":"succeeded","cost_usd":1e300}"#,
    r#"{"run_id":"odd","step":"7","timestamp":"no time","status":"blocked","blocked_on":"a\u0062c\ud83d\ude00"}"#,
    r#"{"run_id":"odd","step":9,"cost_usd":-1e300,"tokens_in":12345678901234567890123456789012345678901}"#,
    r#"{"run_id":"odd","cost_usd":1e-300,"tokens_in":-12345678901234567890123456789012345678901,"tokens_out":"5"}"#,
    r#"{"run_id":"wide","cost_usd":1e9000,"status":5,"task":17}"#,
    r#"{"run_id":"wide","cost_usd":1e-9000,"task":""}"#,
    r#"{"run_id":"wide","cost_usd":-1e9000,"task":"t","status":""}"#,
    "{ \"run_id\" : \"\\u0061-r\\u0075n\"\t, \"status\":\"done\", \"status\":\"failed\" }\r",
    r#"{"run_id":"calls","kind":"call.result","tool_call":{"id":"late"}}"#,
    r#"{"run_id":"calls","kind":"call.intent","tool_call":{"id":"late"}}"#,
    r#"{"run_id":"calls","kind":"call.intent","tool_call":{"id":"late","side_effect":"delete"}}"#,
    r#"{"run_id":"calls","kind":"call.intent","tool_call":["id"]}"#,
    r#"{"run_id":"calls","kind":"call.result","fallback_of":"calls#1"}"#,
    r#"{"run_id":"calls","step":5,"kind":"approval.requested"}"#,
    r#"{"run_id":"calls","kind":"approval.expired","answers":"calls#5"}"#,
    r#"{"run_id":"calls","kind":"approval.approved","answers":"calls#5"}"#,
    r#"{"run_id":"calls","kind":"approval.requested"}"#,
    r#"{"run_id":"calls","kind":"review","rating":"red","reason":"because"}"#,
    r#"{"run_id":"calls","rating":"green"}"#,
    r#"{"run_id":"r-000003","parent_run_id":"odd","final_status":"paused","attempt":3,"retry_of":null}"#,
    r#"{"run_id":"r-000003","parent_run_id":"wide","status":"in-progress","attempt":1,"retry_of":"x"}"#,
    r#"{"run_id":17,"status":"done"}"#,
    r#"{"status":"done"}"#,
    r#"{"run_id":"","status":"done"}"#,
    r#"{"run_id":"_logbook","status":"done"}"#,
];

/// Rows of agents, odd ones among them, as lines.
fn lines(count: u64) -> Vec<Vec<u8>> {
    let mut rows = AgentRows::new(7, count, Shape::Steps);
    let mut lines = Vec::new();
    let mut line = Vec::new();
    while rows.write_next(&mut line).is_some() {
        lines.push(std::mem::take(&mut line));
        if lines.len() % 37 == 0 {
            lines.push(format!("{}\n", ODD[lines.len() / 37 % ODD.len()]).into_bytes());
        }
    }
    lines
}

/// The lines in segments that end behind these shares of all lines; the last is active.
fn segments(lines: &[Vec<u8>], shares: &[usize]) -> Book {
    let book = Book::new();
    let mut from = 0;
    for (number, share) in (1..).zip(shares) {
        let to = lines.len() * share / 100;
        book.write(&segment(number), &lines[from..to].concat());
        from = to;
    }
    book
}

fn segment(number: usize) -> String {
    format!(".logbook/2026-04-{number:02}.{number:06}.jsonl")
}

fn kept(book: &Book) -> Vec<String> {
    let names = fs::read_dir(book.path().join(".logbook/cache")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> =
        names.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with("runs")).collect();
    names.sort();
    names
}

/// The first lines that differ.
fn difference(one: &str, other: &str) -> Option<(String, String)> {
    let ends = std::iter::once("(end)");
    let mut lines = one.lines().chain(ends.clone()).zip(other.lines().chain(ends));
    lines.find(|(one, other)| one != other).map(|(one, other)| (one.to_owned(), other.to_owned()))
}

/// The runs by way of the cache, which must be those of a plain scan; both also as a table.
fn both(book: &Book) -> String {
    let cached = book.run(&["runs", "--all"]);
    for flag in ["--no-cache", "--strict"] {
        let plain = book.run(&["runs", "--all", flag]);
        assert_eq!(cached.err, plain.err, "{flag}");
        assert_eq!(difference(&cached.out, &plain.out), None, "{flag}");
    }
    let table = |flag: &[&str]| book.run(&[&["runs", "--all", "-o", "table"], flag].concat()).out;
    assert_eq!(table(&[]), table(&["--no-cache"]));
    cached.exit(0).out.clone()
}

#[test]
fn the_runs_are_those_of_one_piece() {
    let lines = lines(9000);
    // All rows in one segment that is sealed, and is read by one thread in one go: nothing is
    // joined.
    let whole = segments(&lines, &[100, 100]).run(&["runs", "--all", "--no-cache"]).exit(0).out.clone();
    assert!(whole.lines().count() > 180 && whole.contains("\"run_id\":\"wide\""), "{whole}");
    assert!(whole.contains(r#""run_id":"a-run","status":"failed""#), "{whole}");
    for shares in [&[100][..], &[50, 100], &[3, 4, 5, 20, 60, 99, 100], &[100, 100]] {
        let book = segments(&lines, shares);
        for _ in 0..3 {
            assert_eq!(difference(&both(&book), &whole), None, "{shares:?}");
        }
        assert!(!kept(&book).is_empty(), "{shares:?}");
    }
}

#[test]
fn what_is_behind_the_kept_part_is_read() {
    let lines = lines(9000);
    let book = segments(&lines, &[30, 80]);
    both(&book);
    let path = book.path().join(segment(2));
    let mut text = fs::read(&path).unwrap();
    for (at, line) in lines[lines.len() * 80 / 100..].iter().enumerate() {
        text.extend_from_slice(line);
        if at % 300 == 0 {
            fs::write(&path, &text).unwrap();
            both(&book);
        }
    }
    // Rows stand in the part that is kept that were not there: another file under its name.
    let moved = String::from_utf8(text).unwrap().replace("r-0000", "x-0000");
    book.write("other", moved.as_bytes());
    fs::rename(book.path().join("other"), &path).unwrap();
    assert!(both(&book).contains("x-0000"));
    // A segment that was active, and is sealed.
    book.write(&segment(3), b"{\"run_id\":\"last\",\"status\":\"done\"}\n");
    assert!(both(&book).contains("\"last\""));
    both(&book);
    // A line that is none is told each time, and the rest of its segment read.
    fs::write(&path, [b"no row\n", moved.as_bytes()].concat()).unwrap();
    for _ in 0..2 {
        book.run(&["runs"]).exit(0).says("skipped 1 row: not JSON");
        assert_eq!(both(&book), book.run(&["runs", "--all", "--no-cache"]).out);
    }
}

#[test]
fn the_active_segment_is_kept_too() {
    let rows = |from: u64, to: u64| -> String {
        let row = |n: u64| {
            format!(
                "{{\"run_id\":\"r-{}\",\"step\":{},\"status\":\"done\",\"cost_usd\":0.01,\"filler\":\"{}\"}}\n",
                n % 50,
                n / 50 + 1,
                "x".repeat(300)
            )
        };
        (from..to).map(row).collect()
    };
    let book = Book::new();
    book.write(&segment(1), rows(0, 8000).as_bytes());
    let before = both(&book);
    assert_eq!(kept(&book), ["000001.runs"]);
    // What is kept is not read again: its bytes are no longer what they were, but for the last ones
    // that tell.
    let path = book.path().join(segment(1));
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"{\"run_id\":\"q-0", 0).unwrap();
    assert_eq!(book.run(&["runs", "--all"]).out, before);
    assert_ne!(book.run(&["runs", "--all", "--no-cache"]).out, before);
    std::os::unix::fs::FileExt::write_all_at(&file, b"{\"run_id\":\"r-0", 0).unwrap();
    // A little more is read each time, much more is kept anew.
    let was = fs::read(book.path().join(".logbook/cache/000001.runs")).unwrap();
    fs::write(&path, rows(0, 8100)).unwrap();
    both(&book);
    assert_eq!(fs::read(book.path().join(".logbook/cache/000001.runs")).unwrap(), was);
    fs::write(&path, rows(0, 12_000)).unwrap();
    both(&book);
    assert_ne!(fs::read(book.path().join(".logbook/cache/000001.runs")).unwrap(), was);
    // It ends before what is kept of it.
    fs::write(&path, rows(0, 50)).unwrap();
    both(&book);
}

#[test]
fn damaged_files_are_as_good_as_none() {
    let lines = lines(800);
    let book = segments(&lines, &[50, 100]);
    let expected = both(&book);
    let path = book.path().join(".logbook/cache/000001.runs");
    let whole = fs::read(&path).unwrap();
    let mut damaged: Vec<Vec<u8>> = vec![Vec::new(), vec![0; whole.len()], vec![0xFF; 70 << 20]];
    damaged.extend((0..whole.len()).step_by(whole.len() / 20).map(|cut| whole[..cut].to_vec()));
    for at in (0..whole.len()).step_by(whole.len() / 40) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        damaged.push(flipped);
    }
    // A right checksum over what is none of ours.
    let mut forged = whole[..64].to_vec();
    forged.extend_from_slice(&[9; 100]);
    let sum = xxhash_rust::xxh3::xxh3_64(&forged[16..]);
    forged[8..16].copy_from_slice(&sum.to_le_bytes());
    for bytes in damaged {
        fs::write(&path, &bytes).unwrap();
        assert_eq!(book.run(&["runs", "--all"]).exit(0).quiet().out, expected);
        assert_eq!(fs::read(&path).unwrap(), whole, "it is made anew");
    }
    fs::write(&path, &forged).unwrap();
    assert_eq!(book.run(&["runs", "--all"]).exit(0).quiet().out, expected);
    assert_eq!(fs::read(&path).unwrap(), whole, "it is made anew");
    // Nobody can write there.
    fs::remove_dir_all(book.path().join(".logbook/cache")).unwrap();
    book.write(".logbook/cache", b"no directory");
    assert_eq!(both(&book), expected);
}

#[test]
fn corrected_and_archived_rows_are_seen() {
    let lines = lines(2000);
    let book = segments(&lines, &[40, 80, 100]);
    both(&book);
    for (row, what) in
        [("r-000001#1", "cost_usd=100"), ("r-000001#2", "status=failed"), ("r-000002#3", "agent_id=nobody")]
    {
        book.run(&["amend", row, what, "--why", "it was"]).exit(0);
        both(&book);
    }
    book.run(&["amend", "r-000004#1", "--retract", "--why", "never"]).exit(0);
    let corrected = both(&book);
    assert_ne!(corrected, book.run(&["runs", "--all", "--as-written"]).out);
    assert_eq!(both(&book), corrected);
    fs::create_dir_all(book.path().join(".logbook/archive")).unwrap();
    for number in [1, 2] {
        let raw = fs::read(book.path().join(segment(number))).unwrap();
        let name = segment(number).replace(".logbook/", ".logbook/archive/") + ".zst";
        book.write(&name, &zstd::encode_all(&raw[..], 3).unwrap());
        fs::remove_file(book.path().join(segment(number))).unwrap();
        assert_eq!(both(&book), corrected);
    }
}
