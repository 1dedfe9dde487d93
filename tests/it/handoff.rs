//! `logbook handoff`: a run goes to another agent.

use crate::support::Book;

#[test]
fn a_handoff_is_a_row() {
    let book = Book::new();
    book.run(&["start", "r-88"]).exit(0);
    book.run(&["handoff", "r-88", "--to", "b", "--artifact", "x.diff", "--note", "look", "--next", "review it", "n=1"])
        .exit(0)
        .quiet();
    book.run(&["query", "kind=handoff", "--jq", "del(.timestamp)"]).stdout(concat!(
        r#"{"run_id":"r-88","step":2,"kind":"handoff","action":"hand over to b","artifact_ref":"x.diff","#,
        r#""next_intent":"review it","handoff_to":"b","reason":"look","n":"1"}"#,
        "\n"
    ));
    // It says nothing of where the run stands.
    book.run(&["runs"]).shows("\"status\":\"in-progress\"");
}

#[test]
fn the_run_is_named_once() {
    let book = Book::new();
    book.run(&["start", "r-88"]).exit(0);
    book.shell("LOGBOOK_RUN=r-88 logbook handoff --to b").exit(0).quiet();
    book.run(&["handoff", "-r", "r-88", "--to", "b", "--print", "id"]).exit(0).stdout("r-88#3\n");
    book.run(&["handoff", "r-88", "-r", "r-88", "--to", "b"]).exit(2).says("given twice");
    book.run(&["handoff", "--to", "b"]).exit(2).says("which run?");
    book.run(&["handoff", "r-8", "--to", "b"]).exit(2).says("there is no run \"r-8\"").says("did you mean r-88?");
    book.run(&["handoff", "r-88"]).exit(2).says("--to");
}
