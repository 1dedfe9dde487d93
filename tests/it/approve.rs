//! `logbook approve`: one decision counts, on exactly what was asked, in its time, and not one's
//! own.

use std::process::Stdio;
use std::time::Duration;

use crate::ask::{book, until};
use crate::support::{Book, LOGBOOK};

fn asked() -> Book {
    let book = book();
    book.run(&["ask", "merge it", "-r", "r-88"]).exit(0);
    book
}

#[test]
fn a_decision_is_a_row_that_says_who_and_through_which_door() {
    let book = asked();
    book.run(&["approve", "r-88#2", "--by", "maria", "--why", "seen", "--print", "id"]).exit(0).stdout("r-88#3\n");
    let user = book.shell("id -un").out;
    book.run(&["query", "kind=approval.approved", "--jq", "del(.timestamp)"]).stdout(&format!(
        concat!(
            r#"{{"run_id":"r-88","step":3,"kind":"approval.approved","action":"approve","status":"in-progress","answers":"r-88#2","#,
            r#""approval_state":"approved","reason":"seen","approver":"maria","client":"terminal","user":"{}"}}"#,
            "\n"
        ),
        user.trim()
    ));
    assert!(
        book.terminal("logbook ask again -r r-88 && logbook approve r-88 --print row", 300, 24)
            .out
            .contains("\"tty\":\"/dev/")
    );
    book.run(&["runs"]).shows("\"status\":\"in-progress\"");
}

#[test]
fn what_cannot_be_decided_is_refused() {
    let book = asked();
    book.run(&["approve", "r-89"]).exit(2).says("there is no request of run \"r-89\"").says("did you mean r-88?");
    book.run(&["approve", "r-88#1"]).exit(2).says("there is no request");
    book.run(&["approve", "r-88", "--args-sha256", &"b".repeat(64)]).exit(1).says("r-88#2 is for other arguments");
    // One's own request: by name, by the agent's environment, from inside the run.
    book.shell("LOGBOOK_AGENT=coder-1 logbook ask mine -r r-88").exit(0).stdout("r-88#3\n");
    book.run(&["approve", "r-88#3", "--by", "coder-1"]).exit(1).says("nobody decides about their own request");
    book.shell("LOGBOOK_AGENT=coder-1 logbook approve r-88#3 --by maria").exit(1).says("is one of agent coder-1");
    book.shell("LOGBOOK_RUN=r-88 logbook approve r-88#2 --by maria").exit(1).says("inside run r-88");
    book.run(&["approve", "r-88"]).exit(2).says("has 2 open requests: r-88#2 (merge it), r-88#3 (mine)");
    book.run(&["approve", "r-88#2", "--by", "maria"]).exit(0);
    for command in ["approve", "deny"] {
        book.run(&[command, "r-88#2", "--why", "x", "--by", "jonas"])
            .exit(1)
            .says("r-88#2 was decided already, by r-88#4: approved by maria");
    }
    book.run(&["ask", "soon over", "-r", "r-88", "--expires", "1ms"]).exit(0).stdout("r-88#5\n");
    std::thread::sleep(Duration::from_millis(20));
    book.run(&["approve", "r-88#5", "--by", "maria"]).exit(1).says("r-88#5 expired at 20");
    book.run(&["query", "kind in (approval.approved, approval.denied)", "--count"]).stdout("1\n");
    // What the policy of the logbook allows.
    book.write(".logbook/config.toml", b"own_approvals = true\n");
    book.run(&["approve", "r-88#3", "--by", "coder-1"]).exit(0);
}

#[test]
fn alone_it_lists_what_is_open() {
    let book = Book::with_rows(&[
        r#"{"run_id":"r-1","step":1,"timestamp":"2026-04-16T06:00:00Z","kind":"approval.requested","action":"drop t","status":"blocked","blocked_on":"x","agent_id":"a","tool_call":{"side_effect":"delete","impact_scope":"all"},"expires_at":"2026-04-16T09:00:00Z"}"#,
        r#"{"run_id":"r-2","step":1,"timestamp":"2026-04-16T06:00:00Z","kind":"approval.requested","action":"late","status":"blocked","blocked_on":"x","expires_at":"2026-04-16T07:00:00Z"}"#,
        r#"{"run_id":"r-3","step":1,"timestamp":"2026-04-16T07:30:00Z","kind":"approval.requested","action":"send","status":"blocked","blocked_on":"x"}"#,
        r#"{"run_id":"r-3","step":2,"timestamp":"2026-04-16T07:40:00Z","kind":"approval.denied","action":"deny","status":"in-progress","answers":"r-3#1"}"#,
        r#"{"run_id":"r-3","step":3,"timestamp":"2026-04-16T07:50:00Z","kind":"approval.requested","action":"send less","status":"blocked","blocked_on":"x"}"#,
    ]);
    let expected = concat!(
        r#"{"request":"r-1#1","age_ms":7200000,"expires_ms":3600000,"run":"r-1","what":"drop t","agent":"a","side_effect":"delete","impact":"all","args_shown":"no_arguments"}"#,
        "\n",
        r#"{"request":"r-3#3","age_ms":600000,"run":"r-3","what":"send less","args_shown":"no_arguments"}"#,
        "\n"
    );
    for command in ["approve", "deny"] {
        book.run(&[command]).exit(0).quiet();
        assert_eq!(book.run(&[command, "-o", "jsonl"]).out, expected);
    }
    let table = book.terminal("logbook approve", 100, 24).out;
    assert!(table.contains("2h") && table.contains("drop t") && !table.contains("late"), "{table}");
}

