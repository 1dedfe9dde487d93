//! A logbook of each format version, kept as it is: read whole, proved, and appended to; a newer
//! one is read, and not written to.

use std::fs;
use std::path::Path;

use crate::support::{Book, repository};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}

/// A copy of `samples/format-1`, as a writer would have left it.
fn version_1() -> Book {
    use std::os::unix::fs::PermissionsExt;
    let book = Book::empty();
    let here = book.path().join(".logbook");
    copy(&repository().join("samples/format-1"), &here);
    // A checkout knows no permissions but one bit.
    fs::set_permissions(&here, fs::Permissions::from_mode(0o700)).unwrap();
    book
}

#[test]
fn version_1_is_read_proved_and_written() {
    let book = version_1();
    book.run(&["query", "--count"]).exit(0).stdout("42\n");
    book.run(&["verify"]).exit(0).shows("proved     2 sealed segments");
    book.run(&["query", "run_id=r-3 and step=7", "-o", "jsonl"]).shows("\"status\":\"done\"").shows("corrected_by");
    book.run(&["query", "kind=metric", "-o", "jsonl"]).shows("\"big\":123456789012345678901234567890");
    book.run(&["append", "-r", "r-1", "-a", "goes on", "--id", "ask-1"]).exit(2).says("ask-1");
    book.run(&["append", "-r", "r-1", "-p", "review", "-a", "goes on", "--print", "id"]).exit(0).stdout("r-1#8\n");
    book.run(&["query", "kind=repair", "--count"]).stdout("2\n");
}

#[test]
fn a_newer_logbook_is_read_and_not_written_to() {
    let book = version_1();
    let lock = book.path().join(".logbook/.lock");
    let line = fs::read_to_string(&lock).unwrap();
    fs::write(&lock, line.replacen("logbook-lock 1 ", "logbook-lock 2 ", 1)).unwrap();
    book.run(&["query", "--count"]).exit(0).stdout("42\n");
    book.run(&["runs", "--all"]).exit(0);
    book.run(&["append", "-r", "r-1", "-a", "x"]).exit(3).says("newer than this program writes");
    book.run(&["head", "--seal"]).exit(3).says("newer than this program writes");
    book.run(&["query", "--count"]).exit(0).stdout("42\n");
}
