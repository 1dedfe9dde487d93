//! Segments that cannot hold an answer are not opened, and that changes no answer: whatever the
//! cache holds, the bytes are those of `--no-cache`.

use std::fs;
use std::path::PathBuf;

use crate::support::{Book, Ended};

const DAYS: u32 = 30;

/// A row of a day in March, the n-th of it.
fn row(day: u32, n: u32) -> String {
    let status = ["done", "in-progress", "failed"][(n % 3) as usize];
    let phase = ["plan", "act"][(day % 2) as usize];
    let filler = "x".repeat(200);
    format!(
        r#"{{"run_id":"r-{day}-{}","step":{},"timestamp":"2026-03-{day:02}T{:02}:00:00Z","phase":"{phase}","status":"{status}","own_{day}":1,"filler":"{filler}"}}"#,
        n % 4,
        n + 1,
        n % 24,
    ) + "\n"
}

fn segment(day: u32) -> String {
    format!(".logbook/2026-03-{day:02}.{day:06}.jsonl")
}

/// A logbook with a segment for each of thirty days, and an active one after them.
fn thirty_days() -> Book {
    let book = Book::new();
    for day in 1..=DAYS {
        let rows: String = (0..24).map(|n| row(day, n)).collect();
        book.write(&segment(day), rows.as_bytes());
    }
    book.write(".logbook/2026-03-31.000031.jsonl", row(31, 0).as_bytes());
    book
}

fn summary(book: &Book, day: u32) -> PathBuf {
    book.path().join(format!(".logbook/cache/{day:06}.summary"))
}

/// Queries, each of which leaves something out.
const QUERIES: &[&[&str]] = &[
    &["timestamp=2026-03-07"],
    &["--since", "2026-03-29", "--until", "2026-03-29T10:00Z"],
    &["timestamp in (2026-03-02, 2026-03-04) and status=failed"],
    &["timestamp<2026-03-02 or run_id=r-9-1"],
    &["-r", "r-12-3"],
    &["-r", "r-12-3", "--latest"],
    &["run_id in (r-1-1, r-2-2)", "--latest", "--select", "run_id,step"],
    &["status=blocked"],
    &["status in (blocked, failed) and phase=plan", "--group", "run_id"],
    &["kind=note"],
    &["phase=act and timestamp>=2026-03-20", "--count"],
    &["timestamp=2026-03-07", "--jq", ".own_7", "--slurp"],
    &["timestamp=2026-03-07 and own_8=1"],
    &["timestamp=2026-03-07 and jq(.run_id|error)"],
    &["jq(.run_id|error) and (status=blocked and jq(true) or status=paused and jq(true))"],
    &["status=blocked and jq(true) or status=paused and jq(.run_id|error)"],
    &["all(status)=blocked"],
    &["status=blocked", "--as-written"],
];

/// Runs the query as it is and with `--no-cache`; both must say the same.
fn both(book: &Book, query: &[&str]) -> Ended {
    let cached = book.run(&[&["query"], query].concat());
    let plain = book.run(&[&["query"], query, &["--no-cache"]].concat());
    assert_eq!((&cached.out, &cached.err, cached.code), (&plain.out, &plain.err, plain.code), "{cached}");
    cached
}

/// How many segments the query leaves out, and the bytes that it reads of all bytes.
fn explained(book: &Book, query: &[&str]) -> (usize, u64, u64) {
    let ended = book.run(&[&["query"], query, &["--explain", "--json"]].concat());
    let plan: serde_json::Value = serde_json::from_str(&ended.exit(0).out).unwrap();
    let bytes = |name: &str| plan[name].as_array().unwrap().iter().map(|input| input["bytes"].as_u64().unwrap()).sum();
    let (read, pruned): (u64, u64) = (bytes("inputs"), bytes("pruned"));
    assert_eq!(plan["bytes"].as_u64(), Some(read), "{ended}");
    (plan["pruned"].as_array().unwrap().len(), read, read + pruned)
}