#[test]
fn of_64_that_race_one_decides_and_the_others_are_told_who() {
    let book = asked();
    let racing: Vec<_> = (0..64)
        .map(|at| {
            let mut command = book.command(LOGBOOK);
            let verdict = if at % 2 == 0 { "approve" } else { "deny" };
            command.args([verdict, "r-88", "--by", &format!("person-{at}"), "--why", "first", "--lock-timeout", "60s"]);
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let ended: Vec<_> = racing.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    assert_eq!(ended.iter().filter(|one| one.status.code() == Some(0)).count(), 1);
    let winner =
        book.run(&["query", "kind in (approval.approved, approval.denied)", "--jq", ".approver", "-o", "jsonl"]).out;
    assert_eq!(winner.lines().count(), 1, "{winner}");
    let name = winner.trim().trim_matches('"');
    for one in ended.iter().filter(|one| one.status.code() != Some(0)) {
        let said = String::from_utf8_lossy(&one.stderr);
        assert!(one.status.code() == Some(1) && said.contains(&format!(" by {name}: first")), "{said}");
    }
}

/// `exec --ask`, which joins the two.
#[test]
fn a_call_waits_for_its_approval_and_uses_it_once() {
    let book = book();
    let exec = |more: &str| {
        format!(
            "LOGBOOK_RUN=r-88 LOGBOOK_AGENT=coder-1 logbook exec --ask --side-effect delete {more} -- touch ran; echo $?"
        )
    };
    book.shell(&exec("--timeout 50ms")).says("the command was not run: r-88#2 is not decided yet").stdout("125\n");
    // Other arguments are another question.
    book.shell("LOGBOOK_RUN=r-88 logbook exec --ask --timeout 50ms -- touch other; echo $?").stdout("125\n");
    book.run(&["approve", "r-88#2", "--by", "maria"]).exit(0);
    book.shell("LOGBOOK_RUN=r-88 logbook exec --ask --timeout 50ms -- touch other; echo $?").stdout("125\n");
    assert!(!book.path().join("other").exists() && !book.path().join("ran").exists());
    book.shell(&exec("--timeout 10s")).stdout("0\n");
    assert!(book.path().join("ran").exists());
    book.run(&["query", "kind=call.intent", "--select", "answers,approval_state,approver"])
        .stdout("{\"answers\":\"r-88#2\",\"approval_state\":\"approved\",\"approver\":\"maria\"}\n");
    book.shell(&exec("--timeout 50ms")).stdout("125\n");
}

#[test]
fn a_call_that_is_denied_is_a_row_and_does_not_run() {
    let book = book();
    let mut command = book.command("sh");
    command.args(["-c", "logbook exec --ask -- touch ran"]).env("LOGBOOK_RUN", "r-88").env("LOGBOOK_BEST_EFFORT", "1");
    let waiting = command.stderr(Stdio::piped()).spawn().unwrap();
    until("it is asked", || book.run(&["approve", "-o", "jsonl"]).out.contains("r-88#2"));
    book.run(&["deny", "r-88", "--by", "maria", "--why", "no backup"]).exit(0);
    let output = waiting.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(125));
    assert!(String::from_utf8_lossy(&output.stderr).contains("denied by maria: no backup"));
    assert!(!book.path().join("ran").exists());
    book.run(&["query", "kind=note", "--select", "action,answers,approval_state,tool_call.tool"]).stdout(
        "{\"action\":\"was not run: touch ran\",\"answers\":\"r-88#2\",\"approval_state\":\"denied\",\"tool_call.tool\":\"touch\"}\n",
    );
}
