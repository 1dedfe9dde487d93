//! `logbook review`: a colour for a run, and why.

use crate::support::Book;

#[test]
fn a_review_is_a_row_beside_the_run() {
    let book = Book::new();
    book.run(&["start", "r-88"]).exit(0);
    book.run(&["review", "r-88", "yellow", "--why", "slow", "--by", "maria"]).exit(0).quiet();
    book.run(&["query", "kind=review", "--select", "run_id,step,kind,rating,reason,approver,client"]).stdout(
        "{\"run_id\":\"r-88\",\"step\":2,\"kind\":\"review\",\"rating\":\"yellow\",\"reason\":\"slow\",\"approver\":\"maria\",\"client\":\"terminal\"}\n",
    );
    book.run(&["runs"]).shows("\"status\":\"in-progress\"");
    book.run(&["review", "r-88", "green"]).exit(0).quiet();
    let user = book.shell("id -un").out;
    book.run(&["query", "rating=green", "--select", "user,approver"])
        .stdout(&format!("{{\"user\":\"{0}\",\"approver\":\"{0}\"}}\n", user.trim()));
}

#[test]
fn yellow_and_red_say_why() {
    let book = Book::new();
    book.run(&["start", "r-88"]).exit(0);
    book.run(&["review", "r-88", "red"]).exit(2).says("red needs --why");
    book.run(&["review", "r-88", "yellow", "--why", "  "]).exit(2).says("yellow needs --why");
    book.run(&["review", "r-88", "blue"]).exit(2).says("green, yellow, red");
    book.run(&["review", "r-77", "green"]).exit(2).says("there is no run \"r-77\"");
    book.run(&["query", "--count"]).stdout("1\n");
}
