//! The store under ordinary misfortune: torn tails, rotation, many writers,
//! killed writers, a lock that is held, hostile directories, a lost cache.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{Book, LOGBOOK};

fn segments(directory: &Path) -> Vec<PathBuf> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    names.sort();
    names
}

fn rows(directory: &Path) -> Vec<serde_json::Value> {
    let text: String = segments(directory).iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn append(book: &Book, run: &str) -> String {
    book.run(&["append", "-r", run, "-a", "x", "--print", "id"]).exit(0).quiet().out.trim().to_owned()
}

#[test]
fn a_torn_row_is_closed_and_told() {
    let book = Book::with_rows(&[r#"{"run_id":"r","step":4,"timestamp":"2026-04-15T00:00:00Z"}"#]);
    let directory = book.path().join(".logbook");
    let segment = segments(&directory)[0].clone();
    let whole = fs::read(&segment).unwrap();
    let mut file = fs::OpenOptions::new().append(true).open(&segment).unwrap();
    file.write_all(b"{\"run_id\":\"r\",\"step\":5,\"act").unwrap();
    assert_eq!(append(&book, "r"), "r#5");
    let now = fs::read(&segment).unwrap();
    assert!(now.starts_with(&whole) && now.ends_with(b"\n"), "nothing is truncated");
    let repair = rows(&directory).into_iter().find(|row| row["kind"] == "repair").unwrap();
    assert_eq!((&repair["run_id"], &repair["step"]), (&"_logbook".into(), &1.into()));
    assert_eq!((&repair["segment"], &repair["offset"], &repair["bytes"]), (&1.into(), &whole.len().into(), &27.into()));
}

#[test]
fn a_whole_row_without_its_newline_is_adopted() {
    let book = Book::with_rows(&[r#"{"run_id":"r","step":4}"#]);
    let directory = book.path().join(".logbook");
    let mut file = fs::OpenOptions::new().append(true).open(&segments(&directory)[0]).unwrap();
    file.write_all(
        b"{\"run_id\":\"r\",\"step\":9,\"id\":\"k\",\"action\":\"x\",\"timestamp\":\"2026-04-15T00:00:00Z\"}",
    )
    .unwrap();
    assert_eq!(append(&book, "r"), "r#10");
    assert!(rows(&directory).iter().all(|row| row["kind"] != "repair"));
    book.run(&["append", "-r", "r", "-a", "x", "--id", "k", "--print", "id"]).exit(0).stdout("r#9\n");
}

#[test]
fn segments_rotate_by_day_and_by_size_and_are_never_renamed() {
    let book = Book::with_rows(&[r#"{"run_id":"r","step":1}"#]);
    let directory = book.path().join(".logbook");
    assert_eq!(append(&book, "r"), "r#2");
    assert_eq!(segments(&directory).len(), 2, "the day of the first is over");
    book.write(".logbook/config.toml", b"segment_bytes_max = 4096\n");
    for step in 3..60 {
        assert_eq!(append(&book, "r"), format!("r#{step}"));
    }
    let names: Vec<String> =
        segments(&directory).iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert!(names.len() > 2);
    for (index, name) in names.iter().enumerate() {
        assert!(name.contains(&format!(".{:06}.", index + 1)), "{names:?}");
    }
    let lock = fs::read_to_string(directory.join(".lock")).unwrap();
    assert_eq!(lock, format!("logbook-lock 1 {:06} -\n", names.len()));
    assert_eq!(rows(&directory).len(), 59);
}

#[test]
fn a_date_from_the_future_neither_goes_back_nor_storms() {
    let book = Book::new();
    book.write(".logbook/2099-12-31.000007.jsonl", b"{\"run_id\":\"r\",\"step\":1}\n");
    (0..3).for_each(|_| drop(append(&book, "r")));
    assert_eq!(segments(&book.path().join(".logbook")).len(), 1);
}

#[test]
fn many_writers_give_dense_steps() {
    let book = Book::new();
    let directory = book.path().join(".logbook");
    book.write(".logbook/config.toml", b"segment_bytes_max = 60000\n");
    let children: Vec<_> = (0..8)
        .map(|writer| {
            let line = format!(
                "for b in 1 2 3 4 5; do for i in $(seq 100); do echo '{{\"run_id\":\"all\",\"writer\":{writer}}}'; done | {LOGBOOK} append - --durability none || exit 1; done"
            );
            Command::new("sh").args(["-c", &line]).current_dir(book.path()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let rows = rows(&directory);
    let steps: Vec<u64> = rows.iter().map(|row| row["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, (1..=4000).collect::<Vec<u64>>());
    assert!(segments(&directory).len() > 3);
}

#[test]
fn killed_writers_lose_nothing_that_was_acknowledged() {
    let book = Book::new();
    let directory = book.path().join(".logbook");
    let payload = "x".repeat(100_000);
    let mut acknowledged = Vec::new();
    for round in 0..40 {
        let mut child = Command::new(LOGBOOK)
            .args(["append", "-", "--durability", "none"])
            .current_dir(book.path())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let rows: String = (0..20).map(|n| format!("{{\"run_id\":\"k\",\"n\":{n},\"p\":\"{payload}\"}}\n")).collect();
        let feeder = std::thread::spawn(move || drop(input.write_all(rows.as_bytes())));
        std::thread::sleep(std::time::Duration::from_micros(500 + round * 137));
        let _ = child.kill();
        let _ = child.wait();
        feeder.join().unwrap();
        acknowledged.push(append(&book, "ack"));
    }
    let rows = rows(&directory);
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    for row in &rows {
        let step = row["step"].as_u64().unwrap();
        let last = last.entry(row["run_id"].as_str().unwrap().to_owned()).or_default();
        assert_eq!(step, *last + 1);
        *last = step;
    }
    assert_eq!(last["ack"], acknowledged.len() as u64);
}

#[test]
fn a_held_lock_times_out_and_names_its_holder() {
    let book = Book::new();
    append(&book, "r");
    let lock = fs::File::open(book.path().join(".logbook/.lock")).unwrap();
    lock.lock().unwrap();
    let ended = book.run(&["append", "-r", "r", "-a", "x", "--lock-timeout", "50ms"]);
    ended.exit(75).says("50 ms").says(&format!("process {}", std::process::id()));
    drop(lock);
    assert_eq!(append(&book, "r"), "r#2");
}

#[test]
fn hostile_files_are_not_touched() {
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().join("target");
    fs::write(&target, b"precious\n").unwrap();
    let name = ".logbook/2026-04-15.000001.jsonl";
    let attempt = |prepare: &dyn Fn(&Book)| {
        let book = Book::new();
        prepare(&book);
        book.run(&["append", "-r", "r", "-a", "x"]).exit(3);
        assert_eq!(fs::read(&target).unwrap(), b"precious\n");
    };
    attempt(&|book| symlink(&target, book.path().join(name)).unwrap());
    attempt(&|book| fs::hard_link(&target, book.path().join(name)).unwrap());
    attempt(&|book| assert!(Command::new("mkfifo").arg(book.path().join(name)).status().unwrap().success()));
    attempt(&|book| fs::create_dir(book.path().join(name)).unwrap());
    attempt(&|book| symlink(&target, book.path().join(".logbook/.lock")).unwrap());
    attempt(&|book| fs::set_permissions(book.path().join(".logbook"), fs::Permissions::from_mode(0o777)).unwrap());
    attempt(&|book| {
        fs::rename(book.path().join(".logbook"), book.path().join("elsewhere")).unwrap();
        symlink(book.path().join("elsewhere"), book.path().join(".logbook")).unwrap();
    });
}

#[test]
fn files_and_directories_are_private() {
    let book = Book::new();
    append(&book, "r");
    let directory = book.path().join(".logbook");
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&directory.join(".lock")), 0o600);
    assert_eq!(mode(&segments(&directory)[0]), 0o600);
}

#[test]
fn a_damaged_or_lost_cache_changes_no_answer() {
    let book = Book::new();
    book.write(".logbook/config.toml", b"segment_bytes_max = 40000\n");
    let cache = book.path().join(".logbook/cache");
    let batch: String = (0..2000).map(|n| format!("{{\"run_id\":\"r-{}\",\"id\":\"id-{n}\"}}\n", n % 70)).collect();
    book.run_with(&["append", "-"], batch.as_bytes()).exit(0).quiet();
    let check = |expected: u64| {
        assert_eq!(append(&book, "r-3"), format!("r-3#{expected}"));
        let again = book.run_with(&["append", "-", "--print", "id"], b"{\"run_id\":\"r-5\",\"id\":\"id-5\"}\n");
        again.exit(0).quiet().stdout("r-5#1\n");
    };
    check(30);
    let tables = || fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    assert!(tables().len() >= 2);
    for path in tables() {
        // A power cut leaves NULs where pages were not written.
        let mut bytes = fs::read(&path).unwrap();
        bytes.iter_mut().skip(4096).for_each(|byte| *byte = 0);
        fs::write(&path, &bytes).unwrap();
    }
    check(31);
    for path in tables() {
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    }
    check(32);
    fs::remove_dir_all(&cache).unwrap();
    check(33);
    fs::remove_dir_all(&cache).unwrap();
    fs::write(&cache, b"a file where a directory should be").unwrap();
    check(34);
}

#[test]
fn a_newer_format_is_not_written_to() {
    let book = Book::new();
    append(&book, "r");
    book.write(".logbook/.lock", b"logbook-lock 2 000001 -\n");
    book.run(&["append", "-r", "r", "-a", "x"]).exit(3).says("format 2");
}

#[test]
fn what_dir_names_is_found_or_made() {
    let book = Book::empty();
    let run = |dir: &str| book.run(&["append", "-r", "r", "-a", "x", "--dir", dir]).code;
    assert_eq!(run("new/deep"), 0);
    assert_eq!(segments(&book.path().join("new/deep")).len(), 1);
    assert_eq!(run("new/deep"), 0);
    assert_eq!(rows(&book.path().join("new/deep")).len(), 2);
    book.write("project/file.txt", b"x");
    assert_eq!(run("project"), 0);
    assert_eq!(rows(&book.path().join("project/.logbook")).len(), 1);
    let sub = book.path().join("project/sub");
    fs::create_dir(&sub).unwrap();
    let found = Command::new(LOGBOOK).arg("where").current_dir(&sub).env("HOME", "/nonexistent").output().unwrap();
    assert!(String::from_utf8_lossy(&found.stdout).contains("project/.logbook\tnearest .logbook upward"));
}

#[test]
fn a_row_in_a_suspect_segment_is_stored_again_with_its_step() {
    let book = Book::new();
    let directory = book.path().join(".logbook");
    let retry =
        || book.run(&["append", "-r", "r", "-a", "x", "--id", "k", "--print", "id"]).exit(0).quiet().out.clone();
    assert_eq!(retry(), "r#1\n");
    assert_eq!(append(&book, "r"), "r#2");
    book.write(".logbook/.lock", b"logbook-lock 1 000001 000001\n");
    assert_eq!(retry(), "r#1\n");
    assert_eq!(retry(), "r#1\n");
    assert_eq!(append(&book, "r"), "r#3");
    assert_eq!(segments(&directory).len(), 2);
    let second = fs::read_to_string(&segments(&directory)[1]).unwrap();
    assert_eq!(second.lines().count(), 3, "{second}");
    assert!(second.contains("\"voids\":\"@000001:0\",\"by\":\"r#1\""), "{second}");
    assert_eq!(fs::read_to_string(directory.join(".lock")).unwrap(), "logbook-lock 1 000002 000001\n");
}