#[test]
fn one_day_of_thirty_is_read_alone() {
    let book = thirty_days();
    let ended = both(&book, &["timestamp=2026-03-07", "--count"]);
    ended.exit(0).stdout("24\n").quiet();
    let (pruned, read, all) = explained(&book, &["timestamp=2026-03-07"]);
    assert_eq!(pruned, DAYS as usize - 1);
    assert!(read * 20 < all, "{read} of {all} bytes");
    book.run(&["query", "timestamp=2026-03-07", "--explain"])
        .shows("pruned       ")
        .shows("2026-03-08.000008.jsonl: its times are 2026-03-08T00:00:00Z to 2026-03-08T23:00:00Z");
    book.run(&["query", "-r", "r-7-1", "--explain"]).shows("2026-03-08.000008.jsonl: no row has run_id r-7-1");
    assert_eq!(explained(&book, &["timestamp=2026-03-07", "--no-cache"]).0, 0);
    assert_eq!(explained(&book, &["timestamp=2026-03-07", "--strict"]).0, 0);
    // What is asked is in every segment, or cannot be told of many rows.
    for query in ["status=done", "status!=blocked", "not timestamp=2026-03-07", "has own_3", "status~block"] {
        assert_eq!(explained(&book, &[query]).0, 0, "{query}");
    }
    assert_eq!(explained(&book, &["timestamp=2026-03-07", "--latest"]).0, 0, "latest is taken before the filter");
}

#[test]
fn a_segment_that_is_left_out_is_not_opened() {
    let book = thirty_days();
    book.run(&["query", "timestamp=2026-03-07"]).exit(0);
    // Nobody may open them: they are not what they are called, but their size, inode and time are.
    for day in (1..=DAYS).filter(|day| *day != 7) {
        let path = book.path().join(segment(day));
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &[b'\n'; 1000], 0).unwrap();
        file.set_modified(modified).unwrap();
    }
    book.run(&["query", "timestamp=2026-03-07", "--count"]).exit(0).stdout("24\n").quiet();
    book.run(&["query", "status=blocked", "--count"]).exit(0).stdout("0\n");
}

#[test]
fn answers_are_those_without_a_cache() {
    let book = thirty_days();
    for query in QUERIES {
        both(&book, query);
        both(&book, query);
    }
    let out = both(&book, &["timestamp=2026-03-07 and own_8=1"]);
    out.stdout("").quiet();
    both(&book, &["timestamp=2026-03-07 and own_99=1"]).says("no row has the field `own_99`");
    // A summary of each sealed segment, and nothing half made.
    let names = fs::read_dir(book.path().join(".logbook/cache")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| !name.ends_with(".idx"));
    assert_eq!(names.len(), DAYS as usize, "{names:?}");
    assert!(names.iter().all(|name| name.ends_with(".summary")), "{names:?}");
}

#[test]
fn a_run_is_shown_from_where_it_stands() {
    let book = thirty_days();
    for arguments in [&["show", "r-7-1"][..], &["show", "r-7-1", "-o", "jsonl"], &["show", "r-7"], &["show", "r-7-1#2"]]
    {
        let plain = book.run(&[arguments, &["--no-cache"]].concat());
        for _ in 0..2 {
            let cached = book.run(arguments);
            assert_eq!((&cached.out, &cached.err, cached.code), (&plain.out, &plain.err, plain.code), "{cached}");
        }
    }
    assert!(summary(&book, 8).exists());
}

#[test]
fn damaged_summaries_are_as_good_as_none() {
    let book = thirty_days();
    let query = ["timestamp=2026-03-07"];
    let expected = both(&book, &query).out;
    let whole = fs::read(summary(&book, 7)).unwrap();
    let other = fs::read(summary(&book, 8)).unwrap();
    let mut damaged: Vec<Vec<u8>> = vec![Vec::new(), vec![0; whole.len()], other, vec![0xFF; 2 << 20]];
    damaged.extend((0..whole.len()).step_by(7).map(|cut| whole[..cut].to_vec()));
    damaged.push([&whole[..], b"\0"].concat());
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        damaged.push(flipped);
    }
    for bytes in damaged {
        fs::write(summary(&book, 7), &bytes).unwrap();
        book.run(&["query", query[0]]).exit(0).quiet().stdout(&expected);
        assert_eq!(fs::read(summary(&book, 7)).unwrap(), whole, "it is made anew");
    }
    // What cannot be replaced is not trusted either.
    fs::remove_file(summary(&book, 7)).unwrap();
    fs::create_dir_all(summary(&book, 7).join("full")).unwrap();
    both(&book, &query).stdout(&expected);
}

