//! `logbook ask`: an agent asks, and waits for a person.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Book, LOGBOOK};

pub fn book() -> Book {
    let book = Book::new().var("LOGBOOK_DURABILITY", "none");
    book.run(&["start", "r-88", "--agent", "coder-1"]).exit(0);
    book
}

fn spawn(book: &Book, arguments: &[&str]) -> Child {
    let mut command = book.command(LOGBOOK);
    command.args(arguments).env("LOGBOOK_RUN", "r-88").stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn ended(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

pub fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn is_asked(book: &Book, requests: usize) -> bool {
    book.run(&["query", "kind=approval.requested", "--count"]).out == format!("{requests}\n")
}

#[test]
fn a_request_is_a_row_that_blocks_its_run() {
    let book = book();
    let digest = "a".repeat(64);
    book.run(&[
        "ask",
        "merge it",
        "-r",
        "r-88",
        "--args-sha256",
        &digest,
        "--impact",
        "3",
        "--irreversible",
        "--expires",
        "2h",
    ])
    .exit(0)
    .quiet()
    .stdout("r-88#2\n");
    book.run(&["query", "kind=approval.requested", "--jq", "del(.timestamp, .expires_at)"]).stdout(&format!(
        concat!(
            r#"{{"run_id":"r-88","step":2,"kind":"approval.requested","action":"merge it","status":"blocked","blocked_on":"approval: merge it","#,
            r#""approval_state":"requested","tool_call":{{"reversible":false,"impact_scope":3,"args_sha256":"{}"}},"agent_id":"coder-1"}}"#,
            "\n"
        ),
        digest
    ));
    book.run(&["query", "has expires_at", "--count"]).stdout("1\n");
    book.run(&["answer", "r-88", "yes"]).exit(2).says("waits for an approval, r-88#2");
    book.run(&["ask", " ", "-r", "r-88"]).exit(2).says("nothing is asked for");
    book.run(&["ask", "x", "-r", "r-88", "--args-sha256", "abc"]).exit(2).says("64 hexadecimal digits");
    book.run(&["ask", "x"]).exit(2).says("which run?");
}

#[test]
fn a_waiter_is_told_what_was_decided() {
    for (command, code, said) in [
        (&["approve", "r-88", "--by", "maria", "--why", "go"][..], 0, "approved by maria: go\n"),
        (&["deny", "r-88", "--by", "maria", "--why", "no backup"], 1, "denied by maria: no backup\n"),
    ] {
        let book = book();
        let waiting = spawn(&book, &["ask", "merge it", "--wait"]);
        until("it is asked", || is_asked(&book, 1));
        book.run(command).exit(0).quiet().stdout("");
        let (ended, told) = ended(waiting);
        assert!(ended == Some(code) && told.starts_with(said), "{told}");
        // The decision was acted on: the same question is a new one.
        book.run(&["ask", "merge it", "-r", "r-88"]).exit(0);
        assert!(is_asked(&book, 2));
    }
}

#[test]
fn whoever_waits_says_so_at_once() {
    let book = book();
    let told = "logbook: waiting for r-88#2: logbook approve r-88#2\n";
    for command in ["ask x -r r-88 --wait", "ask x -r r-88 --wait --timeout 1ms"] {
        // Before anything is decided: it is killed while it waits.
        let line = format!(
            "logbook {command} 2>err & for i in $(seq 500); do [ -s err ] && break; sleep 0.02; done; kill $! 2>/dev/null; cat err"
        );
        let shown = book.shell(&line).out;
        assert!(shown.starts_with(told), "{command}: {shown}");
    }
    // Nothing is waited for where it is decided already.
    book.run(&["approve", "r-88", "--by", "maria"]).exit(0);
    book.run(&["ask", "x", "-r", "r-88", "--wait"]).exit(0).quiet();
    book.run(&["exec", "-r", "r-88", "--ask", "--timeout", "1ms", "--", "true"])
        .exit(125)
        .says("logbook: waiting for r-88#5: logbook approve r-88#5\n");
    book.run(&["call", "begin", "-r", "r-88", "--ask", "--timeout", "1ms", "--tool", "x", "{}"])
        .exit(1)
        .says("logbook: waiting for r-88#6: logbook approve r-88#6\n");
    // The command can be typed as it stands, whoever named the run.
    book.run(&["ask", "x", "-r", "r;$(touch y)", "--wait", "--timeout", "1ms"])
        .exit(6)
        .says("waiting for r;$(touch y)#1: logbook approve 'r;$(touch y)#1'")
        .says("a person decides with: logbook approve 'r;$(touch y)#1'");
}

#[test]
fn asking_the_same_again_joins_the_open_request() {
    let book = book();
    book.run(&["ask", "merge it", "-r", "r-88", "--wait", "--timeout", "100ms"])
        .exit(6)
        .stdout("")
        .says("r-88#2 is not decided yet")
        .says("logbook approve");
    book.run(&["ask", "merge it", "-r", "r-88"]).exit(0).stdout("r-88#2\n");
    book.run(&["ask", "another", "-r", "r-88"]).exit(0).stdout("r-88#3\n");
    // Decided while nobody waited.
    book.run(&["approve", "r-88#2", "--by", "maria"]).exit(0);
    book.run(&["ask", "merge it", "-r", "r-88", "--wait"]).exit(0).stdout("approved by maria\n");
    assert!(is_asked(&book, 2));
    book.run(&["ask", "merge it", "-r", "r-88", "--wait", "--timeout", "50ms"]).exit(6);
    assert!(is_asked(&book, 3));
}

#[test]
fn of_two_that_wait_for_one_approval_one_goes_on() {
    let book = book();
    let waiting = [spawn(&book, &["ask", "merge it", "--wait"]), spawn(&book, &["ask", "merge it", "--wait"])];
    until("it is asked", || is_asked(&book, 1));
    std::thread::sleep(Duration::from_millis(200));
    assert!(is_asked(&book, 1), "they joined");
    book.run(&["approve", "r-88", "--by", "maria"]).exit(0);
    let mut ended = waiting.map(ended);
    ended.sort();
    assert!(ended[0].0 == Some(0) && ended[0].1.starts_with("approved by maria\n"), "{ended:?}");
    assert_eq!(ended[1].0, Some(1));
    assert!(ended[1].1.contains("was used already, by r-88#4"), "{ended:?}");
}

#[test]
fn a_request_that_nobody_decides_expires() {
    let book = book();
    book.run(&["ask", "merge it", "-r", "r-88", "--wait", "--expires", "150ms"])
        .exit(1)
        .stdout("expired: nobody decided in time\n");
    book.run(&["query", "kind=approval.expired", "--select", "answers,approval_state,status"])
        .stdout("{\"answers\":\"r-88#2\",\"approval_state\":\"expired\",\"status\":\"in-progress\"}\n");
    // An approval in time that nobody used in time is none either.
    book.run(&["ask", "drop it", "-r", "r-88", "--expires", "2s"]).exit(0).stdout("r-88#5\n");
    book.run(&["approve", "r-88", "--by", "maria"]).exit(0);
    std::thread::sleep(Duration::from_millis(2100));
    book.run(&["ask", "drop it", "-r", "r-88", "--wait", "--timeout", "50ms"]).exit(6).says("r-88#7 is not decided");
}
