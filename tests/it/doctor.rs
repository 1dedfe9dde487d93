//! `logbook doctor`: the place is told, the sync measured, nothing left behind.

use std::path::Path;

use crate::support::Book;

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
fn memory_is_no_disk() {
    let shared = Path::new("/dev/shm");
    let Ok(directory) = tempfile::tempdir_in(shared) else {
        eprintln!("not run: needs /dev/shm");
        return;
    };
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
fn corrections_that_correct_nothing_are_told() {
    let book = Book::with_rows(&[
        r#"{"run_id":"r","step":1}"#,
        r#"{"run_id":"r","step":2,"kind":"correction","corrects":"r#1","set":{"status":"done"}}"#,
        r#"{"run_id":"r","step":3,"kind":"correction","corrects":"r#9","set":{"status":"done"}}"#,
        r#"{"run_id":"r","step":4,"kind":"correction","corrects":"r#2","retract":true}"#,
        r#"{"run_id":"r","step":5,"kind":"correction","set":{}}"#,
    ]);
    let told = book.run(&["doctor"]).exit(0).quiet().out.clone();
    assert!(told.contains("the correction r#3 does nothing: there is no row r#9\n"), "{told}");
    assert!(told.contains("the correction r#4 does nothing: r#2 is of a kind that cannot be corrected\n"), "{told}");
    assert!(told.contains("does nothing: it names no row, as \"corrects\":\"r-88#3\" does\n"), "{told}");
    assert!(!told.contains("the correction r#2"), "{told}");
}