#[test]
fn a_summary_is_of_one_file_only() {
    let book = thirty_days();
    let query = ["run_id=r-7-1 and timestamp=2026-03-08"];
    both(&book, &query).stdout("");
    let moved = row(7, 1).replace("2026-03-07", "2026-03-08");
    let path = book.path().join(segment(7));
    let was = fs::read(&path).unwrap();
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let mut now = was.clone();
    now[row(7, 0).len()..][..moved.len()].copy_from_slice(moved.as_bytes());
    // As long as before, of the same time, another file.
    book.write("other", &now);
    fs::OpenOptions::new().write(true).open(book.path().join("other")).unwrap().set_modified(modified).unwrap();
    fs::rename(book.path().join("other"), &path).unwrap();
    both(&book, &query).stdout(&moved);
    // The same file, longer; written in place.
    fs::write(&path, &was).unwrap();
    both(&book, &query).stdout("");
    fs::write(&path, [&was[..], moved.as_bytes()].concat()).unwrap();
    both(&book, &query).stdout(&moved);
    // A segment with rows that nobody ended has none.
    fs::write(&path, [&was[..], b"{\"run_id\":\"r-7-1\""].concat()).unwrap();
    both(&book, &query).stdout("");
    let (pruned, ..) = explained(&book, &["timestamp=2026-03-08"]);
    assert_eq!(pruned, DAYS as usize - 2);
}

#[test]
fn corrections_that_bring_a_row_in_are_seen() {
    let book = thirty_days();
    both(&book, &["status=blocked"]).stdout("");
    book.run(&["amend", "r-7-1#2", "status=blocked", "blocked_on=a key", "--why", "it was"]).exit(0);
    let blocked = both(&book, &["status=blocked", "--select", "run_id,step,corrected_by"]);
    blocked.stdout("{\"run_id\":\"r-7-1\",\"step\":2,\"corrected_by\":[\"r-7-1#23\"]}\n");
    // Of the sealed segments, 31 by now, all but the one with the row.
    assert_eq!(explained(&book, &["status=blocked"]).0, DAYS as usize);
    // As written no row is.
    both(&book, &["status=blocked", "--as-written"]).stdout("");
    // Nor is one that was taken back.
    let failed = both(&book, &["run_id=r-7-1 and phase=act and step=2", "--count"]);
    failed.stdout("1\n");
    book.run(&["amend", "r-7-1#2", "--retract", "--why", "never"]).exit(0);
    both(&book, &["run_id=r-7-1 and phase=act and step=2", "--count"]).stdout("0\n");
}

