//! `logbook end`: a run ends once, and not over open calls.

use crate::support::Book;

fn book() -> Book {
    let book = Book::new().var("LOGBOOK_RUN", "r-88");
    book.run(&["start", "r-88", "--parent", "none"]).exit(0);
    book
}

fn ends(book: &Book) -> String {
    book.run(&["query", "kind=run.end", "--jq", "del(.timestamp)"]).out
}

#[test]
fn a_run_ends_in_one_of_five_ways() {
    for (word, status, flags) in [
        ("succeeded", "done", &[][..]),
        ("failed", "failed", &["--error", "no space"]),
        ("rolled_back", "done", &[]),
        ("paused", "blocked", &["--blocked-on", "maria"]),
        ("escalated", "blocked", &["--escalated-to", "oncall"]),
    ] {
        let book = book();
        book.run(&[&["end", word, "--note", "enough"], flags].concat()).exit(0).quiet().stdout("");
        let end = ends(&book);
        assert!(end.contains(&format!("\"status\":\"{status}\"")), "{end}");
        assert!(end.contains("\"reason\":\"enough\""), "{end}");
        assert!(end.contains(&format!("\"final_status\":\"{word}\"")), "{end}");
        assert_eq!(end.contains("\"error\":\"no space\""), word == "failed", "{end}");
        assert_eq!(end.contains("\"blocked_on\":\"oncall\""), word == "escalated", "{end}");
    }
}

#[test]
fn cost_and_fields_are_written() {
    let book = book();
    book.run(&["end", "--cost-usd", "0.1", "--tokens-in", "5", "--tokens-out", "6", "state_version=7"]).exit(0).quiet();
    assert_eq!(
        ends(&book),
        "{\"run_id\":\"r-88\",\"step\":2,\"kind\":\"run.end\",\"action\":\"end\",\"status\":\"done\",\"final_status\":\"succeeded\",\"cost_usd\":0.1,\"tokens_in\":5,\"tokens_out\":6,\"state_version\":7}\n"
    );
}

#[test]
fn a_run_ends_once() {
    let book = book();
    book.run(&["end"]).exit(0);
    book.run(&["end", "failed"])
        .exit(2)
        .says("run \"r-88\" has ended already, with r-88#2")
        .says("hint: logbook amend 'r-88#2'");
    // No step opens it again, but a beginning.
    book.run(&["append", "--kind", "note", "-s", "in-progress", "-a", "seen"]).exit(0);
    book.run(&["end"]).exit(2);
    book.run(&["append", "-s", "in-progress", "-a", "goes on"]).exit(0).says("the run stays ended");
    book.run(&["end"]).exit(2);
    book.run(&["start", "--resume", "r-88"]).exit(0);
    book.run(&["end", "failed"]).exit(0);
    book.run(&["query", "kind=run.end", "--count"]).stdout("2\n");
    // An end that was taken back is none.
    book.run(&["amend", "r-88#6", "--retract", "--why", "too early"]).exit(0);
    book.run(&["end"]).exit(0);
}

#[test]
fn what_cannot_end_is_told() {
    let book = book();
    book.run(&["end", "-r", "r-89"]).exit(2).says("there is no run \"r-89\"").says("did you mean r-88?");
    book.run(&["end", "done"]).exit(2).says("hint: logbook end succeeded");
    book.run(&["end", "fialed"]).exit(2).says("hint: logbook end failed");
    book.run(&["end", "paused"]).exit(2).says("status=blocked needs blocked_on");
    book.run(&["end", "--cost-usd", "much"]).exit(2).says("cost_usd must be a number");
    book.shell("LOGBOOK_RUN= logbook end").exit(2).says("which run?").says("logbook start --export");
    Book::empty().var("LOGBOOK_DIR", "nowhere").run(&["end", "-r", "r-1"]).exit(3).says("no logbook at");
    assert_eq!(ends(&book), "");
}

#[test]
fn a_run_with_open_calls_is_not_ended() {
    let book = book();
    let call = |kind: &str, id: &str| {
        let id = format!("tool_call.id={id}");
        book.run(&["append", "--kind", kind, &id, "tool_call.tool=bash"]).exit(0);
    };
    call("call.intent", "c-1");
    call("call.intent", "c-2");
    call("call.result", "c-1");
    book.run(&["end"]).exit(2).says("run \"r-88\" has 1 open call: r-88#3 (bash)").says("--open-calls leave");
    book.run(&["end", "failed", "--open-calls", "leave"]).exit(0).quiet();
}

#[test]
fn of_many_ends_at_once_one_is_stored() {
    let book = book();
    let ends: Vec<_> = (0..16)
        .map(|_| {
            let mut command = book.command(crate::support::LOGBOOK);
            command.arg("end").stderr(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    let codes: Vec<_> = ends.into_iter().map(|mut child| child.wait().unwrap().code()).collect();
    assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == Some(2)).count(), 15, "{codes:?}");
    book.run(&["query", "kind=run.end", "--count"]).stdout("1\n");
}
