//! `logbook hold`: a person stops a run, and those below it.

use crate::ask::book;

#[test]
fn a_held_run_and_those_below_it_call_nothing() {
    let book = book();
    book.run(&["start", "r-child", "--parent", "r-88"]).exit(0);
    book.run(&["start", "r-grandchild", "--parent", "r-child"]).exit(0);
    book.run(&["start", "r-other"]).exit(0);
    book.run(&["hold", "r-88", "--by", "maria", "--why", "wrong bucket"]).exit(0).quiet().stdout("");
    book.run(&["runs", "run_id=r-88"])
        .shows("\"status\":\"blocked\"")
        .shows("\"blocked_on\":\"release: wrong bucket\"");
    // A step of its own does not release it.
    book.run(&["append", "-r", "r-88", "-a", "goes on", "-s", "in-progress"]).exit(0);
    for run in ["r-88", "r-child", "r-grandchild"] {
        book.run(&["exec", "-r", run, "--", "touch", "ran"])
            .exit(125)
            .says("the command was not run: maria holds run \"r-88\"")
            .says("wrong bucket (r-88#2)");
        book.run(&["exec", "-r", run, "--best-effort", "--", "touch", "ran"]).exit(125);
        book.run(&["call", "begin", "-r", run, "--tool", "t"]).exit(1).says("maria holds run");
    }
    assert!(!book.path().join("ran").exists());
    book.run(&["exec", "-r", "r-other", "--", "true"]).exit(0);
    book.run(&["release", "r-88", "--by", "maria"]).exit(0);
    book.run(&["exec", "-r", "r-grandchild", "--", "touch", "ran"]).exit(0);
    assert!(book.path().join("ran").exists());
}

#[test]
fn an_approval_does_not_get_past_a_hold() {
    let book = book();
    book.run(&["exec", "-r", "r-88", "--ask", "--timeout", "50ms", "--", "touch", "ran"]).exit(125);
    book.run(&["approve", "r-88", "--by", "maria"]).exit(0);
    book.run(&["hold", "r-88", "--by", "jonas", "--why", "stop"]).exit(0);
    book.run(&["exec", "-r", "r-88", "--ask", "--timeout", "5s", "--", "touch", "ran"])
        .exit(125)
        .says("jonas holds run");
    assert!(!book.path().join("ran").exists());
    book.run(&["release", "r-88"]).exit(0);
    book.run(&["exec", "-r", "r-88", "--ask", "--timeout", "5s", "--", "touch", "ran"]).exit(0);
}

#[test]
fn what_cannot_be_held_is_refused() {
    let book = book();
    book.run(&["hold", "r-89", "--why", "x"]).exit(2).says("there is no run \"r-89\"").says("did you mean r-88?");
    book.run(&["hold", "r-88"]).exit(2).says("--why");
    book.run(&["hold", "r-88", "--by", "maria", "--why", "x"]).exit(0);
    book.run(&["hold", "r-88", "--why", "y"]).exit(1).says("is held already, by maria: x (r-88#2)");
    book.run(&["answer", "r-88", "go"]).exit(2).says("is held, by r-88#2").says("logbook release r-88");
    book.run(&["append", "-r", "r-88", "--kind", "release"]).exit(2).says("logbook release RUN");
}

#[test]
fn a_held_run_stands_first_whatever_it_says_of_itself() {
    let book = crate::support::Book::new();
    book.run(&["append", "-r", "r-1", "-a", "work", "-s", "in-progress"]).exit(0);
    book.run(&["hold", "r-1", "--by", "maria", "--why", "wrong bucket"]).exit(0);
    book.run(&["append", "-r", "r-1", "-a", "go on all the same", "-s", "done"]).exit(0);
    book.run(&["append", "-r", "r-2", "-a", "wait", "-s", "blocked", "--blocked-on", "ada"]).exit(0);
    let all = || book.run(&["runs", "--all", "select run_id, status, held", "-o", "tsv"]).exit(0).out.clone();
    assert_eq!(all(), "run_id\tstatus\theld\nr-1\tdone\ttrue\nr-2\tblocked\tfalse\n");
    let table = book.run(&["runs", "-o", "table"]).exit(0).out.clone();
    assert!(table.lines().nth(1).is_some_and(|line| line.contains("held")), "{table}");
    book.run(&["runs", "held=true select run_id", "-o", "tsv"]).stdout("run_id\nr-1\n");
    book.run(&["release", "r-1", "--by", "maria", "--why", "moved"]).exit(0);
    assert!(all().contains("r-1\t") && all().contains("r-2\tblocked\tfalse"), "{}", all());
    book.run(&["runs", "held=true select run_id", "-o", "tsv"]).stdout("run_id\n");
}
