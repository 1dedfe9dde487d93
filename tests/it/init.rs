//! `logbook init`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::Book;

#[test]
fn a_logbook_is_made_once_for_its_owner_alone() {
    let book = Book::empty();
    book.run(&["init"]).exit(0).quiet().shows("made ");
    let path = book.path().join(".logbook");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::read_to_string(path.join(".gitignore")).unwrap(), "*\n");
    book.run(&["init"]).exit(0).shows("already there");
    book.run(&["init", "--dir", "a/b"]).exit(0).quiet();
    assert!(book.path().join("a/b/.logbook").is_dir());
}

#[test]
fn what_stands_in_the_way_is_named() {
    let book = Book::empty();
    book.write("file", b"");
    book.run(&["init", "--dir", "file"]).exit(3).says("file");
}
