//! The line on a terminal that says how far long work is.

use crate::support::Book;

/// A row, and three seconds later the one that is asked for.
const SLOW: &str = r#"(echo '{"n":1}'; sleep 3; echo '{"n":2}')"#;

#[test]
fn work_over_a_second_shows_how_much_was_read() {
    let book = Book::new();
    let ended = book.terminal(&format!("{SLOW} | logbook query n=2 - -o jsonl"), 80, 24);
    // Taken away before the row.
    ended.exit(0).shows("\r\x1b[Kquery: 1 KiB read").shows("\r\x1b[K{\"n\":2}");
    let ended =
        book.terminal(&format!("{SLOW} | logbook stats --dir . | cat; {SLOW} | logbook query n=9 - -o jsonl"), 80, 24);
    assert!(ended.out.contains("query: 1 KiB read") && !ended.out.contains("stats: "), "{ended}");
    let at = ended.out.rfind("\x1b[K").unwrap();
    assert!(!ended.out[at..].contains("KiB read"), "the line is left standing\n{ended}");
}

#[test]
fn nobody_but_a_person_is_shown_it() {
    let book = Book::new();
    let ended = book.shell(&format!("{SLOW} | logbook query n=2 - -o jsonl"));
    ended.exit(0).stdout("{\"n\":2}\n").quiet();
    // Standard error alone is a terminal: the data is that of a pipe.
    let ended = book.terminal(&format!("{SLOW} | logbook query n=2 - -o jsonl >out; cat out"), 80, 24);
    ended.shows("query: 1 KiB read").shows("\r\x1b[K{\"n\":2}");
    book.shell("cat out").stdout("{\"n\":2}\n");
}
