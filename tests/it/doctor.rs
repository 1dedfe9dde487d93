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
fn two_files_of_one_number_are_told() {
    let book = Book::with_rows(&[r#"{"run_id":"r","step":1}"#]);
    let told = |book: &Book| book.run(&["doctor"]).exit(0).quiet().out.clone();
    assert!(!told(&book).contains("number"));
    book.write(".logbook/2026-04-16.000001.jsonl", b"{\"run_id\":\"r\",\"step\":2}\n");
    let names =
        "2026-04-15.000001.jsonl and 2026-04-16.000001.jsonl have one number: only 2026-04-16.000001.jsonl is read";
    assert!(told(&book).contains(&format!("warning      {names}")), "{}", told(&book));
    book.run(&["query"]).stdout("{\"run_id\":\"r\",\"step\":2}\n");
}

#[test]
fn an_id_on_two_rows_is_told() {
    const ROW: &str = r#"{"run_id":"r","step":1,"id":"k"}"#;
    let named = r#"{"run_id":"r","step":2,"id":"\u006b"}"#;
    let deep = r#"{"run_id":"r","step":3,"tool_call":{"id":"k"}}"#;
    let left = r#"{"run_id":"r","step":4,"id":"k","action":nul}"#;
    let told = |book: &Book| {
        let told = book.run(&["doctor", "--json"]).exit(0).quiet().out.clone();
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        told["warnings"].as_array().unwrap().iter().filter(|text| text.to_string().contains("id \\\"")).count()
    };
    assert_eq!(told(&Book::with_rows(&[ROW, deep, left])), 0);
    let book = Book::with_rows(&[ROW, deep, named]);
    assert_eq!(told(&book), 1);
    let second = ROW.len() + deep.len() + 2;
    book.run(&["doctor"]).shows(&format!("warning      id \"k\" stands on 2 rows: @000001:0, @000001:{second}\n"));
    let other = |name: &str| ROW.replace("\"k\"", &format!("\"{name}\""));
    let rows: Vec<String> = (0..14).map(|number| other(&format!("k-{}", number / 2))).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let book = Book::with_rows(&rows);
    assert_eq!(told(&book), 5);
    book.run(&["doctor"]).shows("2 more ids stand on more than one row");
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
    assert!(told.contains("the correction r#3 does nothing: there is no row r#9\n"), "{told}");
    assert!(told.contains("the correction r#4 does nothing: r#2 is of a kind that cannot be corrected\n"), "{told}");
    assert!(told.contains("does nothing: it names no row, as \"corrects\":\"r-88#3\" does\n"), "{told}");
    assert!(!told.contains("the correction r#2"), "{told}");
}
