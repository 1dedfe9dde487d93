//! `logbook release`: a held run goes on where it stood.

use crate::ask::book;

#[test]
fn it_stands_where_it_would_without_the_hold() {
    let book = book();
    book.run(&["append", "-r", "r-88", "-a", "wait", "-s", "blocked", "--blocked-on", "which database?"]).exit(0);
    book.run(&["hold", "r-88", "--why", "x"]).exit(0);
    book.run(&["release", "r-88", "--by", "maria", "--why", "good now"]).exit(0).quiet().stdout("");
    book.run(&["query", "kind=release", "--select", "status,blocked_on,answers,reason,approver"]).stdout(
        "{\"status\":\"blocked\",\"blocked_on\":\"which database?\",\"answers\":\"r-88#3\",\"reason\":\"good now\",\"approver\":\"maria\"}\n",
    );
    book.run(&["answer", "r-88", "staging"]).exit(0);
    book.run(&["release", "r-88"]).exit(1).says("run \"r-88\" is not held");
    book.run(&["hold", "r-88", "--why", "again"]).exit(0);
    book.run(&["release", "r-88"]).exit(0);
    book.run(&["runs"]).shows("\"status\":\"in-progress\"");
}
