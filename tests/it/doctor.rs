//! `logbook doctor`: the place is told, the sync measured, nothing left behind; and each sort of
//! finding.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use crate::support::Book;

/// What `doctor` finds with these arguments, but what is only about the disk that the tests run on.
fn found(book: &Book, more: &[&str], code: i32) -> Vec<Value> {
    let told = book.run(&[&["doctor", "--json"], more].concat()).exit(code).out.clone();
    let told: Value = serde_json::from_str(&told).unwrap();
    let all = told["findings"].as_array().unwrap().iter();
    let of_disk = |it: &&Value| ["file_system", "disk_space", "sync"].contains(&it["class"].as_str().unwrap());
    all.filter(|it| !of_disk(it)).cloned().collect()
}

/// The one finding of this class.
#[track_caller]
fn only(found: &[Value], class: &str) -> Value {
    let of: Vec<&Value> = found.iter().filter(|it| it["class"] == class).collect();
    assert_eq!(of.len(), 1, "{class} in {found:#?}");
    of[0].clone()
}

const SEGMENT: &str = "2026-04-15.000001.jsonl";
/// Half an hour before the tests' now.
const GOOD: &str = r#"{"run_id":"r","step":1,"timestamp":"2026-04-16T07:30:00Z","status":"done"}"#;

