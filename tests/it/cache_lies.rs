//! Files of `cache/` that are whole and do not say what the rows say: `verify` and `doctor` name
//! them, and name no other.

use std::fs;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::support::Book;

/// Two sealed segments and an active one, with all that `cache/` knows of them.
fn known() -> Book {
    let book = Book::new();
    for n in 0..40 {
        let status = if n % 7 == 0 { "failed" } else { "in-progress" };
        let (run, id) = (format!("r-{}", n % 4), format!("id-{n}"));
        book.run(&["append", "-r", &run, "-a", &format!("step {n}"), "-s", status, "--id", &id]).exit(0);
        if n % 15 == 14 {
            book.run(&["hold", &run, "--by", "ada", "--why", "a trial"]).exit(0);
            book.run(&["head", "--seal"]).exit(0);
        }
    }
    make(&book);
    book
}

fn make(book: &Book) {
    book.run(&["append", "-r", "r-9", "-a", "makes tables"]).exit(0);
    book.run(&["runs", "--all"]).exit(0);
    book.run(&["query", "status=blocked", "--count"]).exit(0);
}

fn cache(book: &Book) -> PathBuf {
    book.path().join(".logbook/cache")
}

/// Changes what a file about one segment says, with its checksum made anew.
fn change_kept(path: &Path, from: &[u8], to: &[u8]) {
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    bytes[at..at + from.len()].copy_from_slice(to);
    let sum = xxh3_64(&bytes[16..]);
    bytes[8..16].copy_from_slice(&sum.to_le_bytes());
    fs::write(path, bytes).unwrap();
}

/// Empties the pages of ids in a table, with their checksums made anew.
fn empty_ids(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let word = |bytes: &[u8], at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let (nonce, runs) = (word(&bytes, 24), word(&bytes, 32));
    for (number, page) in (0u64..).zip(bytes.chunks_mut(4096)).filter(|(number, _)| *number > runs) {
        page[8..].fill(0);
        let sum = xxh3_64_with_seed(&page[8..], nonce ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        page[..8].copy_from_slice(&sum.to_le_bytes());
    }
    fs::write(path, bytes).unwrap();
}

fn is_told(book: &Book, file: &str) {
    book.run(&["verify"]).exit(5).shows(&format!("broken     cache/{file}: byte 0: contradicts the rows"));
    book.run(&["doctor"]).exit(5).shows("a file of cache/ contradicts the rows").shows(file);
    book.run(&["doctor", "--json"]).exit(5).shows("\"class\":\"false_cache\"");
    book.run(&["doctor", "--fix-cache"]).exit(0);
    is_well(book);
}

fn is_well(book: &Book) {
    book.run(&["verify"]).exit(0);
    let doctor = book.run(&["doctor", "--json"]);
    assert!(!doctor.exit(0).out.contains("false_cache"), "{doctor}");
}

#[test]
fn a_summary_that_leaves_rows_out() {
    let book = known();
    is_well(&book);
    let failed = |book: &Book| book.run(&["query", "status=failed", "--count"]).exit(0).out.clone();
    let before = failed(&book);
    change_kept(&cache(&book).join("000001.summary"), b"failed", b"fainte");
    assert_ne!(failed(&book), before, "it changes answers");
    is_told(&book, "000001.summary");
    assert_eq!(failed(&book), before);
}

#[test]
fn runs_that_there_are_not() {
    let book = known();
    let before = book.run(&["runs", "--all"]).exit(0).out.clone();
    change_kept(&cache(&book).join("000002.runs"), b"r-1", b"x-1");
    assert_ne!(book.run(&["runs", "--all"]).exit(0).out, before);
    is_told(&book, "000002.runs");
    assert_eq!(book.run(&["runs", "--all"]).exit(0).out, before);
}

#[test]
fn a_table_without_ids_and_holds() {
    let book = known();
    let table = fs::read_dir(cache(&book)).unwrap().map(|entry| entry.unwrap().path());
    let table = table.into_iter().find(|path| path.to_string_lossy().ends_with("000002.idx")).unwrap();
    let exec = || book.run(&["exec", "-r", "r-2", "--", "true"]).code;
    assert_eq!(exec(), 125, "it is held");
    let whole = fs::read(&table).unwrap();
    empty_ids(&table);
    let name = table.file_name().unwrap().to_str().unwrap().to_owned();
    book.run(&["verify"]).exit(5).shows(&name);
    book.run(&["doctor"]).exit(5).shows(&name);
    fs::write(&table, whole).unwrap();
    is_well(&book);
}

#[test]
fn a_file_that_is_about_another_segment_says_nothing() {
    let book = known();
    fs::copy(cache(&book).join("000002.summary"), cache(&book).join("000001.summary")).unwrap();
    book.run(&["verify"]).exit(0);
    // Nor does one whose checksum is wrong.
    let path = cache(&book).join("000001.runs");
    let mut bytes = fs::read(&path).unwrap();
    bytes[90] ^= 1;
    fs::write(&path, bytes).unwrap();
    book.run(&["verify"]).exit(0);
}

/// Rows that look like others and are not, lines that are none, and everything that `cache/` makes
/// of them.
#[test]
fn what_is_made_of_odd_rows_is_what_they_say() {
    let odd = [
        r#"{"run_id":"odd","step":3,"status":"done","final_status":"succeeded","cost_usd":1e300}"#,
        r#"{"run_id":"odd","step":"7","timestamp":"no time","status":"blocked"}"#,
        r#"{"run_id":"odd","step":9,"cost_usd":-1e300,"tokens_in":12345678901234567890123456789012345678901}"#,
        r#"{"run_id":"wide","cost_usd":1e9000,"status":5,"timestamp":["2026-04-15T00:00:00Z"]}"#,
        r#"{"run_id":"wide","cost_usd":1e-9000,"id":"k","id":"l"}"#,
        "{ \"run_id\" : \"\\u0061-r\\u0075n\"\t, \"status\":\"done\", \"status\":\"failed\" }\r",
        r#"{"run_id":"c","kind":"call.result","tool_call":{"id":"late"}}"#,
        r#"{"run_id":17,"status":"done","id":5}"#,
        r#"{"run_id":"_logbook","kind":"repair","voids":"@000001:0","by":"odd#3"}"#,
        r#"{"run_id":"odd","step":9,"kind":"correction","corrects":"odd#3","set":{"status":"failed"}}"#,
        r#"{"run_id":"odd","kind":"hold"}"#,
        "",
        "not a row",
        r#"{"run_id":"odd","step":11,"action":"torn"#,
    ];
    for lines in [&odd[..11], &odd[..]] {
        let book = Book::new();
        for number in 1..5 {
            let name = format!(".logbook/2026-04-{number:02}.{number:06}.jsonl");
            book.write(&name, (lines.join("\n") + "\n").repeat(number).as_bytes());
        }
        make(&book);
        book.run(&["runs", "--all", "--as-written"]).exit(0);
        for _ in 0..2 {
            let verify = book.run(&["verify"]).out;
            assert!(!verify.contains("cache/"), "{verify}");
            book.run(&["archive", "--older-than", "0s"]).exit(0);
            make(&book);
        }
    }
}
