//! `logbook answer`: a blocked run goes on.

use crate::support::Book;

fn blocked() -> Book {
    let book = Book::new();
    book.run(&["start", "r-88"]).exit(0);
    book.run(&["append", "-r", "r-88", "-a", "ask", "-s", "blocked", "--blocked-on", "which database?"]).exit(0);
    book
}

#[test]
fn an_answer_unblocks_the_run_and_names_what_it_answers() {
    let book = blocked();
    book.run(&["answer", "r-88", "staging", "--by", "maria"]).exit(0).quiet().stdout("");
    book.run(&["query", "kind=answer", "--select", "run_id,step,status,answers,reason,approver"]).stdout(
        "{\"run_id\":\"r-88\",\"step\":3,\"status\":\"in-progress\",\"answers\":\"r-88#2\",\"reason\":\"staging\",\"approver\":\"maria\"}\n",
    );
    book.run(&["runs"]).shows("\"status\":\"in-progress\"");
    book.run(&["answer", "r-88", "again"]).exit(2).says("is not blocked (its status is in-progress)");
}

#[test]
fn a_run_that_paused_is_answered_too() {
    let book = Book::new();
    book.run(&["start", "r-88"]).exit(0);
    book.run(&["end", "-r", "r-88", "paused", "--blocked-on", "maria"]).exit(0);
    book.run(&["answer", "r-88", "go on"]).exit(0);
    book.run(&["end", "-r", "r-88"]).exit(0);
}

#[test]
fn what_is_no_answer_is_refused() {
    let book = blocked();
    book.run(&["answer", "r-88", " "]).exit(2).says("empty");
    book.run(&["answer", "r-89", "x"]).exit(2).says("there is no run \"r-89\"").says("did you mean r-88?");
    book.run(&["ask", "-r", "r-88", "a yes"]).exit(0);
    book.run(&["answer", "r-88", "x"]).exit(2).says("waits for an approval, r-88#3").says("hint: logbook show r-88");
    book.run(&["query", "kind=answer", "--count"]).stdout("0\n");
}

#[test]
fn of_many_answers_at_once_one_counts() {
    let book = blocked();
    let answers: Vec<_> = (0..16)
        .map(|_| {
            let mut command = book.command(crate::support::LOGBOOK);
            command.args(["answer", "r-88", "x"]).stderr(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    let won = answers.into_iter().filter_map(|mut child| child.wait().unwrap().code()).filter(|code| *code == 0);
    assert_eq!(won.count(), 1);
    book.run(&["query", "kind=answer", "--count"]).stdout("1\n");
}