#[test]
fn the_place_is_measured_and_left_as_it_was() {
    let book = Book::with_rows(&[r#"{"run_id":"r","step":1}"#]);
    let names = || std::fs::read_dir(book.path().join(".logbook")).unwrap().count();
    let before = names();
    book.run(&["doctor"])
        .exit(0)
        .quiet()
        .shows("durability   data (default)")
        .shows("file system")
        .shows("median of 9");
    let told = book.run(&["doctor", "--json"]).exit(0).quiet().out.clone();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["durability"], "data");
    assert_eq!(told["sync_us"]["count"], 9);
    assert!(told["free_bytes"].as_u64().is_some());
    assert_eq!(names(), before);
}

#[test]
fn the_level_in_force_is_told() {
    let book = Book::new();
    book.write(".logbook/config.toml", b"durability = \"none\"\n");
    book.run(&["doctor"]).exit(0).shows("durability   none (config.toml)");
    book.var("LOGBOOK_DURABILITY", "data").run(&["doctor"]).exit(0).shows("durability   data (LOGBOOK_DURABILITY)");
}

#[test]
#[ignore = "needs shm"]
fn memory_is_no_disk() {
    let shared = Path::new("/dev/shm");
    let directory = tempfile::tempdir_in(shared).unwrap();
    let book = Book::new();
    let here = directory.path().join(".logbook");
    std::fs::create_dir(&here).unwrap();
    book.run(&["doctor", "--dir", &here.display().to_string()]).exit(0).shows("warning      tmpfs");
}

#[test]
fn without_a_logbook_there_is_nothing_to_examine() {
    Book::empty().run(&["doctor"]).exit(3);
}

#[test]
fn two_files_of_one_number_are_told() {
    let book = Book::with_rows(&[r#"{"run_id":"r","step":1}"#]);
    let told = |book: &Book| book.run(&["doctor"]).out.clone();
    assert!(!told(&book).contains("number"));
    book.write(".logbook/2026-04-16.000001.jsonl", b"{\"run_id\":\"r\",\"step\":2}\n");
    let names = "2026-04-15.000001.jsonl and 2026-04-16.000001.jsonl have the same number: only 2026-04-16.000001.jsonl is read";
    assert!(told(&book).contains(&format!("damage       {names}")), "{}", told(&book));
    book.run(&["doctor"]).exit(5).says("1 finding of damage").says("hint: logbook verify");
    book.run(&["query"]).stdout("{\"run_id\":\"r\",\"step\":2}\n");
}

#[test]
fn an_id_on_two_rows_is_told() {
    const ROW: &str = r#"{"run_id":"r","step":1,"id":"k"}"#;
    let named = r#"{"run_id":"r","step":2,"id":"\u006b"}"#;
    let deep = r#"{"run_id":"r","step":3,"tool_call":{"id":"k"}}"#;
    let left = r#"{"run_id":"r","step":4,"id":"k","action":nul}"#;
    let told = |book: &Book| {
        let told = book.run(&["doctor", "--json"]).out.clone();
        let told: Value = serde_json::from_str(&told).unwrap();
        let all = told["findings"].as_array().unwrap().iter();
        all.filter(|it| it["class"] == "doubled_id" && it["what"].to_string().contains("id \\\"")).count()
    };
    assert_eq!(told(&Book::with_rows(&[ROW, deep, left])), 0);
    let book = Book::with_rows(&[ROW, deep, named]);
    assert_eq!(told(&book), 1);
    let second = ROW.len() + deep.len() + 2;
    book.run(&["doctor"]).exit(5).shows(&format!("damage       id \"k\" is on 2 rows: @000001:0, @000001:{second}\n"));
    let other = |name: &str| ROW.replace("\"k\"", &format!("\"{name}\""));
    let rows: Vec<String> = (0..14).map(|number| other(&format!("k-{}", number / 2))).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let book = Book::with_rows(&rows);
    assert_eq!(told(&book), 5);
    book.run(&["doctor"]).shows("2 more ids are on more than one row");
    // A voided place has no id.
    let book = Book::with_rows(&[ROW]);
    let voids = r#"{"run_id":"_logbook","step":1,"kind":"repair","voids":"@000001:0","by":"r#1"}"#;
    book.write(".logbook/2026-04-15.000002.jsonl", format!("{voids}\n{ROW}\n").as_bytes());
    assert_eq!(told(&book), 0);
}

#[test]
fn corrections_that_correct_nothing_are_told() {
    let book = Book::with_rows(&[
        r#"{"run_id":"r","step":1}"#,
        r#"{"run_id":"r","step":2,"kind":"correction","corrects":"r#1","set":{"status":"done"}}"#,
        r#"{"run_id":"r","step":3,"kind":"correction","corrects":"r#9","set":{"status":"done"}}"#,
        r#"{"run_id":"r","step":4,"kind":"correction","corrects":"r#2","retract":true}"#,
        r#"{"run_id":"r","step":5,"kind":"correction","set":{}}"#,
    ]);
    let told = book.run(&["doctor"]).exit(0).quiet().out.clone();
    assert!(told.contains("the correction r#3 has no effect: there is no row r#9\n"), "{told}");
    assert!(told.contains("the correction r#4 has no effect: r#2 is of a kind that cannot be corrected\n"), "{told}");
    assert!(told.contains("has no effect: it names no row, as \"corrects\":\"r-88#3\" does\n"), "{told}");
    assert!(!told.contains("the correction r#2"), "{told}");
}

#[test]
fn a_healthy_logbook_is_quiet() {
    let book = Book::new();
    for status in ["in-progress", "done"] {
        book.run(&["append", "-r", "r", "-a", "x", "--status", status, "--durability", "none"]).exit(0);
    }
    // The clock of the tests stands; that of writers does not.
    let book = book.var("LOGBOOK_NOW", "2100-01-01T00:00:00Z");
    assert_eq!(found(&book, &["--secrets"], 0), Vec::<Value>::new());
}

#[test]
fn lines_that_are_no_rows_are_damage() {
    let book = Book::with_rows(&[GOOD, "no row", "[1]", r#"{"run_id":"r","step":2,"action":nul}"#]);
    let path = book.path().join(".logbook").join(SEGMENT);
    let mut text = fs::read(&path).unwrap();
    let hole = text.len();
    text.extend_from_slice(b"\0\0\0{\"run_id\":\"r\",\"step\":3}\n{\"run_id\":\"r\",\"st");
    fs::write(&path, &text).unwrap();
    let found = found(&book, &[], 5);
    let not_json = only(&found, "not_json");
    assert_eq!((&not_json["count"], &not_json["level"]), (&2.into(), &"damage".into()));
    assert_eq!(not_json["places"][0]["file"], SEGMENT);
    assert_eq!(not_json["places"][0]["offset"], GOOD.len() + 1);
    let next = not_json["next"].as_str().unwrap();
    book.shell(next).exit(0).stdout("no row\n");
    assert_eq!(only(&found, "not_object")["places"][0]["offset"], GOOD.len() + 8);
    assert_eq!(only(&found, "nul")["places"][0]["offset"], hole);
    assert_eq!(only(&found, "torn")["what"], "a row is torn (17 bytes); the next append closes it");
    // Once a writer has closed it and told so, nothing is lost that anybody was promised.
    let book = Book::with_rows(&[GOOD]);
    fs::write(path_of(&book), [GOOD.as_bytes(), b"\n{\"run_id\":\"r\",\"st"].concat()).unwrap();
    only(&self::found(&book, &[], 5), "torn");
    book.run(&["append", "-r", "r", "-a", "x", "--status", "done", "--durability", "none"]).exit(0);
    let found = self::found(&book, &[], 0);
    assert_eq!(only(&found, "closed")["count"], 1);
    // What only lacks its newline is no damage.
    let book = Book::with_rows(&[]);
    fs::write(path_of(&book), GOOD).unwrap();
    only(&self::found(&book, &[], 0), "unended");
}

fn path_of(book: &Book) -> std::path::PathBuf {
    book.path().join(".logbook").join(SEGMENT)
}

#[test]
fn a_broken_manifest_is_damage() {
    let book = Book::with_rows(&[GOOD]);
    book.write(".logbook/manifest.jsonl", b"{\"segment\":\"x\"}\n");
    let manifest = only(&found(&book, &[], 5), "manifest");
    assert_eq!((&manifest["places"][0]["offset"], &manifest["next"]), (&0.into(), &"logbook verify".into()));
}

#[test]
fn a_damaged_archive_is_damage() {
    let book = Book::with_rows(&[GOOD]);
    book.write(".logbook/archive/2026-04-14.000001.jsonl.zst", b"\x28\xB5\x2F\xFDno frame");
    fs::rename(path_of(&book), book.path().join(".logbook/2026-04-15.000002.jsonl")).unwrap();
    let archive = only(&found(&book, &[], 5), "bad_archive");
    assert_eq!(archive["places"][0]["file"], "archive/2026-04-14.000001.jsonl.zst");
}

#[test]
fn what_append_would_refuse_is_told_by_sort() {
    let book = Book::with_rows(&[
        GOOD,
        r#"{"run_id":"r","step":2,"cost_usd":"2"}"#,
        r#"{"run_id":"r","step":3,"cost_usd":"3"}"#,
        r#"{"run_id":"r","step":3}"#,
        r#"{"step":1}"#,
        r#"{"runId":"s"}"#,
        r#"{"run_id":"s","a":1,"a":2}"#,
        r#"{"run_id":"s","status":"blocked"}"#,
        r#"{"run_id":"s","status":"odd","blocked_on":"x"}"#,
    ]);
    let found = found(&book, &[], 0);
    let schema: BTreeMap<&str, &Value> =
        found.iter().filter(|it| it["class"] == "schema").map(|it| (it["what"].as_str().unwrap(), it)).collect();
    let told: Vec<&str> = schema.keys().copied().collect();
    assert_eq!(
        told,
        [
            "append would refuse 1 row: key \"a\" is repeated in one object",
            "append would refuse 1 row: r#3 comes after r#3",
            "append would refuse 1 row: run_id is spelled in a way that readers do not recognize",
            "append would refuse 1 row: the row has no run_id",
            "append would refuse 1 row: unknown status \"odd\"",
            "append would refuse 2 rows: cost_usd must be a number (the first: cost_usd must be a number, not \"2\")",
        ]
    );
    let twice = schema[told[5]];
    assert_eq!(twice["places"].as_array().unwrap().len(), 2);
    assert_eq!(twice["next"], format!("logbook show @000001:{}", GOOD.len() + 1));
    let blocked = only(&found, "blocked");
    assert_eq!(blocked["count"], 1);
    // What it says next to type mends it.
    book.shell(blocked["next"].as_str().unwrap()).exit(0);
    assert!(self::found(&book, &[], 0).iter().all(|it| it["class"] != "blocked"));
}

#[test]
fn a_row_that_stands_again_has_its_old_step() {
    let book = Book::with_rows(&[GOOD, r#"{"run_id":"r","step":2,"status":"done"}"#]);
    let voids = r#"{"run_id":"_logbook","step":1,"kind":"repair","voids":"@000001:0","by":"r#1"}"#;
    book.write(".logbook/2026-04-15.000002.jsonl", format!("{voids}\n{GOOD}\n").as_bytes());
    assert!(found(&book, &[], 0).iter().all(|it| it["class"] != "schema"));
}

#[test]
fn open_calls_approvals_and_silent_runs_are_told() {
    let book = Book::with_rows(&[
        r#"{"run_id":"old","step":1,"timestamp":"2026-04-10T08:00:00Z","status":"in-progress","kind":"call.intent","tool_call":{"id":"c-1"}}"#,
        r#"{"run_id":"new","step":1,"timestamp":"2026-04-16T07:30:00Z","status":"in-progress","kind":"call.intent","tool_call":{"id":"c-2"}}"#,
        r#"{"run_id":"new","step":2,"timestamp":"2026-04-16T07:30:00Z","kind":"call.intent","tool_call":{"id":"c-3"}}"#,
        r#"{"run_id":"new","step":3,"timestamp":"2026-04-16T07:30:00Z","kind":"call.result","tool_call":{"id":"c-3"}}"#,
        r#"{"run_id":"ask","step":1,"timestamp":"2026-04-16T06:00:00Z","kind":"approval.requested","status":"blocked","blocked_on":"maria","action":"drop it"}"#,
        r#"{"run_id":"ask","step":2,"timestamp":"2026-04-16T06:00:00Z","kind":"approval.requested","status":"blocked","blocked_on":"maria","action":"keep it"}"#,
        r#"{"run_id":"ask","step":3,"timestamp":"2026-04-16T06:00:00Z","kind":"approval.denied","answers":"ask#2","approver":"maria"}"#,
    ]);
    let found = found(&book, &[], 0);
    let calls: Vec<(&Value, &Value)> =
        found.iter().filter(|it| it["class"] == "open_call").map(|it| (&it["level"], &it["what"])).collect();
    // A call that was made half an hour ago may be at work.
    assert_eq!(
        calls,
        [
            (&"warning".into(), &"run old has 1 call without a result (c-1), its newest row is 6d old".into()),
            (&"note".into(), &"run new has 1 call without a result (c-2), its newest row is 30m old".into()),
        ]
    );
    let approval = only(&found, "open_approval");
    assert_eq!(approval["what"], "ask#1 waits for approval, for 2h: drop it");
    assert_eq!(approval["next"], "logbook show 'ask#1'");
    let silent = only(&found, "silent_run");
    assert_eq!(silent["what"], "run old is in-progress and has been silent for 6d");
    assert_eq!(silent["next"], "logbook resume old");
}

#[test]
fn of_many_of_one_sort_the_first_few_are_told() {
    let row = |number: u32| {
        format!(r#"{{"run_id":"r-{number}","step":1,"timestamp":"2026-04-10T08:00:00Z","status":"in-progress"}}"#)
    };
    let rows: Vec<String> = (0..9).map(row).collect();
    let book = Book::with_rows(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let found = found(&book, &[], 0);
    let silent: Vec<&Value> = found.iter().filter(|it| it["class"] == "silent_run").collect();
    assert_eq!((silent.len(), &silent[5]["count"]), (6, &4.into()));
    assert_eq!(silent[5]["what"], "4 more runs are open and silent");
}

#[test]
fn clocks_that_jump_are_told() {
    let book = Book::with_rows(&[
        GOOD,
        r#"{"run_id":"r","step":2,"timestamp":"2026-04-16T07:25:00Z"}"#,
        r#"{"run_id":"r","step":3,"timestamp":"2026-04-16T05:00:00Z"}"#,
        r#"{"run_id":"r","step":4,"timestamp":"2026-04-16T08:05:00Z"}"#,
        r#"{"run_id":"r","step":5,"timestamp":"2026-04-17T00:00:00+02:00"}"#,
    ]);
    let found = found(&book, &[], 0);
    let back = only(&found, "clock_back");
    let says = "1 row with a time long before that of the previous row (from 2026-04-16T07:25:00Z back to 2026-04-16T05:00:00Z)";
    assert_eq!(back["what"], says);
    let ahead = only(&found, "clock_ahead");
    assert_eq!(
        ahead["what"],
        "1 row with a time in the future (2026-04-16T22:00:00Z, but it is 2026-04-16T08:00:00Z now)"
    );
}

#[test]
fn permissions_are_told() {
    let book = Book::with_rows(&[GOOD]);
    let path = path_of(&book);
    let mode = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(&path, 0o600);
    book.write(".logbook/redaction.key", &[7; 32]);
    let key = book.path().join(".logbook/redaction.key");
    mode(&key, 0o600);
    let told = |book: &Book| -> Vec<String> {
        let found = found(book, &[], 0).into_iter().filter(|it| it["class"] == "permissions");
        found.map(|it| it["what"].as_str().unwrap().split(": ").next().unwrap().to_owned()).collect()
    };
    assert_eq!(told(&book), Vec::<String>::new());
    mode(&path, 0o606);
    assert_eq!(told(&book), ["may be written by anybody"]);
    let next = only(&found(&book, &[], 0), "permissions")["next"].as_str().unwrap().to_owned();
    book.shell(&next).exit(0);
    assert_eq!(told(&book), Vec::<String>::new());
    mode(&path, 0o620);
    assert_eq!(told(&book), ["the group may write it, and config.toml names no group"]);
    mode(&path, 0o600);
    mode(&key, 0o644);
    assert_eq!(told(&book), ["others may read the redaction key, and could guess weak secrets with it"]);
    mode(&key, 0o600);
    fs::hard_link(&path, book.path().join(".logbook/other")).unwrap();
    assert_eq!(told(&book), ["has more than one name (a hard link)"]);
    fs::remove_file(book.path().join(".logbook/other")).unwrap();
    std::os::unix::fs::symlink(&path, book.path().join(".logbook/link")).unwrap();
    assert_eq!(told(&book), ["a symbolic link, which no writer follows"]);
    fs::remove_file(book.path().join(".logbook/link")).unwrap();
    mode(&book.path().join(".logbook"), 0o703);
    assert_eq!(told(&book), ["anybody may write to this directory, so nothing is stored in it"]);
}

/// All files of the logbook but those of `cache/`.
fn truth(book: &Book) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(book.path().join(".logbook")).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.is_file()).map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}

#[test]
fn what_of_the_cache_cannot_be_used_is_told_and_made_anew() {
    let book = Book::with_rows(&[GOOD]);
    book.write(".logbook/2026-04-15.000002.jsonl", format!("{GOOD}\n").replace("\"r\"", "\"s\"").as_bytes());
    let cache = |name: &str| book.path().join(".logbook/cache").join(name);
    let before = truth(&book);
    let fixed = found(&book, &["--fix-cache"], 0);
    assert_eq!(only(&fixed, "fixed_cache")["count"], 0);
    assert!(fixed.iter().all(|it| it["class"] != "cache"), "{fixed:#?}");
    const FILES: [&str; 3] = ["000001-000001.idx", "000001.runs", "000001.summary"];
    for name in FILES {
        let mut bytes = fs::read(cache(name)).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(cache(name), bytes).unwrap();
    }
    fs::copy(cache("000001.runs"), cache("000009.runs")).unwrap();
    fs::write(cache("mine.txt"), b"mine").unwrap();
    let damaged = found(&book, &[], 0);
    let damaged: Vec<&str> =
        damaged.iter().filter(|it| it["class"] == "cache").map(|it| it["what"].as_str().unwrap()).collect();
    assert_eq!(
        damaged,
        [
            "in cache/, damaged, and ignored: 000001-000001.idx, 000001.runs, 000001.summary, …",
            "in cache/, not logbook's: mine.txt",
        ]
    );
    let fixed = found(&book, &["--fix-cache"], 0);
    let left = only(&fixed, "cache");
    assert_eq!(left["what"], "in cache/, not logbook's: mine.txt");
    for name in FILES {
        assert!(cache(name).is_file(), "{name} was not made anew");
    }
    assert_eq!((truth(&book), fs::read(cache("mine.txt")).unwrap()), (before, b"mine".to_vec()));
    // About a segment that was written anew since.
    fs::remove_file(cache("mine.txt")).unwrap();
    fs::write(path_of(&book), format!("{GOOD}\n{}\n", GOOD.replace(":1,", ":2,"))).unwrap();
    let outdated = found(&book, &[], 0);
    assert!(only(&outdated, "cache")["what"].as_str().unwrap().contains("that have changed"), "{outdated:#?}");
}

#[test]
fn secrets_are_looked_for_when_asked() {
    let secret = "AKIA4XJ7QWERTYUIOPLK";
    let row = GOOD.replace("\"done\"", &format!("\"done\",\"action\":\"used {secret}\""));
    let book = Book::with_rows(&[&row]);
    assert!(found(&book, &[], 0).iter().all(|it| it["class"] != "secret"));
    book.write(".logbook/config.toml", b"[redact]\noff = true\n");
    let told = only(&found(&book, &["--secrets"], 0), "secret");
    assert_eq!((&told["count"], &told["places"][0]["offset"]), (&1.into(), &0.into()));
    assert!(!told.to_string().contains(secret), "{told}");
    // Retracted or not: the file has it.
    book.run(&["amend", "r", "1", "--retract", "--why", "a secret", "--durability", "none"]).exit(0);
    only(&found(&book, &["--secrets"], 0), "secret");
    book.write(".logbook/config.toml", b"[redact]\nskip = [\"aws-access-key\"]\n");
    assert!(found(&book, &["--secrets"], 0).iter().all(|it| it["class"] != "secret"));
}

#[test]
fn text_of_rows_reaches_a_terminal_escaped() {
    let book = Book::with_rows(&[&GOOD
        .replace("\"r\"", r#""\u001b[2Jx""#)
        .replace("-16T", "-10T")
        .replace("done", "blocked")]);
    let shown = book.run(&["doctor"]).exit(0).shows(r"run \u{1b}[2Jx is blocked").out.clone();
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
}

#[test]
fn a_row_that_no_reader_takes_is_told() {
    let long = format!("{{\"run_id\":\"r\",\"step\":2,\"x\":\"{}\"}}", "x".repeat(17 << 20));
    let book = Book::with_rows(&[GOOD, &long]);
    assert_eq!(only(&found(&book, &[], 5), "too_long")["places"][0]["offset"], GOOD.len() + 1);
}

#[test]
fn what_cannot_be_looked_at_is_told_and_the_rest_is_looked_at() {
    let book = Book::with_rows(&[GOOD, "no row"]);
    fs::create_dir(book.path().join(".logbook/manifest.jsonl")).unwrap();
    let found = found(&book, &[], 5);
    let unreadable = only(&found, "unreadable");
    assert!(unreadable["what"].as_str().unwrap().contains("manifest.jsonl"), "{unreadable}");
    only(&found, "not_json");
}

#[test]
#[ignore = "needs root"]
fn files_of_others_are_told() {
    let book = Book::with_rows(&[GOOD]);
    fs::set_permissions(path_of(&book), fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::chown(path_of(&book), Some(1), None).unwrap();
    let permissions = only(&found(&book, &[], 0), "permissions");
    assert!(permissions["what"].as_str().unwrap().contains("belongs to"), "{permissions}");
}

#[test]
#[ignore = "needs mount"]
fn a_disk_that_is_nearly_full_is_told() {
    let book = Book::with_rows(&[GOOD]);
    let line = "mkdir small && mount -t tmpfs -o size=8m tmpfs small && mkdir -m 700 small/.logbook";
    assert!(book.command("unshare").args(["-m", "sh", "-c", line]).status().unwrap().success());
    let look = format!("{} ; logbook doctor --json --dir small", line.replace("mkdir small &&", ""));
    let told = book.shell(&format!("unshare -m sh -c '{look}'")).exit(0).out.clone();
    let told: Value = serde_json::from_str(&told).unwrap();
    let found = told["findings"].as_array().unwrap().clone();
    assert!(only(&found, "disk_space")["what"].as_str().unwrap().contains("MiB are free"), "{told}");
}
