//! `logbook head`: one line for all that was written so far.

use crate::archive::segments;
use crate::support::Book;

#[test]
fn a_head_names_the_newest_segment_and_changes_with_every_row() {
    let book = segments();
    let head = book.run(&["head"]).exit(0).quiet().out.clone();
    let words: Vec<&str> = head.trim().split(':').collect();
    assert_eq!((words.len(), words[2].len()), (3, 64));
    assert_eq!(book.run(&["head"]).out, head, "the same rows, the same head");
    book.run(&["append", "-r", "r", "-a", "one more"]).exit(0);
    assert_ne!(book.run(&["head"]).out, head);
}

#[test]
fn sealing_closes_the_active_segment_once() {
    let book = Book::with_rows(&[r#"{"run_id":"r","step":1}"#]);
    let sealed = book.run(&["head", "--seal"]).exit(0).out.clone();
    assert!(sealed.contains(".000002.jsonl:0:"), "{sealed}");
    assert_eq!(book.run(&["head", "--seal"]).exit(0).out, sealed, "an empty one is never sealed");
    book.run(&["verify"]).exit(0).shows("proved     1 sealed segment, 1 rows");
    book.run(&["append", "-r", "r", "-a", "goes on"]).exit(0);
    book.run(&["query", "--count"]).stdout("2\n");
}

#[test]
fn without_rows_there_is_no_head() {
    Book::new().run(&["head"]).exit(1).says("nothing was stored yet");
    Book::empty().run(&["head"]).exit(3);
}