#[test]
fn odd_rows_are_found() {
    let book = thirty_days();
    let odd = [
        (r#"{"run_id":"r","timestamp":["x",["2026-04-07T00:00:00Z"]]}"#, "timestamp=2026-04-07"),
        (r#"{"run_id":"r","timestamp":"2026-04-09t02:00:00.5+02:00"}"#, "timestamp=2026-04-09T00:00:00.5Z"),
        (r#"{"run_id":"r","timestamp":"x","timestamp":"2026-04-08T00:00:00Z"}"#, "timestamp=2026-04-08"),
        (r#"{"run_id":"r","\u0074imestamp":"\u0032026-04-10T00:00:00Z"}"#, "timestamp=2026-04-10"),
        (r#"{"run_id":"r","status":5}"#, "status=5"),
        (r#"{"run_id":"r","status":true}"#, "status=true"),
        (r#"{"run_id":"r","status":null}"#, "status=null"),
        (r#"{"run_id":"r","status":["a",["waiting"]]}"#, "status=waiting"),
        (r#"{"run_id":"r","status":"\u0062locked"}"#, "status=blocked"),
        (r#"{"run_id":"r","status":"done","status":"paused"}"#, "status in (paused, x)"),
        (r#"{"run_id":"r","phase":"2026-05-05T01:00:00Z"}"#, "phase=2026-05-05"),
        (r#"{"run_id":17}"#, "run_id=17"),
        (r#"{"run_id":["a","seventeen"]}"#, "run_id=seventeen"),
        ("{ \"run_id\" : \"\\u0061-r\\u0075n\"\t}\r", "run_id=a-run"),
        (r#"{"run_id":"r","kind":"note"}"#, "kind in (note)"),
    ];
    for (row, query) in odd {
        both(&book, &[query]).stdout("");
        let path = book.path().join(segment(5));
        let was = fs::read(&path).unwrap();
        fs::write(&path, [&was[..], row.as_bytes(), b"\n"].concat()).unwrap();
        both(&book, &[query]).exit(0).stdout(&format!("{}\n", row.trim_end()));
        both(&book, &[query]).exit(0).stdout(&format!("{}\n", row.trim_end()));
        fs::write(&path, was).unwrap();
    }
}

#[test]
fn lines_that_are_no_rows_are_told_whatever_is_asked() {
    let book = thirty_days();
    let path = book.path().join(segment(5));
    let was = fs::read(&path).unwrap();
    fs::write(&path, [b"no row\n", &was[..]].concat()).unwrap();
    for _ in 0..2 {
        both(&book, &["timestamp=2026-03-07", "--count"]).stdout("24\n").says("skipped 1 row: not JSON");
    }
    book.run(&["query", "timestamp=2026-03-07", "--strict", "--count"]).exit(5);
}

#[test]
fn archives_are_left_out_too() {
    let book = thirty_days();
    fs::create_dir_all(book.path().join(".logbook/archive")).unwrap();
    for day in 1..=20 {
        let raw = fs::read(book.path().join(segment(day))).unwrap();
        let name = segment(day).replace(".logbook/", ".logbook/archive/") + ".zst";
        book.write(&name, &zstd::encode_all(&raw[..], 3).unwrap());
        fs::remove_file(book.path().join(segment(day))).unwrap();
    }
    for query in QUERIES {
        both(&book, query);
    }
    both(&book, &["timestamp=2026-03-07", "--count"]).stdout("24\n");
    assert_eq!(explained(&book, &["timestamp=2026-03-07"]).0, DAYS as usize - 1);
    // An archive that cannot be read any more is told of.
    let name = segment(9).replace(".logbook/", ".logbook/archive/") + ".zst";
    let packed = fs::read(book.path().join(&name)).unwrap();
    book.write(&name, &packed[..packed.len() / 2]);
    both(&book, &["timestamp=2026-03-07", "--count"]).says("damaged archive");
}

#[test]
fn a_reader_who_cannot_write_the_cache_reads() {
    let book = thirty_days();
    book.write(".logbook/cache", b"no directory");
    both(&book, &["timestamp=2026-03-07", "--count"]).exit(0).stdout("24\n").quiet();
    assert_eq!(explained(&book, &["timestamp=2026-03-07"]).0, 0);
}

#[test]
fn a_person_is_told_the_same() {
    let book = thirty_days();
    // A run that moved on in a segment that is left out.
    book.write(&segment(20), row(7, 1).replace("2026-03-07", "2026-03-20").as_bytes());
    for line in [
        "logbook query 'timestamp=2026-03-07 and run_id=r-7-1 and step=22'",
        "logbook query 'timestamp=2026-03-07 and status=done' -n 3",
        "logbook query 'timestamp=2026-05-01'",
        "logbook query 'status=blocked'",
    ] {
        let plain = book.terminal(&format!("{line} --no-cache"), 100, 30).out;
        for _ in 0..2 {
            assert_eq!(book.terminal(line, 100, 30).out, plain, "{line}");
        }
    }
    let moved = book.terminal("logbook query 'timestamp=2026-03-07 and run_id=r-7-1 and step=22'", 100, 30);
    moved.shows("1 of these 1 rows are of runs that have moved on");
    book.terminal("logbook query timestamp=2026-05-01", 100, 30)
        .shows("nothing matches: 698 rows read, from 2026-03-01 00:00:00 to 2026-03-31 00:00:00");
}
